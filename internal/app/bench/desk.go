package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"

	"mingluo/channels"
	"mingluo/internal/app"
)

const (
	deskRounds   = 100                            // how often each page is asked for
	deskPassword = "only for one measurement 7 x" // of an account that goes with its folder
)

// benchDesk measures what an officer waits for with so many people on the roll:
// the board, the page for writing, a notice, and the preview of a text for the
// whole city. Each is asked for over a real socket, session and all.
func benchDesk(ctx context.Context, o Options) (r Result, err error) {
	h, err := newHouse(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.leave()) }()
	if err := h.fill(ctx, o.N-o.N/3, o.N/3); err != nil {
		return nil, err
	}
	err = h.service(ctx, []channels.Channel{&instant{name: "sms"}, &instant{name: "wechat"}}, func(a *app.App) error {
		if err := ready(ctx, a); err != nil {
			return err
		}
		r, err = askDesk(ctx, a, o)
		return err
	})
	return r, err
}

func askDesk(ctx context.Context, a *app.App, o Options) (Result, error) {
	token, err := a.Accounts.Create(ctx, writer().Officer, deskPassword)
	if err != nil {
		return nil, err
	}
	id, err := approved(ctx, a.Desk, notice("sms", "wechat"))
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := visitor{&http.Client{Jar: jar, Timeout: time.Minute}, a.ConsoleURL, token}
	if _, err := v.ask(ctx, "POST", "/signin", "application/x-www-form-urlencoded", []byte(url.Values{"officer": {writer().ID}, "password": {deskPassword}}.Encode())); err != nil {
		return nil, err
	}
	text, err := json.Marshal(notice("sms", "wechat"))
	if err != nil {
		return nil, err
	}
	seat, r, all := "/desk/"+writer().ID, Result{}, []time.Duration(nil)
	defer o.measuring()()
	began := time.Now()
	for _, p := range []struct{ name, method, path string }{
		{"board", "GET", seat + "/"}, {"compose", "GET", seat + "/new"}, {"notice", "GET", seat + "/notices/" + id}, {"preview", "POST", "/api/v1/preview"},
	} {
		var each []time.Duration
		body := text
		if p.method == http.MethodGet {
			body = nil
		}
		for range deskRounds {
			took, err := v.ask(ctx, p.method, p.path, "application/json", body)
			if err != nil {
				return nil, err
			}
			each = append(each, took)
		}
		one := Result{}.spread(each)
		r[p.name+"_p50_ms"], r[p.name+"_p99_ms"] = one["p50_ms"], one["p99_ms"]
		all = append(all, each...)
	}
	return timed(len(all), time.Since(began)).add(r).spread(all), nil
}

// visitor is an officer's browser and program at once.
type visitor struct {
	*http.Client
	url, token string
}

// ask makes one request and reads the whole answer.
func (v visitor) ask(ctx context.Context, method, path, media string, body []byte) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, method, v.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", media)
	r.Header.Set("Authorization", "Bearer "+v.token)
	began := time.Now()
	a, err := v.Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, a.Body)
	took := time.Since(began)
	if err = errors.Join(err, a.Body.Close()); err != nil {
		return took, err
	}
	if a.StatusCode != http.StatusOK || a.Request.URL.Path == "/signin" {
		return took, fmt.Errorf("%s %s: status %d", method, path, a.StatusCode)
	}
	return took, nil
}
