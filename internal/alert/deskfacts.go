package alert

import (
	"fmt"
	"slices"
	"time"
)

// The facts about how the desk itself is manned and equipped: its templates,
// who may approve what, who is on duty, who was called, what came in. Each
// kind has a file of its own; here is where the fold finds them.

// deskFact decodes what [Event.Fact] does not know by itself.
func deskFact(e *Event) (Fact, error) {
	switch e.Kind + "." + e.Type {
	case "template.proposed":
		return decodeFact[TemplateProposed](e)
	case "template.reviewed":
		return decodeFact[TemplateReviewed](e)
	case "template.approved":
		return decodeFact[TemplateApproved](e)
	case "template.withdrawn":
		return decodeFact[TemplateWithdrawn](e)
	case "template.returned":
		return decodeFact[TemplateReturned](e)
	case "template.restored":
		return decodeFact[TemplateRestored](e)
	case "grant.set":
		return decodeFact[GrantsSet](e)
	case "shift.planned":
		return decodeFact[ShiftPlanned](e)
	case "shift.acknowledged":
		return decodeFact[ShiftAcknowledged](e)
	case "shift.dropped":
		return decodeFact[ShiftDropped](e)
	case "call.made":
		return decodeFact[Called](e)
	case "opening.opened":
		return decodeFact[CallOpened](e)
	case "ring.answered":
		return decodeFact[CallRung](e)
	case "inbox.received":
		return decodeFact[InboxReceived](e)
	case "inbox.seen":
		return decodeFact[InboxSeen](e)
	case "inbox.told":
		return decodeFact[InboxTold](e)
	case "inbox.handled":
		return decodeFact[InboxHandled](e)
	case "application.made":
		return decodeFact[ApplicationMade](e)
	case "application.handed":
		return decodeFact[ApplicationHanded](e)
	case "application.answered":
		return decodeFact[ApplicationAnswered](e)
	case "application.withdrawn":
		return decodeFact[ApplicationWithdrawn](e)
	}
	return officerFact(e)
}

// deskState is the part of [State] that these facts add up to.
type deskState struct {
	Templates    map[string]*TemplateHistory
	Grants       *GrantTable // nil until an administrator set one
	Shifts       map[string]*Shift
	Calls        map[string][]*Call // by PlanID of the revision, in the order of calling
	Inbox        map[string]*InboxItem
	InboxIDs     []string // oldest first
	Applications map[string]*Application
	Envelopes    map[string]*EnvelopeAlarm // by officer; alarms that nobody looked into
}

func newDeskState() deskState {
	return deskState{
		Templates: map[string]*TemplateHistory{}, Shifts: map[string]*Shift{}, Calls: map[string][]*Call{},
		Inbox: map[string]*InboxItem{}, Applications: map[string]*Application{},
		Envelopes: map[string]*EnvelopeAlarm{},
	}
}

// apply takes a fact of the desk; known is false for any other.
func (s *deskState) apply(e *Event, f Fact, d Decision) (known bool, err error) {
	switch f := f.(type) {
	case TemplateProposed, TemplateReviewed, TemplateApproved, TemplateWithdrawn, TemplateReturned, TemplateRestored:
		return true, s.applyTemplate(e, f, d)
	case GrantsSet:
		s.Grants = &GrantTable{Grants: f.Grants, Set: d}
		return true, nil
	case ShiftPlanned:
		return true, s.planShift(e, f, d)
	case ShiftDropped:
		return true, s.dropShift(e, f, d)
	case ShiftAcknowledged:
		return true, s.acknowledgeShift(e, d)
	case Called:
		id := PlanID(f.Notice, f.Rev)
		s.Calls[id] = append(s.Calls[id], &Call{Called: f, Made: d})
		return true, nil
	case CallOpened:
		return true, s.openCall(f, d)
	case CallRung:
		return true, s.ringCall(f)
	case OfficerChanged, EnvelopeUsed, EnvelopeSeen:
		s.applyOfficer(e, f, d)
		return true, nil
	case InboxReceived, InboxSeen, InboxTold, InboxHandled:
		return true, s.applyInbox(e, f, d)
	case ApplicationMade, ApplicationHanded, ApplicationAnswered, ApplicationWithdrawn:
		return true, s.applyApplication(e, f, d)
	}
	return false, nil
}

// borrow copies from s what the event is about (see [State.Trial]).
func (t *deskState) borrow(s *deskState, e *Event) {
	t.Grants = s.Grants
	borrowOne(t.Templates, s.Templates, e.ID, func(h *TemplateHistory) {
		h.Versions = slices.Clone(h.Versions)
		for i, v := range h.Versions {
			c := *v
			h.Versions[i] = &c
		}
	})
	borrowOne(t.Shifts, s.Shifts, e.ID, func(x *Shift) { x.Acknowledged = slices.Clone(x.Acknowledged) })
	borrowOne(t.Inbox, s.Inbox, e.ID, func(it *InboxItem) { it.Told = slices.Clip(it.Told) })
	borrowOne(t.Applications, s.Applications, e.ID, func(*Application) {})
	if f, err := e.Fact(); err == nil {
		if id := aboutCall(f); id != "" {
			for _, c := range s.Calls[id] {
				cc := *c
				t.Calls[id] = append(t.Calls[id], &cc)
			}
		}
	}
}

func borrowOne[T any](to, from map[string]*T, id string, deepen func(*T)) {
	if x := from[id]; x != nil && to[id] == nil {
		c := *x
		deepen(&c)
		to[id] = &c
	}
}

// Called says that an approver was called to a revision that waits. Its id,
// "<notice>-<rev>-<no>", may stand once in the journal, so that a restart does
// not ring twice.
type Called struct {
	Notice  string    `json:"notice"`
	Rev     int       `json:"rev"`
	No      int       `json:"no"` // 1 for the first who was called
	Officer string    `json:"officer"`
	Means   []string  `json:"means"` // console, sms, wechat
	Next    time.Time `json:"next"`  // when the next one is called, if nobody acts
}

// CallOpened says that the called officer looked at the text.
type CallOpened struct {
	Notice string `json:"notice"`
	Rev    int    `json:"rev"`
	No     int    `json:"no"`
}

// FactName implements [Fact].
func (Called) FactName() (string, string) { return "call", "made" }

// FactName implements [Fact].
func (CallOpened) FactName() (string, string) { return "opening", "opened" }

// CallID names a call: "<notice>-<rev>-<no>".
func CallID(notice string, rev, no int) string { return fmt.Sprintf("%s-%d-%d", notice, rev, no) }

// Call is one call with what came of it.
type Call struct {
	Called
	Made   Decision
	Rung   []Rung // what came of each means, once the carriers answered
	Opened *Decision
}

func (s *deskState) openCall(f CallOpened, d Decision) error {
	for _, c := range s.Calls[PlanID(f.Notice, f.Rev)] {
		if c.No == f.No {
			if c.Opened == nil {
				c.Opened = &d
			}
			return nil
		}
	}
	return fmt.Errorf("call %d of revision %d was never made", f.No, f.Rev)
}
