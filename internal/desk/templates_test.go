package desk_test

import (
	"testing"

	"mingluo/internal/alert"
)

// What notices carry as their confidentiality review was itself reviewed item by
// item, by somebody else than the author.
func TestATemplateIsReviewedItemByItem(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	tpl := leakTemplate()
	v, err := n.ProposeTemplate(ctx, writer, tpl, "")
	if err != nil {
		t.Fatal(err)
	}
	tpl.Version = v
	if err := n.ReviewTemplate(ctx, approver, tpl.ID, v, tpl.Hash(), "", alert.Checked()[1:]...); refusal(err) != alert.Invalid {
		t.Errorf("reviewed without an item: %v", err)
	}
	if err := n.ApproveTemplate(ctx, approver, tpl.ID, v, tpl.Hash(), false); refusal(err) != alert.Blocked {
		t.Errorf("approved without its review: %v", err)
	}
	if err := n.ReviewTemplate(ctx, approver, tpl.ID, v, tpl.Hash(), "看过", alert.Checked()...); err != nil {
		t.Fatal(err)
	}
	n.Desk.Read(func(st *alert.State) {
		x := st.Templates[tpl.ID].Version(v)
		if !x.Vouched() || x.Reviewed.By != approver.ID || x.Reviewed.Reason != "看过" || len(x.Checklist) != len(alert.ReviewItems()) {
			t.Errorf("%+v", x)
		}
	})
}

// A version is returned, and what was returned is judged no more; a template is
// withdrawn and used again by somebody else than its author.
func TestATemplateIsReturnedWithdrawnAndRestored(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	n.inUse(leakTemplate(), false)
	next := leakTemplate()
	next.Instruction += "请互相转告。"
	v, err := n.ProposeTemplate(ctx, approver2, next, "")
	if err != nil {
		t.Fatal(err)
	}
	next.Version = v
	if err := n.ReturnTemplate(ctx, approver2, next.ID, v, next.Hash(), "不好"); refusal(err) != alert.Forbidden {
		t.Errorf("its author returned it: %v", err)
	}
	if err := n.ReturnTemplate(ctx, approver, next.ID, v, next.Hash(), " "); refusal(err) != alert.Invalid {
		t.Errorf("returned without a reason: %v", err)
	}
	if err := n.ReturnTemplate(ctx, approver, next.ID, v, next.Hash(), "太长"); err != nil {
		t.Fatal(err)
	}
	if err := n.ReviewTemplate(ctx, approver, next.ID, v, next.Hash(), "", alert.Checked()...); refusal(err) != alert.Conflict {
		t.Errorf("reviewed after it was returned: %v", err)
	}
	inUse, waiting := n.Templates(alert.Drill)
	if len(inUse) != 1 || inUse[0].Version != 1 || len(waiting) != 0 {
		t.Errorf("in use %+v, waiting %+v", inUse, waiting)
	}

	stale := leakTemplate()
	stale.Version, stale.Instruction = 1, "请离开。"
	if _, err := n.ProposeTemplate(ctx, writer, stale, ""); refusal(err) != alert.Conflict {
		t.Errorf("written from an old version: %v", err)
	}
	other := leakTemplate()
	other.ID, other.Quick = "other-leak", 1
	first := leakTemplate()
	first.Quick = 1
	if first.Version, err = n.ProposeTemplate(ctx, writer, first, ""); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		n.ReviewTemplate(ctx, approver, first.ID, 3, first.Hash(), "", alert.Checked()...), n.ApproveTemplate(ctx, approver, first.ID, 3, first.Hash(), false),
		n.WithdrawTemplate(ctx, approver, first.ID, "等新规定"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := n.RestoreTemplate(ctx, approver, first.ID, ""); refusal(err) != alert.Invalid {
		t.Errorf("restored without a reason: %v", err)
	}
	if err := n.RestoreTemplate(ctx, writer, first.ID, "还要用"); refusal(err) != alert.Forbidden {
		t.Errorf("restored by a writer: %v", err)
	}
	if err := n.RestoreTemplate(ctx, approver, first.ID, "还要用"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.ProposeTemplate(ctx, writer, other, ""); refusal(err) != alert.Conflict {
		t.Errorf("two templates on one button: %v", err)
	}
	if inUse, _ := n.Templates(alert.Drill); len(inUse) != 1 || inUse[0].Version != 3 {
		t.Errorf("in use %+v", inUse)
	}
}
