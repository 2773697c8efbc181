package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/silenceper/wechat/v2/util"
)

// answered is the part that all of WeChat's answers share.
type answered struct {
	ErrCode int    `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

func (a *answered) code() (int, string) { return a.ErrCode, a.ErrMsg }

type answer interface{ code() (int, string) }

// refusal is an answer with an errcode other than 0.
type refusal struct {
	code int
	msg  string
}

func (r *refusal) Error() string { return fmt.Sprintf("errcode %d: %s", r.code, r.msg) }

// noAnswer is a request without an answer of WeChat's.
type noAnswer struct {
	handed bool // it may have arrived
	status int  // HTTP status when some other machine answered
	err    error
}

func (n *noAnswer) Error() string {
	if n.status != 0 {
		return fmt.Sprintf("HTTP %d instead of an answer", n.status)
	}
	return "no answer: " + n.err.Error()
}

func (n *noAnswer) Unwrap() error { return n.err }

// call posts body (or gets, when it is nil) through the SDK's helpers and reads
// the answer. The error is a *refusal or a *noAnswer. The SDK's own errors hold
// the address with the token in it, so their text is never passed on.
func (a *Account) call(ctx context.Context, path, token string, body any, into answer) error {
	ctx, t := withTrip(ctx, a.base)
	uri := DefaultBaseURL + path // the router puts the account's base in its place
	if token != "" {
		uri += "?access_token=" + url.QueryEscape(token)
	}
	var raw []byte
	var err error
	if body == nil {
		raw, err = util.HTTPGetContext(ctx, uri)
	} else {
		raw, err = util.PostJSONContext(ctx, uri, body)
	}
	switch status := int(t.status.Load()); {
	case err != nil && status != 0 && status != 200:
		return &noAnswer{handed: true, status: status, err: fmt.Errorf("%s: HTTP %d", path, status)}
	case err != nil:
		return &noAnswer{handed: t.handed.Load(), err: fmt.Errorf("%s: %w", path, withoutURL(err))}
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return &noAnswer{handed: true, err: fmt.Errorf("%s: read answer of %d bytes: %w", path, len(raw), err)}
	}
	if code, msg := into.code(); code != 0 {
		return &refusal{code: code, msg: msg}
	}
	return nil
}

func withoutURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}
