package apptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mingluo/internal/progress"
)

// Office is a running service as officers and the public reach it.
type Office struct {
	t          testing.TB
	consoleURL string
	publicURL  string
	tokens     map[string]string
	town       *Town
}

// Page asks the public site.
func (o *Office) Page(path string) *Answer {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.publicURL+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.ask(r)
}

// Metrics asks the console's listener for its metrics.
func (o *Office) Metrics() *Answer {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.consoleURL+"/metrics", nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.ask(r).OK()
}

// maxAnswer bounds what a test reads of an answer.
const maxAnswer = 16 << 20

// ask sends a request and reads the answer.
func (o *Office) ask(r *http.Request) *Answer {
	o.t.Helper()
	a, err := o.send(r)
	if err != nil {
		o.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return a
}

// send uses a connection of its own: a service that was killed must not be
// found in a pool.
func (o *Office) send(r *http.Request) (*Answer, error) {
	r.Close = true
	resp, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return &Answer{t: o.t, asked: r.Method + " " + r.URL.Path, Status: resp.StatusCode, Header: resp.Header, Body: body}, err
}

// As is an officer with an API token.
func (o *Office) As(id string) *Officer {
	o.t.Helper()
	if o.tokens[id] == "" {
		o.t.Fatalf("nobody is called %q", id)
	}
	return &Officer{office: o, ID: id, t: o.t}
}

// Progress returns how far a released revision has come.
func (o *Office) Progress(n Notice) (progress.Progress, bool) {
	o.t.Helper()
	var out struct{ Revisions []progress.Progress }
	o.As("li").Call(http.MethodGet, "/notices/"+n.ID+"/progress", nil).OK().JSON(&out)
	for _, p := range out.Revisions {
		if p.Rev == n.Rev {
			return p, true
		}
	}
	return progress.Progress{}, false
}

// WaitSettled returns when every recipient of a released revision is settled.
func (o *Office) WaitSettled(n Notice) progress.Progress {
	o.t.Helper()
	var p progress.Progress
	o.Until(fmt.Sprintf("everybody of %s/%d is settled", n.ID, n.Rev), func() bool {
		found := false
		p, found = o.Progress(n)
		return found && p.Done
	})
	for _, c := range p.Channels {
		if c.Settled != c.Planned {
			o.t.Fatalf("%s/%d is done with %d of %d settled on %s", n.ID, n.Rev, c.Settled, c.Planned, c.Channel)
		}
	}
	return p
}

// Until asks again until it is so, or ends the test.
func (o *Office) Until(what string, so func() bool) { o.t.Helper(); until(o.t, what, so) }

func until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to pass: %s", what)
		}
	}
}

// Call asks the API as the officer. A body of bytes or text goes as it is, a
// [CAP] or a reader as a CAP file, anything else as JSON.
func (f *Officer) Call(method, path string, body any) *Answer {
	f.t.Helper()
	return f.office.ask(f.request(method, path, body))
}

func (f *Officer) request(method, path string, body any) *http.Request {
	f.t.Helper()
	media := "application/json"
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		r = bytes.NewReader(b)
	case string:
		r = strings.NewReader(b)
	case CAP:
		r, media = bytes.NewReader(b), "application/cap+xml"
	case io.Reader:
		r, media = b, "application/cap+xml"
	default:
		j, err := json.Marshal(b)
		if err != nil {
			f.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.office.consoleURL+"/api/v1"+path, r)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.office.tokens[f.ID])
	req.Header.Set("Content-Type", media)
	return req
}

// CAP is the body of a CAP 1.2 file.
type CAP []byte

// Ready asks the console's listener whether all is well.
func (o *Office) Ready() *Answer {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.consoleURL+"/readyz", nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.ask(r)
}
