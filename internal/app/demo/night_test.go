package demo

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
	"mingluo/internal/cap"
)

// night is a whole night at the desk, with everything real but the carriers:
// the author before an office screen, the approver with a phone in bed.
type night struct {
	*viewer
	d    *Demo
	took int // pictures
}

func (n *night) at(officer, page string, sees ...string) {
	n.t.Helper()
	if officer == "li" {
		n.window(360, 740)
	} else {
		n.window(1366, 768)
	}
	n.do(chromedp.Navigate((&house{Officers: n.d.Officers}).signIn(officer, page)))
	for _, text := range sees {
		n.sees(text)
	}
}

// press clicks what the selector names, in sight or not: a finger scrolls.
func (n *night) press(selector string) {
	n.t.Helper()
	n.do(browsertest.Click(selector))
}

func (n *night) picture(name string) {
	n.t.Helper()
	n.took++
	n.takes("night-" + string(rune('a'-1+n.took)) + "-" + name)
}

// newest is the notice that was submitted last.
func (n *night) newest() (id string, rev int) {
	n.d.Desk.Read(func(st *alert.State) {
		id = st.NoticeIDs[len(st.NoticeIDs)-1]
		rev = st.Notices[id].Latest().No
	})
	return id, rev
}

func (n *night) until(what string, so func(st *alert.State) bool) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	for done := false; ; {
		var seq uint64
		n.d.Desk.Read(func(st *alert.State) { done, seq = so(st), st.Seq })
		if done {
			return
		}
		if _, err := n.d.Desk.Wait(ctx, seq); err != nil {
			n.t.Fatalf("%s: %v", what, err)
		}
	}
}

// submits confirms what the rules propose and hands the text to the approver.
func (n *night) submits() {
	n.t.Helper()
	for {
		open, err := chromedp.Run(n.ctx, chromedp.Evaluate[int](`(() => { const left = [...document.querySelectorAll('input[value=yes][name^="suspend."]')].filter(x => !x.checked); if (left[0]) left[0].click(); return left.length })()`))
		if err != nil {
			n.t.Fatal(err)
		}
		if open == 0 {
			break
		}
	}
	n.press(`button[name=act][value=submit]`)
}

// holdEnter keeps Enter down until the page has moved on.
func (n *night) holdEnter() {
	n.t.Helper()
	n.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{
			Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13, NativeVirtualKeyCode: 13,
		})
		return err
	}))
}

// The signal arrives at night. It becomes a draft, is returned once, approved on
// a phone, watched, updated, retracted by one person, and accounted for in the
// morning. Every click is one in a browser; the record and the imitation
// carriers' books are looked at from outside.
func TestTheWholeNight(t *testing.T) {
	v := newViewer(t)
	c := quickConfig(t.TempDir())
	c.Bare = true
	d, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(context.Background())
	n := &night{viewer: v, d: d}

	// Somebody sleeps beside the open desk; the signal comes by itself.
	n.at("chen", "/")
	if _, _, fresh, err := d.ReceiveCAP(t.Context(), cap.SampleTyphoon(time.Now())); err != nil || !fresh {
		t.Fatalf("the signal was not received: %v", err)
	}
	n.at("chen", "/new", "台风黄色预警信号")
	n.picture("arrived")
	n.press(`form[action*="/inbox/"][action$="/draft"] button`)
	n.sees("停课")
	n.picture("draft")
	n.submits()
	n.sees("保密审查")
	id, _ := n.newest()

	// Returned from the phone, with a reason.
	n.at("li", "/notices/"+id+"/approve", "退回修改")
	n.picture("asked")
	n.press(`.giveback summary`)
	n.do(chromedp.SendKeys(`form[action$="/return"] input[name=reason]`, "请写明工棚人员先撤"))
	n.press(`form[action$="/return"] button`)
	n.sees("已退回")
	drafts, err := d.Desk.Drafts(t.Context())
	if err != nil || len(drafts) != 1 {
		t.Fatalf("%d drafts after the return, %v", len(drafts), err)
	}
	n.at("chen", "/drafts/"+drafts[0].ID, "请写明工棚人员先撤")
	n.do(chromedp.SendKeys(`[name=instruction]`, "工棚人员先撤离。"))
	n.submits()
	n.until("submitted again", func(st *alert.State) bool { return st.Notices[id].Pending() != nil && st.Notices[id].Latest().No == 2 })

	// Approved on the phone.
	n.approves(id)
	n.picture("approved")

	// Watched until everybody has a result.
	n.at("chen", "/notices/"+id, "生效中")
	n.picture("going")
	n.sees("全部有结果")
	n.picture("done")

	// It gets worse: an update, by two people.
	n.press(`form[action$="/update"] button`)
	n.sees("更新通知")
	n.do(chromedp.SendKeys(`[name=description]`, "风力仍在加大。"))
	n.submits()
	n.until("the update waits", func(st *alert.State) bool { return st.Notices[id].Pending() != nil })
	n.approves(id)

	// It should not have gone out: one key and one held Enter.
	n.at("chen", "/notices/"+id, "撤回")
	n.do(chromedp.WaitReady(`#line.live`), chromedp.KeyEvent("r"))
	n.sees("按住一秒")
	n.picture("retract")
	n.holdEnter()
	n.until("retracted", func(st *alert.State) bool { return st.Notices[id].Current().Verb == alert.Retract })
	n.at("chen", "/notices/"+id, "已撤回")
	n.sees("全部有结果")

	// And the account of it all in the morning.
	n.at("chen", "/notices/"+id+"/report", "经过报告", "请写明工棚人员先撤", "mingluo journal verify")
	n.picture("report")
	n.window(360, 740)
	n.picture("report-phone")
	n.reads("第 1 版", "第 2 版", "第 3 版", "第 4 版", "撤回", "呼叫签发人")
	n.balanced(id)
}

// approves is the approver's part: looks, reviews what is free text, signs.
func (n *night) approves(id string) {
	n.t.Helper()
	n.at("li", "/notices/"+id+"/approve", "改过文字的人")
	var waits bool
	n.d.Desk.Read(func(st *alert.State) { waits = st.Notices[id].Pending().Reviewed == nil })
	if waits {
		for _, it := range alert.ReviewItems() {
			n.press(`.checklist input[value="` + it.Key + `"]`)
		}
		n.press(`form[action$="/review"] button`)
		n.until("reviewed", func(st *alert.State) bool { return st.Notices[id].Pending().Reviewed != nil })
		n.sees("签发并立即发布")
	}
	n.picture("sign")
	n.press(`#sign .sure input`)
	n.press(`#sign button`)
	n.until("released", func(st *alert.State) bool { return st.Notices[id].Pending() == nil })
	n.sees("生效中")
}

func (n *night) reads(texts ...string) {
	n.t.Helper()
	for _, text := range texts {
		n.sees(text)
	}
}

// balanced checks against the carriers' own books: whoever was sent the notice
// was sent its retraction too, and the short messages say which is which.
func (n *night) balanced(id string) {
	n.t.Helper()
	held := n.d.Carriers.holders(id)
	if len(held) == 0 {
		n.t.Fatal("nobody was sent the notice")
	}
	for who, copies := range held {
		if copies < 2 {
			n.t.Errorf("%s holds %d message: the notice without its retraction, or the reverse", who, copies)
		}
	}
	for _, phone := range n.d.Carriers.SMS.Phones() {
		sent, taken := 0, 0
		for _, m := range n.d.Carriers.SMS.Messages(phone) {
			switch {
			case !strings.Contains(m.Text, "/n/"+id):
			case strings.Contains(m.Text, "撤回"):
				taken++
			default:
				sent++
			}
		}
		if sent > 0 != (taken > 0) || taken > 1 {
			n.t.Errorf("%s: sent %d times, retracted %d times", phone, sent, taken)
		}
	}
}
