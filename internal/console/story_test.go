package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// A writer drafts a leak by hand and forgets what to do; the page says so
// beside the field. Completed and submitted, it waits for another officer, who
// sees what would be sent and to how many, reviews, approves and releases. The
// officers watch it go out and lift it when the danger is over.
func TestNightOfALeak(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)

	f := leakForm()
	f.Set("instruction", "")
	f.Set("act", "submit")
	p := author.send("/new", f).want(422, "请写明公众该做什么。", `aria-invalid="true"`)
	draft := p.field("draft")
	if draft == "" {
		t.Fatal("the text was not kept as a draft")
	}
	f = leakForm()
	f.Set("act", "submit")
	f.Set("seq", p.field("seq"))
	p = author.send("/drafts/"+draft, f).want(303)
	id := strings.TrimPrefix(p.header.Get("Location"), "/desk/chen/notices/")

	judge.open("/").want(200, "待您保密审查", "张槎街道仓库危化品泄漏警示")
	p = judge.open("/notices/"+id+"/approve").want(200, "演练 · 危险化学品橙色 · 禅城区、南海区 · 短信 1,241 人 · 微信 573 人", "【演练】", "仿真通道")
	judge.press(p, "/notices/"+id+"/review", url.Values{"note": {"可以公开"}}).want(303)
	p = judge.open("/notices/"+id+"/approve").want(200, "签发")
	judge.press(p, "/notices/"+id+"/approve", nil).want(303)
	p = judge.open("/notices/"+id+"/approve").want(200, "立即发布")
	judge.press(p, "/notices/"+id+"/release", nil).want(303)

	o.deliver(id, 1, "sms", map[string]int{"delivered": 1200, "refused": 41})
	eventually(t, "the page shows the figures", func() bool {
		return strings.Contains(author.open("/notices/"+id).text(), "已送达 1,200")
	})
	author.open("/").want(200, "生效中", "张槎街道仓库危化品泄漏警示")

	p = author.open("/notices/"+id+"/lift").want(200, "解除：张槎街道仓库危化品泄漏警示", "1,200 人已收到")
	author.press(p, "/notices/"+id+"/lift", url.Values{"reason": {"泄漏已经堵住"}}).want(303)
	author.open("/notices/"+id).want(200, "已解除", "保密审查通过", "可以公开", "分发计划", "泄漏已经堵住", "李卫东")
}

// An incident of a level that the law puts clocks on; a notice that answers it
// ends the first, a press conference the second.
func TestIncidentAndItsClocks(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	now := time.Now()
	at := func(ago time.Duration) string {
		return now.Add(-ago).In(alert.Beijing()).Format("2006-01-02T15:04")
	}
	facts := url.Values{"title": {"某化工厂储罐区爆燃"}, "place": {"狮山镇工业园"}, "area": {"440605124"}, "occurred": {at(2 * time.Hour)}, "received": {at(110 * time.Minute)}, "deaths": {"12"}, "injured": {"8"}, "loss": {"60,000,000"}}

	bad := url.Values{"title": {""}, "occurred": {"gestern"}, "deaths": {"-3"}}
	author.send("/incidents", bad).want(422, "看不懂", "请填写不小于零的整数。", "gestern")
	p := author.send("/incidents", facts).want(303)
	id := strings.TrimPrefix(p.header.Get("Location"), "/desk/chen/incidents/")
	author.open("/incidents/"+id).want(200, "重大", "发布权威信息", "举行新闻发布会", "死亡 12，重伤 8")

	if _, err := o.watch.Round(t.Context(), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	p = author.open("/incidents/"+id).want(200, "我知道了")
	author.press(p, "/incidents/"+id+"/acknowledge", nil).want(303)
	author.open("/incidents/"+id).want(200, "已知悉")

	p = author.open("/new?answers="+id).want(200, "某化工厂储罐区爆燃", "狮山镇")
	f := leakForm()
	f.Set("kind", "incident")
	f.Set("answers", id)
	f.Set("act", "submit")
	p = author.send("/new", f).want(303)
	notice := strings.TrimPrefix(p.header.Get("Location"), "/desk/chen/notices/")
	for _, act := range []string{"review", "approve", "release"} {
		judge.press(judge.open("/notices/"+notice+"/approve"), "/notices/"+notice+"/"+act, nil).want(303)
	}
	author.open("/incidents/"+id).want(200, "由通知 "+notice+" 完成")
	author.send("/incidents/"+id+"/conference", url.Values{"at": {at(time.Minute)}, "place": {"市政府新闻发布厅"}}).want(303)
	author.open("/incidents/"+id).want(200, "市政府新闻发布厅")
	author.send("/incidents/"+id+"/record", facts).want(303)
	facts.Set("occurred", at(3*time.Hour))
	author.send("/incidents/"+id+"/record", facts).want(422, "须写明原因")
	author.send("/incidents/"+id+"/close", url.Values{"reason": {"处置完毕"}}).want(303)
	author.open("/incidents/"+id).want(200, "处置完毕")
}

// A CAP file becomes a draft; its class suspension has to be answered for each
// district before it can be submitted, and the employers' sentence stands by.
func TestR26TyphoonFromAFile(t *testing.T) {
	o := openOffice(t)
	author := o.browser().signIn(chen)
	p := author.upload(sampleTyphoon())
	p = p.want(303).follow(author.browser).want(200, "停课（按规定提出，请逐区确认）", "推迟上班、提前下班或者停工")
	draft := p.field("draft")
	f := p.inputs()
	f.Set("act", "submit")
	p = author.post("/desk/chen/drafts/"+draft, f).want(422, "停课提示还没有确认", "R26")
	f = p.inputs()
	f.Set("act", "submit")
	for k := range f {
		if d, ok := strings.CutPrefix(k, "suspend_text."); ok {
			f.Set("suspend."+d, "yes")
		}
	}
	f.Set("suspend.440608", "no")
	p = author.post("/desk/chen/drafts/"+draft, f).want(303).follow(author.browser)
	p.want(200, "禅城区：信号生效期间", "转自").without("高明区：信号生效期间")
}

// R1 at page level: who touched the text is offered no review and no approval,
// and a forged request for it is refused by the rule's name.
func TestR1AuthorCannotApprove(t *testing.T) {
	o := openOffice(t)
	author := o.browser().signIn(wang) // holds every role
	id := o.submitted(author)
	p := author.open("/notices/"+id).want(200, "您改过这段文字", "R1").without(`/review"`, `/approve"`)
	var rev *alert.Revision
	o.desk.Read(func(st *alert.State) { r := *st.Notices[id].Latest(); rev = &r })
	forged := url.Values{"csrf": {p.field("csrf")}, "rev": {"1"}, "hash": {rev.Hash}}
	for _, act := range []string{"review", "approve"} {
		author.send("/notices/"+id+"/"+act, forged).want(http.StatusForbidden, "R1")
	}
}

// Returned with a reason, the text is a draft again; an approval of the old
// revision from a page that stayed open is refused: look again.
func TestReturnAndLookAgain(t *testing.T) {
	o := openOffice(t)
	author, judge, second := o.browser().signIn(chen), o.browser().signIn(li), o.browser().signIn(wang)
	id := o.submitted(author)
	old := judge.open("/notices/" + id + "/approve")
	judge.press(old, "/notices/"+id+"/return", url.Values{"reason": {""}}).want(422, "原因")
	second.press(second.open("/notices/"+id+"/approve"), "/notices/"+id+"/return", url.Values{"reason": {"写明哪条街"}}).want(303)
	judge.press(old, "/notices/"+id+"/review", nil).want(http.StatusConflict, "已经退回了")
	author.open("/").want(200, "张槎街道仓库危化品泄漏警示")
	author.open("/notices/"+id).want(200, "写明哪条街", "已退回")
}

// Two officers save the same draft: the second is told, and nothing is lost.
func TestTwoWritersInOneDraft(t *testing.T) {
	o := openOffice(t)
	a, b := o.browser().signIn(chen), o.browser().signIn(wang)
	p := a.send("/new", leakForm()).want(303).follow(a.browser)
	f := leakForm()
	f.Set("seq", p.field("seq"))
	f.Set("headline", "陈写的")
	a.send("/drafts/"+p.field("draft"), f).want(303)
	g := leakForm()
	g.Set("seq", p.field("seq"))
	g.Set("headline", "王写的")
	q := b.send("/drafts/"+p.field("draft"), g).want(http.StatusConflict, "别人刚刚改过", "王写的", "您写的还在下面")
	a.open("/drafts/"+p.field("draft")).want(200, "陈写的").without("王写的")
	g.Set("seq", q.field("seq"))
	b.send("/drafts/"+p.field("draft"), g).want(303)
	a.open("/drafts/"+p.field("draft")).want(200, "王写的")
}

// A refused decision comes back on the screen where it was made, with the
// sentence beside its field, what was typed and what was ticked; a reload of
// its address leads to the screen. Ticks for another text are not kept.
func TestARefusedDecisionStaysOnItsScreen(t *testing.T) {
	o := openOffice(t)
	judge := o.browser().signIn(li)
	id := o.submitted(o.browser().signIn(chen))
	action := "/notices/" + id + "/review"
	screen := judge.open("/notices/" + id + "/approve")
	ticked := screen.form(action)["checklist"]
	p := judge.press(screen, action, url.Values{"checklist": ticked[:1], "note": {"已问过办公室"}})
	p.want(http.StatusUnprocessableEntity, "没有完成", `value="已问过办公室"`, `value="`+ticked[0]+`" required checked`).without(`value="` + ticked[1] + `" required checked`)
	if ps := strings.Index(p.body, `id="f-checklist"`); ps < 0 || !strings.Contains(p.body[ps:], `class="err"`) {
		t.Errorf("no sentence beside the checklist:\n%s", p.text())
	}
	p = judge.press(screen, action, url.Values{"hash": {strings.Repeat("0", 64)}, "note": {"已问过办公室"}})
	p.want(http.StatusConflict, `value="已问过办公室"`).without(" checked")
	judge.press(screen, "/notices/"+id+"/return", url.Values{"reason": {" "}}).want(http.StatusUnprocessableEntity, `class="giveback" open`, "请写明退回的原因")
	if to := judge.open(action).want(http.StatusSeeOther).header.Get("Location"); to != "/desk/li/notices/"+id+"/approve" {
		t.Errorf("a reload leads to %s", to)
	}
	judge.press(judge.press(screen, action, url.Values{"checklist": nil}), action, nil).want(http.StatusSeeOther)
}
