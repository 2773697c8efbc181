package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// Author and approver sit side by side in one browser: each address acts as
// its own officer, and neither session opens the other's seat.
func TestTwoOfficersSideBySide(t *testing.T) {
	o := openOffice(t)
	one := o.browser()
	author, judge := one.signIn(chen), one.signIn(li)
	id := o.submitted(author)
	judge.press(judge.open("/notices/"+id+"/approve").want(200, "李卫东"), "/notices/"+id+"/review", nil).want(303)
	author.open("/notices/"+id).want(200, "陈晓岚", "等待签发")

	// A form of one seat posted to the other seat is not of its session.
	mark := author.open("/").field("csrf")
	judge.send("/notices/"+id+"/approve", url.Values{"csrf": {mark}, "rev": {"1"}}).want(http.StatusConflict, "更早的一次登录")

	// A cookie renamed to another officer's opens nothing.
	stolen := o.browser()
	u, err := url.Parse(o.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range one.client.Jar.Cookies(u) {
		if k.Name == "mingluo-chen" {
			stolen.client.Jar.SetCookies(u, []*http.Cookie{{Name: "mingluo-li", Value: k.Value, Path: "/"}})
		}
	}
	stolen.get("/desk/li/").want(http.StatusSeeOther)
}

// One click signs a demo's officer in, and both stay signed in.
func TestDemoLinks(t *testing.T) {
	o := openOffice(t)
	b := o.browser()
	b.get("/demo/signin/chen-word").want(200, "/desk/chen/")
	b.get("/demo/signin/li-word?next=/desk/li/notices").want(200, "/desk/li/notices")
	b.get("/desk/chen/").want(200, "陈晓岚", "演练")
	b.get("/desk/li/notices").want(200, "李卫东")
	b.get("/demo/signin/other-word").want(404)
}

// R18: a console with a real mode takes no sign-in links.
func TestR18NoLinksInEarnest(t *testing.T) {
	cfg := console.Config{Modes: []alert.Mode{alert.Live}, DemoLinks: map[string]string{"w": "chen"}}
	if _, err := console.New(cfg); err == nil || !strings.Contains(err.Error(), "DemoLinks") {
		t.Errorf("got %v, want a word about DemoLinks", err)
	}
}

// Another site's page cannot make an officer's browser act, whatever it tries.
func TestCrossSiteRequestsAreRefused(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.released(author, judge)
	form := judge.open("/notices/" + id + "/retract").form("/notices/" + id + "/retract")
	try := func(name string, method string, change func(*http.Request), body string) {
		r, err := http.NewRequest(method, o.url+"/desk/li/notices/"+id+"/retract", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(r)
		if p := judge.do(r); p.status < 400 {
			t.Errorf("%s: status %d", name, p.status)
		}
	}
	try("cross-site", "POST", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, form.Encode())
	try("same-site", "POST", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, form.Encode())
	try("other origin", "POST", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, form.Encode())
	try("null origin", "POST", func(r *http.Request) { r.Header.Set("Origin", "null") }, form.Encode())
	try("no mark", "POST", func(r *http.Request) {}, "rev=1")
	try("multipart", "POST", func(r *http.Request) {
		r.URL.Path = "/desk/li/notices/" + id + "/update"
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	}, "--x--")
	try("override", "PUT", func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "POST") }, form.Encode())
	o.desk.Read(func(st *alert.State) {
		if n := st.Notices[id]; !n.InForce(time.Now()) {
			t.Error("the notice was retracted by another site")
		}
	})
	p := judge.open("/").want(200)
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	if p.header.Get("X-Content-Type-Options") != "nosniff" || p.header.Get("Referrer-Policy") != "no-referrer" {
		t.Error("headers are missing")
	}
}

// A hundred approvals at once from two officers: one is taken, the rest are
// told that somebody was quicker.
func TestOneApprovalWins(t *testing.T) {
	o := openOffice(t)
	var made struct{ Notice string }
	o.call(chen, "POST", "/notices?submit=1", apiLeak(), &made).want(201)
	var n struct{ Hash string }
	o.call(li, "GET", "/notices/"+made.Notice, nil, &n)
	act := map[string]any{"rev": 1, "hash": n.Hash}
	o.call(li, "POST", "/notices/"+made.Notice+"/review", act, nil).want(200)
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			who := []alert.Officer{li, wang}[i%2]
			switch p := o.call(who, "POST", "/notices/"+made.Notice+"/approve", act, nil); p.status {
			case 200:
				won.Add(1)
			case 409:
				lost.Add(1)
			default:
				t.Errorf("status %d: %s", p.status, p.body)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 99 {
		t.Errorf("%d won, %d lost", won.Load(), lost.Load())
	}
}

// Script text in every field of a draft and an incident stays text.
func TestStoredScriptsStayText(t *testing.T) {
	o := openOffice(t)
	author := o.browser().signIn(chen)
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`
	f := leakForm()
	for _, k := range []string{"headline", "description", "instruction", "event", "sender_name", "contact", "area_desc", "web", "headline_en", "text_en", "authority_ref", "openness_reason", "groups", "areas", "hazard"} {
		f.Set(k, evil)
	}
	p := author.send("/new", f).want(303).follow(author.browser)
	clean := func(p *page) {
		t.Helper()
		p.want(200).without("<script>alert", "<img src=x")
	}
	clean(p)
	clean(author.open("/"))
	clean(author.open("/notices"))
	facts := url.Values{"title": {evil}, "place": {evil}, "area": {"440605"}, "unit": {evil}, "course": {evil}, "measures": {evil}, "other": {evil},
		"occurred": {time.Now().Add(-time.Hour).In(alert.Beijing()).Format("2006-01-02T15:04")}, "received": {time.Now().In(alert.Beijing()).Format("2006-01-02T15:04")}, "deaths": {"10"}}
	clean(author.send("/incidents", facts).want(303).follow(author.browser))
	clean(author.open("/incidents"))
	bad := author.get("/signin?as=" + url.QueryEscape(evil) + "&next=" + url.QueryEscape(evil))
	clean(bad)
}

// Guesses are slowed per officer and place; a wrong name and a wrong password
// are answered alike; the officer's own browser is never locked out by others.
func TestGuessingIsSlowed(t *testing.T) {
	o := openOffice(t)
	known := o.browser()
	known.signIn(chen) // leaves the device mark
	guess := func(b *browser, who, pass string) *page {
		return b.post("/signin", url.Values{"officer": {who}, "password": {pass}})
	}
	stranger := o.browser()
	a := guess(stranger, "chen", "wrong").want(422, "账号或密码不对")
	b := guess(stranger, "nobody", "wrong").want(422, "账号或密码不对")
	if strings.Replace(a.text(), "chen", "", 1) != strings.Replace(b.text(), "nobody", "", 1) {
		t.Error("a known and an unknown name are answered differently")
	}
	slowed := false
	for range 12 {
		slowed = slowed || guess(stranger, "chen", "wrong").status == http.StatusTooManyRequests
	}
	if !slowed {
		t.Error("thirteen guesses were let through")
	}
	guess(stranger, "chen", password).want(http.StatusTooManyRequests)
	guess(known, "chen", password).want(303)
	guess(stranger, "li", password).want(303) // another officer is not touched
}

// A session ends with sign-out, with the account and with the role; a token
// that was planted before the sign-in is worth nothing after it.
func TestSessionsEnd(t *testing.T) {
	o := openOffice(t)
	u, err := url.Parse(o.url)
	if err != nil {
		t.Fatal(err)
	}
	b := o.browser()
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "mingluo-chen", Value: strings.Repeat("A", 43), Path: "/"}})
	s := b.signIn(chen)
	for _, k := range b.client.Jar.Cookies(u) {
		if k.Name == "mingluo-chen" && k.Value == strings.Repeat("A", 43) {
			t.Error("the planted token became the session")
		}
	}
	thief := o.browser()
	thief.client.Jar.SetCookies(u, b.client.Jar.Cookies(u))
	thief.get("/desk/chen/").want(200)
	s.send("/signout", nil).want(303)
	thief.get("/desk/chen/").want(303)

	s = b.signIn(chen)
	if err := o.accounts.SetRoles(t.Context(), "chen", []alert.Role{alert.RoleAuditor}); err != nil {
		t.Fatal(err)
	}
	s.open("/").want(303)
	s = b.signIn(chen)
	s.send("/new", leakForm()).want(http.StatusForbidden)
	if err := o.accounts.Disable(t.Context(), "chen"); err != nil {
		t.Fatal(err)
	}
	s.open("/").want(303)
	b.post("/signin", url.Values{"officer": {"chen"}, "password": {password}}).want(422)
}

// R4: the mode belongs to the session and stands on every page; a page that was
// opened in the other mode cannot act any more, and each mode sees its own.
func TestR4ModesAreDifferentPlaces(t *testing.T) {
	o := openOffice(t, func(c *console.Config) { c.Modes = []alert.Mode{alert.Live, alert.Drill}; c.DemoLinks = nil })
	b := o.browser()
	b.get("/signin").want(200, "实战", "演练")
	enter := func(m alert.Mode) *seated {
		b.post("/signin", url.Values{"officer": {"chen"}, "password": {password}, "mode": {string(m)}}).want(303)
		return &seated{b, chen}
	}
	b.post("/signin", url.Values{"officer": {"chen"}, "password": {password}}).want(422, "请选择演练还是实战")
	s := enter(alert.Drill)
	drill := s.open("/new").want(200, `class="mode-drill"`, "<strong>演练</strong>").without(`class="mode-live"`)
	id := o.submitted(s)
	s = enter(alert.Live)
	s.open("/").want(200, `class="mode-live"`, "<strong>实战</strong>").without("张槎街道仓库危化品泄漏警示")
	s.open("/notices/"+id).want(http.StatusForbidden, "演练与实战分开", "R5")
	f := leakForm()
	f.Set("csrf", drill.field("csrf"))
	s.send("/new", f).want(http.StatusConflict, "可能是另一种模式")
}

// The form's limits hold, and an upload is read no further than its own.
func TestLimits(t *testing.T) {
	o := openOffice(t)
	s := o.browser().signIn(chen)
	f := leakForm()
	f.Set("description", strings.Repeat("水", 300<<10))
	f.Set("csrf", s.open("/").field("csrf"))
	s.post("/desk/chen/new", f).want(http.StatusRequestEntityTooLarge)
	s.upload([]byte(strings.Repeat("x", 4<<20+1))).want(http.StatusRequestEntityTooLarge)
	s.upload([]byte("<alert>")).want(422, "没有完成")
	s.upload(nil).want(422, "请选择一个 CAP 1.2 的 XML 文件")
	s.uploadWith("wrong", sampleTyphoon()).want(http.StatusConflict)
}
