package alert

import "fmt"

// State is what the journal adds up to. It is rebuilt by applying every event
// in order, and never changed in any other way. It is not safe for use while
// another goroutine applies events.
type State struct {
	Seq        uint64 // last event applied
	Head       string // its hash, as set by the journal
	Notices    map[string]*Notice
	NoticeIDs  []string // oldest first
	Incidents  map[string]*Incident
	IncidentID []string
	Plans      map[string]*Plan // by PlanID
	PlanSeq    map[string]uint64
	Waiting    map[string]bool // notices with a revision that waits for somebody
	Confirmed  map[string]bool // held plans that an officer confirmed
	Milestones map[string]Reached
	RollState
	Safe     Safekeeping
	Healings []Healing
	deskState
	openState
	dutyTables
}

// Reached is a milestone with its place in the journal.
type Reached struct {
	Milestone
	ID    string
	Event Decision
	Acked *Decision
}

// NewState returns the state of an empty journal.
func NewState() *State {
	return &State{
		Head:    GenesisHash,
		Notices: map[string]*Notice{}, Incidents: map[string]*Incident{}, Plans: map[string]*Plan{}, PlanSeq: map[string]uint64{},
		Waiting: map[string]bool{}, Confirmed: map[string]bool{}, Milestones: map[string]Reached{},
		deskState: newDeskState(), openState: newOpenState(),
	}
}

// Apply adds the next event. It returns an error for an event that cannot
// follow what was applied before; the state is then unchanged.
func (s *State) Apply(e Event) error {
	if e.Seq != s.Seq+1 {
		return fmt.Errorf("event %d does not follow event %d", e.Seq, s.Seq)
	}
	f, err := e.Fact()
	if err != nil {
		return err
	}
	if err := s.apply(&e, f); err != nil {
		return fmt.Errorf("event %d (%s.%s of %s): %w", e.Seq, e.Kind, e.Type, e.ID, err)
	}
	s.Seq = e.Seq
	s.note(&e, f)
	return nil
}

func (s *State) apply(e *Event, f Fact) error {
	d := Decision{By: e.By, At: e.At, Seq: e.Seq}
	if s.RollState.apply(f, d) {
		return nil
	}
	if known, err := s.dutyTables.apply(f, d); known {
		return err
	}
	if known, err := s.deskState.apply(e, f, d); known {
		return err
	}
	switch f := f.(type) {
	case Submitted:
		return s.open(e, &Revision{No: f.Rev, Verb: f.Verb, Content: f.Content, Touched: f.Touched, Draft: f.Draft, Submitted: d})
	case Followed:
		d.Reason = f.Reason
		return s.open(e, &Revision{No: f.Rev, Verb: f.Verb, Content: f.Content, Touched: []string{e.By}, Submitted: d, Released: &d})
	case Plan:
		s.Plans[e.ID] = &f
		s.PlanSeq[e.ID] = e.Seq
		return nil
	case Milestone:
		s.Milestones[e.ID] = Reached{Milestone: f, ID: e.ID, Event: d}
		return nil
	case KeysTested, BackupRestored:
		s.Safe.apply(f, d)
		return nil
	case Healed:
		s.Healings = append(s.Healings, Healing{f, d})
		return nil
	case RollImported, RollExported, RollLeft, RollErased:
		return nil
	case Recorded, ConferenceHeld, DutyDone, IncidentClosed, Acknowledged:
		return s.applyIncident(e, f, d)
	}
	return s.applyRevision(e, f, d)
}

// open starts a new revision, and the notice with the first one.
func (s *State) open(e *Event, r *Revision) error {
	n := s.Notices[e.ID]
	if n == nil {
		n = &Notice{ID: e.ID, Mode: e.Mode}
	}
	if r.No != len(n.Revisions)+1 {
		return fmt.Errorf("revision %d after %d", r.No, len(n.Revisions))
	}
	if e.Mode != n.Mode {
		return fmt.Errorf("a %s act on a %s notice", e.Mode, n.Mode) // R5
	}
	r.Hash = r.Content.Hash(n.ID, r.No, r.Verb, n.Mode)
	if r.Released == nil {
		r.Reviewed = s.Carried(&r.Content, n.Mode)
	}
	if len(n.Revisions) == 0 {
		s.Notices[n.ID] = n
		s.NoticeIDs = append(s.NoticeIDs, n.ID)
	}
	n.Revisions = append(n.Revisions, r)
	s.waits(n)
	return nil
}

func (s *State) applyRevision(e *Event, f Fact, d Decision) error {
	var rev int
	var hash string
	var set func(r *Revision)
	switch f := f.(type) {
	case Returned:
		d.Reason = f.Reason
		rev, set = f.Rev, func(r *Revision) { r.Returned = &d }
	case Reviewed:
		d.Reason = f.Note
		rev, hash, set = f.Rev, f.Hash, func(r *Revision) { r.Reviewed = &d }
	case Approved:
		rev, hash, set = f.Rev, f.Hash, func(r *Revision) { r.Approved, r.Audience = &d, f.Audience }
	case Released:
		rev, hash, set = f.Rev, f.Hash, func(r *Revision) { r.Released = &d }
	case EmergencyReleased:
		d.Reason = f.Reason
		rev, hash, set = f.Rev, f.Hash, func(r *Revision) { r.Released, r.Emergency, r.Audience = &d, &d, f.Audience }
	case Countersigned:
		d.Reason = f.Note
		rev, hash, set = f.Rev, f.Hash, func(r *Revision) { r.Countersigned = &d }
	case Paused:
		d.Reason = f.Reason
		rev, set = f.Rev, func(r *Revision) { r.pause(d) }
	case Resumed:
		rev, set = f.Rev, func(r *Revision) { r.Paused = nil }
	case Stopped:
		d.Reason = f.Reason
		rev, set = f.Rev, func(r *Revision) { s.stop(e.ID, r, d) }
	case Confirmed:
		rev, set = f.Rev, func(*Revision) { s.Confirmed[PlanID(e.ID, f.Rev)] = true }
	default:
		return fmt.Errorf("no rule for %T", f)
	}
	n := s.Notices[e.ID]
	if n == nil || n.Rev(rev) == nil {
		return fmt.Errorf("revision %d was never submitted", rev)
	}
	r := n.Rev(rev)
	if hash != "" && hash != r.Hash {
		return fmt.Errorf("revision %d: the act is bound to another text", rev)
	}
	set(r)
	s.waits(n)
	return nil
}

// waits keeps the set of notices that wait for somebody, so that nobody has to
// look at all of them.
func (s *State) waits(n *Notice) {
	if n.Pending() != nil {
		s.Waiting[n.ID] = true
	} else {
		delete(s.Waiting, n.ID)
	}
}

func (s *State) applyIncident(e *Event, f Fact, d Decision) error {
	inc := s.Incidents[e.ID]
	if rec, ok := f.(Recorded); ok {
		d.Reason = rec.Reason
		if inc == nil {
			inc = &Incident{ID: e.ID, Mode: e.Mode}
			s.Incidents[e.ID] = inc
			s.IncidentID = append(s.IncidentID, e.ID)
		}
		inc.Log = append(inc.Log, FactsEntry{Facts: rec.Facts, Decision: d})
		return nil
	}
	if inc == nil {
		return fmt.Errorf("the incident was never recorded")
	}
	switch f := f.(type) {
	case ConferenceHeld:
		inc.Conferences = append(inc.Conferences, Conference{Held: f, Recorded: d})
	case DutyDone:
		return inc.addDone(f, d)
	case IncidentClosed:
		d.Reason = f.Reason
		inc.Closed = &d
	case Acknowledged:
		m, ok := s.Milestones[f.Milestone]
		if !ok {
			return fmt.Errorf("milestone %s was never reached", f.Milestone)
		}
		if m.Acked == nil {
			m.Acked = &d
			s.Milestones[f.Milestone] = m
		}
	}
	return nil
}
