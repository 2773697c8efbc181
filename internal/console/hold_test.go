package console_test

import (
	"context"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
)

// key puts Enter down or lets it go, as a finger does. A key that stays down
// repeats.
func key(what input.DispatchKeyEventType, repeat bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		text := "\r"
		if what == input.DispatchKeyEventTypeKeyUp {
			text = ""
		}
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{
			Type: what, Key: "Enter", Code: "Enter", Text: text, AutoRepeat: &repeat, WindowsVirtualKeyCode: 13, NativeVirtualKeyCode: 13,
		})
		return err
	})
}

var (
	enterDown = key(input.DispatchKeyEventTypeKeyDown, false)
	enterUp   = key(input.DispatchKeyEventTypeKeyUp, false)
	enterHeld = key(input.DispatchKeyEventTypeKeyDown, true)
)

// touch puts a finger on a point, or takes it away.
func touch(what input.DispatchTouchEventType, at ...*input.TouchPoint) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: what, TouchPoints: at})
		return err
	})
}

func (o *office) notice(id string) (n alert.Notice) {
	o.desk.Read(func(st *alert.State) { n = *st.Notices[id] })
	return n
}

// watching opens a released notice's page in a browser, as its author.
func watching(t *testing.T, o *office) (ctx context.Context, id string) {
	t.Helper()
	id = o.released(o.browser().signIn(chen), o.browser().signIn(li))
	o.deliver(id, 1, "sms", map[string]int{"delivered": 1241})
	ctx = chromium(t)
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/chen-word"))
	until(t, ctx, `document.querySelector("#line.live") !== null`)
	o.open(t, ctx, id)
	return ctx, id
}

func (o *office) open(t *testing.T, ctx context.Context, id string) {
	t.Helper()
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/notices/"+id))
	until(t, ctx, `document.querySelector("#line.live") !== null`)
}

// Each of the three verbs is one key, which opens the ready text, and one held
// Enter, which sends it. A single Enter sends nothing, nor does a repeating one
// that was down before the page came.
func TestR3CorrectionIsOneKeyAndOneHeldEnter(t *testing.T) {
	for _, v := range []struct {
		key  string
		verb alert.Verb
	}{{"c", alert.Correct}, {"l", alert.Lift}, {"r", alert.Retract}} {
		t.Run(string(v.verb), func(t *testing.T) {
			o := openOffice(t)
			ctx, id := watching(t, o)
			do(t, ctx, chromedp.KeyEvent(v.key))
			until(t, ctx, `location.pathname.endsWith("/`+string(v.verb)+`") && document.querySelector("form.armed") !== null`)
			until(t, ctx, says("main", "1,241 人")) // whom it goes to
			do(t, ctx, enterHeld, enterHeld, enterUp)
			do(t, ctx, enterDown, enterUp) // too short
			until(t, ctx, says("hold-status", "没有发出"))
			if got := len(o.notice(id).Revisions); got != 1 {
				t.Fatalf("a single Enter sent something: %d revisions", got)
			}
			do(t, ctx, enterDown, enterHeld)
			until(t, ctx, says("hold-status", "按住"))
			until(t, ctx, `location.pathname.endsWith("/`+id+`") && document.querySelector("#trail") !== null`)
			do(t, ctx, enterUp)
			n := o.notice(id)
			if r := n.Latest(); r.Verb != v.verb || r.Released == nil || r.Released.By != "chen" || len(n.Revisions) != 2 {
				t.Errorf("%d revisions, the newest is %+v", len(n.Revisions), r)
			}
		})
	}
}

// On a phone the same is done with a finger. Who cannot hold has another way of
// two acts.
func TestCorrectionByFinger(t *testing.T) {
	o := openOffice(t)
	ctx, id := watching(t, o)
	do(t, ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
		return err
	}))
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/notices/"+id+"/retract"))
	until(t, ctx, `document.querySelector("form.armed") !== null`)
	at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(() => { const b = document.querySelector("[data-hold]").getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()`))
	if err != nil {
		t.Fatal(err)
	}
	finger := &input.TouchPoint{X: at[0], Y: at[1]}
	do(t, ctx, touch(input.DispatchTouchEventTypeTouchStart, finger), touch(input.DispatchTouchEventTypeTouchEnd))
	until(t, ctx, says("hold-status", "没有发出"))
	if got := len(o.notice(id).Revisions); got != 1 {
		t.Fatalf("a tap sent something: %d revisions", got)
	}
	do(t, ctx, touch(input.DispatchTouchEventTypeTouchStart, finger))
	until(t, ctx, says("head", "已撤回"))

	other := o.released(o.browser().signIn(wang), o.browser().signIn(li))
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/notices/"+other+"/lift"))
	until(t, ctx, `document.querySelector("form.armed") !== null`)
	do(t, ctx, browsertest.Click(".other-way summary"), browsertest.Click(".other-way button"))
	until(t, ctx, says("head", "已解除"))
}

// What was retracted by mistake is published again by two people, with the text
// that stood before; the one who opened it does not sign it.
func TestRestoringWhatWasRetracted(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.released(author, judge)
	page := author.open("/notices/" + id + "/retract")
	author.press(page, "/notices/"+id+"/retract", nil).want(http.StatusSeeOther)
	p := author.press(author.open("/notices/"+id), "/notices/"+id+"/restore", nil)
	p.want(http.StatusSeeOther)
	draft := p.header.Get("Location")
	again := author.press(author.open("/notices/"+id), "/notices/"+id+"/restore", nil)
	if draft != again.header.Get("Location") {
		t.Error("pressing twice opened two drafts")
	}
	author.open(strings.TrimPrefix(draft, "/desk/chen")).want(http.StatusOK, "的撤回作废，现恢复发布", "液氨泄漏")
	d, err := o.desk.Draft(t.Context(), path.Base(draft))
	if err != nil {
		t.Fatal(err)
	}
	o.call(chen, "POST", "/drafts/"+d.ID+"/submit", map[string]uint64{"seq": d.Seq}, nil).want(http.StatusOK)
	if n := o.notice(id); n.InForce(time.Now()) {
		t.Fatal("one person published again what was retracted")
	}
	for _, act := range []string{"review", "approve", "release"} {
		judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/"+act, nil).want(http.StatusSeeOther)
	}
	n := o.notice(id)
	if r := n.Current(); !n.InForce(time.Now()) || r.No != 3 || r.Released.By != "li" {
		t.Errorf("in force %v, revision %d", n.InForce(time.Now()), r.No)
	}
}
