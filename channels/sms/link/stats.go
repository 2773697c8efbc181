package link

import "sync/atomic"

// counters count since the link was made.
type counters struct {
	logins, submitted, answered, timedOut, lost, late, incoming, busy, damaged, writes atomic.Int64
}

// Stats are a link's counts since it was made.
type Stats struct {
	Up        bool
	InFlight  int   // submissions without an answer
	Logins    int64 // successful sign-ins
	Submitted int64 // submissions taken
	Answered  int64 // of them, answered by the carrier
	TimedOut  int64 // answered with ErrTimeout
	Lost      int64 // answered with ErrLost
	Late      int64 // answers that nobody waited for
	Incoming  int64 // receipts and messages taken
	Busy      int64 // receipts and messages that the carrier was asked to send again
	Damaged   int64 // PDUs that could not be read
	Writes    int64 // system calls that wrote
}

// Stats returns the counts so far.
func (l *Link) Stats() Stats {
	c := &l.count
	st := Stats{
		Logins: c.logins.Load(), Submitted: c.submitted.Load(), Answered: c.answered.Load(), TimedOut: c.timedOut.Load(),
		Lost: c.lost.Load(), Late: c.late.Load(), Incoming: c.incoming.Load(), Busy: c.busy.Load(), Damaged: c.damaged.Load(), Writes: c.writes.Load(),
	}
	if s := l.current.Load(); s != nil {
		s.mu.Lock()
		st.Up, st.InFlight = true, s.inFlight
		s.mu.Unlock()
	}
	return st
}
