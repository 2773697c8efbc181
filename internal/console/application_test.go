package console_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/cap"
	"mingluo/internal/console"
	"mingluo/internal/journal"
)

// withPapers gives the office what writes and keeps applications' papers.
func withPapers(c *console.Config) {
	store := c.Store.(*journal.Store)
	c.Papers = console.Papers{
		Platform: "市预警信息发布平台", Keep: store.PutAttachment, Kept: store.GetAttachment,
		CAP: func(n *alert.Notice, r *alert.Revision) ([]byte, error) {
			return cap.ForApplication(n, r, alert.Foshan(), cap.Issuer{Code: "44060000000000", Sender: "desk@foshan.example"}).Encode()
		},
	}
}

// appliedFor submits the leak under an application to the city's platform.
func (o *office) appliedFor(author *seated) (notice string) {
	o.t.Helper()
	f := leakForm()
	f.Set("authority_basis", "city")
	f.Set("act", "submit")
	p := author.send("/new", f).want(http.StatusSeeOther)
	return strings.TrimPrefix(p.header.Get("Location"), "/desk/"+author.who.ID+"/notices/")
}

// A notice that goes to the public on application: its papers are prepared from
// the text, handed over, answered; only then there is a button that releases
// it, and the returned id stands wherever the authority does.
func TestAnApplicationFromItsPaperToTheRelease(t *testing.T) {
	o := openOffice(t, withPapers)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.appliedFor(author)
	page, screen := "/notices/"+id+"/application", "/notices/"+id+"/approve"

	author.open("/notices/"+id).want(200, "还没有备好申请", "去办申请", "须先向市平台申请")
	author.open("/").want(200, "市平台申请，还没有受理", page)
	author.open("/applications").want(200, "张槎街道仓库危化品泄漏警示", "还没有备好申请")
	author.open(page+"/form").want(200, "样张", "不得递交")
	judge.press(judge.open(screen), "/notices/"+id+"/review", nil).want(http.StatusSeeOther)
	form := judge.open(screen).want(200, "只签发，平台受理后再发布").without(`/sign"`, `/release"`).form("/notices/" + id + "/approve")
	judge.post("/desk/li/notices/"+id+"/sign", form).want(http.StatusConflict, "须先向市平台申请") // and it is not signed either
	judge.press(judge.open(screen), "/notices/"+id+"/approve", nil).want(http.StatusSeeOther)
	judge.open(screen).want(200, "去办申请").without(`/release"`)
	judge.send("/notices/"+id+"/release", url.Values{"rev": {"1"}, "hash": form["hash"]}).want(http.StatusConflict, "须先向市平台申请")

	author.press(author.open(page), page+"/prepare", nil).want(http.StatusSeeOther)
	paper := author.open(page+"/form").want(200, "突发事件预警信息发布申请表", "市预警信息发布平台", "张槎街道一仓库发生液氨泄漏", "禅城区、南海区", "李卫东", "（盖章）", "【演练】").without("样张")
	if strings.Count(paper.body, "【演练】") < 2 {
		t.Error("the drill's mark is not first and last (R6)")
	}
	file := author.open(page + "/cap").want(200)
	if kind, name := file.header.Get("Content-Type"), file.header.Get("Content-Disposition"); kind != "application/cap+xml" || name != `attachment; filename="`+id+`-1.cap.xml"` {
		t.Errorf("served as %s, %s", kind, name)
	}
	if a, _, err := cap.Parse(bytes.NewReader([]byte(file.body))); err != nil || a.Status != "Exercise" {
		t.Errorf("the file: %+v %v", a, err)
	}

	refused := author.press(author.open(page), page+"/handover", url.Values{"way": {""}, "to": {"张工"}}).want(http.StatusUnprocessableEntity, "请选择怎样递交的", `value="张工"`)
	author.press(refused, page+"/handover", url.Values{"way": {"online"}, "to": {"张工"}}).want(http.StatusSeeOther)
	author.open(page).want(200, "平台网上提交", "张工", "已等")
	author.press(author.open(page), page+"/accept", url.Values{"ref": {""}}).want(http.StatusUnprocessableEntity, "请填写平台返回的编号")
	author.open(page + "/accept").want(http.StatusSeeOther) // a reload of the refused act
	author.press(author.open(page), page+"/accept", url.Values{"ref": {"FS-2026-031"}}).want(http.StatusSeeOther)
	author.open(page).want(200, "平台已受理", "FS-2026-031")
	judge.press(judge.open(screen).want(200, "FS-2026-031"), "/notices/"+id+"/release", nil).want(http.StatusSeeOther)
	author.open("/notices/"+id).want(200, "FS-2026-031", "市平台受理")
	author.open("/notices/"+id+"/report").want(200, "FS-2026-031")
	author.open("/").want(200).without("市平台申请，还没有受理")
	author.open("/applications").want(200, "没有等着办的申请", "FS-2026-031")
}

// The same for programs, and what they are refused.
func TestApplicationsByTheAPI(t *testing.T) {
	o := openOffice(t, withPapers)
	author := o.browser().signIn(chen)
	id := o.appliedFor(author)
	path := "/notices/" + id + "/application"
	var now struct{ State, Hash, Ref, CAP string }
	o.call(chen, "GET", path, nil, &now).want(200)
	o.call(chen, "POST", path+"/prepare", map[string]any{"rev": 1, "hash": strings.Repeat("0", 64)}, nil).refusal(409)
	o.call(chen, "POST", path+"/prepare", map[string]any{"rev": 1, "hash": now.Hash}, &now).want(200, `"state":"prepared"`)
	o.call(chen, "GET", path+"/cap", nil, nil).want(200, "urn:oasis:names:tc:emergency:cap:1.2")
	o.call(chen, "POST", path+"/accept", map[string]any{"ref": "FS-1"}, nil).refusal(409)
	o.call(chen, "POST", path+"/handover", map[string]any{"way": "mail"}, nil).want(200, `"state":"handed"`)
	o.call(chen, "POST", path+"/refuse", map[string]any{"note": "范围不明确"}, nil).want(200, `"state":"refused"`)
	o.call(chen, "GET", "/applications?past=1", nil, nil).want(200, "范围不明确")
	o.call(chen, "POST", path+"/prepare", map[string]any{"rev": 1, "hash": now.Hash}, nil).want(200)
	o.call(chen, "POST", path+"/withdraw", map[string]any{"reason": ""}, nil).refusal(422)
	o.call(chen, "POST", path+"/withdraw", map[string]any{"reason": "险情已排除"}, nil).want(200, `"state":"withdrawn"`)
	o.call(chen, "GET", "/notices/none/application", nil, nil).refusal(404)
}
