package demo

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
	"mingluo/internal/desk"
)

// viewer is a person with a browser in front of the demo.
type viewer struct {
	t   *testing.T
	ctx context.Context
	dir string // pictures go here
}

func newViewer(t *testing.T) *viewer {
	t.Helper()
	v := &viewer{t: t, ctx: browsertest.Open(t, "the demo"), dir: os.Getenv("MINGLUO_PICTURES")}
	if v.dir == "" {
		v.dir = t.TempDir()
	}
	if err := os.MkdirAll(v.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *viewer) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	browsertest.Do(v.t, v.ctx, steps...)
}

// opens goes to an address and waits until it is shown with this text.
func (v *viewer) opens(address, text string) {
	v.t.Helper()
	v.do(chromedp.Navigate(address))
	v.sees(text)
}

// sees waits until the page shows a text.
func (v *viewer) sees(text string) {
	v.t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		v.t.Fatal(err)
	}
	browsertest.Until(v.t, v.ctx, "document.body && document.body.innerText.includes("+string(quoted)+")")
}

// largest is how big a picture of a repository may be.
const largest = 150_000 // bytes

// takes keeps a picture of the window: small enough for a repository.
func (v *viewer) takes(name string) {
	v.t.Helper()
	quality := int64(72)
	shot := v.shot(quality)
	for len(shot) > largest && quality > 30 {
		quality -= 8
		shot = v.shot(quality)
	}
	if err := os.WriteFile(filepath.Join(v.dir, name+".jpg"), shot, 0o644); err != nil {
		v.t.Fatal(err)
	}
}

func (v *viewer) shot(quality int64) []byte {
	v.t.Helper()
	shot, err := chromedp.Run(v.ctx, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, target, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{Format: cdppage.CaptureScreenshotFormatJpeg, Quality: &quality})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return shot
}

func (v *viewer) window(w, h int64) { v.do(chromedp.EmulateViewport(w, h)) }

// A person plays the night in a browser: the draft from the sample signal,
// author and approver side by side, the notice arriving on the open public page
// by itself, the phones, the clocks, the retraction. Its pictures are those of
// the README.
func TestPictures(t *testing.T) {
	v := newViewer(t)
	c := quickConfig(t.TempDir())
	if os.Getenv("MINGLUO_PICTURES") != "" {
		c.SMS, c.WeChat = 2000, 1000 // as in the demo; fewer do for a test
	}
	d, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(context.Background())
	signIn := func(officer, page string) string {
		return (&house{Officers: d.Officers}).signIn(officer, page)
	}

	v.window(1280, 860)
	v.opens(d.ConsoleURL+"/", "五件事")
	v.opens(d.ConsoleURL+"/?try=typhoon", "停课提示还没有确认")
	draft := d.confirmSample(t)
	v.opens(signIn("chen", "/drafts/"+draft.ID), "齐了")
	v.takes("draft")

	notice, _, err := d.Desk.Submit(t.Context(), d.As("chen"), draft.ID, draft.Seq)
	if err != nil {
		t.Fatal(err)
	}
	v.opens(signIn("li", "/notices/"+notice+"/approve"), "保密审查：逐项确认")
	v.takes("approve")

	v.window(390, 844)
	v.opens(d.PublicURL+"/", "目前没有进行中的演练通知")
	d.signSample(t, notice)
	v.sees("台风黄色预警信号") // by itself, on the page that was open
	v.takes("public-phone")
	v.do(chromedp.Reload())
	v.sees("台风黄色预警信号")
	v.opens(d.PublicURL+"/n/"+notice, "现在请这样做")
	v.takes("notice-phone")

	v.window(1280, 860)
	v.opens(d.ConsoleURL+"/desk/li/notices/"+notice, "已送达")
	browsertest.Until(t, v.ctx, `/已送达\s*[1-9]/.test(document.body.innerText)`)
	v.takes("delivery")
	v.opens(d.PublicURL+"/phones", "台风黄色预警信号")
	v.takes("phones")
	v.opens(d.ConsoleURL+"/desk/li/", "还剩")
	v.takes("board")

	d.settled(t, notice) // a retraction before that would follow fewer phones
	if _, err := d.Desk.Follow(t.Context(), d.As("chen"), notice, alert.Retract, ""); err != nil {
		t.Fatal(err)
	}
	v.opens(d.PublicURL+"/phones", "【撤回】")
	v.opens(d.PublicURL+"/n/"+notice, "已撤回")
}

// confirmSample confirms the class suspensions in the draft that the front page
// made.
func (d *Demo) confirmSample(t *testing.T) *desk.Draft {
	t.Helper()
	drafts, err := d.Desk.Drafts(t.Context())
	if err != nil || len(drafts) != 1 {
		t.Fatalf("%d drafts, %v", len(drafts), err)
	}
	content := drafts[0].Content
	for i := range content.Suspend {
		content.Suspend[i].Confirmed = true
	}
	draft, err := d.Desk.SaveDraft(t.Context(), d.As("chen"), drafts[0].ID, drafts[0].Seq, content)
	if err != nil {
		t.Fatal(err)
	}
	return draft
}

// settled waits until everybody of the first revision has an outcome.
func (d *Demo) settled(t *testing.T, notice string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		version := d.Tracker.Version()
		if p, ok := d.Tracker.Of(notice, 1); ok && p.Done {
			return
		}
		if _, err := d.Tracker.Wait(ctx, version); err != nil {
			t.Fatalf("not everybody is settled: %v", err)
		}
	}
}

func (d *Demo) signSample(t *testing.T, notice string) {
	t.Helper()
	if err := sign(t.Context(), d.Desk, d, notice, 1, func(time.Duration) {}); err != nil {
		t.Fatal(err)
	}
}
