package link

import (
	"context"
	"time"
)

// Room waits until the link is up and its window has room, without taking it.
// It is for callers that must ask for permission between the wait and the send:
// a permission that is given when the window is full is old when it is used.
func (l *Link) Room(ctx context.Context) error {
	s := l.current.Load()
	if s == nil {
		return ErrDown
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	s.release()
	return nil
}

// Submit hands a submission over, waiting for room in the window. An error
// means that it was not sent, and that Done will not be called: [ErrDown], the
// submission's own, or ctx's.
func (l *Link) Submit(ctx context.Context, sub Submission) error {
	s := l.current.Load()
	if s == nil {
		return ErrDown
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	if err := s.submit(sub, time.Now().Add(l.cfg.ResponseTimeout)); err != nil {
		s.release()
		return err
	}
	l.count.submitted.Add(1)
	return nil
}

func (s *session) acquire(ctx context.Context) error {
	select {
	case <-s.free:
		return nil
	default:
	}
	select {
	case <-s.free:
		return nil
	case <-s.dead:
		return ErrDown
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *session) release() { s.free <- struct{}{} }

// submit takes a slot and appends the PDU to what the writer will write.
func (s *session) submit(sub Submission, due time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil || s.parting {
		return ErrDown
	}
	seq := s.nextSequence()
	before := len(s.out)
	out, err := sub.AppendPDU(s.out, seq)
	if err != nil {
		return err
	}
	s.out = out
	s.slots[seq&s.mask] = slot{sub: sub, seq: seq, start: s.queued, due: due}
	s.inFlight++
	s.queued += uint64(len(out) - before)
	s.wake()
	return nil
}

// nextSequence counts up and skips numbers whose slot still waits. There are
// four times as many slots as the window has room, so a free one is near.
func (s *session) nextSequence() uint32 {
	for {
		s.seq++
		if s.seq > maxSequence {
			s.seq = 1
		}
		if s.slots[s.seq&s.mask].sub == nil {
			return s.seq
		}
	}
}

// take empties the slot of a sequence number; nil when nothing waits there.
func (s *session) take(seq uint32) Submission {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := &s.slots[seq&s.mask]
	if sl.sub == nil || sl.seq != seq {
		return nil
	}
	sub := sl.sub
	*sl = slot{}
	s.inFlight--
	return sub
}

// answer gives the carrier's answer to the submission that waits for it.
func (s *session) answer(p PDU) {
	sub := s.take(p.Sequence)
	if sub == nil {
		s.l.count.late.Add(1)
		s.loginRejected(p)
		return
	}
	s.answered.Add(1)
	s.l.count.answered.Add(1)
	s.release()
	sub.Done(Answer{Status: p.Status, MessageID: p.MessageID})
}

// loginRejected: a gateway that does not know our kind of login rejects it
// without naming what it rejects.
func (s *session) loginRejected(p PDU) {
	if p.Status == 0 || s.l.current.Load() == s {
		return
	}
	select {
	case s.in <- PDU{Kind: LoggedIn, Status: p.Status}:
	default:
	}
}

// expire answers those that have waited too long.
func (s *session) expire(now time.Time) {
	var over []Submission
	s.mu.Lock()
	for i := range s.slots {
		if sl := &s.slots[i]; sl.sub != nil && now.After(sl.due) {
			over = append(over, sl.sub)
			*sl = slot{}
			s.inFlight--
		}
	}
	s.mu.Unlock()
	for _, sub := range over {
		s.l.count.timedOut.Add(1)
		s.release()
		sub.Done(Answer{Err: ErrTimeout})
	}
}
