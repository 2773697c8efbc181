package console_test

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"mingluo/internal/cap"
)

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
func (p *page) inputs() url.Values {
	p.t.Helper()
	_, form, ok := strings.Cut(p.body, `id="compose"`)
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
