package sim

import (
	"errors"
	"time"

	"mingluo/internal/alert"
)

const (
	unrecorded = 4 // answers that a worker may not have recorded yet
	lookAgain  = 200 * time.Millisecond
	settle     = 45 * time.Second // how long a correction waits for what another process may still record
)

// worker is one task in a worker's hands. It follows the engine's rules: read what
// is recorded of the slice, sift, look before every hand-over, record before the
// task is acknowledged.
type worker struct {
	p    *process
	a    *actor
	h    *handle
	task alert.Task
	took time.Time // when the task was given out
	held time.Time // when the last progress was confirmed
	lost bool
}

// serve takes a task and works it to its end.
func (p *process) serve(a *actor, channel string) {
	h := p.w.queue.take(channel, p)
	if h == nil {
		due, ok := p.w.queue.next(channel)
		if !ok {
			due = p.w.now.Add(forever)
		}
		a.await(max(due.Sub(p.w.now), time.Millisecond), func() bool { return p.w.queue.ready(channel) })
		return
	}
	task, err := alert.ParseTask(h.t.subject)
	if err != nil {
		p.w.violate("a task cannot be read: %v", err)
		h.ack()
		return
	}
	wk := &worker{p: p, a: a, h: h, task: task, took: p.w.now, held: p.w.now}
	if p.w.mutation == AckBeforeRecord {
		h.ack()
	}
	p.working++
	wk.work()
	p.working--
}

// lease reports whether the task is surely still ours: the last confirmed progress
// is younger than half of what the queue waits. Once lost it stays lost.
func (wk *worker) lease() bool {
	if wk.p.w.mutation == NoLease {
		return true
	}
	age := wk.p.w.now.Sub(wk.held)
	wk.lost = wk.lost || age >= ackWait/2
	if !wk.lost && age >= ackWait/3 && wk.h.progress() {
		wk.held = wk.p.w.now
	}
	return !wk.lost
}

// work looks at the slice until it has come to an end.
func (wk *worker) work() {
	for !wk.a.gone() && wk.lease() {
		j, ok := wk.p.job(wk.task)
		if !ok {
			wk.h.nak(time.Second)
			return
		}
		if j.stop == paused {
			wk.a.await(ackWait/4, wk.resumed) // the task stays with us
			continue
		}
		done := wk.pass(&j)
		wk.a.blink(4 * time.Millisecond)
		if wk.a.gone() {
			return
		}
		if done && wk.lease() { // else another has it, who may be in the middle of it
			wk.h.ack()
		}
		if done {
			return
		}
		wk.a.pause(lookAgain)
	}
}

func (wk *worker) resumed() bool {
	j, _ := wk.p.job(wk.task)
	return j.stop != paused
}

// pass looks once. It returns true when the task is done and on the disk.
func (wk *worker) pass(j *job) bool {
	l := wk.p.ledger(wk.task)
	if wk.p.w.mutation != TrustMemory || l.seq > 0 {
		l.refresh()
	}
	l.attempt = max(l.attempt, wk.task.Attempt)
	if !l.closedAt.IsZero() {
		return wk.tally(l)
	}
	now, end := wk.p.w.now, alert.StateNone
	switch {
	case j.stop == superseded && wk.p.w.mutation != SendUnasked:
		return wk.record(l, alert.Outcome{State: alert.StateClosed, At: now}) && wk.tally(l)
	case j.stop == stopped:
		end = alert.StateStopped
	case !now.Before(j.plan.Until):
		end = alert.StateExpired
	}
	chase, ok := wk.pursue(j)
	if !ok {
		return false
	}
	members, holding := wk.members(j, chase)
	open, settled, waiting := l.sift(members, now, end, j.plan.Follow)
	if !wk.record(l, settled...) {
		return false
	}
	quiet := chase == nil || chase.quiet(wk.p.w)
	l.found(len(members), holding, len(open) == 0 && quiet && !waiting, len(open) == 0 && quiet)
	if len(open) > 0 {
		wk.deliver(j, l, open)
		return false
	}
	if !quiet {
		wk.a.pause(ackWait / 6)
		return false
	}
	return wk.tally(l) && (l.resting || !l.closedAt.IsZero()) // not when another's newer tally says that there is work
}

// deliver hands over, looking at everything that may stop it before each.
func (wk *worker) deliver(j *job, l *ledger, open []recipient) {
	if l.working {
		return // another task of the slice is at work in this process
	}
	l.working = true
	defer func() { l.working = false }()
	var answers []alert.Outcome
	for _, r := range open {
		if len(answers) == unrecorded {
			if !wk.record(l, answers...) {
				return
			}
			answers = nil
		}
		wk.a.blink(20 * time.Millisecond)
		if wk.a.gone() || !wk.lease() || !l.closedAt.IsZero() || !wk.p.goesOn(wk.task, j.plan.Until) {
			break
		}
		state, after := wk.p.w.carrier.send(wk.h, wk.took, wk.task, r.id)
		answers = append(answers, wk.answer(j, &r, state, after))
		wk.a.blink(20 * time.Millisecond)
	}
	if wk.record(l, answers...) {
		wk.tally(l) // also when the task is with another by now
	}
}

// answer is what is recorded of a hand-over.
func (wk *worker) answer(j *job, r *recipient, state alert.OutcomeState, after time.Duration) alert.Outcome {
	now := wk.p.w.now
	o := alert.Outcome{ID: r.id, State: state, Attempt: r.attempt, Repeat: r.repeat, At: now}
	if state == alert.StateDeferred {
		if o.NotBefore = now.Add(after).Truncate(time.Millisecond); !o.NotBefore.Before(j.plan.Until) {
			o.NotBefore, o.State = time.Time{}, alert.StateExpired
			if r.repeat {
				o.State = alert.StateUnsure
			}
		}
	}
	o.Final = o.State != alert.StateDeferred && (o.State != alert.StateUnsure || r.repeat)
	return o
}

// record puts outcomes into the slice's ledger, however often it takes. It returns
// false when the process ended first.
func (wk *worker) record(l *ledger, outcomes ...alert.Outcome) bool {
	for !wk.a.gone() {
		l.refresh()
		kept := l.moving(outcomes)
		if len(kept) == 0 {
			return true
		}
		expect := l.seq
		put := alert.Put{Subject: l.task.OutcomeSubject(), Data: alert.AppendOutcomes(nil, kept), ExpectSubject: &expect}
		_, err := wk.p.store.Put(wk.a.context(), put)
		switch {
		case err == nil, errors.Is(err, alert.ErrStale), errors.Is(err, alert.ErrUnknown):
			// What is there now tells what is left to be recorded.
		case errors.Is(err, errDead):
			return false
		default:
			wk.a.pause(500 * time.Millisecond)
		}
	}
	return false
}
