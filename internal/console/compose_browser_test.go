package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
)

// hands are an officer before a real browser, with what they did counted: an
// entry is one field that was given a value, a screen is one page that asked
// for any.
type hands struct {
	t       *testing.T
	ctx     context.Context
	entries int
	screens map[string]bool
}

func (h *hands) key(k string, mods ...chromedp.KeyOption) {
	h.t.Helper()
	do(h.t, h.ctx, chromedp.KeyEvent(k, mods...))
}

func (h *hands) eval(js string) string {
	h.t.Helper()
	v, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](js))
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// give types a value where the cursor stands.
func (h *hands) give(keys string) {
	h.t.Helper()
	h.entries++
	h.screens[h.eval(`String(performance.timeOrigin)`)] = true // a page that was loaded
	h.key(keys)
}

// at waits until the cursor stands in a field.
func (h *hands) at(selector string) {
	h.t.Helper()
	until(h.t, h.ctx, `document.activeElement.matches(`+"`"+selector+"`"+`)`)
}

// tabTo presses Tab until the cursor stands in a field; going somewhere gives
// nothing.
func (h *hands) tabTo(selector string) {
	h.t.Helper()
	for range 12 {
		h.key(kb.Tab)
		if h.eval(`String(document.activeElement.matches(`+"`"+selector+"`"+`))`) == "true" {
			return
		}
	}
	h.t.Fatalf("Tab does not lead to %s; the cursor is at %s", selector, h.eval(`document.activeElement.outerHTML.slice(0, 200)`))
}

func (o *office) hands(t *testing.T, word string) *hands {
	t.Helper()
	h := &hands{t: t, ctx: chromium(t), screens: map[string]bool{}}
	do(t, h.ctx, chromedp.EmulateViewport(1366, 768), chromedp.Navigate(o.url+"/demo/signin/"+word))
	until(t, h.ctx, `document.querySelector("#line.live") !== null`)
	return h
}

// waitingFor returns the one notice that waits for a reviewer or an approver.
func (o *office) waitingFor(t *testing.T) (id string, c alert.Content) {
	t.Helper()
	o.desk.Read(func(st *alert.State) {
		for w := range st.Waiting {
			id, c = w, st.Notices[w].Latest().Content
		}
	})
	if id == "" {
		t.Fatal("nothing waits")
	}
	return id, c
}

// From sign-in to a submitted notice without a mouse: a key opens the page,
// another one the template, then three entries on one screen.
func TestThreeEntriesOneScreenNoMouse(t *testing.T) {
	o := openOffice(t)
	o.equip()
	h := o.hands(t, "chen-word")
	h.key("n")
	until(t, h.ctx, `document.querySelector(".quick") !== null && document.readyState === "complete"`)
	h.key("5")
	h.at(`[name="value.位置"]`)
	h.give("顺安化工仓库")
	h.key(kb.Enter)
	h.at(`[name="value.物质"]`)
	h.give("液氨")
	h.tabTo(`.filter input`)
	h.give("zcjd")
	h.key(kb.Enter)
	until(t, h.ctx, says("picked", "张槎街道"))
	until(t, h.ctx, says("panel", "齐了，可以提交。"))
	until(t, h.ctx, says("panel", "约 9 秒 发完")) // 617 people, three messages each, 200 a second
	h.key(kb.Enter, chromedp.KeyModifiers(2))  // Ctrl
	until(t, h.ctx, says("head", "待审核"))
	if h.entries > 3 || len(h.screens) != 1 {
		t.Errorf("%d entries on %d screens %v, want at most 3 on 1", h.entries, len(h.screens), h.screens)
	}
	id, c := o.waitingFor(t)
	if c.AreaDesc != "禅城区张槎街道" || !strings.Contains(c.Description, "顺安化工仓库发生液氨泄漏") || c.Template == nil {
		t.Errorf("%s: %+v", id, c)
	}
}

// A signal that has just arrived: one key takes it with its place, its issuer
// and its time; what is left is to confirm the class suspension.
func TestR26ASignalIsRelayedWithOneEntry(t *testing.T) {
	o := openOffice(t)
	o.equip()
	c, _, err := importCAP(t.Context(), sampleTyphoon(), alert.Drill, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	in, _, err := o.desk.Receive(t.Context(), alert.Drill, alert.InboxReceived{From: "cap", Name: c.Source.Name, Sent: c.Source.Sent, Content: c})
	if err != nil {
		t.Fatal(err)
	}
	h := o.hands(t, "chen-word")
	h.key("n")
	until(t, h.ctx, `document.querySelector("[data-key='0']") !== null && document.readyState === "complete"`)
	h.key("0")
	h.at(`[data-all=yes]`)
	until(t, h.ctx, says("panel", "停课提示还没有确认"))
	h.give(kb.Enter)
	until(t, h.ctx, says("panel", "齐了，可以提交。"))
	h.key(kb.Enter, chromedp.KeyModifiers(2))
	until(t, h.ctx, says("head", "待审核"))
	if h.entries != 1 || len(h.screens) != 1 {
		t.Errorf("%d entries on %d screens", h.entries, len(h.screens))
	}
	id, got := o.waitingFor(t)
	if got.Source == nil || got.Source.Identifier != c.Source.Identifier || got.Source.Sender != c.Source.Sender || len(got.Suspend) == 0 || len(got.Areas) != len(c.Areas) {
		t.Errorf("%+v", got)
	}
	o.desk.Read(func(st *alert.State) {
		if h := st.Inbox[in].Handled; h == nil || h.Draft == "" {
			t.Error("the signal still waits in the inbox")
		}
		if r := st.Notices[id].Rev(1); r.Reviewed == nil {
			t.Error("a relay by template waits for a reviewer")
		}
	})
}

// What was typed is on the server a moment later, and in the browser at once:
// a reload finds it, also while the server cannot be reached.
func TestNothingTypedIsLost(t *testing.T) {
	o := openOffice(t)
	o.equip()
	h := o.hands(t, "chen-word")
	do(t, h.ctx, chromedp.Navigate(o.url+"/desk/chen/new?template=chem-leak"))
	h.at(`[name="value.位置"]`)
	h.give("顺安化工仓库")
	until(t, h.ctx, `document.querySelector("#saved.saved") !== null && location.pathname.startsWith("/desk/chen/drafts/")`)
	do(t, h.ctx, chromedp.Reload())
	until(t, h.ctx, `document.querySelector('[name="value.位置"]').value === "顺安化工仓库"`)

	// The line drops: what is typed now is not on the server.
	h.eval(`window.reach = window.fetch, window.fetch = () => Promise.reject(new TypeError("down")), ""`)
	do(t, h.ctx, chromedp.SendKeys(`[name="value.物质"]`, "液氨"))
	until(t, h.ctx, says("saved", "没有存上：连不上"))
	do(t, h.ctx, chromedp.Reload())
	until(t, h.ctx, `document.querySelector('[name="value.物质"]').value === "液氨"`)
	until(t, h.ctx, says("found-again", "已经放回"))
	until(t, h.ctx, `document.querySelector("#saved.saved") !== null && Object.keys(localStorage).length === 0`)
	drafts, err := o.desk.Drafts(t.Context())
	if err != nil || len(drafts) != 1 || drafts[0].Content.Template.Values["物质"] != "液氨" {
		t.Errorf("%v %+v", err, drafts)
	}
}

// Two officers in one draft see each other, and each other's saves; what one
// writes over the other's text can be taken back.
func TestTwoOfficersInOneDraft(t *testing.T) {
	o := openOffice(t)
	author, other := o.browser().signIn(chen), o.browser().signIn(wang)
	p := author.send("/new", leakForm()).want(http.StatusSeeOther)
	path := strings.TrimPrefix(p.header.Get("Location"), "/desk/chen")
	h := o.hands(t, "chen-word")
	do(t, h.ctx, chromedp.Navigate(o.url+"/desk/chen"+path))
	until(t, h.ctx, `document.querySelector("#compose") !== null`)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", o.url+"/desk/wang/events?draft="+strings.TrimPrefix(path, "/drafts/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	other.client.Timeout = 0
	stream, err := other.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	until(t, h.ctx, says("present", "王守一 也打开着这份草稿"))

	f := leakForm()
	f.Set("seq", other.open(path).field("seq"))
	f.Set("headline", "王守一的标题")
	other.send(path, f).want(http.StatusSeeOther)
	until(t, h.ctx, says("present", "王守一 在"))
	cancel()
	stream.Body.Close()
	until(t, h.ctx, `!`+says("present", "也打开着"))

	// chen does not look, types on, and is told instead of overwriting.
	do(t, h.ctx, chromedp.SetValue("input[name=headline]", "陈晓岚的标题"), chromedp.SendKeys("input[name=headline]", "。"))
	until(t, h.ctx, says("saved", "没有存上"))
	do(t, h.ctx, browsertest.Click(".side button[value=save]"))
	until(t, h.ctx, says("main", "您写的还在下面"))
	do(t, h.ctx, browsertest.Click(".side button[value=save]"))
	until(t, h.ctx, `document.querySelector("#saved.saved") !== null && document.querySelector(".undo") !== null && !document.body.innerText.includes("您写的还在下面")`)
	do(t, h.ctx, browsertest.Click(".undo button"))
	until(t, h.ctx, `document.querySelector("input[name=headline]").value === "王守一的标题"`)
}

// A dropped draft, a submission: both can be taken back before the release.
func TestEverythingBeforeTheReleaseCanBeUndone(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	p := author.send("/new", leakForm()).want(http.StatusSeeOther)
	path := strings.TrimPrefix(p.header.Get("Location"), "/desk/chen")
	author.send(path, url.Values{"act": {"drop"}}).want(http.StatusSeeOther)
	p = author.open(path).want(http.StatusOK, "把草稿拿回来")
	author.press(p, path+"/undo", nil).want(http.StatusSeeOther)
	author.open(path).want(http.StatusOK, "张槎街道仓库危化品泄漏警示")

	id := o.submitted(author)
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/review", nil).want(http.StatusSeeOther)
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/approve", nil).want(http.StatusSeeOther)
	judge.send("/notices/"+id+"/takeback", url.Values{"rev": {"1"}}).want(http.StatusForbidden)
	p = author.send("/notices/"+id+"/takeback", url.Values{"rev": {"1"}}).want(http.StatusSeeOther)
	p.follow(author.browser).want(http.StatusOK, "张槎街道仓库危化品泄漏警示")
	o.desk.Read(func(st *alert.State) {
		if n := st.Notices[id]; n.Pending() != nil || n.Current() != nil {
			t.Error("what was taken back still waits")
		}
	})
}
