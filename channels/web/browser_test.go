package web

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
)

// browser opens a tab of a real Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	return browsertest.Open(t, "the public pages")
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	browsertest.Do(t, ctx, steps...)
}

// until waits for a JavaScript expression to hold in the page.
func until(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	browsertest.Until(t, ctx, expression)
}

// A person has the front page open. A notice is released: it appears without a
// reload, a screen reader is told, and it is still there after one. Its page is
// opened; the lift changes that page under the reader's eyes.
func TestBrowserLiveArrival(t *testing.T) {
	d := newDesk(t, alert.Live)
	r := open(t, d, nil)
	r.settled()
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(r.base+"/"))
	until(t, ctx, `document.querySelector(".calm") !== null && document.getElementById("pulse").textContent === "实时更新中"`)
	do(t, ctx, chromedp.Func(func(context.Context, *chromedp.Target) error { d.release("n1", typhoon()); return nil }))
	until(t, ctx, `document.querySelector(".cards strong")?.textContent === "佛山市气象台发布台风黄色预警信号"`)
	until(t, ctx, `document.getElementById("say").textContent === "新消息：佛山市气象台发布台风黄色预警信号"`)
	do(t, ctx, chromedp.Navigate(r.base+"/"))
	until(t, ctx, `document.querySelector(".cards strong") !== null`)

	do(t, ctx, browsertest.Click(".cards a"))
	until(t, ctx, `location.pathname === "/n/n1" && document.getElementById("pulse").textContent === "实时更新中"`)
	d.follow("n1", alert.Lift, "台风已经远离。")
	until(t, ctx, `document.querySelector(".ended")?.textContent.includes("解除") && document.querySelectorAll(".trail li").length === 2`)
}

// The server goes away and comes back: the page says so and catches up.
func TestBrowserComesBack(t *testing.T) {
	d := newDesk(t, alert.Live)
	r := open(t, d, nil)
	r.settled()
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(r.base+"/"))
	until(t, ctx, `document.getElementById("pulse").textContent === "实时更新中"`)
	r.unplug()
	until(t, ctx, `document.getElementById("pulse").classList.contains("off")`)
	d.release("n1", typhoon())
	r.settled()
	r.plug()
	until(t, ctx, `document.querySelector(".cards strong") !== null && !document.getElementById("pulse").classList.contains("off")`)
}

// Without JavaScript everything can be read and a code verified.
func TestBrowserWithoutJavaScript(t *testing.T) {
	d := newDesk(t, alert.Drill)
	d.release("n1", typhoon())
	r := open(t, d, nil)
	r.settled()
	ctx := browser(t)
	do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	text := func() string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Text("body"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	do(t, ctx, chromedp.Navigate(r.base+"/"))
	if s := text(); !strings.Contains(s, typhoon().Headline) || !strings.Contains(s, "【演练】") {
		t.Fatalf("front page: %.300s", s)
	}
	do(t, ctx, chromedp.Navigate(r.base+"/n/n1"))
	if s := text(); !strings.Contains(s, "现在请这样做") || !strings.Contains(s, d.code("n1", 1)) {
		t.Fatalf("notice: %.300s", s)
	}
	do(t, ctx, chromedp.Navigate(r.base+"/v"), chromedp.SendKeys("#code", strings.ToLower(d.code("n1", 1))+"\n"), chromedp.WaitVisible(".verdict.yes"))
}

// Set SHOTS to a folder to have the pages photographed, for people to look at.
func TestShots(t *testing.T) {
	dir := os.Getenv("SHOTS")
	if dir == "" {
		t.Skip("NOT A TEST: pictures are taken when SHOTS names a folder")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, alert.Drill)
	story(d)
	drill := open(t, d, func(c *Config) {
		c.Try = []Link{{"拟一条通知", "Draft a notice", "/x"}, {"看一看三部手机和微信", "See three phones and WeChat", "/phones"}, {"撤回一条通知", "Retract a notice", "/x"}}
		c.Links = []Link{{"手机", "Phones", "/phones"}}
	})
	drill.settled()
	l := newDesk(t, alert.Live)
	story(l)
	live := open(t, l, nil)
	live.settled()
	calm := open(t, newDesk(t, alert.Live), nil)
	calm.settled()
	ctx := browser(t)
	sizes := map[string][2]int64{"phone": {390, 844}, "desktop": {1280, 900}}
	shots := map[string]string{
		"front-drill-zh": drill.base + "/", "front-drill-en": drill.base + "/?lang=en", "front-live-zh": live.base + "/", "front-live-en": live.base + "/?lang=en",
		"calm-zh": calm.base + "/", "notice-drill-zh": drill.base + "/n/typhoon", "notice-live-zh": live.base + "/n/typhoon", "notice-live-en": live.base + "/n/typhoon?lang=en",
		"notice-red-zh": live.base + "/n/chem", "notice-lifted-zh": live.base + "/n/old1", "notice-retracted-zh": live.base + "/n/old2", "past-zh": live.base + "/past",
		"verify-yes-zh": live.base + "/v/" + l.code("typhoon", 2), "verify-no-zh": live.base + "/v/AAAABBBB", "verify-form-zh": live.base + "/v", "missing-zh": live.base + "/nowhere",
	}
	for name, url := range shots {
		for size, wh := range sizes {
			do(t, ctx, chromedp.EmulateViewport(wh[0], wh[1]), chromedp.Navigate(url), chromedp.Sleep(150*time.Millisecond))
			first, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			full, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			for suffix, b := range map[string][]byte{"": first, "-full": full} {
				if err := os.WriteFile(filepath.Join(dir, "web-"+name+"-"+size+suffix+".png"), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	shoot(t, ctx, filepath.Join(dir, "web-dark-front.png"), drill.base+"/", dark)
	shoot(t, ctx, filepath.Join(dir, "web-dark-notice.png"), live.base+"/n/typhoon", dark)
	shoot(t, ctx, filepath.Join(dir, "web-print-notice.png"), live.base+"/n/typhoon", emulation.SetEmulatedMediaParams{Media: "print"})
}

// shoot photographs a page the way a medium or a colour scheme shows it.
func shoot(t *testing.T, ctx context.Context, file, url string, media emulation.SetEmulatedMediaParams) {
	t.Helper()
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(url), chromedp.Sleep(150*time.Millisecond))
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// story is a few days of a city.
func story(d *desk) {
	for i, h := range []string{"高温橙色预警信号", "国庆假期前工矿企业安全检查提示", "关于开展有限空间作业专项整治的通告"} {
		id := "old" + string(rune('1'+i))
		c := chemical([]alert.Level{alert.Orange, alert.Blue, alert.NoLevel}[i], h)
		if i == 0 {
			c = typhoon()
			c.Hazard, c.Event, c.Level, c.Headline, c.Suspend = "11B09", "高温", alert.Orange, "佛山市气象台发布"+h, nil
			c.Areas, c.AreaDesc = []string{"440600"}, "佛山市全市"
		}
		if i == 2 {
			c.Kind, c.Hazard, c.Event = alert.KindPolicy, "XWORK", "有限空间作业"
		}
		d.release(id, c)
		d.follow(id, []alert.Verb{alert.Lift, alert.Retract, alert.Lift}[i], []string{"气温已经下降。", "区域有误，误发，请不要再转发。", "已经结束。"}[i])
	}
	d.release("typhoon", typhoon())
	c := typhoon()
	c.Description += "\n截至15时，台风中心位于我市南偏东方向约320公里的海面上，中心附近最大风力10级，以每小时20公里的速度向西北方向移动。"
	d.release("typhoon", c)
	d.release("chem", chemical(alert.Red, "狮山镇一仓库氨气泄漏，周边1公里内请立即关窗撤离"))
	b := chemical(alert.Blue, "九江镇燃气管道抢修，今晚停气")
	b.Hazard, b.Event, b.Category, b.Areas, b.AreaDesc = "XGAS", "燃气停气", "Infra", []string{"440605121"}, "南海区九江镇"
	b.Description, b.Instruction = "因施工破损，燃气管道正在抢修。", "关闭燃气阀门；恢复供气后先通风再点火。"
	d.release("gas", b)
}
