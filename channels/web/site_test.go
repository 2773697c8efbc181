package web

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// R6: a drill's mark stands first and last in its text, on every page and in
// every format, and every page of a drill system is marked.
func TestR6DrillMarksFirstAndLast(t *testing.T) {
	d := newDesk(t, alert.Drill)
	d.release("n1", typhoon())
	d.release("n2", chemical(alert.Blue, "演示"))
	d.follow("n2", alert.Lift, "结束。")
	r := open(t, d, nil)
	r.settled()
	for _, path := range []string{"/", "/past", "/v", "/n/n1", "/n/n2", "/v/" + d.code("n1", 1), "/"} {
		for lang, m := range map[string]string{"": "【演练】", "?lang=en": "[DRILL]"} {
			page := r.page(path + lang)
			if !strings.Contains(page, `<body class="drill">`) || !strings.Contains(page, "<title>"+m) || strings.Count(page, `<p class="band">`+m) != 2 {
				t.Errorf("%s%s is not marked as a drill", path, lang)
			}
		}
	}
	if status, page, _ := r.get("/nowhere"); status != http.StatusNotFound || !strings.Contains(page, `<body class="drill">`) {
		t.Errorf("a missing page: %d, marked %v", status, strings.Contains(page, "drill"))
	}
	m := "【演练】"
	page := r.page("/n/n1")
	for _, want := range []string{m + typhoon().Headline + m, m + typhoon().Instruction + m, m + "预计24小时内", "请密切留意后续信息。" + m} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	var detail Detail
	if err := json.Unmarshal([]byte(r.page("/n/n1.json")), &detail); err != nil || detail.Mode != alert.Drill || detail.Headline != m+typhoon().Headline+m {
		t.Errorf("JSON: %+v, %v", detail, err)
	}
	if feed := r.page("/feed.atom"); !strings.Contains(feed, "<title>"+m+"生效中："+typhoon().Headline+m+"</title>") || !strings.Contains(feed, m+"</content>") {
		t.Errorf("feed: %s", feed)
	}
	if e := r.listen("?last-event-id=0").next(); pushedOf(t, e).Mode != alert.Drill || !strings.HasPrefix(pushedOf(t, e).Headline, m) || !strings.HasSuffix(pushedOf(t, e).Headline, m) {
		t.Errorf("event: %+v", e)
	}
}

// R4: on a live system drills stand on a page of their own, and reach only
// those who ask for them.
func TestR4DrillsLiveApart(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("real", typhoon())
	d.mode = alert.Drill
	d.release("drill", chemical(alert.Red, "演示泄漏"))
	d.mode = alert.Live
	r := open(t, d, func(c *Config) { c.DrillBanner = false })
	r.settled()
	for _, path := range []string{"/", "/past", "/feed.atom", "/api/public/v1/notices"} {
		if strings.Contains(r.page(path), "演示泄漏") {
			t.Errorf("%s shows a drill among live notices", path)
		}
	}
	page := r.page("/drills")
	if !strings.Contains(page, "演示泄漏") || strings.Contains(page, typhoon().Headline) || !strings.Contains(page, `<body class="drill">`) {
		t.Error("/drills: want the drill, marked, and nothing live")
	}
	if page := r.page("/n/drill"); !strings.Contains(page, `<body class="drill">`) {
		t.Error("the drill's page is not marked")
	}
	if page := r.page("/"); strings.Contains(page, `<body class="drill">`) || !strings.Contains(page, "现有 1 条演练通知") {
		t.Error("the front page: want it live, with the way to the drills")
	}
	if e := r.listen("?last-event-id=0").next(); pushedOf(t, e).ID != "real" {
		t.Errorf("the stream began with %+v", e)
	}
	if e := r.listen("?last-event-id=0&mode=drill").next(); pushedOf(t, e).ID != "drill" {
		t.Errorf("the drills' stream began with %+v", e)
	}
	if list := r.page("/api/public/v1/notices?mode=drill"); !strings.Contains(list, "演示泄漏") || strings.Contains(list, typhoon().Headline) {
		t.Error("mode=drill: want the drill alone")
	}
}

// Nothing that was not released to the public is in a public byte, in no state
// of its life, and nothing internal about what was.
func TestNothingInternalLeaks(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("open", typhoon())
	d.follow("open", alert.Lift, "台风远离。")
	secret := func(word string) alert.Content {
		c := chemical(alert.Red, word)
		c.Description, c.AreaDesc, c.Instruction = word, word, word
		return c
	}
	d.submit("waiting", secret("secret-submitted"))
	sector := secret("secret-sector")
	sector.Scope = alert.ScopeSector
	sector.Authority.Basis = "sector"
	d.release("sector", sector)
	closed := secret("secret-closed")
	closed.Openness = alert.Openness{Attribute: "closed", Reason: "secret-reason"}
	d.release("closed", closed)
	d.release("second", chemical(alert.Blue, "第一版"))
	d.submit("second", secret("secret-update"))
	rev, _ := d.submit("returned", secret("secret-returned"))
	d.say("officer-chen-secret", "returned", alert.Returned{Rev: rev, Reason: "secret-return-reason"})
	d.say("watch", "inc1", alert.Recorded{Facts: alert.IncidentFacts{Title: "secret-incident", Occurred: time.Now(), Received: time.Now()}, Reason: "secret-fact"})

	r := open(t, d, func(c *Config) { c.Dir = t.TempDir() })
	r.settled()
	paths := []string{"/", "/past", "/drills", "/v", "/feed.atom", "/api/public/v1/notices", "/api/public/v1/areas"}
	for _, id := range []string{"open", "second", "waiting", "sector", "closed", "returned"} {
		paths = append(paths, "/n/"+id, "/n/"+id+".json", "/n/"+id+".xml", "/n/"+id+"/1.xml", "/n/"+id+"/2.xml", "/n/"+id+"?lang=en")
	}
	for _, id := range []string{"open", "second", "waiting", "sector", "closed"} {
		paths = append(paths, "/v/"+d.code(id, 1))
	}
	paths = append(paths, "/v/"+d.code("second", 2))
	words := []string{"secret", "internal", "officer-", "38412", "unconfirmed-suspension"}
	check := func(where, text string) {
		t.Helper()
		for _, w := range words {
			if i := strings.Index(text, w); i >= 0 {
				t.Errorf("%s shows %q: …%s…", where, w, text[max(0, i-40):min(len(text), i+60)])
			}
		}
	}
	for _, p := range paths {
		_, body, _ := r.get(p)
		check(p, body)
	}
	for _, id := range []string{"waiting", "sector", "closed", "returned"} {
		if status, _, _ := r.get("/n/" + id); status != http.StatusNotFound {
			t.Errorf("/n/%s: status %d", id, status)
		}
		if status, _, _ := r.get("/n/" + id + ".json"); status != http.StatusNotFound {
			t.Errorf("/n/%s.json: status %d", id, status)
		}
	}
	l := r.listen("?last-event-id=0")
	for range 3 {
		e := l.next()
		check("event "+e.name, e.data)
	}
	r.end() // the copies are on disk by then
	kept, err := r.site.shelf.root.ReadFile("open.json")
	if err != nil {
		t.Fatal(err)
	}
	check("the copy on disk", string(kept))
	if _, err := r.site.shelf.root.Stat("sector.json"); err == nil {
		t.Error("a sector notice is kept on disk")
	}
}

// Notice text is text: markup shows as written, a trick of direction shows.
func TestTextIsText(t *testing.T) {
	d := newDesk(t, alert.Live)
	c := typhoon()
	nasty := `<script>alert(1)</script><img src=x onerror=alert(2)>"'&`
	c.Headline, c.Description, c.Instruction, c.AreaDesc, c.SenderName, c.Event, c.Contact = nasty, nasty+"\u202eevil", nasty, nasty, nasty, nasty, nasty
	c.Web = "javascript:alert(3)"
	c.Source.Name = nasty
	d.release("n1", c)
	r := open(t, d, nil)
	r.settled()
	for _, p := range []string{"/", "/n/n1", "/n/n1?lang=en", "/v/" + d.code("n1", 1)} {
		page := r.page(p)
		if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img src=x") || strings.Contains(page, `href="javascript:`) {
			t.Errorf("%s: markup of a notice is markup of the page", p)
		}
		if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Errorf("%s does not show the text as written", p)
		}
		if strings.Contains(page, "\u202e") {
			t.Errorf("%s contains a direction override", p)
		}
	}
	var feed atomFeed
	if err := xml.Unmarshal([]byte(r.page("/feed.atom")), &feed); err != nil || !strings.Contains(feed.Entries[0].Title, nasty) {
		t.Errorf("feed: %v", err)
	}
	e := r.listen("?last-event-id=0").next()
	if pushedOf(t, e).Headline != nasty {
		t.Errorf("event headline %q", pushedOf(t, e).Headline)
	}
}

// R14: when the time is over the page changes by itself, without an event.
func TestR14ExpiryShows(t *testing.T) {
	d := newDesk(t, alert.Live)
	c := typhoon()
	c.Expires = time.Now().Add(400 * time.Millisecond)
	d.release("n1", c)
	r := open(t, d, nil)
	r.settled()
	l := r.listen("")
	if !strings.Contains(r.page("/n/n1"), "生效中") {
		t.Fatal("not in force at first")
	}
	eventually(t, "the page says that it has expired", func() bool { return strings.Contains(r.page("/n/n1"), "已到期") })
	if !strings.Contains(r.page("/"), "目前没有生效的预警") {
		t.Error("the front page still shows it")
	}
	d.say("watch", "n1-1-expired", alert.Milestone{Notice: "n1", Rev: 1, What: alert.NoticeEnds, Due: c.Expires})
	if e := l.next(); e.name != "expire" || pushedOf(t, e).State != alert.StateEnded {
		t.Errorf("event %+v", e)
	}
}

// R9: with the journal out of reach after a restart, the last published state is
// shown from disk, and says how old it is; streams wait.
func TestR9StandsAloneFromDisk(t *testing.T) {
	dir := t.TempDir()
	d := newDesk(t, alert.Live)
	first := open(t, d, func(c *Config) { c.Dir = dir })
	first.settled()
	d.release("n1", typhoon())
	d.release("n2", chemical(alert.Red, "泄漏"))
	d.follow("n2", alert.Lift, "结束。")
	first.settled()
	first.end()

	d.mu.Lock()
	d.broken = errors.New("no route to the record")
	d.mu.Unlock()
	second := open(t, d, func(c *Config) { c.Dir = dir })
	if second.site.Ready() {
		t.Fatal("ready without a journal")
	}
	page := second.page("/")
	if !strings.Contains(page, typhoon().Headline) || !strings.Contains(page, "系统正在恢复") {
		t.Error("the front page: want the notice and the age of the state")
	}
	if !strings.Contains(second.page("/n/n1"), "系统正在恢复") || !strings.Contains(second.page("/n/n2"), "已解除") {
		t.Error("the notices' pages from disk")
	}
	var list listing
	if err := json.Unmarshal([]byte(second.page("/api/public/v1/notices")), &list); err != nil || !list.Stale || len(list.Notices) != 2 {
		t.Errorf("list: %+v, %v", list, err)
	}
	d.mu.Lock()
	d.broken = nil
	d.mu.Unlock()
	second.settled()
	if strings.Contains(second.page("/"), "系统正在恢复") {
		t.Error("still marked as old after the journal was read")
	}
	if e := second.listen("?last-event-id=0").next(); e.name == "" {
		t.Error("no history after the journal was read")
	}
}

// Before anything is known, nothing is said: an empty list would be a lie.
func TestUnknownIsNotEmpty(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	d.broken = errors.New("no route to the record")
	r := open(t, d, nil)
	for _, path := range []string{"/", "/api/public/v1/notices", "/feed.atom", "/n/n1", "/v/" + d.code("n1", 1)} {
		if status, _, h := r.get(path); status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
			t.Errorf("%s: status %d", path, status)
		}
	}
}
