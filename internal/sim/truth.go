package sim

import (
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// bites is how soon a stop has to bite: whatever is sent later is a violation.
const bites = 2 * time.Second

// truth is what the record says, known at once and to nobody in the world: the
// checks look at it, also at every hand-over.
type truth struct {
	w       *world
	over    map[string]time.Time // by plan: since when nothing of it may be sent
	paused  map[string]time.Time
	planned map[string]time.Time
	until   map[string]time.Time
	settled map[string]time.Time // by plan and recipient: since when it is recorded
}

func newTruth(w *world) *truth {
	return &truth{w: w, over: map[string]time.Time{}, paused: map[string]time.Time{}, planned: map[string]time.Time{}, until: map[string]time.Time{}, settled: map[string]time.Time{}}
}

// take hears of every stored message.
func (t *truth) take(r *alert.Record) {
	switch streamOf(r.Subject) {
	case alert.StreamJournal:
		e, err := alert.DecodeEvent(r.Data)
		if err == nil {
			err = t.event(&e)
		}
		if err != nil {
			t.w.violate("I1: event %d cannot be read: %v", r.Seq, err)
		}
	case alert.StreamOutcomes:
		p := strings.Split(r.Subject, ".")
		_ = alert.DecodeOutcomes(r.Data, func(o alert.Outcome) { // whoever reads the ledger tells of damage
			key := p[2] + "-" + p[3] + " " + o.ID.String()
			if _, known := t.settled[key]; o.Settled() && !known {
				t.settled[key] = t.w.now
			}
		})
	}
}

func (t *truth) event(e *alert.Event) error {
	f, err := e.Fact()
	if err != nil {
		return err
	}
	ends := func(rev int) {
		if id := alert.PlanID(e.ID, rev); t.over[id].IsZero() {
			t.over[id] = t.w.now
		}
	}
	switch f := f.(type) {
	case alert.Released:
		for rev := 1; rev < f.Rev; rev++ {
			ends(rev)
		}
	case alert.Followed:
		for rev := 1; rev < f.Rev; rev++ {
			ends(rev)
		}
	case alert.Stopped:
		ends(f.Rev)
	case alert.Paused:
		t.paused[alert.PlanID(e.ID, f.Rev)] = t.w.now
	case alert.Resumed:
		delete(t.paused, alert.PlanID(e.ID, f.Rev))
	case alert.Plan:
		if t.planned[e.ID].IsZero() {
			t.planned[e.ID], t.until[e.ID] = t.w.now, f.Until
		}
	}
	return nil
}

func (t *truth) plannedAt(task alert.Task) time.Time {
	return t.planned[alert.PlanID(task.Notice, task.Rev)]
}

// maySend checks a hand-over at its instant.
func (t *truth) maySend(h *handle, took time.Time, task alert.Task, id alert.RecipientID) {
	w, plan := t.w, alert.PlanID(task.Notice, task.Rev)
	if at := t.over[plan]; !at.IsZero() && w.now.Sub(at) > bites {
		w.violate("I3: %s is sent %v after it was ended", plan, w.now.Sub(at))
	}
	if at := t.paused[plan]; !at.IsZero() && w.now.Sub(at) > bites {
		w.violate("I3: %s is sent %v after it was paused", plan, w.now.Sub(at))
	}
	if !w.now.Before(t.until[plan]) {
		w.violate("I3: %s is sent after its end", plan)
	}
	if at, known := t.settled[plan+" "+id.String()]; known && at.Before(took) {
		w.violate("I2: %s is sent %s again, whose outcome was recorded before the task was taken", id, plan)
	}
	if h.no != h.t.delivered {
		w.violate("I2: %s is sent %s by a worker whose task is with another", id, plan)
	}
}

// chain returns the journal's events as they are stored, and checks that each
// names the one before.
func (t *truth) chain() (events []alert.Event) {
	prev := alert.GenesisHash
	for i, r := range t.w.rec.of(alert.StreamJournal).log {
		e, err := alert.DecodeEvent(r.Data)
		if err != nil || e.Prev != prev || e.Seq != uint64(i)+1 {
			t.w.violate("I1: the chain is broken at event %d: %v", i+1, err)
			return events
		}
		prev = alert.HashEvent(r.Data)
		events = append(events, e)
	}
	return events
}

// check is the end of a run.
func (w *world) check() {
	st := alert.NewState()
	once := map[string]int{}
	for _, e := range w.truth.chain() {
		w.twoPeople(st, &e)
		if err := st.Apply(e); err != nil {
			w.violate("I1: event %d cannot be folded: %v", e.Seq, err)
			return
		}
		if e.Kind == "milestone" || e.Kind == "plan" {
			if once[e.Kind+" "+e.ID]++; once[e.Kind+" "+e.ID] == 2 {
				w.violate("I5: %s %s is recorded twice", e.Kind, e.ID)
			}
		}
	}
	for _, a := range w.acts {
		if missing := a.missing(st); missing != "" {
			w.violate("I1: %s was acknowledged at %s, and %s", a.what, w.clock(a.at), missing)
		}
	}
	w.milestones(st)
	w.everybody(st)
	for _, t := range w.queue.tasks {
		w.violate("I2: %s is still in the queue", t.subject)
	}
	w.out.Acts, w.out.Releases, w.out.Milestones = len(w.acts), len(st.Releases()), len(st.Milestones)
}

// twoPeople checks a release by what was recorded before it, whatever the desk
// thought: a reviewer and an approver, neither of whom touched the text.
func (w *world) twoPeople(st *alert.State, e *alert.Event) {
	f, _ := e.Fact()
	rel, ok := f.(alert.Released)
	if !ok {
		return
	}
	n := st.Notices[e.ID]
	if n == nil || n.Rev(rel.Rev) == nil {
		w.violate("I4: %s/%d is released and was never submitted", e.ID, rel.Rev)
		return
	}
	r := n.Rev(rel.Rev)
	for what, d := range map[string]*alert.Decision{"review": r.Reviewed, "approval": r.Approved} {
		if d == nil || slices.Contains(r.Touched, d.By) || d.By == r.Submitted.By {
			w.violate("I4: %s/%d is released without a second person's %s", e.ID, rel.Rev, what)
		}
	}
}

// milestones checks that what the clocks had to see is recorded.
func (w *world) milestones(st *alert.State) {
	expect := func(m alert.Milestone) {
		if _, ok := st.Milestones[m.ID()]; !ok {
			w.violate("I5: milestone %s is missing", m.ID())
		}
	}
	shipped := alert.FoshanDuties()
	for _, id := range st.IncidentID {
		for _, d := range st.DutiesOf(st.Incidents[id], &shipped) {
			for _, m := range d.Milestones(w.now.Add(-time.Hour)) {
				expect(m)
			}
		}
	}
	for _, id := range st.NoticeIDs {
		if cur := st.Notices[id].Current(); cur != nil && !cur.Verb.Ends() {
			expect(alert.Milestone{Notice: id, Rev: cur.No, What: alert.NoticeEnds, Due: cur.Content.Expires, Planned: cur.Content.Expires})
		}
	}
}

// everybody checks that each release came to its end for everybody.
func (w *world) everybody(st *alert.State) {
	for _, rel := range st.Releases() {
		plan := st.Plans[alert.PlanID(rel.Notice, rel.Rev)]
		if plan == nil {
			w.violate("I2: %s/%d was released and never planned", rel.Notice, rel.Rev)
			continue
		}
		for _, c := range plan.Channels {
			for _, s := range c.Slices {
				w.slice(st, plan, alert.Task{Channel: c.Channel, Notice: rel.Notice, Rev: rel.Rev, Slice: s})
			}
		}
	}
	for _, p := range w.procs {
		for _, rel := range st.Releases() {
			if got, ok := p.tracker.Of(rel.Notice, rel.Rev); !ok || !got.Done {
				w.violate("I2: to %s, %s/%d is not done", p.name, rel.Notice, rel.Rev)
			}
		}
	}
}

// slice checks one slice: everybody settled, or closed by a correction; the tally
// counts what the outcomes say.
func (w *world) slice(st *alert.State, plan *alert.Plan, t alert.Task) {
	p := w.procs[0]
	l := &ledger{p: p, task: t, standing: map[alert.RecipientID]standing{}}
	l.refresh()
	if l.closedAt.IsZero() {
		for _, id := range w.meant(st, plan, t) {
			if s := l.standing[id]; !s.settled() {
				w.violate("I2: %s was missed by %s, he is %s", id, t.Key(), s.state)
			}
		}
	} else if !st.Notices[t.Notice].Superseded(t.Rev) {
		w.violate("I2: %s is closed, and nothing corrected it", t.Key())
	}
	counted := p.tracker.Reached(t)
	reached := 0
	for _, s := range l.standing {
		if s.reached {
			reached++
		}
	}
	if counted != reached {
		w.violate("I2: the tally of %s counts %d people reached, its outcomes %d", t.Key(), counted, reached)
	}
}

// meant lists whom a slice is about: the audience, or whoever may hold an earlier
// revision. That a correction reaches nobody else is checked on the way.
func (w *world) meant(st *alert.State, plan *alert.Plan, t alert.Task) (ids []alert.RecipientID) {
	held := map[alert.RecipientID]bool{}
	handed := map[alert.RecipientID]bool{}
	for rev := 1; rev < t.Rev && plan.Follow; rev++ {
		e := st.Plans[alert.PlanID(t.Notice, rev)]
		if e == nil {
			continue
		}
		for id := range w.carrier.sent[alert.PlanID(t.Notice, rev)] {
			handed[id] = true
		}
		if w.out.Kills == 0 { // what a kill left unrecorded nobody can know
			for id := range w.carrier.hold[alert.PlanID(t.Notice, rev)] {
				held[id] = true
			}
		}
		for _, c := range e.Channels {
			for _, s := range c.Slices {
				l := &ledger{p: w.procs[0], task: alert.Task{Channel: c.Channel, Notice: t.Notice, Rev: rev, Slice: s}, standing: map[alert.RecipientID]standing{}}
				l.refresh()
				for id, at := range l.standing {
					held[id] = held[id] || at.reached && c.Channel == t.Channel
				}
			}
		}
	}
	for _, p := range w.people {
		switch {
		case p.channel != t.Channel || !t.Slice.Contains(p.id):
		case plan.Follow && held[p.id]:
			ids = append(ids, p.id)
		case plan.Follow && !handed[p.id] && w.carrier.sent[alert.PlanID(t.Notice, t.Rev)][p.id] > 0:
			w.violate("I2: %s got %s and was never sent what it follows", p.id, alert.PlanID(t.Notice, t.Rev))
		case !plan.Follow && !p.gone(w.truth.plannedAt(t)):
			ids = append(ids, p.id)
		}
	}
	return ids
}
