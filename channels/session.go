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
	haltStopped
	haltLease    // the task may be with another worker by now
	haltReload   // the slice's outcomes changed under us
	haltChannel  // the channel as a whole was halted
	haltShutdown // the process is ending
)

func (h haltReason) String() string {
	return [...]string{"", "paused", "superseded", "ended", "stopped", "lease lost", "outcomes changed", "channel halted", "shutting down"}[h]
}

func haltFor(s Stop) haltReason {
	return [...]haltReason{GoOn: haltNone, Paused: haltPaused, Superseded: haltSuperseded, Ended: haltEnded, Stopped: haltStopped}[s]
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

	permits atomic.Int64 // given out and not answered
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

// permit is Batch.Permit: it waits until it is the slice's turn and fewer than
// the bound are unrecorded, and looks at the very last moment whether the slice
// may still be sent.
func (s *session) permit(ctx context.Context) error {
	granted := s.lane.pacer.take(ctx, s.turn, s.stop)
	if !granted && ctx.Err() != nil {
		return ctx.Err()
	}
	if why := s.check(time.Now()); why != haltNone {
		if granted {
			s.lane.pacer.give(1)
		}
		return &stopped{why}
	}
	s.permits.Add(1)
	return nil
}

// answered takes the permit of somebody who was reported; false when the
// channel asked for none, because it refused him by itself.
func (s *session) answered() bool {
	for {
		n := s.permits.Load()
		if n == 0 {
			return false
		}
		if s.permits.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// stopped is ErrStopped with the reason.
type stopped struct{ why haltReason }

func (s *stopped) Error() string { return fmt.Sprintf("%v: %s", ErrStopped, s.why) }
func (s *stopped) Unwrap() error { return ErrStopped }
