package console_test

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/cap"
)

// browser is one browser; officers who use it share its cookies.
type browser struct {
	o      *office
	client *http.Client
}

func (o *office) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return &browser{o, &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is an answer that was read.
type page struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

func (b *browser) do(r *http.Request) *page {
	b.o.t.Helper()
	a, err := b.client.Do(r)
	if err != nil {
		b.o.t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		b.o.t.Fatal(err)
	}
	return &page{b.o.t, a.StatusCode, a.Header, string(body)}
}

func (b *browser) get(path string) *page {
	b.o.t.Helper()
	r, err := http.NewRequest("GET", b.o.url+path, nil)
	if err != nil {
		b.o.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(path string, form url.Values) *page {
	b.o.t.Helper()
	r, err := http.NewRequest("POST", b.o.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.o.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// signIn seats an officer and returns the seat.
func (b *browser) signIn(who alert.Officer) *seated {
	b.o.t.Helper()
	p := b.post("/signin", url.Values{"officer": {who.ID}, "password": {password}})
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/desk/"+who.ID+"/" {
		b.o.t.Fatalf("sign-in of %s: %d %s\n%s", who.ID, p.status, p.header.Get("Location"), p.text())
	}
	return &seated{b, who}
}

// seated is an officer before a browser.
type seated struct {
	*browser
	who alert.Officer
}

func (s *seated) open(path string) *page { s.o.t.Helper(); return s.get("/desk/" + s.who.ID + path) }

// send posts a form with the mark that the officer's board carries.
func (s *seated) send(path string, form url.Values) *page {
	s.o.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	if !form.Has("csrf") {
		form.Set("csrf", s.open("/").field("csrf"))
	}
	return s.post("/desk/"+s.who.ID+path, form)
}

// press posts the form of a page whose action ends so, as its button would.
func (s *seated) press(p *page, action string, more url.Values) *page {
	s.o.t.Helper()
	form := p.form(action)
	for k, v := range more {
		form[k] = v
	}
	return s.post("/desk/"+s.who.ID+action, form)
}

func (p *page) follow(b *browser) *page {
	p.t.Helper()
	if p.status != http.StatusSeeOther {
		p.t.Fatalf("want a redirect, got %d:\n%s", p.status, p.text())
	}
	return b.get(p.header.Get("Location"))
}

var tags = regexp.MustCompile(`(?s)<script.*?</script>|<[^>]*>`)

// text is what a person reads of the page.
func (p *page) text() string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(p.body, " ")), " ")
}

func (p *page) want(status int, words ...string) *page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("status %d, want %d:\n%s", p.status, status, p.text())
	}
	for _, w := range words {
		if !strings.Contains(p.body, w) {
			p.t.Errorf("the page does not say %q:\n%s", w, p.text())
		}
	}
	return p
}

func (p *page) without(words ...string) *page {
	p.t.Helper()
	for _, w := range words {
		if strings.Contains(p.body, w) {
			p.t.Errorf("the page says %q", w)
		}
	}
	return p
}

var (
	hidden   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
	mustTick = regexp.MustCompile(`<input type="checkbox" name="([^"]+)" value="([^"]+)" required`)
)

func (p *page) field(name string) string {
	for _, m := range hidden.FindAllStringSubmatch(p.body, -1) {
		if m[1] == name {
			return m[2]
		}
	}
	return ""
}

var forms = regexp.MustCompile(`(?s)<form .*?</form>`)

// form returns the hidden fields of the form whose action, or one of its
// buttons' actions, ends so.
func (p *page) form(action string) url.Values {
	p.t.Helper()
	rest := ""
	for _, f := range forms.FindAllString(p.body, -1) {
		if strings.Contains(f, action+`"`) {
			rest = f
			break
		}
	}
	if rest == "" {
		p.t.Fatalf("the page has no form to %s:\n%s", action, p.text())
	}
	out := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(rest, -1) {
		out.Set(m[1], m[2])
	}
	for _, m := range mustTick.FindAllStringSubmatch(rest, -1) { // a person ticks what has to be ticked
		out.Add(m[1], m[2])
	}
	return out
}

// call is the API with an officer's token.
func (o *office) call(who alert.Officer, method, path string, body any, into any) *page {
	if m, ok := body.(map[string]any); ok && strings.HasPrefix(path, "/notices/") && strings.HasSuffix(path, "/review") && m["checklist"] == nil {
		m["checklist"] = alert.Checked()
	}
	o.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			o.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequest(method, o.url+"/api/v1"+path, r)
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.tokens[who.ID])
	req.Header.Set("Content-Type", "application/json")
	p := o.browser().do(req)
	o.asDescribed(req, body, p)
	if into != nil {
		if err := json.Unmarshal([]byte(p.body), into); err != nil {
			o.t.Fatalf("%s %s: %v\n%s", method, path, err, p.body)
		}
	}
	return p
}

// eventually asks until it is so, or fails.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func sampleTyphoon() []byte { return cap.SampleTyphoon(time.Now()) }

// upload sends a CAP file as the form would.
func (s *seated) upload(data []byte) *page {
	s.o.t.Helper()
	return s.uploadWith(s.open("/").field("csrf"), data)
}

func (s *seated) uploadWith(csrf string, data []byte) *page {
	s.o.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.WriteField("csrf", csrf)
	f, err := w.CreateFormFile("cap", "signal.xml")
	if err != nil {
		s.o.t.Fatal(err)
	}
	f.Write(data)
	w.Close()
	r, err := http.NewRequest("POST", s.o.url+"/desk/"+s.who.ID+"/cap", &b)
	if err != nil {
		s.o.t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.do(r)
}

var (
	inputTag  = regexp.MustCompile(`<input\b[^>]*>`)
	attribute = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
	areaTag   = regexp.MustCompile(`(?s)<textarea name="([^"]*)"[^>]*>(.*?)</textarea>`)
	selectTag = regexp.MustCompile(`(?s)<select name="([^"]*)".*?</select>`)
	chosen    = regexp.MustCompile(`<option value="([^"]*)" selected>`)
)

// inputs reads the big form back as a browser would send it.
func (p *page) inputs() url.Values { return p.inputsOf("compose") }

// inputsOf is what another form of the page holds.
func (p *page) inputsOf(id string) url.Values {
	p.t.Helper()
	_, form, ok := strings.Cut(p.body, `id="`+id+`"`)
	if !ok {
		p.t.Fatalf("no form:\n%s", p.text())
	}
	form, _, _ = strings.Cut(form, "</form>")
	out := url.Values{}
	for _, tag := range inputTag.FindAllString(form, -1) {
		a := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = html.UnescapeString(m[2])
		}
		if (a["type"] == "radio" || a["type"] == "checkbox") && !strings.Contains(tag, " checked") {
			continue
		}
		out.Add(a["name"], a["value"])
	}
	for _, m := range areaTag.FindAllStringSubmatch(form, -1) {
		out.Add(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range selectTag.FindAllStringSubmatch(form, -1) {
		if c := chosen.FindStringSubmatch(m[0]); c != nil {
			out.Add(m[1], html.UnescapeString(c[1]))
		} else {
			out.Add(m[1], "")
		}
	}
	return out
}
