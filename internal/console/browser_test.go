package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
)

// chromium opens a tab of a real browser.
func chromium(t *testing.T) context.Context {
	t.Helper()
	return browsertest.Open(t, "the officers' pages")
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	browsertest.Do(t, ctx, steps...)
}

// until waits for an expression to hold in the page, also across a navigation.
func until(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	browsertest.Until(t, ctx, expression)
}

func says(id, words string) string {
	return `(document.getElementById("` + id + `") || document.body).innerText.includes("` + words + `")`
}

// The author's board is open. A colleague reviews, approves and releases, the
// figures come in, and the page follows all of it without a reload; a reason
// that is being typed is not taken away by it. The key R opens the retraction
// and sends nothing.
func TestPagesFollowTheDesk(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.submitted(author)
	ctx := chromium(t)
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/chen-word"))
	until(t, ctx, says("waiting", "等待审核"))
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/notices/"+id))
	until(t, ctx, `document.querySelector("#line.live") !== null`)
	for _, act := range []string{"review", "approve", "release"} {
		judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/"+act, nil).want(303)
	}
	until(t, ctx, says("head", "生效中"))
	until(t, ctx, says("trail", "发布"))
	o.deliver(id, 1, "sms", map[string]int{"delivered": 1100, "deferred": 41})
	until(t, ctx, says("delivery", "已送达 1,100"))

	do(t, ctx, chromedp.KeyEvent("p"), chromedp.SendKeys(`#pause-1 input[name=reason]`, "等一等"))
	o.deliver(id, 1, "wechat", map[string]int{"accepted": 573})
	until(t, ctx, says("trail", "分发计划"))
	if v, err := chromedp.Run(ctx, chromedp.Value(`#pause-1 input[name=reason]`)); err != nil || v != "等一等" {
		t.Errorf("the reason being typed became %q (%v)", v, err)
	}
	do(t, ctx, chromedp.Reload())
	until(t, ctx, says("delivery", "运营方已接收 573"))
	until(t, ctx, `document.querySelector("#line.live") !== null`) // the keys are listened to
	do(t, ctx, chromedp.KeyEvent("r"))
	until(t, ctx, `location.pathname.endsWith("/retract")`)
	until(t, ctx, says("main", "撤回：张槎街道仓库危化品泄漏警示"))
	o.desk.Read(func(st *alert.State) {
		if !st.Notices[id].InForce(time.Now()) {
			t.Error("a key alone sent a retraction")
		}
	})
	do(t, ctx, enterDown)
	until(t, ctx, says("head", "已撤回"))

	o.accounts.Disable(t.Context(), "chen")
	until(t, ctx, `location.pathname === "/signin" || document.querySelector("#line.ended") !== null`)
}

// A fan-out is paused, resumed and stopped with keys alone. What is confirmed
// names the people: 1,200 of 1,714 have a result.
func TestAFanOutIsSteeredByKeys(t *testing.T) {
	o := openOffice(t)
	id := o.released(o.browser().signIn(chen), o.browser().signIn(li))
	o.deliver(id, 1, "sms", map[string]int{"delivered": 1100, "deferred": 41})
	o.deliver(id, 1, "wechat", map[string]int{"accepted": 100})
	ctx := chromium(t)
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/chen-word"))
	until(t, ctx, `document.querySelector("#line.live") !== null`)
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/notices/"+id))
	until(t, ctx, `document.querySelector("#line.live") !== null`)
	do(t, ctx, chromedp.KeyEvent("p"), chromedp.SendKeys(`#pause-1 input[name=reason]`, "核对人数\r"))
	until(t, ctx, says("delivery", "已暂停"))
	until(t, ctx, says("delivery", "继续发送：还有"))
	o.desk.Read(func(st *alert.State) {
		if p := st.Notices[id].Rev(1).Paused; p == nil || p.Reason != "核对人数" {
			t.Errorf("paused %+v", p)
		}
	})
	do(t, ctx, browsertest.Click(`form[action$="/resume"] button`))
	until(t, ctx, `document.querySelector("#pause-1") !== null && document.querySelector("#line.live") !== null`)
	do(t, ctx, chromedp.KeyEvent("s"))
	until(t, ctx, says("stop-1", "停止以后不能再继续"))
	until(t, ctx, says("stop-1", "1,100 人已有结果"))
	do(t, ctx, chromedp.SendKeys(`#stop-1 input[name=reason]`, "发错了范围\r"))
	until(t, ctx, says("delivery", "已停止"))
	until(t, ctx, says("trail", "发错了范围"))
	o.desk.Read(func(st *alert.State) {
		n := st.Notices[id]
		if n.Rev(1).Stopped == nil || !n.InForce(time.Now()) {
			t.Errorf("stopped %+v, in force %v", n.Rev(1).Stopped, n.InForce(time.Now()))
		}
	})
}

// While one writes: a click on the map chooses the district, the audience and
// the texts follow, and what is missing disappears as it is filled in.
func TestWritingWithALivePreview(t *testing.T) {
	o := openOffice(t)
	ctx := chromium(t)
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/chen-word"))
	until(t, ctx, `location.pathname === "/desk/chen/" && document.querySelector("#line.live") !== null`)
	do(t, ctx, chromedp.KeyEvent("n"))
	until(t, ctx, says("panel", "请选择区域"))
	pick := func(js string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](js)); err != nil {
			t.Fatal(err)
		}
	}
	pick(`document.querySelector('path[data-district="440604"]').dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
	until(t, ctx, says("panel", "617 人"))
	until(t, ctx, `document.querySelector('input[name=areas][value="440604"]').checked`)
	do(t, ctx, chromedp.SendKeys("input[name=headline]", "危化品泄漏警示"), chromedp.SendKeys("textarea[name=description]", "仓库泄漏。"), chromedp.SendKeys("textarea[name=instruction]", "请关好门窗。"))
	pick(`{ const h = document.querySelector("[data-pick]"); h.value = "XCHEM"; h.dispatchEvent(new Event("change", {bubbles: true})); }`)
	pick(`document.querySelector('input[name=level][value=orange]').click()`)
	until(t, ctx, says("panel", "齐了，可以提交。"))
	until(t, ctx, says("panel", "【演练】"))
	pick(`{ const h = document.querySelector("[data-pick]"); h.value = "11B01"; h.dispatchEvent(new Event("change", {bubbles: true})); }`)
	until(t, ctx, says("suspend", "用人单位"))
	pick(`{ const h = document.querySelector("[data-pick]"); h.value = "XCHEM"; h.dispatchEvent(new Event("change", {bubbles: true})); }`)
	until(t, ctx, says("panel", "齐了，可以提交。"))
	do(t, ctx, browsertest.Click("button[value=submit]"))
	until(t, ctx, says("head", "待审核"))
}

// The event stream tells what moved, ends with the session, and does not keep
// the server from shutting down.
func TestEventStream(t *testing.T) {
	o := openOffice(t)
	author := o.browser().signIn(chen)
	author.client.Timeout = 0
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", o.url+"/desk/chen/events?seq=0&version=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := author.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	heard := make(chan string, 100)
	go func() {
		defer close(heard)
		b := make([]byte, 4096)
		for {
			n, err := a.Body.Read(b)
			if n > 0 {
				heard <- string(b[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	expect := func(words string) {
		t.Helper()
		all := ""
		for s := range heard {
			if all += s; strings.Contains(all, words) {
				return
			}
		}
		t.Fatalf("the stream ended without %q: %s", words, all)
	}
	o.submitted(author)
	expect(`"seq":1`)
	author.send("/signout", nil).want(303)
	expect("signed-out")
}
