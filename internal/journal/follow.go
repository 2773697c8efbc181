package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

// Follow replays like [Store.Scan] and goes on with what is stored from then on,
// until ctx ends or fn returns an error. Every message comes once and in order,
// also across reconnects.
func (s *Store) Follow(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) error {
	next := max(from, 1)
	var failed error
	pass := func(r alert.Record) error {
		if r.Seq < next {
			return nil
		}
		next = r.Seq + 1
		failed = fn(r)
		return failed
	}
	for try := 0; ; try++ {
		before := next
		err := s.followOnce(ctx, stream, filter, next, pass)
		if failed != nil {
			return failed
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if s.root.Err() != nil {
			return fmt.Errorf("follow %s: the record is closed", stream)
		}
		if next > before {
			try = 0
		}
		s.log.Warn("following the record was interrupted", "stream", stream, "next", next, "err", err)
		if err := pause(ctx, min(time.Duration(try+1)*200*time.Millisecond, 5*time.Second)); err != nil {
			return err
		}
	}
}

// followOnce replays and follows until something goes wrong.
func (s *Store) followOnce(ctx context.Context, stream, filter string, next uint64, fn func(alert.Record) error) error {
	last, err := s.Scan(ctx, stream, filter, next, fn)
	if err != nil {
		return err
	}
	return s.consume(ctx, stream, filter, max(next, last+1), 0, func(r alert.Record, _ uint64) error { return fn(r) })
}

// consume calls fn for every message from the sequence on, and with how many
// are there beyond it, until fn returns an error or the consumer fails. With idle
// set it ends with errNone when nothing matches and with an error when the next
// message takes longer: what a consumer counted may be overwritten meanwhile.
func (s *Store) consume(ctx context.Context, stream, filter string, from uint64, idle time.Duration, fn func(r alert.Record, pending uint64) error) error {
	cfg := jetstream.OrderedConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       from,
		InactiveThreshold: time.Minute,
		MaxResetAttempts:  3, // then the caller begins anew, where ctx is heard
	}
	if filter != "" {
		cfg.FilterSubjects = []string{filter}
	}
	cons, err := s.js.OrderedConsumer(ctx, stream, cfg)
	if err != nil {
		return err
	}
	if info := cons.CachedInfo(); idle > 0 && info != nil && info.NumPending == 0 {
		return errNone
	}
	it, err := cons.Messages(jetstream.PullMaxMessages(bulk))
	if err != nil {
		return err
	}
	defer it.Stop()
	defer context.AfterFunc(ctx, it.Stop)()
	defer context.AfterFunc(s.root, it.Stop)()
	var wait []jetstream.NextOpt
	if idle > 0 {
		wait = append(wait, jetstream.NextMaxWait(idle))
	}
	for {
		m, err := it.Next(wait...)
		if err != nil {
			return err
		}
		md, err := m.Metadata()
		if err != nil {
			return err
		}
		r := alert.Record{Subject: m.Subject(), Seq: md.Sequence.Stream, At: md.Timestamp, Data: m.Data(), Deleted: m.Headers().Get(hdrDeleted) != ""}
		if err := fn(r, md.NumPending); err != nil {
			return err
		}
	}
}
