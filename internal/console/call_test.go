package console_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
	"mingluo/internal/desk"
)

// caller calls the office's approvers; told hears whom.
func (o *office) caller(told func(officer string)) *desk.Caller {
	return &desk.Caller{Book: o.desk.Book, Gazetteer: alert.Foshan(), Log: slog.New(slog.DiscardHandler),
		Officers: func(context.Context) ([]alert.Officer, error) { return []alert.Officer{chen, li, wang}, nil },
		Means:    func(alert.Officer) []string { return []string{"console", "sms"} },
		Ring: func(_ context.Context, c alert.Called, _ alert.Officer, _ *alert.Notice) []alert.Rung {
			told(c.Officer)
			return []alert.Rung{{Means: "sms", State: "accepted", Imitation: true}}
		}}
}

// An approver sits before a page that does not follow the desk. A colleague
// submits, and the call stands on top of that page by itself, leads to the
// notice, and the author's page says who was called and who opened it.
func TestACallReachesThePageTheOfficerIsOn(t *testing.T) {
	o := openOffice(t)
	if err := o.accounts.SetReach(t.Context(), "li", "13800138000", ""); err != nil {
		t.Fatal(err)
	}
	author := o.browser().signIn(chen)
	ctx := chromium(t)
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/li-word"))
	until(t, ctx, says("waiting", "没有等您处理的事"))
	do(t, ctx, chromedp.Navigate(o.url+"/desk/li/account"))
	until(t, ctx, `document.querySelector("#banners") !== null && document.querySelector("main[data-follow]") === null`)
	id := o.submitted(author)
	caller := o.caller(func(string) {})
	if _, err := caller.Round(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	author.open("/notices/"+id).want(200, "呼叫签发人", "李卫东", "运营方已接收", "仿真通道", "tel:", "8613800138000", "还没有打开")
	until(t, ctx, says("banners", "请您签发"))
	until(t, ctx, says("banners", "张槎街道仓库危化品泄漏警示"))
	until(t, ctx, `document.title.startsWith("● ")`)
	author.open("/").want(200).without("请您签发")
	do(t, ctx, browsertest.Click("#banners .call a.button"))
	until(t, ctx, `location.pathname.endsWith("/notices/`+id+`/approve")`)
	until(t, ctx, says("decide", "保密审查通过"))
	author.open("/notices/"+id).want(200, "已打开").without("还没有打开")
}

// Every word that a call's state is shown with has both languages.
func TestWordsOfRings(t *testing.T) {
	o := openOffice(t)
	s := o.browser().signIn(chen)
	id := o.submitted(s)
	caller := o.caller(func(string) {})
	states := []string{"accepted", "simulated", "unsure", "refused", alert.RingFailed}
	i := 0
	caller.Ring = func(context.Context, alert.Called, alert.Officer, *alert.Notice) []alert.Rung {
		i++
		return []alert.Rung{{Means: "sms", State: states[i-1]}}
	}
	for k := range states {
		if _, err := caller.Round(t.Context(), time.Now().Add(time.Duration(k)*(3*time.Minute+time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	s.open("/notices/"+id).want(200, "运营方已接收", "只模拟，没有发送", "不确定是否送出", "没有送出")
	s.open("/notices/"+id+"?lang=en").want(200, "accepted by the carrier", "simulated only", "not certain that it was sent", "not sent")
}
