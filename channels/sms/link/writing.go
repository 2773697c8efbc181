package link

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func (s *session) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// write gives the kernel all that waits in one call, again and again. While it
// is in the call, more collects: the busier the link, the fewer the calls.
func (s *session) write() {
	for {
		select {
		case <-s.kick:
		case <-s.dead:
			return
		}
		for {
			chunk := s.nextChunk()
			if chunk == nil {
				break
			}
			if err := s.push(chunk); err != nil {
				s.fail(fmt.Errorf("write to the carrier: %w", err))
				return
			}
		}
	}
}

// nextChunk swaps the buffers. From here on everything in the chunk counts as
// sent, whatever becomes of the call.
func (s *session) nextChunk() []byte {
	s.mu.Lock()
	if len(s.out) == 0 {
		closing := s.closing
		s.mu.Unlock()
		if closing != nil {
			s.fail(closing)
		}
		return nil
	}
	chunk := s.out
	s.out, s.spare = s.spare[:0], nil
	s.handed = s.queued
	s.mu.Unlock()
	return chunk
}

func (s *session) push(chunk []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	_, err := s.conn.Write(chunk)
	s.l.count.writes.Add(1)
	if cap(chunk) <= maxQueued {
		s.mu.Lock()
		s.spare = chunk[:0]
		s.mu.Unlock()
	}
	return err
}

// queue appends a PDU of the engine's own.
func (s *session) queue(build func(dst []byte) ([]byte, error)) error {
	s.mu.Lock()
	if s.ended != nil {
		s.mu.Unlock()
		return ErrDown
	}
	if len(s.out) > maxQueued {
		s.mu.Unlock()
		s.fail(errClogged)
		return errClogged
	}
	before := len(s.out)
	out, err := build(s.out)
	if err == nil {
		s.out = out
		s.queued += uint64(len(out) - before)
		s.wake()
	}
	s.mu.Unlock()
	return err
}

// reply answers a PDU of the carrier's. When the link is gone meanwhile there is
// nobody to answer.
func (s *session) reply(to PDU, r Reply) {
	_ = s.queue(func(dst []byte) ([]byte, error) { return s.l.cfg.Protocol.AppendReply(dst, to, r), nil })
}

// close ends the session once everything is written.
func (s *session) close(why error) {
	s.mu.Lock()
	s.parting, s.closing = true, why
	s.mu.Unlock()
	s.wake()
}

// login signs in and waits for the answer.
func (s *session) login(ctx context.Context) error {
	proto := s.l.cfg.Protocol
	err := s.queue(func(dst []byte) ([]byte, error) { return proto.AppendLogin(dst, s.nextSequence()) })
	if err != nil {
		return fmt.Errorf("sign in at the carrier: %w", err)
	}
	timeout := time.NewTimer(s.l.cfg.LoginTimeout)
	defer timeout.Stop()
	select {
	case p := <-s.in:
		if p.Kind != LoggedIn {
			return errors.New("sign in at the carrier: it answered a goodbye that was not said")
		}
		if p.Status != 0 {
			return proto.LoginRefused(p.Status)
		}
		return nil
	case <-s.dead:
		return s.reason()
	case <-timeout.C:
		return fmt.Errorf("sign in at the carrier: no answer within %s", s.l.cfg.LoginTimeout)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// part stops taking submissions, waits for the answers in flight, and says
// goodbye; all of it within grace.
func (s *session) part(grace time.Duration) {
	s.mu.Lock()
	s.parting = true
	s.mu.Unlock()
	timeout := time.NewTimer(grace)
	defer timeout.Stop()
	// Every place in the window that can be taken is one without a submission.
	for range s.l.cfg.Window {
		select {
		case <-s.free:
		case <-s.dead:
			return
		case <-timeout.C:
			return
		}
	}
	proto := s.l.cfg.Protocol
	if s.queue(func(dst []byte) ([]byte, error) { return proto.AppendLogout(dst, s.nextSequence()), nil }) != nil {
		return
	}
	for {
		select {
		case p := <-s.in:
			if p.Kind == LoggedOut {
				return
			}
		case <-s.dead:
			return
		case <-timeout.C:
			return
		}
	}
}

// keepTime lets answers expire and sends heartbeats.
func (s *session) keepTime() {
	cfg := &s.l.cfg
	every := max(min(cfg.ResponseTimeout/8, cfg.Heartbeat/8, cfg.SilentAfter/4, time.Second), 5*time.Millisecond)
	tick := time.NewTicker(every)
	defer tick.Stop()
	beat := time.Duration(0) // when the last heartbeat was sent
	waiting := false         // it is not answered
	for {
		select {
		case <-s.dead:
			return
		case now := <-tick.C:
			s.expire(now)
			age := time.Since(s.began)
			if time.Duration(s.heard.Load()) >= beat {
				waiting = false
			}
			switch {
			case waiting && age-beat > cfg.SilentAfter:
				s.fail(errSilent)
			case !waiting && age-beat > cfg.Heartbeat:
				beat, waiting = age, true
				_ = s.queue(func(dst []byte) ([]byte, error) {
					return cfg.Protocol.AppendHeartbeat(dst, s.nextSequence()), nil
				})
			}
		}
	}
}
