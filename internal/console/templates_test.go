package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
)

// A template is mended by one officer, reviewed item by item and put into use by
// another, and the next notice is made of the new words.
func TestATemplateIsMendedJudgedAndUsed(t *testing.T) {
	o := openOffice(t)
	o.equip()
	ctx := chromium(t)
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/chen-word"))
	until(t, ctx, `location.pathname === "/desk/chen/"`)
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/templates?q=mq"))
	until(t, ctx, `document.querySelectorAll(".library li").length === 1`)
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/templates/gas-leak/edit"))
	until(t, ctx, says("panel", "【演练】"))
	do(t, ctx, chromedp.SendKeys("textarea[name=instruction]", "不要开关电器。"))
	until(t, ctx, says("panel", "不要开关电器。"))
	do(t, ctx, chromedp.Reload()) // nothing is lost
	until(t, ctx, `document.querySelector("textarea[name=instruction]").value.includes("不要开关电器。") && !document.getElementById("found-again").hidden`)
	do(t, ctx, chromedp.SendKeys("input[name=reason]", "补上禁止事项"), browsertest.Click("button[value=propose]"))
	until(t, ctx, says("decide", "这一版是您提出的"))

	do(t, ctx, chromedp.EmulateViewport(360, 740), chromedp.Navigate(o.url+"/demo/signin/li-word"))
	until(t, ctx, `location.pathname === "/desk/li/"`)
	do(t, ctx, chromedp.Navigate(o.url+"/desk/li/templates/gas-leak"))
	until(t, ctx, `[...document.querySelectorAll("#decide .diff ins")].some(e => e.textContent.includes("不要开关电器"))`)
	until(t, ctx, `document.documentElement.scrollWidth <= 360`)
	for _, item := range alert.ReviewItems() {
		do(t, ctx, browsertest.Click(`#decide input[value="`+item.Key+`"]`))
	}
	do(t, ctx, browsertest.Click(`form[action$="/review"] button`))
	until(t, ctx, `document.querySelector("#approve") !== null`)
	do(t, ctx, browsertest.Click("#approve .sure input"), browsertest.Click("#approve button"))
	until(t, ctx, says("versions", "李卫东 启用"))
	do(t, ctx, chromedp.Navigate(o.url+"/desk/li/new?template=gas-leak"))
	until(t, ctx, says("filled", "不要开关电器。"))
	until(t, ctx, says("compose", "保密审查随模板而来"))
}

// What is wrong with a proposal stands beside its field, with everything that
// was typed; a template is returned with a reason, withdrawn and used again,
// each by somebody who may. What is refused is on the audit.
func TestTemplatePagesRefuseAndKeep(t *testing.T) {
	o := openOffice(t)
	o.equip()
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	author.open("/templates?state=in-use&level=red&hazard=11B03").want(http.StatusOK, "暴雨红色", "共 10 个").without("/templates/chem-leak\"")
	author.open("/templates?occasion=今冬明春").want(http.StatusOK, "今冬明春安全提示").without("/templates/chem-leak\"")
	author.open("/templates/none").want(http.StatusNotFound)

	form := author.open("/templates/chem-leak/edit").want(http.StatusOK).inputsOf("template-form")
	bad := func(field, value string) *page {
		f := form
		old := f.Get(field)
		defer f.Set(field, old)
		f.Set(field, value)
		return author.send("/templates", f)
	}
	form.Set("act", "propose")
	form.Set("reason", "撤离范围")
	bad("headline", "{{没说过的}}").want(http.StatusUnprocessableEntity, "文中的空 {{没说过的}} 没有说明", `value="撤离范围"`)
	bad("gap.2.min", "6000").want(http.StatusUnprocessableEntity, "上限须大于下限", `value="6000"`)
	bad("quick", "1").want(http.StatusConflict, "大按钮 1 已经是")
	bad("version", "7").want(http.StatusConflict)
	form.Set("from", "")
	author.send("/templates", form).want(http.StatusUnprocessableEntity, "已经有这个编号的模板")
	form.Set("from", "chem-leak")
	form.Set("gap.2.preset", "300")
	author.send("/templates", form).want(http.StatusSeeOther)

	waiting := judge.open("/templates/chem-leak").want(http.StatusOK, "第 2 版待审", "<ins>300</ins>")
	judge.press(waiting, "/templates/chem-leak/return", nil).want(http.StatusUnprocessableEntity, "请写明退回的原因")
	back := waiting.form("/templates/chem-leak/return")
	back.Set("reason", "没有依据")
	judge.send("/templates/chem-leak/return", back).want(http.StatusSeeOther)
	author.open("/templates/chem-leak/edit").want(http.StatusOK, "没有依据", `value="300"`)

	gone := judge.open("/templates/chem-leak").form("/templates/chem-leak/withdraw")
	gone.Set("reason", "等新的规定")
	theirs := url.Values{"csrf": form["csrf"], "reason": gone["reason"]}
	author.send("/templates/chem-leak/withdraw", theirs).want(http.StatusForbidden)
	judge.send("/templates/chem-leak/withdraw", gone).want(http.StatusSeeOther)
	author.open("/new?template=chem-leak").want(http.StatusNotFound)
	again := judge.open("/templates/chem-leak").want(http.StatusOK, "等新的规定").form("/templates/chem-leak/restore")
	again.Set("reason", "规定不改了")
	judge.send("/templates/chem-leak/restore", again).want(http.StatusSeeOther)
	author.open("/new?template=chem-leak").want(http.StatusOK)
	if p := author.open("/templates/new?copy=chem-leak").want(http.StatusOK); !strings.Contains(p.body, "（副本）") {
		t.Error("a copy has another name")
	}
}
