package sim

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
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
	l.found(t.Expected, t.Chased, t.Closed && !t.Superseded)
}

// found joins what this process knew of a slice with what a look or another's tally
// says. Who is settled stays so: only a correction that learns of more people opens
// a whole slice again.
func (l *ledger) found(expected, chased int, whole bool) {
	switch {
	case chased > l.chased, l.p.w.mutation == OwnTally:
		l.chased, l.whole = chased, whole
	case chased == l.chased:
		l.whole = l.whole || whole
	}
	l.expected = expected
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
	for _, s := range l.standing {
		t.Counts[s.state.String()]++
		if s.reached {
			t.Held++
		}
		if !s.settled() && !s.notBefore.IsZero() && (next.IsZero() || s.notBefore.Before(next)) {
			next = s.notBefore
		}
	}
	if t.Closed = l.whole || t.Superseded; !t.Closed {
		t.NextTry = next
	}
	return t
}
