package alert

import (
	"slices"
	"testing"
	"time"
)

// told applies facts in a row, as the journal would, each first on trial.
func told(t *testing.T, st *State, by, id string, at time.Time, facts ...Fact) error {
	t.Helper()
	for _, f := range facts {
		e, err := NewEvent(at, by, Live, id, f)
		if err != nil {
			t.Fatal(err)
		}
		e.Seq = st.Seq + 1
		trial := st.Trial([]Event{e})
		err = st.Apply(e)
		if (trial == nil) != (err == nil) {
			t.Fatalf("%T: on trial %v, applied %v", f, trial, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestANoticeFromAReviewedTemplateCarriesItsReview(t *testing.T) {
	st, now := NewState(), time.Now().UTC()
	tpl := gasTemplate()
	tpl.Version = 1
	submit := func(id string, c Content) *Revision {
		if err := told(t, st, "chen", id, now, Submitted{Rev: 1, Verb: Issue, Content: c, Touched: []string{"chen"}}); err != nil {
			t.Fatal(err)
		}
		return st.Notices[id].Rev(1)
	}
	c, ps := tpl.Fill(placed(), map[string]string{"路段": "人民路", "户数": "320"})
	if ps != nil {
		t.Fatal(ps)
	}
	if err := told(t, st, "wang", tpl.ID, now, TemplateProposed{Template: *tpl}); err != nil {
		t.Fatal(err)
	}
	if submit("n1", c).Reviewed != nil {
		t.Error("a template that nobody reviewed gave its review away")
	}
	if err := told(t, st, "li", tpl.ID, now, TemplateReviewed{Version: 1, Hash: tpl.Hash(), Checklist: Checked()}, TemplateApproved{Version: 1, Hash: tpl.Hash()}); err != nil {
		t.Fatal(err)
	}
	if r := submit("n2", c); r.Reviewed == nil || r.Reviewed.By != "li" {
		t.Errorf("the review was not carried: %+v", r.Reviewed)
	}
	free := c
	free.Instruction += "另请注意。"
	if submit("n3", free).Reviewed != nil {
		t.Error("free text carried the template's review")
	}
	if err := told(t, st, "wang", tpl.ID, now, TemplateWithdrawn{Reason: "旧"}); err != nil {
		t.Fatal(err)
	}
	if submit("n4", c).Reviewed != nil {
		t.Error("a withdrawn template gave its review away")
	}
	if err := told(t, st, "li", tpl.ID, now, TemplateApproved{Version: 1, Hash: "another"}); err == nil {
		t.Error("an approval bound to another text was applied")
	}
}

func TestTheTableOfAuthorityFailsClosed(t *testing.T) {
	st, g := NewState(), Foshan()
	d := g.Districts()
	c := Content{Hazard: "XGAS", Level: Orange, Areas: []string{d[0]}}
	if p := st.MayApprove("li", &c, g); p != nil {
		t.Errorf("before there is a table: %v", p)
	}
	if err := told(t, st, "admin", "table", time.Now(), GrantsSet{[]Grant{
		{Officer: "li", Highest: Orange, Hazards: []Hazard{"XGAS"}, Areas: []string{d[0]}},
		{Officer: "wu", Highest: Red},
	}}); err != nil {
		t.Fatal(err)
	}
	if p := st.MayApprove("li", &c, g); p != nil {
		t.Errorf("what the table allows: %v", p)
	}
	for what, no := range map[string]struct {
		officer string
		change  func(*Content)
	}{
		"who is not in the table":  {"chen", func(*Content) {}},
		"who has no area":          {"wu", func(*Content) {}},
		"a higher level":           {"li", func(c *Content) { c.Level = Red }},
		"another hazard":           {"li", func(c *Content) { c.Hazard = "XFIRE" }},
		"another district as well": {"li", func(c *Content) { c.Areas = []string{d[0], d[1]} }},
		"the whole city":           {"li", func(c *Content) { c.Areas = []string{g.City()} }},
	} {
		x := c
		no.change(&x)
		if st.MayApprove(no.officer, &x, g) == nil {
			t.Errorf("%s may approve", what)
		}
	}
}

func TestTheRosterSaysWhoCanBeCalledAndInWhichOrder(t *testing.T) {
	st, now := NewState(), time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	night := Shift{ID: "night", From: now.Add(-time.Hour), Until: now.Add(7 * time.Hour), Officers: []string{"chen", "li"}, OnCall: []string{"wang", "chen"}}
	if p := night.Check(); p != nil {
		t.Fatal(p)
	}
	if err := told(t, st, "admin", "night", now, ShiftPlanned{Shift: night}); err != nil {
		t.Fatal(err)
	}
	if err := told(t, st, "li", "night", now, ShiftAcknowledged{}, ShiftAcknowledged{}); err != nil {
		t.Fatal(err)
	}
	want := []Callable{{"chen", true, false}, {"li", true, true}, {"wang", false, false}}
	if got := st.OnDuty(now); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	night.Officers = []string{"zhao", "li"}
	if err := told(t, st, "admin", "night", now, ShiftPlanned{Shift: night}); err != nil {
		t.Fatal(err)
	}
	want = []Callable{{"zhao", true, false}, {"li", true, true}, {"wang", false, false}, {"chen", false, false}}
	if got := st.OnDuty(now); !slices.Equal(got, want) {
		t.Errorf("planned anew: %v", got)
	}
	if x := st.Shifts["night"]; len(x.Changes) != 1 || x.Changes[0].By != "admin" || !slices.Contains(x.Changes[0].Officers, "chen") {
		t.Errorf("what it was before is forgotten: %+v", x.Changes)
	}
	if err := told(t, st, "admin", "night", now, ShiftDropped{Reason: "停班"}); err != nil || st.OnDuty(now) != nil || st.Shifts["night"].Dropped.Reason != "停班" {
		t.Errorf("dropped: %v %v", st.OnDuty(now), err)
	}
	if told(t, st, "admin", "night", now, ShiftPlanned{Shift: night}) == nil || told(t, st, "admin", "night", now, ShiftDropped{}) == nil {
		t.Error("a shift that was dropped came back")
	}
	if got := st.OnDuty(night.Until); got != nil {
		t.Errorf("after its end: %v", got)
	}
	if err := told(t, st, "li", "day", now, ShiftAcknowledged{}); err == nil {
		t.Error("a shift that nobody planned was acknowledged")
	}
}

func TestCallsInboxAndApplicationsKeepTheFirstAnswer(t *testing.T) {
	st, now := NewState(), time.Now().UTC()
	if err := told(t, st, "desk", CallID("n1", 1, 1), now, Called{Notice: "n1", Rev: 1, No: 1, Officer: "li", Means: []string{"sms"}}); err != nil {
		t.Fatal(err)
	}
	if err := told(t, st, "li", CallID("n1", 1, 1), now, CallOpened{"n1", 1, 1}, CallOpened{"n1", 1, 1}); err != nil {
		t.Fatal(err)
	}
	if c := st.Calls[PlanID("n1", 1)]; len(c) != 1 || c[0].Opened == nil || c[0].Opened.Seq != 2 {
		t.Errorf("%+v", c)
	}
	if told(t, st, "li", CallID("n1", 1, 2), now, CallOpened{"n1", 1, 2}) == nil {
		t.Error("a call that was never made was opened")
	}
	if err := told(t, st, "system", "s1", now, InboxReceived{From: "cap", Name: "佛山市气象台"}); err != nil {
		t.Fatal(err)
	}
	if err := told(t, st, "chen", "s1", now, InboxSeen{}, InboxHandled{Draft: "d1"}); err != nil {
		t.Fatal(err)
	}
	if it := st.Inbox["s1"]; it.Seen.By != "chen" || it.Handled.Draft != "d1" {
		t.Errorf("%+v", it)
	}
	if told(t, st, "system", "s1", now, InboxReceived{}) == nil {
		t.Error("the same item came in twice")
	}
	if err := told(t, st, "chen", "n1", now, ApplicationMade{Notice: "n1"}); err != nil {
		t.Fatal(err)
	}
	if told(t, st, "chen", "n1", now, ApplicationMade{Notice: "n1"}) == nil {
		t.Error("a second application while the first waits")
	}
	if err := told(t, st, "chen", "n1", now, ApplicationAnswered{Granted: true, Ref: "FS-1"}); err != nil {
		t.Fatal(err)
	}
	if a := st.Applications["n1"]; !a.Answer.Granted || a.Answer.Ref != "FS-1" {
		t.Errorf("%+v", a)
	}
}
