package sim

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// readTally learns what the newest tally knows: another process may have closed
// the slice while this one was frozen.
func (l *ledger) readTally() {
	r, err := l.p.store.Get(context.Background(), l.task.TallySubject())
	var t alert.Tally
	if err != nil || r.Seq == l.tallySeq || json.Unmarshal(r.Data, &t) != nil {
		return
	}
	first := l.tallySeq == 0
	l.tallySeq, l.tally = r.Seq, r.Data
	if l.p.w.mutation == OwnTally && !first {
		return
	}
	l.attempt = max(l.attempt, t.Attempt)
	whole := t.Closed && !t.Superseded
	l.found(t.Expected, t.Chased, whole, whole || !t.NextTry.IsZero())
}

// found joins what this process knew of a slice with what a look or another's tally
// says. Who is settled stays so: only a correction that learns of more people opens
// a whole slice again, and who knows of fewer says nothing.
func (l *ledger) found(expected, chased int, whole, resting bool) {
	if chased < l.chased && l.p.w.mutation != OwnTally {
		return
	}
	same := chased == l.chased && l.p.w.mutation != OwnTally
	l.expected, l.chased, l.whole, l.resting = expected, chased, whole || same && l.whole, resting
}

// recount mends the tallies of slices whose newest outcomes were recorded by a
// process that died before it had counted them.
func (p *process) recount(a *actor) {
	st := p.w.rec.of(alert.StreamOutcomes)
	for _, subject := range sortedKeys(st.newest) {
		task, err := alert.ParseTask("task." + strings.TrimPrefix(subject, "outcome.") + ".1")
		if err != nil {
			p.w.violate("I2: %s cannot be read: %v", subject, err)
			continue
		}
		r, err := p.store.Get(a.context(), task.TallySubject())
		var t alert.Tally
		if err == nil && json.Unmarshal(r.Data, &t) == nil && t.OutcomesSeq >= st.last(subject) {
			continue
		}
		l := p.ledger(task)
		l.refresh()
		if !(&worker{p: p, a: a, task: task}).tally(l) {
			return
		}
	}
}

// tally stores what the ledger adds up to, unless it stands there already.
func (wk *worker) tally(l *ledger) bool {
	for !wk.a.gone() {
		data, err := json.Marshal(l.sum())
		if err != nil {
			wk.p.w.violate("a tally cannot be written: %v", err)
			return false
		}
		if string(l.tally) == string(data) {
			return true
		}
		expect := l.tallySeq
		seq, err := wk.p.store.Put(wk.a.context(), alert.Put{Subject: l.task.TallySubject(), Data: data, ExpectSubject: &expect})
		switch {
		case err == nil:
			l.tallySeq, l.tally = seq, data
			return true
		case errors.Is(err, errDead):
			return false
		case errors.Is(err, alert.ErrStale), errors.Is(err, alert.ErrUnknown):
			l.refresh()
			l.readTally()
		default:
			wk.a.pause(500 * time.Millisecond)
		}
	}
	return false
}

// sum is the tally.
func (l *ledger) sum() alert.Tally {
	t := alert.Tally{Expected: l.expected, Attempt: l.attempt, Chased: l.chased, Counts: map[string]int{}, Superseded: !l.closedAt.IsZero(),
		OutcomesSeq: l.seq, Hash: hex.EncodeToString(l.hash[:])}
	var next time.Time
	now, settled := l.p.w.now, true
	for _, s := range l.standing {
		t.Counts[s.state.String()]++
		if s.reached {
			t.Held++
		}
		if !s.settled() {
			at := s.notBefore
			if at.IsZero() {
				at = now // somebody recorded, late, that he has to be looked at
			}
			if next.IsZero() || at.Before(next) {
				next = at
			}
			settled = false
		}
	}
	l.whole = l.whole || l.resting && settled
	switch {
	case l.whole, t.Superseded:
		t.Closed = true
	case l.resting:
		t.NextTry = next
	}
	return t
}
