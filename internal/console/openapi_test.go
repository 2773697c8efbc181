package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mingluo/internal/console"
	"mingluo/internal/openapi/openapitest"
)

// withRoll gives the console the page and the calls for subscribers.
func withRoll(c *console.Config) { c.Roll = &door{} }

func (o *office) readContract() *openapitest.Contract {
	p := o.browser().get("/api/openapi.json").want(200)
	c, err := openapitest.Read([]byte(p.body))
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// asDescribed holds every call that any test of this package makes against the
// API's description: the status, the media type and the shape of the answer, and
// the body that was taken.
func (o *office) asDescribed(r *http.Request, body any, p *page) {
	o.t.Helper()
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	if _, err := o.promised().Find(r.Method, path); err != nil {
		if p.status != http.StatusNotFound && p.status != http.StatusUnauthorized && p.status != http.StatusUnprocessableEntity {
			o.t.Errorf("%v, and it answered %d", err, p.status)
		}
		return
	}
	if err := o.promised().Answer(r.Method, path, p.status, p.header.Get("Content-Type"), []byte(p.body)); err != nil {
		o.t.Errorf("%v\n%.400s", err, p.body)
	}
	if body == nil || p.status >= 300 {
		return
	}
	b, err := json.Marshal(body)
	if s, ok := body.(string); ok {
		b = []byte(s)
	}
	if err == nil {
		err = o.promised().Request(r.Method, path, b)
	}
	if err != nil {
		o.t.Errorf("what the service took from %s %s is not as described: %v", r.Method, path, err)
	}
}

// Each example body is of the shape that its call describes, and the service's
// own reader takes every field of it.
func TestExamplesAreOfTheirShape(t *testing.T) {
	o := openOffice(t, withRoll)
	doc := o.promised().Document()
	seen := 0
	for path, item := range doc.Paths {
		for method, op := range item {
			if op.Body == nil {
				continue
			}
			m, ok := op.Body.Content["application/json"]
			if !ok {
				continue
			}
			seen++
			if err := o.promised().Request(method, path, m.Example); err != nil {
				t.Errorf("the example of %s %s: %v", method, path, err)
			}
			sent := o.call(wang, strings.ToUpper(method), regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "none"), string(m.Example), nil)
			if strings.Contains(sent.body, "There is no field") || strings.Contains(sent.body, "has the wrong type") || strings.Contains(sent.body, "cannot be read") {
				t.Errorf("the example of %s %s is not read: %s", method, path, sent.body)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d examples were looked at", seen)
	}
}

// The document tells every reader what it needs: a summary in both languages,
// who may, the errors, and for every reference a shape.
func TestTheDescriptionIsWhole(t *testing.T) {
	o := openOffice(t, withRoll)
	doc := o.promised().Document()
	ids := map[string]string{}
	for path, item := range doc.Paths {
		for method, op := range item {
			at := method + " " + path
			zh, en, ok := strings.Cut(op.Summary, " / ")
			if !ok || zh == "" || en == "" || op.SummaryEN != en {
				t.Errorf("%s: summary %q", at, op.Summary)
			}
			if other := ids[op.ID]; op.ID == "" || other != "" {
				t.Errorf("%s: the id %q is also that of %s", at, op.ID, other)
			}
			ids[op.ID] = at
			if op.Responses["401"] == nil || op.Responses["default"] == nil || op.Responses["default"].Content["application/problem+json"].Schema == nil {
				t.Errorf("%s: its errors are not described", at)
			}
		}
	}
	raw := o.browser().get("/api/openapi.json").body
	for _, m := range regexp.MustCompile(`"#/components/schemas/(\w+)"`).FindAllStringSubmatch(raw, -1) {
		if doc.Components.Schemas[m[1]] == nil {
			t.Errorf("no schema %s", m[1])
		}
	}
	for _, want := range []string{"/notices/{notice}/approve", "/notices/{notice}/retract", "/drafts/{draft}/submit", "/incidents/{incident}/answer", "/roll/import", "/me"} {
		if doc.Paths[want] == nil {
			t.Errorf("%s is not described", want)
		}
	}
}

// Nobody registers a call of the API past its description.
func TestNoCallIsRegisteredWithoutWords(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	past := regexp.MustCompile(`mux\.Handle(Func)?\([^\n]*(/api/v1|apiBase)[^\n]*`)
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") || name == "apitable.go" {
			continue
		}
		for _, line := range past.FindAllString(string(b), -1) {
			if !strings.Contains(line, `apiBase+"/"`) { // what no call has
				t.Errorf("%s registers a call past apiTable: %s", name, line)
			}
		}
	}
}

// The page for people says the same, in both languages, without script from
// elsewhere; neither it nor the document needs a sign-in.
func TestAPIPageForPeople(t *testing.T) {
	o := openOffice(t, withRoll)
	b := o.browser()
	b.get("/api/").want(200, "/notices/{notice}/approve", "签发所看到的这一版", "Content", "岗位：").without("http://", "<script src")
	b.get("/api/?lang=en").want(200, "approve exactly the revision", "Roles:", "Mingluo-Mode")
	r, err := b.client.Get(o.url + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || !json.Valid(body) || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%v, %s, %.80s", err, r.Header.Get("Content-Type"), body)
	}
}
