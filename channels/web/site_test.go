package web

import (
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
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

// A notice's page says, in this order: what, where, until when, do this, call.
// Then the exact texts, the trail, the area on a map, is it genuine, who says so.
func TestNoticePage(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	c := typhoon()
	c.Level, c.Headline = alert.Orange, "台风预警信号升级为橙色"
	d.release("n1", c)
	r := open(t, d, nil)
	r.settled()
	page := r.page("/n/n1")
	at := 0
	for _, want := range []string{"<h1", c.Headline, "禅城区全区，南海区九江镇、狮山镇", alert.ShowDate(c.Expires) + " 止", "现在请这样做", "停止高空、水上和户外作业", `href="tel:12345"`,
		"预计24小时内", "停课安排", "示意图", "发布经过", "更新", "发布", "各渠道发出的原文", "短信", "核验码" + d.code("n1", 2), "微信", "这条通知是真的吗", d.code("n1", 2), "如与" /* dropped below */} {
		if want == "如与" {
			continue
		}
		i := strings.Index(page[at:], want)
		if i < 0 {
			t.Fatalf("the page lacks %q after position %d", want, at)
		}
		at += i
	}
	for _, want := range []string{"佛山市应急管理局", "由佛山市气象台于", "44060041600000_20260905060000", "生效中，已更新", r.base + "/n/n1", "九江镇、狮山镇"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Count(page, `class="part"`) != 2 || strings.Count(page, `class="on"`) != 2 {
		t.Error("the map: want one district whole and one in part, each with its label")
	}
	if english := r.page("/n/n1?lang=en"); !strings.Contains(english, "Do this now") || !strings.Contains(english, typhoon().HeadlineEN) {
		t.Error("the English page")
	}
	for path, ctype := range map[string]string{"/n/n1.xml": "application/cap+xml", "/n/n1/1.xml": "application/cap+xml", "/n/n1/2.xml": "application/cap+xml", "/n/n1.json": "application/json"} {
		if status, _, h := r.get(path); status != http.StatusOK || h.Get("Content-Type") != ctype {
			t.Errorf("%s: %d %s", path, status, h.Get("Content-Type"))
		}
	}
	if xml := r.page("/n/n1.xml"); !strings.Contains(xml, "n1.2") {
		t.Errorf("the CAP is not of the current revision: %s", xml)
	}
	for _, path := range []string{"/n/n1/3.xml", "/n/n1/01.xml", "/n/n1/x.xml", "/n/n1/1.json", "/n/none", "/n/none.xml", "/n/%3Cscript%3E", "/past?page=2", "/past?page=x", "/nothing"} {
		if status, body, _ := r.get(path); status != http.StatusNotFound || strings.Contains(body, "<script>") {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

// A retracted notice keeps its page, which says so first, and shows what it was.
func TestRetractedPageStays(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	d.follow("n1", alert.Retract, "误发，请不要再转发。")
	r := open(t, d, nil)
	r.settled()
	page := r.page("/n/n1")
	for _, want := range []string{"已撤回", "请不要再按它行动", "撤回：" + typhoon().Headline, "预计24小时内", "原定至"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	old := r.page("/v/" + d.code("n1", 1))
	if !strings.Contains(old, "之后又有新的版本") || !strings.Contains(old, "已撤回") {
		t.Error("the first text's code does not tell that it was retracted")
	}
}

// The code on the page leads to the exact text; a wrong one is called false.
func TestVerify(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	r := open(t, d, nil)
	r.settled()
	code := d.code("n1", 1)
	page := r.page("/v/" + code)
	for _, want := range []string{"这个核验码是本单位发出的", "【应急管理局】发布：", "核验码" + code, "不一致的，就是假的，请拨打 12345"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q", want)
		}
	}
	messy := strings.ToLower(code[:4]) + "%20-" + strings.ToLower(code[4:])
	for _, path := range []string{"/v?code=" + messy, "/v/" + messy} {
		if status, _, h := r.get(path); status != http.StatusSeeOther || h.Get("Location") != "/v/"+code {
			t.Errorf("%s: %d to %q", path, status, h.Get("Location"))
		}
	}
	for _, path := range []string{"/v/AAAAAAAA", "/v/-", "/v/" + strings.Repeat("A", 500), "/v/%E7%A0%81"} {
		status, page, _ := r.get(path)
		if status != http.StatusNotFound || !strings.Contains(page, "没有这个核验码") || !strings.Contains(page, "12345") {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if page := r.page("/v"); !strings.Contains(page, `name="code"`) {
		t.Error("no form")
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

func TestHeadersAndConditionalRequests(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	r := open(t, d, nil)
	r.settled()
	for _, path := range []string{"/", "/n/n1", "/n/n1.json", "/n/n1.xml", "/feed.atom", "/api/public/v1/notices", "/api/public/v1/areas", "/v"} {
		status, body, h := r.get(path, "Accept-Encoding", "identity")
		if status != http.StatusOK || h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: status %d, headers %v", path, status, h)
		}
		if status, again, _ := r.get(path, "If-None-Match", h.Get("Etag")); status != http.StatusNotModified || again != "" {
			t.Errorf("%s: asked again: %d, %d bytes", path, status, len(again))
		}
		_, packed, h := r.get(path, "Accept-Encoding", "gzip")
		if h.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(z); err != nil || string(b) != body {
				t.Errorf("%s: the packed form is another one: %v", path, err)
			}
		}
	}
	res, err := http.Post(r.base+"/n/n1", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
}

// The first view stays within 30 KB on the wire, with three notices in force.
func TestFirstViewIsSmall(t *testing.T) {
	d := newDesk(t, alert.Live)
	for i := range 3 {
		d.release("n"+strconv.Itoa(i), typhoon())
	}
	for i := range 12 {
		d.release("old"+strconv.Itoa(i), chemical(alert.Blue, "以往的一条通知，标题不长不短"))
		d.follow("old"+strconv.Itoa(i), alert.Lift, "结束。")
	}
	r := open(t, d, nil)
	r.settled()
	for _, page := range []string{"/", "/n/n1"} {
		total := 0
		body := r.page(page)
		for _, path := range append(assetsIn(body), page) {
			_, b, _ := r.get(path, "Accept-Encoding", "gzip")
			total += len(b)
		}
		t.Logf("%s: %d bytes on the wire, %d bytes of HTML before packing", page, total, len(body))
		if total > 30<<10 {
			t.Errorf("%s: %d bytes", page, total)
		}
	}
}

func assetsIn(page string) []string {
	var out []string
	seen := map[string]bool{}
	for _, part := range strings.Split(page, `"/assets/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if !seen[name] {
			seen[name] = true
			out = append(out, "/assets/"+name)
		}
	}
	return out
}

// Lists go by pages, and nothing is lost at their edges.
func TestListsGoByPages(t *testing.T) {
	d := newDesk(t, alert.Live)
	for i := range 120 {
		id := "n" + strconv.Itoa(i)
		d.release(id, chemical(alert.Blue, "通知"))
		d.follow(id, alert.Lift, "结束。")
	}
	r := open(t, d, nil)
	r.settled()
	seen := map[string]bool{}
	for page := 1; page <= 3; page++ {
		body := r.page("/past?page=" + strconv.Itoa(page))
		for _, part := range strings.Split(body, `href="/n/`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			seen[id] = true
		}
	}
	if len(seen) != 120 {
		t.Errorf("the archive lists %d of 120", len(seen))
	}
	seen = map[string]bool{}
	for next := "/api/public/v1/notices?limit=50"; next != ""; {
		var list listing
		if err := json.Unmarshal([]byte(r.page(next)), &list); err != nil {
			t.Fatal(err)
		}
		for _, n := range list.Notices {
			seen[n.ID] = true
		}
		next = strings.TrimPrefix(list.Next, r.base)
	}
	if len(seen) != 120 {
		t.Errorf("the JSON lists %d of 120", len(seen))
	}
	for _, q := range []string{"limit=0", "limit=501", "limit=x", "state=all", "before=none"} {
		if status, _, _ := r.get("/api/public/v1/notices?" + q); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", q, status)
		}
	}
}
