package console_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
)

// An approver on a phone of 360 pixels: one screen, two actions, and nothing
// sticks out at its side.
func TestAnApproverNeedsOneScreenAndTwoActions(t *testing.T) {
	o := openOffice(t)
	o.equip()
	author := o.browser().signIn(chen)
	form := author.open("/new?template=chem-leak").inputs()
	form.Set("value.位置", "顺安化工仓库")
	form.Set("value.物质", "液氨")
	form["areas"] = []string{"440604011"}
	form.Set("act", "submit")
	author.send("/new", form).want(http.StatusSeeOther)
	id, _ := o.waitingFor(t)

	ctx := chromium(t)
	do(t, ctx, chromedp.EmulateViewport(360, 740), chromedp.Navigate(o.url+"/demo/signin/li-word"))
	until(t, ctx, `document.querySelector("#line.live") !== null`)
	do(t, ctx, chromedp.Navigate(o.url+"/desk/li/notices/"+id+"/approve"))
	until(t, ctx, says("decide", "演练 · 危险化学品橙色 · 禅城区张槎街道"))
	until(t, ctx, says("changes", "与审定的模板相比"))
	until(t, ctx, `[...document.querySelectorAll(".diff ins")].some(e => e.textContent.includes("顺安化工仓库"))`)
	until(t, ctx, `document.documentElement.scrollWidth <= 360`)
	until(t, ctx, says("changes", "主动公开"))
	actions := 0
	act := func(selector string) {
		actions++
		do(t, ctx, browsertest.Click(selector))
	}
	act("#sign .sure input")
	act("#sign button")
	until(t, ctx, says("head", "生效中"))
	if actions > 2 {
		t.Errorf("%d actions", actions)
	}
	o.desk.Read(func(st *alert.State) {
		if r := st.Notices[id].Current(); r == nil || r.Approved.By != "li" {
			t.Errorf("not released by li: %+v", r)
		}
	})
}
