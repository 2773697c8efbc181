package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The same list as a page: by Chinese, full pinyin, initials and English, and
// only what the officer's role opens.
func TestGoingAnywhereByAFewLetters(t *testing.T) {
	o := openOffice(t, withRoll)
	o.joins(sun)
	o.joins(zheng)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.released(author, judge)
	author.open("/go").want(200, "去哪里", "值班台", "新通知", "/notices/"+id+"/retract", "快捷键").without("/desk/chen/audit", "/desk/chen/roll\"")
	for _, q := range []string{"突发", "tufashijian", "tfsj", "incidents"} {
		author.open("/go?q="+q).want(200, `href="/desk/chen/incidents"`).without("没有找到")
	}
	author.open("/go?q=ch").want(200, "/notices/"+id+"/retract")
	author.open("/go?q="+id).want(200, "/notices/"+id)
	author.open("/go?q=zzzz").want(200, "没有找到")
	author.open("/go?lang=en&q=record").want(200, "Record an incident")
	o.browser().signIn(sun).open("/go").want(200, "/desk/sun/roll", "/desk/sun/officers").without("/desk/sun/new", "/retract", "/desk/sun/audit")
	o.browser().signIn(zheng).open("/go").want(200, "/desk/zheng/audit").without("/desk/zheng/new", "/retract", "/desk/zheng/officers")
}

// Ctrl+K opens it over any page, typing narrows it, Enter goes there; an Enter
// that an input method takes goes nowhere; ? shows the keys.
func TestThePaletteInABrowser(t *testing.T) {
	o := openOffice(t)
	o.released(o.browser().signIn(chen), o.browser().signIn(li))
	ctx := chromium(t)
	js := func(expression string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](expression)); err != nil {
			t.Fatal(err)
		}
	}
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/chen-word"))
	until(t, ctx, `location.pathname === "/desk/chen/" && document.querySelector("#line.live") !== null`)
	js(`document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "?", bubbles: true}))`)
	until(t, ctx, `document.getElementById("keys").open && document.getElementById("keys").innerText.includes("N")`)
	js(`document.getElementById("keys").close(); document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true, cancelable: true}))`)
	until(t, ctx, `document.getElementById("palette").open && document.querySelectorAll("#palette a").length > 5`)
	do(t, ctx, chromedp.SendKeys("#palette input", "tfsj"))
	until(t, ctx, `document.querySelector("#palette a.chosen") !== null && document.querySelector("#palette a.chosen").pathname === "/desk/chen/incidents"`)
	js(`{ const f = document.querySelector("#palette input");
		f.dispatchEvent(new CompositionEvent("compositionstart", {bubbles: true}));
		f.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", keyCode: 229, bubbles: true, cancelable: true})); }`)
	until(t, ctx, `location.pathname === "/desk/chen/" && document.getElementById("palette").open`)
	js(`document.querySelector("#palette input").dispatchEvent(new CompositionEvent("compositionend", {bubbles: true}))`)
	do(t, ctx, chromedp.KeyEvent("\r"))
	until(t, ctx, `location.pathname === "/desk/chen/incidents"`)
}
