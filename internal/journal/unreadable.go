package journal

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// What the server cannot read any more it does not give out. A single damaged message
// it passes over in silence; where a whole block cannot be read it answers a direct
// question as if nothing stood there or behind it. Whoever took that for the end would
// lose everybody behind the block, so a reader here asks how much is left and goes on
// behind it. The journal's guard and the roll's checks find what is missing.

// beyond returns where to read on when the server answered that nothing that matches
// stands at from or behind it. It is from itself when that is true, as far as this
// server knows.
func (s *Store) beyond(ctx context.Context, stream, filter string, from, end uint64) (uint64, error) {
	if stream == tasksStream { // a work queue takes no second reader; its tasks are put again from the plan
		return from, nil
	}
	left, err := s.pendingFrom(ctx, stream, filter, from)
	if err != nil || left == 0 {
		return from, err
	}
	// Behind the first one that cannot be read, one fewer is left. In a stream without
	// gaps that is the next place; else the distance is halved.
	lo, hi := from, from+1
	n, err := s.pendingFrom(ctx, stream, filter, hi)
	if err == nil && n == left {
		lo, hi = hi, end+1
		n, err = s.pendingFrom(ctx, stream, filter, hi)
	}
	if err != nil || n == left { // what is left was stored meanwhile
		return from, err
	}
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if n, err = s.pendingFrom(ctx, stream, filter, mid); err != nil {
			return 0, err
		}
		if n == left {
			lo = mid
		} else {
			hi = mid
		}
	}
	s.log.Error("a message of the record cannot be read and is passed over", "stream", stream, "filter", filter, "sequence", hi-1)
	return hi, nil
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
