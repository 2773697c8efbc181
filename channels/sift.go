package channels

import (
	"time"

	"mingluo/internal/alert"
)

// sifted is what a look at a slice found.
type sifted struct {
	open    []Recipient     // to be handed over now
	settle  []alert.Outcome // settled without a hand-over: left, expired, unsure for good
	waiting bool            // somebody is deferred and his time has not come
}

// sift compares the audience with the ledger. A person who was handed the
// message and of whom no answer came is resent to exactly once, marked as a
// possible repeat; if that cannot be (left, the end has come), he stays unsure
// for good, so that a retraction still reaches him.
//
// end is StateNone while the slice may be sent; StateExpired or StateStopped is
// what becomes of everybody open when it may not any more.
//
// follow is for corrections: they go to whoever may hold the notice, also when
// he left since, as long as an address is left.
func (l *ledger) sift(members []Member, now time.Time, end alert.OutcomeState, follow bool) sifted {
	l.mu.Lock()
	defer l.mu.Unlock()
	var s sifted
	ended := end != alert.StateNone
	ms := now.UnixMilli()
	if len(l.standing) == 0 {
		s.open = make([]Recipient, 0, len(members))
	}
	for i := range members {
		m := &members[i]
		at := l.standing[m.ID]
		if at.settled() {
			continue
		}
		gone := m.Left && !follow || m.Address == ""
		switch {
		case (gone || ended) && at.state == alert.StateUnsure:
			s.settle = append(s.settle, alert.Outcome{ID: m.ID, State: alert.StateUnsure, Final: true, Attempt: at.attempt, At: now})
		case gone:
			s.settle = append(s.settle, alert.Outcome{ID: m.ID, State: alert.StateLeft, Final: true, Attempt: at.attempt, At: now})
		case ended:
			s.settle = append(s.settle, alert.Outcome{ID: m.ID, State: end, Final: true, Attempt: at.attempt, At: now})
		case at.notBefore > ms:
			s.waiting = true
		default:
			s.open = append(s.open, Recipient{
				ID: m.ID, Address: m.Address, Lang: m.Lang,
				Attempt: max(at.attempt, at.attempt+1), Repeat: at.state == alert.StateUnsure,
			})
		}
	}
	return s
}

// complete fills in what the engine knows of an answer, and corrects what a
// channel may not say.
func complete(o alert.Outcome, r *Recipient, now, until time.Time) alert.Outcome {
	o.ID, o.Attempt, o.Repeat = r.ID, r.Attempt, r.Repeat || o.Repeat
	if o.At.IsZero() {
		o.At = now
	}
	if o.State == alert.StateDeferred {
		if !o.NotBefore.After(now) {
			o.NotBefore = now.Add(time.Second)
		}
		if !o.NotBefore.Before(until) { // never after the notice's end
			o.NotBefore, o.State = time.Time{}, alert.StateExpired
			if r.Repeat {
				o.State = alert.StateUnsure
			}
		}
	} else {
		o.NotBefore = time.Time{}
	}
	if !handedOver(o.State) && o.State != alert.StateDeferred && o.State != alert.StateExpired {
		o.State = alert.StateUnsure // it was handed over; what the channel says of it has no meaning
	}
	o.Final = o.Final && o.State != alert.StateDeferred || r.Repeat && o.State == alert.StateUnsure
	o.Final = o.Final || o.Settled()
	return o
}
