package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// apiRequest is one call of the API by an officer's token.
type apiRequest struct {
	*http.Request
	Who alert.Actor
}

// apiHandler returns the status and what is written as JSON.
type apiHandler func(r *apiRequest) (status int, body any, err error)

// modeHeader says in which mode a script acts; it is needed where there are two.
const modeHeader = "Mingluo-Mode"

// api wraps a call: the token says who, the answer is JSON, and every error
// goes out by the one road (failure.go). Cookies are never looked at, so no
// other site's page can call it for an officer.
func (c *Console) api(h apiHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		who, err := c.bearer(r)
		if err == nil {
			err = onlyReads(who, r)
		}
		var status int
		var body any
		if err == nil {
			status, body, err = h(&apiRequest{Request: r, Who: who})
		}
		if err != nil {
			c.fail(w, r, nil, err)
			return
		}
		tryOf(r).about(body)
		b, err := json.Marshal(body)
		if err != nil {
			c.fail(w, r, nil, fmt.Errorf("encode the answer: %w", err))
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		w.Write(append(b, '\n')) // the client is gone if this fails
	})
}

func (c *Console) bearer(r *http.Request) (alert.Actor, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return alert.Actor{}, ErrSignIn
	}
	acc, err := c.Accounts.ByToken(r.Context(), strings.TrimSpace(token))
	if err != nil {
		return alert.Actor{}, err
	}
	mode := alert.Mode(r.Header.Get(modeHeader))
	if mode == "" && len(c.Modes) == 1 {
		mode = c.Modes[0]
	}
	if !slices.Contains(c.Modes, mode) {
		return alert.Actor{}, &alert.Problem{Kind: alert.Invalid, Rule: "R4", Field: modeHeader, ZH: "请用请求头 " + modeHeader + " 写明 drill 还是 live。", EN: "Say drill or live in the header " + modeHeader + "."}
	}
	who := alert.Actor{Officer: acc.Officer, Mode: mode}
	tryOf(r).proves(who)
	return who, nil
}

// readJSON reads a body that must be exactly one JSON value of this shape. An
// unknown field is refused by its name: a misspelt "expires" must not become a
// warning without an end.
func readJSON(r io.Reader, into any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err2 := d.Token(); !errors.Is(err2, io.EOF) {
			return &alert.Problem{Kind: alert.Invalid, ZH: "JSON 之后还有多余的内容。", EN: "There is more after the JSON value."}
		}
		return nil
	}
	return jsonProblem(err)
}

func jsonProblem(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || alert.AsProblems(err) != nil {
		return err
	}
	p := &alert.Problem{Kind: alert.Invalid}
	wrongType, isType := errors.AsType[*json.UnmarshalTypeError](err)
	unknown, isUnknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case errors.Is(err, io.EOF):
		p.ZH, p.EN = "缺少 JSON 内容。", "A JSON body is needed."
	case isUnknown:
		p.Field = strings.Trim(unknown, `"`)
		p.ZH, p.EN = "没有这个字段："+p.Field, "There is no field "+p.Field+"."
	case isType:
		p.Field = wrongType.Field
		p.ZH, p.EN = fmt.Sprintf("字段类型不对：应为 %s。", wrongType.Type), fmt.Sprintf("The field has the wrong type: want %s, got %s.", wrongType.Type, wrongType.Value)
	default:
		p.ZH, p.EN = "JSON 看不懂："+err.Error(), "The JSON cannot be read: "+err.Error()
	}
	return p
}

func (c *Console) apiMe(r *apiRequest) (int, any, error) {
	return http.StatusOK, meAnswer{r.Who.Officer, r.Who.Mode}, nil
}
