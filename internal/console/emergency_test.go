package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/templates"
)

// ready puts the leak's template into use for emergencies, and wang into the
// table of authority as the officer who may release alone.
func (o *office) ready() {
	o.t.Helper()
	ctx := o.t.Context()
	set, err := templates.Foshan()
	if err != nil {
		o.t.Fatal(err)
	}
	as := func(who alert.Officer) alert.Actor { return alert.Actor{Officer: who, Mode: alert.Drill} }
	for _, t := range set {
		if t.ID != "chem-leak" {
			continue
		}
		if t.Version, err = o.desk.ProposeTemplate(ctx, as(wang), t, ""); err != nil {
			o.t.Fatal(err)
		}
		if err := o.desk.ReviewTemplate(ctx, as(li), t.ID, t.Version, t.Hash(), "", alert.Checked()...); err != nil {
			o.t.Fatal(err)
		}
		if err := o.desk.ApproveTemplate(ctx, as(li), t.ID, t.Version, t.Hash(), true); err != nil {
			o.t.Fatal(err)
		}
	}
	all := []string{"440600"}
	if err := o.desk.SetGrants(ctx, as(sun), 0, []alert.Grant{{Officer: "li", Highest: alert.Red, Areas: all}, {Officer: "wang", Highest: alert.Red, Areas: all, Emergency: true}}); err != nil {
		o.t.Fatal(err)
	}
}

// leakDraft is a draft that holds nothing but the template and its gaps.
func (o *office) leakDraft(s *seated) string {
	o.t.Helper()
	form := s.open("/new?template=chem-leak").inputs()
	form.Set("value.位置", "顺安化工仓库")
	form.Set("value.物质", "液氨")
	form["areas"] = []string{"440604011"}
	form.Set("act", "save")
	p := s.send("/new", form).want(http.StatusSeeOther)
	return strings.TrimPrefix(p.header.Get("Location"), "/desk/"+s.who.ID+"/drafts/")
}

// 紧急发布: only the named officer is offered it, and only when the desk allows
// it; the page names mode, level, area and head count; the second signature
// waits with its clock for the others, is overdue after half an hour for
// everybody, and is one act.
func TestR1AnEmergencyReleaseIsCountersigned(t *testing.T) {
	o := openOffice(t)
	o.joins(sun)
	o.ready()
	named, second, writer := o.browser().signIn(wang), o.browser().signIn(li), o.browser().signIn(chen)
	draft := o.leakDraft(named)
	named.open("/drafts/" + draft).want(200).without("紧急发布…")
	named.open("/drafts/"+draft+"/emergency").want(200, "不能紧急发布").without("立即送出")
	o.desk.Emergency = true
	named.open("/drafts/"+draft).want(200, "紧急发布…")
	named.open("/banners?draft="+draft).want(200, "紧急发布…")
	writer.open("/drafts/" + draft).want(200).without("紧急发布…")
	second.open("/drafts/" + draft).want(200).without("紧急发布…")
	page := named.open("/drafts/"+draft+"/emergency").want(200, "演练 · 危险化学品橙色 · 禅城区张槎街道", "短信 617 人", "30 分钟内补签")
	named.press(page, "/drafts/"+draft+"/emergency", field("reason", " ")).want(422, "请写明为什么等不及第二个人")
	second.send("/drafts/"+draft+"/emergency", field("seq", page.field("seq"), "reason", "急")).want(http.StatusForbidden)
	sent := named.press(page, "/drafts/"+draft+"/emergency", field("reason", "联系不上第二位签发人")).want(303)
	id := strings.TrimPrefix(sent.header.Get("Location"), "/desk/wang/notices/")

	named.open("/notices/"+id).want(200, "等另一位同事补签", "联系不上第二位签发人", "生效中").without("看过了，补签")
	named.open("/").want(200).without("紧急发布等您补签")
	second.open("/").want(200, "紧急发布等您补签", "紧急发布待您补签", "还剩 29 分")
	var released alert.Revision
	o.desk.Read(func(st *alert.State) { released = *st.Notices[id].Rev(1) })
	overdue := released.Emergency.At.Add(desk.CountersignWithin + time.Second)
	for _, at := range []time.Time{overdue.Add(-2 * time.Second), overdue, overdue.Add(time.Minute)} {
		if _, err := o.watch.Round(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		late := 0
		o.desk.Read(func(st *alert.State) {
			for _, m := range st.MilestonesOf(id) {
				if m.What == alert.Unsigned {
					late++
				}
			}
		})
		if want := map[bool]int{true: 1, false: 0}[!at.Before(overdue)]; late != want {
			t.Errorf("at %s the journal says %d times that the signature is overdue, want %d", at, late, want)
		}
	}
	o.call(wang, "POST", "/notices/"+id+"/countersign", map[string]any{"rev": 1, "hash": released.Hash}, nil).want(http.StatusForbidden)
	seen := second.open("/notices/"+id).want(200, "看过了，补签")
	second.press(seen, "/notices/"+id+"/countersign", field("note", "已核")).want(303)
	second.open("/notices/"+id).want(200, "李卫东 已补签", "已核", "补签").without("看过了，补签")
	second.open("/").want(200).without("紧急发布等您补签")
}

// The same over the API, and the second officer is called to sign.
func TestTheSecondOfficerIsCalledToCountersign(t *testing.T) {
	o := openOffice(t)
	o.joins(sun)
	o.ready()
	o.desk.Emergency = true
	draft := o.leakDraft(o.browser().signIn(wang))
	d, err := o.desk.Draft(t.Context(), draft)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Notice string `json:"notice"`
		Rev    int    `json:"rev"`
		State  string `json:"state"`
	}
	o.call(li, "POST", "/drafts/"+draft+"/emergency", map[string]any{"seq": d.Seq, "reason": "急"}, nil).want(http.StatusForbidden)
	o.call(wang, "POST", "/drafts/"+draft+"/emergency", map[string]any{"seq": d.Seq, "reason": "急"}, &out).want(200)
	var rung []string
	caller := o.caller(func(officer string) { rung = append(rung, officer) })
	for i := range 2 {
		if _, err := caller.Round(t.Context(), time.Now().Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(rung, " ") != "li" {
		t.Errorf("called to countersign: %v", rung)
	}
	o.call(li, "POST", "/notices/"+out.Notice+"/open", map[string]any{"rev": 1}, nil).want(200)
	o.call(chen, "GET", "/notices/"+out.Notice+"/calls", nil, nil).want(200)
	o.desk.Read(func(st *alert.State) {
		made := st.Calls[alert.PlanID(out.Notice, 1)]
		if len(made) != 1 || made[0].Opened == nil {
			t.Errorf("%+v", made)
		}
	})
}
