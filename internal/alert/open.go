package alert

import "slices"

// openState is what the fold keeps so that nobody has to look at every notice
// that ever was: which are not over, what each event was about, and what hangs
// on an incident. Whatever follows the journal costs the same with ten notices
// of the past and with ten thousand.
type openState struct {
	abouts   []About // of the last events, the newest last
	releases []Release
	live     []string // ids of notices that are not over, in the order they became so
	answers  map[string][]Decision
	reached  map[string][]string // notice or incident to its milestones, oldest first
}

// About says what an event may have changed; both parts may be empty.
type About struct{ Notice, Incident string }

// Release is a revision that became public.
type Release struct {
	Notice string
	Rev    int
}

func newOpenState() openState {
	return openState{answers: map[string][]Decision{}, reached: map[string][]string{}}
}

// note brings this up to date after an event was applied.
func (s *State) note(e *Event, f Fact) {
	about := About{}
	switch f := f.(type) {
	case Plan:
		about.Notice = f.Notice
	case Milestone:
		about.Notice, about.Incident = f.Notice, f.Incident
		id := f.Notice + f.Incident // one of them is empty
		s.reached[id] = append(s.reached[id], e.ID)
	default:
		switch e.Kind {
		case "notice":
			about.Notice = e.ID
			about.Incident = s.noteRelease(e)
		case "incident":
			about.Incident = e.ID
		}
	}
	s.abouts = append(s.abouts, about)
	if n := s.Notices[about.Notice]; n != nil {
		s.noteLive(n)
	}
}

// noteRelease remembers the revision that the event made public, if it did,
// and returns the incident that it answers.
func (s *State) noteRelease(e *Event) (incident string) {
	n := s.Notices[e.ID]
	if n == nil {
		return ""
	}
	for _, r := range n.Revisions {
		if r.Released == nil || r.Released.Seq != e.Seq {
			continue
		}
		s.releases = append(s.releases, Release{e.ID, r.No})
		if r.Content.Answers == "" || r.Verb.Ends() {
			return ""
		}
		d := *r.Released
		d.Reason = e.ID
		s.answers[r.Content.Answers] = append(s.answers[r.Content.Answers], d)
		return r.Content.Answers
	}
	return ""
}

func (s *State) noteLive(n *Notice) {
	at := slices.Index(s.live, n.ID)
	switch over := s.over(n); {
	case over && at >= 0:
		s.live = slices.Delete(slices.Clone(s.live), at, at+1)
	case !over && at < 0:
		s.live = append(s.live, n.ID)
	}
}

// over reports whether nothing of the notice waits for anybody and its end is
// recorded.
func (s *State) over(n *Notice) bool {
	if n.Pending() != nil || n.uncountersigned() {
		return false
	}
	cur := n.Current()
	if cur == nil || cur.Verb.Ends() {
		return true
	}
	_, ended := s.Milestones[(&Milestone{Notice: n.ID, Rev: cur.No, What: NoticeEnds}).ID()]
	return ended
}

// uncountersigned reports whether an emergency release still lacks its second
// signature.
func (n *Notice) uncountersigned() bool {
	return slices.ContainsFunc(n.Revisions, func(r *Revision) bool { return r.Emergency != nil && r.Countersigned == nil })
}

// Live returns the ids of the notices that are not over: something of them
// waits for an officer, or they are in force until their end is recorded.
func (s *State) Live() []string { return s.live }

// Since returns what the events after a sequence were about, in order.
func (s *State) Since(seq uint64) []About {
	n := uint64(len(s.abouts))
	return s.abouts[n-min(n, s.Seq-min(seq, s.Seq)):]
}

// Releases returns every release in the order of the journal. It only ever
// grows, so a reader may remember how many it has seen.
func (s *State) Releases() []Release { return s.releases }

// Answers returns the releases that answer an incident, in the order of the
// journal: each is authoritative information about it. Reason is the notice.
func (s *State) Answers(incident string) []Decision { return s.answers[incident] }

// MilestonesOf returns what was reached of a notice or an incident, oldest first.
func (s *State) MilestonesOf(id string) []Reached {
	var out []Reached
	for _, m := range s.reached[id] {
		out = append(out, s.Milestones[m])
	}
	return out
}
