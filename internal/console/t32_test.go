package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
)

// T32: another site's page, whatever headers, methods and marks it tries, makes
// an officer's browser approve, release and retract nothing; and the audit tells
// of every try.
func TestT32OtherSites(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	live, waiting := o.released(author, judge), o.submitted(author)
	judge.press(judge.open("/notices/"+waiting+"/approve"), "/notices/"+waiting+"/review", nil).want(303)
	good := judge.open("/notices/" + waiting + "/approve").form("/notices/" + waiting + "/approve")
	before := o.seq()

	origins := []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
		{"Origin": "https://" + strings.TrimPrefix(o.url, "http://") + ".evil.example"}, {"Sec-Fetch-Site": "cross-site", "Origin": o.url},
	}
	tries := 0
	try := func(method, path, contentType, body string, headers map[string]string) *page {
		t.Helper()
		r, err := http.NewRequest(method, o.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		for k, v := range headers {
			r.Header.Set(k, v)
		}
		tries++
		p := judge.do(r)
		if p.status < 400 {
			t.Errorf("%s %s with %v: %d", method, path, headers, p.status)
		}
		if p.header.Get("Access-Control-Allow-Origin") != "" || p.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s: another site may read the answer", method, path)
		}
		return p
	}
	const form = "application/x-www-form-urlencoded"
	for _, act := range []string{waiting + "/approve", waiting + "/sign", live + "/retract", live + "/stop"} {
		path := "/desk/li/notices/" + act
		for _, h := range origins {
			try("POST", path, form, good.Encode(), h)
		}
		for _, mark := range []string{"", "x", author.open("/").field("csrf")} { // no mark, a wrong one, another seat's
			f := url.Values{"csrf": {mark}, "rev": {"1"}, "hash": {good.Get("hash")}, "reason": {"x"}}
			try("POST", path, form, f.Encode(), nil)
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			try(method, path, form, good.Encode(), map[string]string{"X-HTTP-Method-Override": "POST"})
		}
		// A body that a form can send without asking and a script would read as JSON.
		try("POST", "/api/v1/notices/"+act, "text/plain", `{"rev": 1, "hash": "`+good.Get("hash")+`", "reason": "x"}`, nil)
	}
	// A GET changes nothing, whatever it says it is.
	for _, q := range []string{"?_method=POST&", "?method=post&", "?"} {
		r, err := http.NewRequest("GET", o.url+"/desk/li/notices/"+live+"/retract"+q+good.Encode()+"&reason=x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-HTTP-Method-Override", "POST")
		judge.do(r)
	}
	if o.seq() != before {
		t.Errorf("the journal moved from %d to %d", before, o.seq())
	}
	told := 0
	for _, e := range o.audited(audit.Query{Refused: true}) {
		told += e.Count
	}
	if told != tries {
		t.Errorf("the audit tells of %d of %d tries", told, tries)
	}
}

// T32: no page of ours can be put into another's frame, sniffed for another
// type, or run a script that is not ours; nor is any kept by a cache.
func TestT32EveryPageHasItsHeaders(t *testing.T) {
	o := openOffice(t, withRoll)
	o.joins(sun)
	o.joins(zheng)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.released(author, judge)
	boss, auditor := o.browser().signIn(sun), o.browser().signIn(zheng)
	pages := []*page{
		author.get("/signin"), author.get("/api/"), author.get("/nothing"), author.open("/"), author.open("/new"), author.open("/inbox"), author.open("/notices"),
		author.open("/notices/" + id), author.open("/notices/" + id + "/retract"), author.open("/incidents"), author.open("/incidents/new"), author.open("/account"),
		author.open("/notices/none"), boss.open("/roll"), auditor.open("/audit"), author.open("/audit"), author.post("/desk/chen/new", nil),
	}
	for _, p := range pages {
		csp := p.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("policy %q is without %q", csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http") {
			t.Errorf("policy %q lets others in", csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		} {
			if got := p.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		for _, bad := range []string{" style=\"", "javascript:", " onclick=", " onload=", "<style"} {
			if strings.Contains(p.body, bad) {
				t.Errorf("a page has %q, which its own policy stops", bad)
			}
		}
	}
}

// T33: text that is script stays text, wherever an officer can leave it and
// wherever it is shown.
func TestT33ScriptsStayText(t *testing.T) {
	o := openOffice(t)
	const evil = `</textarea></title></script><script>alert(1)</script><img src=x onerror=alert(2)>"'`
	mad := alert.Officer{ID: "mad", Name: `<script>alert(1)</script>`, Roles: []alert.Role{alert.RoleWriter}}
	o.joins(mad)
	o.joins(zheng)
	author, judge, auditor := o.browser().signIn(mad), o.browser().signIn(li), o.browser().signIn(zheng)
	clean := func(p *page) {
		t.Helper()
		if p.status >= 500 {
			t.Errorf("status %d", p.status)
		}
		p.without("<script>alert", "<img src=x", "</textarea></title>")
	}
	id := o.submitted(author)
	clean(judge.open("/notices/" + id + "/approve"))
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/return", url.Values{"reason": {evil}}).want(303)
	clean(judge.open("/notices/" + id + "/approve"))
	clean(author.open("/"))
	id = o.submitted(author)
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/review", url.Values{"note": {evil}}).want(303)
	clean(author.open("/notices/" + id))
	for _, act := range []string{"approve", "release"} {
		judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/"+act, nil).want(303)
	}
	judge.send("/notices/"+id+"/pause", url.Values{"rev": {"1"}, "reason": {evil}}).want(303)
	clean(judge.open("/notices/" + id))
	clean(judge.open("/notices/" + id + "/retract?reason=" + url.QueryEscape(evil)))
	judge.send("/notices/"+id+"/retract", url.Values{"rev": {"1"}, "reason": {evil}}).want(303)
	clean(judge.open("/notices/" + id))
	clean(judge.open("/notices"))

	// What is refused is shown as well, to the auditor.
	judge.send("/notices/"+url.PathEscape(evil)+"/approve", url.Values{"rev": {evil}})
	judge.send("/notices/"+id+"/"+url.PathEscape(evil), nil)
	judge.get("/" + url.PathEscape(evil))
	o.browser().post("/signin", url.Values{"officer": {evil}, "password": {evil}})
	o.call(li, "POST", "/notices/"+url.PathEscape(evil)+"/approve", map[string]any{"rev": 1}, nil)
	if err := o.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	clean(auditor.open("/audit"))
	clean(auditor.open("/audit?officer=" + url.QueryEscape(evil) + "&object=" + url.QueryEscape(evil) + "&act=" + url.QueryEscape(evil) + "&from=" + url.QueryEscape(evil)))
	for _, e := range o.audited(audit.Query{}) {
		if strings.Contains(e.Officer, "<") {
			t.Errorf("a name that is nobody's is kept: %q", e.Officer)
		}
	}
}
