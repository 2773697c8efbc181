package alert

import (
	"fmt"
	"slices"
	"time"
)

// Grant is one officer's line of the table of authority (授权): what this
// officer may approve and release.
type Grant struct {
	Officer   string   `json:"officer"`
	Highest   Level    `json:"highest"`           // up to this colour; notices without a colour need only the line
	Hazards   []Hazard `json:"hazards,omitempty"` // empty: every hazard
	Areas     []string `json:"areas"`             // division codes; empty: none
	Emergency bool     `json:"emergency,omitempty"`
	// PublicDrill allows a drill to go to the public or over a real carrier.
	PublicDrill bool `json:"public_drill,omitempty"`
}

// GrantsSet replaces the whole table; kind "grant", id "table".
type GrantsSet struct {
	Grants []Grant `json:"grants"`
}

// FactName implements [Fact].
func (GrantsSet) FactName() (string, string) { return "grant", "set" }

// GrantTable is the table in force.
type GrantTable struct {
	Grants []Grant
	Set    Decision
}

// GrantsSeq returns the event that set the table in force, 0 when there is none.
func (s *deskState) GrantsSeq() uint64 {
	if s.Grants == nil {
		return 0
	}
	return s.Grants.Set.Seq
}

// Grant returns an officer's line. Before an administrator set a table,
// whoever holds the role may approve everything but emergency releases and
// public drills; afterwards who does not stand in it may approve nothing.
func (s *deskState) Grant(officer string, g *Gazetteer) (Grant, bool) {
	if s.Grants == nil {
		return Grant{Officer: officer, Highest: Red, Areas: []string{g.City()}}, true
	}
	for _, x := range s.Grants.Grants {
		if x.Officer == officer {
			return x, true
		}
	}
	return Grant{Officer: officer}, false
}

// MayApprove returns why the officer may not approve this content, nil when
// he or she may.
func (s *deskState) MayApprove(officer string, c *Content, g *Gazetteer) *Problem {
	no := func(zh, en string) *Problem {
		return &Problem{Kind: Forbidden, Rule: "R1", Field: "grant", ZH: zh, EN: en}
	}
	x, ok := s.Grant(officer, g)
	switch {
	case !ok:
		return no("授权表里没有您，不能签发；请联系管理员。", "The table of authority does not name you: ask the administrator.")
	case c.Level > x.Highest:
		return no(fmt.Sprintf("您只能签发%s及以下，这条是%s；请有权的同事签发。", x.Highest.ZH(), c.Level.ZH()),
			fmt.Sprintf("You may approve up to %s, this is %s.", x.Highest, c.Level))
	case len(x.Hazards) > 0 && !slices.Contains(x.Hazards, c.Hazard):
		return no("您的授权不包括这一灾种；请有权的同事签发。", "Your authority does not cover this hazard.")
	}
	for _, a := range c.Areas {
		if !slices.ContainsFunc(x.Areas, func(have string) bool { return g.within(a, have) }) {
			return no("您的授权不包括"+g.FullName(a)+"；请有权的同事签发。", "Your authority does not cover "+a+".")
		}
	}
	return nil
}

// Shift is a watch at the desk: who can be called, in which order.
type Shift struct {
	ID           string        `json:"id"`
	From         time.Time     `json:"from"`
	Until        time.Time     `json:"until"`
	Officers     []string      `json:"officers"`          // on duty
	OnCall       []string      `json:"on_call,omitempty"` // after them
	Acknowledged []string      `json:"-"`                 // who said that they can be called
	Planned      Decision      `json:"-"`
	Changes      []ShiftChange `json:"-"` // after it was first planned, oldest first
	Dropped      *Decision     `json:"-"`
}

// ShiftChange is one change of a shift: who made it, why, and what it was before.
type ShiftChange struct {
	Decision
	From, Until      time.Time
	Officers, OnCall []string
}

// maxShift bounds a shift; a longer one is a mistake in the date.
const maxShift = 8 * 24 * time.Hour

// ShiftPlanned plans a shift, or plans it anew; acknowledgements stay for
// those who are still in it.
type ShiftPlanned struct {
	Shift  Shift  `json:"shift"`
	Reason string `json:"reason,omitempty"` // of a change
}

// ShiftDropped takes a shift that is not over off the roster.
type ShiftDropped struct {
	Reason string `json:"reason"`
}

// ShiftAcknowledged: the officer can be called during this shift.
type ShiftAcknowledged struct{}

// FactName implements [Fact].
func (ShiftPlanned) FactName() (string, string) { return "shift", "planned" }

// FactName implements [Fact].
func (ShiftDropped) FactName() (string, string) { return "shift", "dropped" }

// FactName implements [Fact].
func (ShiftAcknowledged) FactName() (string, string) { return "shift", "acknowledged" }

// Runs reports whether the shift is on at now.
func (x *Shift) Runs(now time.Time) bool {
	return x.Dropped == nil && !now.Before(x.From) && now.Before(x.Until)
}

// Check returns what is wrong with a shift.
func (x *Shift) Check() *Problem {
	switch {
	case !x.Until.After(x.From) || x.Until.Sub(x.From) > maxShift:
		return &Problem{Kind: Invalid, Field: "until", ZH: "班次须有开始和结束，最长 8 天。", EN: "A shift has a start and an end, 8 days at most."}
	case len(x.Officers) == 0:
		return &Problem{Kind: Invalid, Field: "officers", ZH: "班次里至少要有一个人。", EN: "A shift has at least one officer."}
	}
	return nil
}

func (s *deskState) planShift(e *Event, f ShiftPlanned, d Decision) error {
	x := f.Shift
	if x.ID != e.ID {
		return fmt.Errorf("shift %s under the id %s", x.ID, e.ID)
	}
	x.Planned, x.Acknowledged = d, nil
	if old := s.Shifts[e.ID]; old != nil {
		if old.Dropped != nil {
			return fmt.Errorf("the shift was dropped")
		}
		d.Reason = f.Reason
		x.Planned, x.Changes = old.Planned, append(slices.Clip(old.Changes), ShiftChange{d, old.From, old.Until, old.Officers, old.OnCall})
		for _, o := range old.Acknowledged {
			if slices.Contains(x.Officers, o) || slices.Contains(x.OnCall, o) {
				x.Acknowledged = append(x.Acknowledged, o)
			}
		}
	}
	s.Shifts[e.ID] = &x
	return nil
}

func (s *deskState) dropShift(e *Event, f ShiftDropped, d Decision) error {
	x := s.Shifts[e.ID]
	if x == nil || x.Dropped != nil {
		return fmt.Errorf("no such shift is planned")
	}
	d.Reason = f.Reason
	x.Dropped = &d
	return nil
}

func (s *deskState) acknowledgeShift(e *Event, d Decision) error {
	x := s.Shifts[e.ID]
	if x == nil {
		return fmt.Errorf("the shift was never planned")
	}
	if !slices.Contains(x.Acknowledged, d.By) {
		x.Acknowledged = append(x.Acknowledged, d.By)
	}
	return nil
}

// Callable is one officer who can be called now.
type Callable struct {
	Officer      string
	OnDuty       bool // else on call
	Acknowledged bool
}

// OnDuty lists who can be called at an instant: those on duty first, then
// those on call, in the order of the roster. Empty: no shift is planned.
func (s *deskState) OnDuty(now time.Time) []Callable {
	var shifts []*Shift
	for _, x := range s.Shifts {
		if x.Runs(now) {
			shifts = append(shifts, x)
		}
	}
	slices.SortFunc(shifts, func(a, b *Shift) int { return a.From.Compare(b.From)*2 + compareStrings(a.ID, b.ID) })
	var out []Callable
	seen := map[string]int{}
	add := func(x *Shift, officers []string, onDuty bool) {
		for _, o := range officers {
			ack := slices.Contains(x.Acknowledged, o)
			if i, there := seen[o]; there {
				out[i].Acknowledged = out[i].Acknowledged || ack
				continue
			}
			seen[o] = len(out)
			out = append(out, Callable{o, onDuty, ack})
		}
	}
	for _, x := range shifts {
		add(x, x.Officers, true)
	}
	for _, x := range shifts {
		add(x, x.OnCall, false)
	}
	return out
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
