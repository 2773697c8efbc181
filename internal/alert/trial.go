package alert

import "slices"

// Trial reports whether the events could follow what was applied, without
// applying them. The journal asks before it appends: an event that nobody can
// fold would stop every process, and could never be taken out again.
func (s *State) Trial(events []Event) error {
	t := NewState()
	t.Seq, t.Head, t.RollState, t.dutyTables = s.Seq, s.Head, s.RollState, s.dutyTables
	for _, e := range events {
		t.borrow(s, &e)
		if err := t.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

// borrow copies from s what the event is about, as far as [State.Apply] looks at
// it or changes it, unless an event before did.
func (t *State) borrow(s *State, e *Event) {
	t.deskState.borrow(&s.deskState, e)
	if n := s.Notices[e.ID]; n != nil && t.Notices[e.ID] == nil {
		c := *n
		c.Revisions = nil
		for _, r := range n.Revisions {
			rc := *r
			c.Revisions = append(c.Revisions, &rc)
		}
		t.Notices[e.ID] = &c
	}
	if i := s.Incidents[e.ID]; i != nil && t.Incidents[e.ID] == nil {
		c := *i
		c.Log, c.Conferences, c.Done = slices.Clip(i.Log), slices.Clip(i.Conferences), slices.Clone(i.Done)
		t.Incidents[e.ID] = &c
	}
	if f, err := e.Fact(); err == nil {
		if a, ok := f.(Acknowledged); ok {
			if m, there := s.Milestones[a.Milestone]; there {
				t.Milestones[a.Milestone] = m
			}
		}
	}
}
