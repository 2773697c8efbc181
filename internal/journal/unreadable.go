package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// A message whose bytes were damaged on the disk is not given out by the server:
// a direct question that meets one is answered as if there were nothing (more),
// and a consumer waits at it for ever. Whoever took that for the end would lose
// everybody behind it, so a reader here asks how much is left and goes on behind
// the damaged message. The journal's guard and the roll's checks find and mend it.

// unreadable counts the messages that were passed over, by stream.
type unreadable struct {
	mu    sync.Mutex
	count map[string]uint64
}

// Unreadable returns how often a message of the stream was passed over because the
// server could not read it. It counts encounters, not messages.
func (s *Store) Unreadable(stream string) uint64 {
	s.unreadable.mu.Lock()
	defer s.unreadable.mu.Unlock()
	return s.unreadable.count[stream]
}

func (s *Store) passOver(stream, filter string, seq uint64) {
	s.unreadable.mu.Lock()
	if s.unreadable.count == nil {
		s.unreadable.count = map[string]uint64{}
	}
	s.unreadable.count[stream]++
	s.unreadable.mu.Unlock()
	s.log.Error("a message of the record cannot be read and is passed over", "stream", stream, "filter", filter, "before", seq)
}

// stepsBeyond is how many places are tried one by one before the place behind a
// damaged message is searched for: in a stream without gaps it is the next.
const stepsBeyond = 16

// beyond returns where to read on when the server answered that nothing that
// matches stands at from or behind it. It is from itself when that is true, as far
// as this server knows.
func (s *Store) beyond(ctx context.Context, stream, filter string, from, end uint64) (uint64, error) {
	left, err := s.pendingFrom(ctx, stream, filter, from)
	if err != nil || left == 0 {
		return from, err
	}
	for next := from + 1; next <= min(from+stepsBeyond, end); next++ {
		switch _, err := s.directOne(ctx, stream, getRequest{Seq: next, NextFor: anyOr(filter)}); {
		case err == nil:
			s.passOver(stream, filter, next)
			return next, nil
		case !errors.Is(err, errNone):
			return 0, err
		}
	}
	// One message fewer is left behind the damaged one: halve the distance to it.
	lo, hi := from, end+1 // left(lo) == left; left(hi) is smaller, or there is nothing before end
	if n, err := s.pendingFrom(ctx, stream, filter, hi); err != nil || n == left {
		return from, err
	}
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		n, err := s.pendingFrom(ctx, stream, filter, mid)
		if err != nil {
			return 0, err
		}
		if n == left {
			lo = mid
		} else {
			hi = mid
		}
	}
	s.passOver(stream, filter, hi)
	return hi, nil
}

func anyOr(filter string) string {
	if filter == "" {
		return ">"
	}
	return filter
}

// pendingFrom asks how many messages that match stand at a place or behind it, the
// unreadable ones included. Only a consumer can tell.
func (s *Store) pendingFrom(ctx context.Context, stream, filter string, from uint64) (uint64, error) {
	cons, err := s.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		FilterSubject: filter, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1,
	})
	if err != nil {
		return 0, fmt.Errorf("ask what is left: %w", err)
	}
	defer s.forget(stream, cons.CachedInfo().Name)
	return cons.CachedInfo().NumPending, nil
}
