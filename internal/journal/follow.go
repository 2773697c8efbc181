package journal

import (
	"context"
	"fmt"
	"sync"
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
	ctx, cancel := s.linked(ctx)
	defer cancel()
	last, err := s.Scan(ctx, stream, filter, next, fn)
	if err != nil {
		return err
	}
	return s.consume(ctx, stream, filter, max(next, last+1), 0, func(r alert.Record, _ uint64) error { return fn(r) })
}

// heartbeat is how often the server shows a silent follower that it is still
// there; two missing ones make it begin anew.
const heartbeat = 2 * time.Second

// consume calls fn for every message from the sequence on, and with how many
// are there beyond it, until fn returns an error or something is wrong: a gap, a
// silent server, a new connection. The caller begins anew where it stopped. With
// idle set it ends with errNone when nothing matches and with an error when the
// next message takes longer: what a consumer counted may be overwritten meanwhile.
func (s *Store) consume(ctx context.Context, stream, filter string, from uint64, idle time.Duration, fn func(r alert.Record, pending uint64) error) error {
	ctx, cancel := s.linked(ctx)
	defer cancel()
	cons, err := s.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		FilterSubject:     filter,
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       from,
		AckPolicy:         jetstream.AckNonePolicy,
		MaxDeliver:        1,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: time.Minute,
	})
	if err != nil {
		return err
	}
	defer s.forget(stream, cons.CachedInfo().Name)
	if idle > 0 && cons.CachedInfo().NumPending == 0 {
		return errNone
	}
	it, err := cons.Messages(jetstream.PullMaxMessages(bulk), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return err
	}
	defer it.Stop()
	defer context.AfterFunc(ctx, it.Stop)()
	var wait []jetstream.NextOpt
	if idle > 0 {
		wait = append(wait, jetstream.NextMaxWait(idle))
	}
	for n := uint64(1); ; n++ {
		m, err := it.Next(wait...)
		if err != nil {
			return err
		}
		md, err := m.Metadata()
		if err != nil {
			return err
		}
		if md.Sequence.Consumer != n {
			return fmt.Errorf("message %d of the replay came as number %d", md.Sequence.Consumer, n)
		}
		r := alert.Record{Subject: m.Subject(), Seq: md.Sequence.Stream, At: md.Timestamp, Data: m.Data(), Deleted: m.Headers().Get(hdrDeleted) != ""}
		if err := fn(r, md.NumPending); err != nil {
			return err
		}
	}
}

// forget deletes a consumer that is not needed any more. The server would do it a
// minute later.
func (s *Store) forget(stream, name string) {
	if !s.nc.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.js.DeleteConsumer(ctx, stream, name); err != nil {
		s.log.Debug("a consumer stays until the server forgets it", "stream", stream, "err", err)
	}
}

// linked returns a context that also ends with the connection and the store: an
// answer that was on its way then is not waited for.
func (s *Store) linked(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	root := context.AfterFunc(s.root, cancel)
	link := context.AfterFunc(s.link.current(), cancel)
	return ctx, func() { root(); link(); cancel() }
}

// link is the life of one connection: its context ends when the next begins.
// Followers then begin anew, because what they had at the server may be gone.
type link struct {
	mu  sync.Mutex
	ctx context.Context
	end context.CancelFunc
}

func (l *link) current() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		l.ctx, l.end = context.WithCancel(context.Background())
	}
	return l.ctx
}

func (l *link) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end != nil {
		l.end()
	}
	l.ctx, l.end = nil, nil
}
