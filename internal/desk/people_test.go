package desk_test

import (
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

var admin = alert.Actor{Officer: alert.Officer{ID: "zhao", Name: "赵", Roles: []alert.Role{alert.RoleAdmin}}, Mode: alert.Drill}

// leakTemplate says what leak says, with two gaps.
func leakTemplate() alert.Template {
	return alert.Template{
		ID: "chem-leak", ZH: "危化品泄漏", EN: "Chemical leak", Kind: alert.KindCaution, Category: "Safety", Event: "危险化学品泄漏", Hazard: "XCHEM", Level: alert.Orange,
		Urgency: "Immediate", Certainty: "Observed", Hours: 6, Scope: alert.ScopePublic,
		Headline: "{{地点}}危化品泄漏警示", Description: "{{开始}}，{{地点}}{{单位}}发生{{物质}}泄漏，影响到{{结束}}。", Instruction: "请关好门窗，不要靠近。",
		Fields: []alert.TemplateField{
			{Name: "单位", ZH: "单位", EN: "Company", Type: alert.FieldText, Max: 30},
			{Name: "物质", ZH: "物质", EN: "Substance", Type: alert.FieldChoice, Choices: []string{"氨", "氯"}},
		},
	}
}

// inUse brings a template through both officers.
func (n *night) inUse(t alert.Template, emergency bool) {
	n.t.Helper()
	ctx := n.t.Context()
	v, err := n.ProposeTemplate(ctx, writer, t, "")
	if err != nil {
		n.t.Fatal(err)
	}
	t.Version = v
	if err := n.ReviewTemplate(ctx, approver, t.ID, v, t.Hash(), "", alert.Checked()...); err != nil {
		n.t.Fatal(err)
	}
	if err := n.ApproveTemplate(ctx, approver2, t.ID, v, t.Hash(), emergency); err != nil {
		n.t.Fatal(err)
	}
}

// fromTemplate is a draft that holds nothing but the template.
func (n *night) fromTemplate(who alert.Actor) *desk.Draft {
	n.t.Helper()
	c, ps, err := n.FromTemplate(who, "chem-leak", leak(), map[string]string{"单位": "顺安化工", "物质": "氨"})
	if err != nil || ps != nil {
		n.t.Fatal(err, ps)
	}
	d, err := n.NewDraft(n.t.Context(), who, c, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	return d
}

func refusal(err error) alert.ProblemKind {
	if ps := alert.AsProblems(err); ps != nil {
		return ps[0].Kind
	}
	return ""
}

func TestThreePeopleAreNotAwakeAtNight(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	n.inUse(leakTemplate(), false)

	d := n.fromTemplate(writer)
	notice, rev, err := n.Submit(ctx, writer, d.ID, d.Seq)
	if err != nil {
		t.Fatal(err)
	}
	// The approver needs no reviewer: the template carries the review.
	if err := n.Approve(ctx, approver, notice, rev, n.hash(notice, rev)); err != nil {
		t.Fatal(err)
	}

	// One word of free text, and the reviewer is needed again.
	d = n.fromTemplate(writer)
	d.Content.Instruction += "请打电话。"
	if d, err = n.SaveDraft(ctx, writer, d.ID, d.Seq, d.Content); err != nil {
		t.Fatal(err)
	}
	if notice, rev, err = n.Submit(ctx, writer, d.ID, d.Seq); err != nil {
		t.Fatal(err)
	}
	if err := n.Approve(ctx, approver, notice, rev, n.hash(notice, rev)); refusal(err) != alert.Blocked {
		t.Errorf("free text was approved without a review: %v", err)
	}
}

func TestR1ATemplateNeedsTwoPeopleToo(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	tpl := leakTemplate()
	v, err := n.ProposeTemplate(ctx, approver2, tpl, "")
	if err != nil {
		t.Fatal(err)
	}
	tpl.Version = v
	if err := n.ApproveTemplate(ctx, approver, tpl.ID, v, tpl.Hash(), false); refusal(err) != alert.Blocked {
		t.Errorf("approved before its review: %v", err)
	}
	if err := n.ReviewTemplate(ctx, approver2, tpl.ID, v, tpl.Hash(), "", alert.Checked()...); refusal(err) != alert.Forbidden {
		t.Errorf("its author reviewed it: %v", err)
	}
	if err := n.ReviewTemplate(ctx, approver, tpl.ID, v, "other", "", alert.Checked()...); refusal(err) != alert.Conflict {
		t.Errorf("another text was reviewed: %v", err)
	}
	if _, _, err := n.FromTemplate(writer, tpl.ID, leak(), nil); refusal(err) != alert.NotFound {
		t.Errorf("it was used before it was approved: %v", err)
	}
	broken := leakTemplate()
	broken.Instruction = ""
	if _, err := n.ProposeTemplate(ctx, writer, broken, ""); err == nil {
		t.Error("a template whose notices can never go out was taken (R8)")
	}
}

func TestEmergencyReleaseTakesEverythingAtOnce(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	n.inUse(leakTemplate(), true)
	grants := func(emergency bool) {
		t.Helper()
		if err := n.SetGrants(ctx, admin, n.grantsSeq(), []alert.Grant{
			{Officer: "wang", Highest: alert.Red, Areas: []string{"440600"}, Emergency: emergency},
			{Officer: "li", Highest: alert.Red, Areas: []string{"440600"}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	try := func(what string, want alert.ProblemKind) {
		t.Helper()
		d := n.fromTemplate(approver2)
		if _, _, err := n.EmergencyRelease(ctx, approver2, d.ID, d.Seq, "人员被困"); refusal(err) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	try("switched off", alert.Forbidden)
	n.Emergency = true
	try("before there is a table of authority", alert.Forbidden)
	grants(false)
	try("without the right in the table", alert.Forbidden)
	grants(true)

	free := n.fromTemplate(approver2)
	free.Content.Description += "。"
	free, err := n.SaveDraft(ctx, approver2, free.ID, free.Seq, free.Content)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.EmergencyRelease(ctx, approver2, free.ID, free.Seq, "人员被困"); refusal(err) != alert.Forbidden {
		t.Errorf("free text: %v", err)
	}

	d := n.fromTemplate(approver2)
	// A drill to the public of a live installation is never one person's.
	n.Desk.Mode, n.Desk.StaffGroup = alert.Live, "值班人员"
	if _, _, err := n.EmergencyRelease(ctx, approver2, d.ID, d.Seq, "人员被困"); refusal(err) != alert.Forbidden {
		t.Errorf("a drill to the public by one person: %v", err)
	}
	n.Desk.Mode, n.Desk.StaffGroup = "", ""
	notice, rev, err := n.EmergencyRelease(ctx, approver2, d.ID, d.Seq, "人员被困")
	if err != nil {
		t.Fatal(err)
	}
	n.Read(func(st *alert.State) {
		if r := st.Notices[notice].Rev(rev); r.Released == nil || r.Emergency == nil || r.Approved != nil || r.Audience["sms"] == 0 {
			t.Errorf("%+v", r)
		}
	})
	if err := n.Countersign(ctx, approver2, notice, rev, n.hash(notice, rev), ""); refusal(err) != alert.Forbidden {
		t.Errorf("countersigned by the same person: %v", err)
	}
	if err := n.Countersign(ctx, approver, notice, rev, n.hash(notice, rev), "已核"); err != nil {
		t.Error(err)
	}
}

func TestNobodyWritesTheOwnLineOfAuthority(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	both := alert.Actor{Officer: alert.Officer{ID: "sun", Roles: []alert.Role{alert.RoleAdmin, alert.RoleApprover}}, Mode: alert.Drill}
	if err := n.SetGrants(ctx, both, n.grantsSeq(), []alert.Grant{{Officer: "sun", Highest: alert.Red, Areas: []string{"440600"}}}); refusal(err) != alert.Invalid {
		t.Errorf("%v", err)
	}
	n.Mode = alert.Live
	if err := n.SetGrants(ctx, admin, n.grantsSeq(), nil); refusal(err) != alert.Forbidden {
		t.Errorf("a drill changed a live installation's table: %v", err)
	}
}

func TestR7FewerThanTwoWhoCanRetractIsRed(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	officers := []alert.Officer{writer.Officer, approver.Officer, admin.Officer}
	if m := n.Manning(officers, "chen"); !m.Red() || len(m.Callable) != 0 {
		t.Errorf("without a shift: %+v", m)
	}
	now := time.Now()
	id, err := n.PlanShift(ctx, admin, alert.Shift{From: now.Add(-time.Minute), Until: now.Add(time.Hour), Officers: []string{"chen", "li"}, OnCall: []string{"zhao"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	for i, who := range []alert.Actor{writer, admin, approver} {
		m := n.Manning(officers, who.ID)
		if !m.Red() || m.Shift != id {
			t.Errorf("before %s said so: %+v", who.ID, m)
		}
		if err := n.AcknowledgeShift(ctx, who, id); err != nil {
			t.Fatal(i, err)
		}
	}
	if m := n.Manning(officers, "li"); m.Red() || m.Able != 2 || m.Shift != "" {
		t.Errorf("two who may retract said so: %+v", m)
	}
	if err := n.AcknowledgeShift(ctx, approver2, id); refusal(err) != alert.Forbidden {
		t.Errorf("somebody who is not in the shift: %v", err)
	}

	// A change and a cancellation say why, and are red again at once.
	x := alert.Shift{ID: id, From: now.Add(-time.Minute), Until: now.Add(time.Hour), Officers: []string{"li"}}
	if _, err := n.PlanShift(ctx, admin, x, " "); refusal(err) != alert.Invalid {
		t.Errorf("changed without a reason: %v", err)
	}
	if _, err := n.PlanShift(ctx, admin, x, "陈病了"); err != nil || !n.Manning(officers, "li").Red() {
		t.Errorf("changed: %v", err)
	}
	if err := n.DropShift(ctx, writer, id, "换班"); refusal(err) != alert.Forbidden {
		t.Errorf("dropped by a writer: %v", err)
	}
	if err := n.DropShift(ctx, admin, id, ""); refusal(err) != alert.Invalid {
		t.Errorf("dropped without a reason: %v", err)
	}
	n.must(n.DropShift(ctx, admin, id, "换班"))
	if m := n.Manning(officers, "li"); len(m.Callable) != 0 || m.Shift != "" {
		t.Errorf("after it was dropped: %+v", m)
	}
	for what, err := range map[string]error{"dropped twice": n.DropShift(ctx, admin, id, "再来"), "acknowledged": n.AcknowledgeShift(ctx, approver, id)} {
		if refusal(err) != alert.Conflict {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestR19WhatComesInTwiceIsOneItem(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	in := alert.InboxReceived{From: "cap", Name: "佛山市气象台", Content: leak()}
	if _, _, err := n.Receive(ctx, alert.Drill, in); refusal(err) != alert.Invalid {
		t.Errorf("without an identifier: %v", err)
	}
	in.Content.Source = &alert.Source{Sender: "s", Identifier: "1", Name: "佛山市气象台", Sent: time.Now()}
	id, fresh, err := n.Receive(ctx, alert.Drill, in)
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if again, fresh, err := n.Receive(ctx, alert.Drill, in); err != nil || fresh || again != id {
		t.Errorf("%s %v %v", again, fresh, err)
	}
	if err := n.SeeInbox(ctx, writer, id); err != nil {
		t.Fatal(err)
	}
	dr, err := n.DraftFromInbox(ctx, writer, id, nil)
	if err != nil || dr.Content.Headline != in.Content.Headline {
		t.Fatal(dr, err)
	}
	if _, err := n.DraftFromInbox(ctx, approver2, id, nil); refusal(err) != alert.Conflict {
		t.Errorf("handled twice: %v", err)
	}
}

// grantsSeq is the table that an administrator looks at now.
func (n *night) grantsSeq() (seq uint64) {
	n.Read(func(st *alert.State) { seq = st.GrantsSeq() })
	return seq
}
