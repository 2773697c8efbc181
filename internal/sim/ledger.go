package sim

import (
	"time"

	"mingluo/internal/alert"
)

// standing is where one person stands in a slice.
type standing struct {
	state     alert.OutcomeState
	attempt   uint8
	final     bool
	reached   bool
	notBefore time.Time
}

func (s standing) settled() bool { return alert.Outcome{State: s.state, Final: s.final}.Settled() }

// ledger is what is recorded of a slice, as one process has read it.
type ledger struct {
	p        *process
	task     alert.Task
	seq      uint64
	hash     [32]byte
	standing map[alert.RecipientID]standing
	closedAt time.Time
	expected int
	attempt  int
	chased   int
	whole    bool
	resting  bool // a worker found nobody to be handed over to for now
	tallySeq uint64
	tally    []byte
	working  bool
	loaded   bool
}

func (p *process) ledger(t alert.Task) *ledger {
	l := p.ledgers[t.Key()]
	if l == nil {
		l = &ledger{p: p, task: t, standing: map[alert.RecipientID]standing{}}
		p.ledgers[t.Key()] = l
	}
	return l
}

// refresh reads what is new, and at first what the newest tally knows.
func (l *ledger) refresh() {
	l.p.store.subject(l.task.OutcomeSubject(), func(r alert.Record) {
		if r.Seq <= l.seq {
			return
		}
		l.seq, l.hash = r.Seq, alert.ChainOutcomes(l.hash, r.Data)
		if err := alert.DecodeOutcomes(r.Data, l.apply); err != nil {
			l.p.w.violate("I2: outcomes %d cannot be read: %v", r.Seq, err)
		}
	})
	if !l.loaded {
		l.loaded = true
		l.readTally()
	}
}

func (l *ledger) apply(o alert.Outcome) {
	if o.State == alert.StateClosed {
		if l.closedAt.IsZero() {
			l.closedAt = o.At
		}
		return
	}
	was := l.standing[o.ID]
	now := was
	now.attempt, now.reached = max(was.attempt, o.Attempt), was.reached || o.State.Reached()
	switch {
	case was.givesWay(&o):
		now.state, now.final, now.notBefore = o.State, o.Final, o.NotBefore
	case was.putOff(&o):
		now.notBefore = o.NotBefore
	}
	l.standing[o.ID] = now
}

// givesWay reports whether an outcome takes the standing's place. Of two of one
// state the newest attempt counts, and nothing opens what is final.
func (s standing) givesWay(o *alert.Outcome) bool {
	if o.State == s.state {
		return o.State.Supersedes(s.state) && o.Attempt >= s.attempt && (o.Final || !s.final)
	}
	return o.State.Supersedes(s.state)
}

// putOff reports whether an outcome puts off a second try.
func (s standing) putOff(o *alert.Outcome) bool {
	return o.State == alert.StateDeferred && s.state == alert.StateUnsure && !s.final && o.Attempt >= s.attempt
}

// same reports whether an outcome is recorded already.
func (s standing) same(o *alert.Outcome) bool {
	if s.putOff(o) {
		return o.Attempt == s.attempt && o.NotBefore.Equal(s.notBefore)
	}
	return o.State == s.state && o.Attempt == s.attempt && o.Final == s.final && o.NotBefore.Equal(s.notBefore)
}

// moving returns the outcomes that would change where somebody stands, or that say
// that he may hold the notice.
func (l *ledger) moving(outcomes []alert.Outcome) (kept []alert.Outcome) {
	for _, o := range outcomes {
		was := l.standing[o.ID]
		moves := (was.givesWay(&o) || was.putOff(&o)) && !was.same(&o) || o.State.Reached() && !was.reached
		if o.State == alert.StateClosed {
			moves = l.closedAt.IsZero()
		}
		if moves {
			kept = append(kept, o)
		}
	}
	return kept
}

// recipient is somebody to be handed over to.
type recipient struct {
	id      alert.RecipientID
	attempt uint8
	repeat  bool
}

// member is somebody whom a slice is about.
type member struct {
	id   alert.RecipientID
	left bool
}

// sift sorts the members: to be handed over, settled without, waiting.
func (l *ledger) sift(members []member, now time.Time, end alert.OutcomeState, follow bool) (open []recipient, settled []alert.Outcome, waiting bool) {
	for _, m := range members {
		at := l.standing[m.id]
		gone := m.left && !follow
		o := alert.Outcome{ID: m.id, Final: true, Attempt: at.attempt, At: now}
		switch {
		case at.settled():
		case (gone || end != alert.StateNone) && at.state == alert.StateUnsure:
			o.State = alert.StateUnsure
			settled = append(settled, o)
		case gone:
			o.State = alert.StateLeft
			settled = append(settled, o)
		case end != alert.StateNone:
			o.State = end
			settled = append(settled, o)
		case at.notBefore.After(now):
			waiting = true
		default:
			open = append(open, recipient{id: m.id, attempt: at.attempt + 1, repeat: at.state == alert.StateUnsure})
		}
	}
	return open, settled, waiting
}

// stop says whether a revision may be sent, as one process knows it.
type stop int

const (
	goOn stop = iota
	paused
	superseded
	stopped
)

// job is what a task is about.
type job struct {
	plan    *alert.Plan
	earlier []*alert.Plan
	stop    stop
}

// job looks a task up in the process's fold; false when the plan is not there yet.
func (p *process) job(t alert.Task) (j job, ok bool) {
	st := p.book.state
	j.plan = st.Plans[alert.PlanID(t.Notice, t.Rev)]
	n := st.Notices[t.Notice]
	if j.plan == nil || n == nil {
		return j, false
	}
	for rev := 1; rev < t.Rev; rev++ {
		if e := st.Plans[alert.PlanID(t.Notice, rev)]; e != nil {
			j.earlier = append(j.earlier, e)
		}
	}
	r := n.Rev(t.Rev)
	switch {
	case n.Superseded(t.Rev):
		j.stop = superseded
	case r.Stopped != nil:
		j.stop = stopped
	case p.w.faults.cluster && p.w.now.Sub(p.current) > stale && p.w.mutation != SendUnaware:
		j.stop = paused
	case r.Paused != nil, j.plan.Held != "" && !st.Confirmed[alert.PlanID(t.Notice, t.Rev)]:
		j.stop = paused
	}
	return j, true
}

// goesOn is the look before every hand-over.
func (p *process) goesOn(t alert.Task, until time.Time) bool {
	if p.w.mutation == SendUnasked {
		return true
	}
	j, ok := p.job(t)
	return ok && j.stop == goOn && p.w.now.Before(until)
}

// pursuit is a correction's view of the slices it corrects.
type pursuit struct {
	ledgers []*ledger
	finally []bool // everybody was settled before the mark
}

// pursue puts the mark behind the outcomes of the slices that the task's slice
// overlaps. It returns nil for a task that follows nothing.
func (wk *worker) pursue(j *job) (*pursuit, bool) {
	if !j.plan.Follow {
		return nil, true
	}
	c := &pursuit{}
	for _, e := range j.earlier {
		for _, ch := range e.Channels {
			for _, s := range ch.Slices {
				if ch.Channel != wk.task.Channel || s.Lo > wk.task.Slice.Hi || s.Hi < wk.task.Slice.Lo {
					continue
				}
				l := wk.p.ledger(alert.Task{Channel: ch.Channel, Notice: e.Notice, Rev: e.Rev, Slice: s})
				l.refresh()
				c.ledgers, c.finally = append(c.ledgers, l), append(c.finally, wk.finished(l))
				if l.closedAt.IsZero() && !wk.record(l, alert.Outcome{State: alert.StateClosed, At: wk.p.w.now}) {
					return nil, false
				}
			}
		}
	}
	return c, true
}

// finished reports whether a slice's newest tally says that everybody is settled.
func (wk *worker) finished(l *ledger) bool { return l.whole && l.closedAt.IsZero() }

// members are the people of a task: of the audience, or of those who may hold an
// earlier revision.
func (wk *worker) members(j *job, c *pursuit) (out []member, holding int) {
	held := map[alert.RecipientID]bool{}
	if c != nil {
		for _, l := range c.ledgers {
			l.refresh()
			for id, s := range l.standing {
				held[id] = held[id] || s.reached
				if s.reached {
					holding++
				}
			}
		}
	}
	w := wk.p.w
	for _, p := range w.people {
		if p.channel != wk.task.Channel || !wk.task.Slice.Contains(p.id) || c != nil && !held[p.id] && w.mutation != RetractAudience {
			continue
		}
		planned := w.truth.plannedAt(wk.task)
		if c == nil && p.gone(planned) {
			continue // he had left before the plan was made
		}
		out = append(out, member{id: p.id, left: p.gone(w.now)})
	}
	return out, holding
}

// quiet reports whether nothing can come behind the marks any more.
func (c *pursuit) quiet(w *world) bool {
	for i, l := range c.ledgers {
		if l.working || w.faults.cluster && !c.finally[i] && w.now.Sub(l.closedAt) < settle {
			return false
		}
	}
	return true
}
