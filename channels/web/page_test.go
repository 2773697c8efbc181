package web

import (
	"net/http"
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// A notice's page says, in this order: what, where, until when, do this, call.
// Then the exact texts, the trail, the area on a map, is it genuine, who says so.
func TestNoticePage(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	c := typhoon()
	c.Level, c.Headline = alert.Orange, "台风预警信号升级为橙色"
	d.release("n1", c)
	r := open(t, d, nil)
	r.settled()
	page := r.page("/n/n1")
	at := 0
	for _, want := range []string{"<h1", c.Headline, "禅城区全区，南海区九江镇、狮山镇", alert.ShowDate(c.Expires) + " 止", "现在请这样做", "停止高空、水上和户外作业", `href="tel:12345"`,
		"预计24小时内", "停课安排", "示意图", "发布经过", "更新", "发布", "各渠道发出的原文", "短信", "核验码" + d.code("n1", 2), "微信", "这条通知是真的吗", d.code("n1", 2)} {
		i := strings.Index(page[at:], want)
		if i < 0 {
			t.Fatalf("the page lacks %q after position %d", want, at)
		}
		at += i
	}
	for _, want := range []string{"佛山市应急管理局", "由佛山市气象台于", "44060041600000_20260905060000", "生效中，已更新", r.base + "/n/n1", "九江镇、狮山镇"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Count(page, `class="part"`) != 2 || strings.Count(page, `class="on"`) != 2 {
		t.Error("the map: want one district whole and one in part, each with its label")
	}
	if english := r.page("/n/n1?lang=en"); !strings.Contains(english, "Do this now") || !strings.Contains(english, typhoon().HeadlineEN) {
		t.Error("the English page")
	}
	for path, ctype := range map[string]string{"/n/n1.xml": "application/cap+xml", "/n/n1/1.xml": "application/cap+xml", "/n/n1/2.xml": "application/cap+xml", "/n/n1.json": "application/json"} {
		if status, _, h := r.get(path); status != http.StatusOK || h.Get("Content-Type") != ctype {
			t.Errorf("%s: %d %s", path, status, h.Get("Content-Type"))
		}
	}
	if xml := r.page("/n/n1.xml"); !strings.Contains(xml, "n1.2") {
		t.Errorf("the CAP is not of the current revision: %s", xml)
	}
	for _, path := range []string{"/n/n1/3.xml", "/n/n1/01.xml", "/n/n1/x.xml", "/n/n1/1.json", "/n/none", "/n/none.xml", "/n/%3Cscript%3E", "/past?page=2", "/past?page=x", "/nothing"} {
		if status, body, _ := r.get(path); status != http.StatusNotFound || strings.Contains(body, "<script>") {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

// A retracted notice keeps its page, which says so first, and shows what it was.
func TestRetractedPageStays(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	d.follow("n1", alert.Retract, "误发，请不要再转发。")
	r := open(t, d, nil)
	r.settled()
	page := r.page("/n/n1")
	for _, want := range []string{"已撤回", "请不要再按它行动", "撤回：" + typhoon().Headline, "预计24小时内", "原定至"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	old := r.page("/v/" + d.code("n1", 1))
	if !strings.Contains(old, "之后又有新的版本") || !strings.Contains(old, "已撤回") {
		t.Error("the first text's code does not tell that it was retracted")
	}
}

// The code on the page leads to the exact text; a wrong one is called false.
func TestVerify(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	r := open(t, d, nil)
	r.settled()
	code := d.code("n1", 1)
	page := r.page("/v/" + code)
	for _, want := range []string{"这个核验码是本单位发出的", "【应急管理局】发布：", "核验码" + code, "不一致的，就是假的，请拨打 12345"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q", want)
		}
	}
	messy := strings.ToLower(code[:4]) + "%20-" + strings.ToLower(code[4:])
	for _, path := range []string{"/v?code=" + messy, "/v/" + messy} {
		if status, _, h := r.get(path); status != http.StatusSeeOther || h.Get("Location") != "/v/"+code {
			t.Errorf("%s: %d to %q", path, status, h.Get("Location"))
		}
	}
	for _, path := range []string{"/v/AAAAAAAA", "/v/-", "/v/" + strings.Repeat("A", 500), "/v/%E7%A0%81"} {
		status, page, _ := r.get(path)
		if status != http.StatusNotFound || !strings.Contains(page, "没有这个核验码") || !strings.Contains(page, "12345") {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if page := r.page("/v"); !strings.Contains(page, `name="code"`) {
		t.Error("no form")
	}
}

// A policy document's page has its interpretation below it, and a link each way.
// Who takes the document back takes the interpretation back.
func TestADocumentsPageHasItsInterpretation(t *testing.T) {
	d := newDesk(t, alert.Live)
	c := chemical(alert.NoLevel, "关于开展有限空间作业专项整治的通告")
	c.Kind, c.Hazard, c.Event = alert.KindPolicy, "XWORK", "有限空间作业"
	c.Interpretation = &alert.Interpretation{Text: "对有污水池的企业有效。\n<b>先通风</b>。", TextEN: "It concerns plants with pits."}
	d.release("n1", c)
	d.release("n2", c)
	d.follow("n2", alert.Retract, "误发，请不要再转发。")
	r := open(t, d, nil)
	r.settled()
	page := r.page("/n/n1")
	for _, want := range []string{`href="#interpretation"`, `id="interpretation"`, "<h2>解读</h2>", "对有污水池的企业有效。", "&lt;b&gt;先通风", `href="#top"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if english := r.page("/n/n1?lang=en"); !strings.Contains(english, "It concerns plants with pits.") {
		t.Error("the English page has no English interpretation")
	}
	if json := r.page("/n/n1.json"); !strings.Contains(json, "对有污水池的企业有效") {
		t.Errorf("the JSON has no interpretation: %s", json)
	}
	if old := r.page("/n/n2"); strings.Contains(old, "对有污水池的企业有效") {
		t.Error("a retracted document still has its interpretation")
	}
}
