package apptest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// Answer is what the service said to one request.
type Answer struct {
	t      testing.TB
	asked  string // method and path
	Status int
	Header http.Header
	Body   []byte
}

// Problem is the body of a refusal (RFC 9457).
type Problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail"`
	DetailEN string         `json:"detail_en"`
	Rule     string         `json:"rule"`
	Field    string         `json:"field"`
	Problems alert.Problems `json:"problems"`
}

// OK ends the test unless the request was carried out.
func (a *Answer) OK() *Answer {
	a.t.Helper()
	if a.Status < 200 || a.Status > 299 {
		a.t.Fatalf("%s: %d\n%s", a.asked, a.Status, a.Body)
	}
	return a
}

// JSON reads the answer.
func (a *Answer) JSON(into any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body, into); err != nil {
		a.t.Fatalf("%s: %v\n%s", a.asked, err, a.Body)
	}
}

// Refusal ends the test unless the request was refused as problem+json.
func (a *Answer) Refusal() Problem {
	a.t.Helper()
	if a.Status < 400 {
		a.t.Fatalf("%s was not refused: %d\n%s", a.asked, a.Status, a.Body)
	}
	if got := a.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
		a.t.Fatalf("%s: a refusal of type %q\n%s", a.asked, got, a.Body)
	}
	var p Problem
	a.JSON(&p)
	if p.Status != a.Status || p.Detail == "" || p.DetailEN == "" {
		a.t.Errorf("%s: the problem does not explain itself: %s", a.asked, a.Body)
	}
	return p
}

// Refused ends the test unless the request was refused with this status, and
// one of the problems names this rule and this field; "" is any.
func (a *Answer) Refused(status int, rule, field string) *Answer {
	a.t.Helper()
	p := a.Refusal()
	if p.Status != status {
		a.t.Fatalf("%s: refused with %d, want %d\n%s", a.asked, p.Status, status, a.Body)
	}
	for _, one := range p.Problems {
		if (rule == "" || one.Rule == rule) && (field == "" || one.Field == field) {
			return a
		}
	}
	if rule != "" || field != "" {
		a.t.Fatalf("%s: no problem names rule %q and field %q\n%s", a.asked, rule, field, a.Body)
	}
	return a
}

// Says ends the test unless the answer contains every one of the words.
func (a *Answer) Says(words ...string) *Answer {
	a.t.Helper()
	for _, w := range words {
		if !bytes.Contains(a.Body, []byte(w)) {
			a.t.Fatalf("%s does not say %q:\n%s", a.asked, w, a.Text())
		}
	}
	return a
}

// Text is what a person reads of a page.
func (a *Answer) Text() string {
	tags := regexp.MustCompile(`(?s)<(?:script|style).*?</(?:script|style)>|<[^>]*>`)
	return strings.Join(strings.Fields(tags.ReplaceAllString(string(a.Body), " ")), " ")
}
