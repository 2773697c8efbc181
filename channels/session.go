package channels

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// haltReason says why a slice was stopped.
type haltReason uint8

const (
	haltNone haltReason = iota
	haltPaused
	haltSuperseded
	haltEnded
	haltLease    // the task may be with another worker by now
	haltReload   // the slice's outcomes changed under us
	haltChannel  // the channel as a whole was halted
	haltShutdown // the process is ending
)

func (h haltReason) String() string {
	return [...]string{"", "paused", "superseded", "ended", "lease lost", "outcomes changed", "channel halted", "shutting down"}[h]
}

func haltFor(s Stop) haltReason {
	return [...]haltReason{GoOn: haltNone, Paused: haltPaused, Superseded: haltSuperseded, Ended: haltEnded}[s]
}

// session is one slice being delivered. It answers the channel's questions for
// a permit.
type session struct {
	lane   *lane
	ledger *ledger
	lease  *lease
	turn   *turn
	notice string
	rev    int
	until  time.Time
	stop   chan struct{} // closed with the first reason
	why    atomic.Uint32 // haltReason
}

// halt stops the slice; the first reason stands.
func (s *session) halt(why haltReason) {
	if s.why.CompareAndSwap(uint32(haltNone), uint32(why)) {
		close(s.stop)
	}
}

func (s *session) halted() haltReason { return haltReason(s.why.Load()) }

// check looks at everything that may stop the slice at this instant.
func (s *session) check(now time.Time) haltReason {
	if why := s.halted(); why != haltNone {
		return why
	}
	switch {
	case !now.Before(s.until):
		s.halt(haltEnded) // R14
	case !s.lease.held(now):
		s.halt(haltLease)
	default:
		if st := s.lane.eng.conf.Notices.Stopped(s.notice, s.rev); st != GoOn {
			s.halt(haltFor(st))
		}
	}
	return s.halted()
}

// permit is Batch.Permit: it waits until fewer answers than the bound are
// unrecorded and until it is the slice's turn, and looks at the very last
// moment whether the slice may still be sent.
func (s *session) permit(ctx context.Context) error {
	if s.ledger.waiting.Load() >= s.lane.eng.unrecorded {
		if err := s.room(ctx); err != nil {
			return err
		}
	}
	if !s.lane.pacer.take(ctx, s.turn, s.stop) && ctx.Err() != nil {
		return ctx.Err()
	}
	if why := s.check(time.Now()); why != haltNone {
		return &stopped{why}
	}
	return nil
}

// room waits until the recorder has caught up.
func (s *session) room(ctx context.Context) error {
	for s.ledger.waiting.Load() >= s.lane.eng.unrecorded {
		s.ledger.mu.Lock()
		changed := s.ledger.changed
		s.ledger.mu.Unlock()
		if s.ledger.waiting.Load() < s.lane.eng.unrecorded {
			return nil
		}
		select {
		case <-changed:
		case <-s.stop:
			return &stopped{s.halted()}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// stopped is ErrStopped with the reason.
type stopped struct{ why haltReason }

func (s *stopped) Error() string { return fmt.Sprintf("%v: %s", ErrStopped, s.why) }
func (s *stopped) Unwrap() error { return ErrStopped }
