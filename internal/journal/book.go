package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mingluo/internal/alert"
)

// Book is the journal folded into a state, kept current while it is open. Every
// event passes through here once, in order, and its place in the chain of hashes
// is checked before it counts. It is safe for use by many goroutines.
type Book struct {
	store *Store
	turn  chan struct{} // one appends at a time: the queue of this process

	mu      sync.RWMutex
	state   *alert.State
	head    digest        // of the last event; the state has it in words
	serving bool          // the replay is over
	changed chan struct{} // closed and replaced at every new event, and when broken
	broken  error

	guard guarding // nil without a guard

	ctx      context.Context // ends when the book or the store closes
	cancel   context.CancelFunc
	follower sync.WaitGroup
}

// guarding is what a book asks of its guard.
type guarding interface {
	// seal returns when the signed head of this folder covers the event.
	seal(seq uint64)
	// mend is told that the stream lacks an event that it had. Nil: it is there again.
	mend(ctx context.Context, seq uint64) error
}

// BrokenError says that the journal cannot be trusted from an event on. Nothing
// is served until a person has compared it with the mirrors.
type BrokenError struct {
	Seq uint64 // the first event that does not fit
	Why error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the journal is broken at event %d: %v; compare it with the mirrors before anything is served", e.Seq, e.Why)
}

func (e *BrokenError) Unwrap() error { return e.Why }

var (
	errClosed  = errors.New("the journal is closed")
	errMissing = errors.New("it is not in the store any more")
)

// OpenBook replays the journal from its first event, checks the chain, and goes
// on following it in the background. A chain that does not hold is a
// [*BrokenError].
func (s *Store) OpenBook(ctx context.Context) (*Book, error) {
	if s.root.Err() != nil {
		return nil, fmt.Errorf("open journal: %w", errClosed)
	}
	b := s.newBook()
	if err := b.replay(ctx); err != nil {
		b.cancel()
		return nil, fmt.Errorf("open journal: %w", err)
	}
	b.begin()
	return b, nil
}

func (s *Store) newBook() *Book {
	b := &Book{store: s, turn: make(chan struct{}, 1), state: alert.NewState(), changed: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(s.root)
	return b
}

// begin goes on following in the background.
func (b *Book) begin() {
	b.mu.Lock()
	b.serving = true
	b.mu.Unlock()
	b.follower.Add(1)
	b.store.owned.Go(func() {
		defer b.follower.Done()
		b.follow()
	})
}

// replay applies everything that is stored beyond the state.
func (b *Book) replay(ctx context.Context) error {
	_, err := b.store.Scan(ctx, alert.StreamJournal, "", b.Seq()+1, b.take)
	return err
}

// follow applies what others append. Our own events were applied when they were
// acknowledged and are passed over.
func (b *Book) follow() {
	err := b.store.Follow(b.ctx, alert.StreamJournal, "", b.Seq()+1, b.take)
	if b.ctx.Err() != nil {
		err = errClosed
	}
	b.fail(err)
}

// Close ends the following and waits for it. The state can still be read.
func (b *Book) Close() error {
	b.cancel()
	b.follower.Wait()
	return nil
}

// Err returns why the book does not serve: a [*BrokenError], or that it is
// closed. Nil while all is well.
func (b *Book) Err() error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.broken
}

// Read calls fn with the state. It must not keep references to the state's maps
// or change anything, nor call the book: the lock is held.
func (b *Book) Read(fn func(st *alert.State)) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	fn(b.state)
}

// tip returns the last event applied.
func (b *Book) tip() Chain {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return Chain{seq: b.state.Seq, head: b.head}
}

// Seq returns the sequence of the last event applied.
func (b *Book) Seq() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.state.Seq
}

// Wait returns when an event beyond the sequence after has been applied, with
// the last one's sequence. It returns the book's error when it does not serve.
func (b *Book) Wait(ctx context.Context, after uint64) (seq uint64, err error) {
	for {
		b.mu.RLock()
		seq, changed, broken := b.state.Seq, b.changed, b.broken
		b.mu.RUnlock()
		if seq > after {
			return seq, nil
		}
		if broken != nil {
			return seq, broken
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return seq, ctx.Err()
		}
	}
}

// take applies one stored message: the next event, or one that is known already.
func (b *Book) take(r alert.Record) error {
	if r.Seq <= b.Seq() {
		return nil
	}
	e, err := alert.DecodeEvent(r.Data)
	if err != nil {
		return b.fail(&BrokenError{Seq: r.Seq, Why: err})
	}
	return b.apply(r.Seq, r.Subject, e, r.Data)
}

// apply checks that the event is the next link of the chain and folds it. Of two
// that bring the same event (our own append and the follower) the second finds it
// done.
func (b *Book) apply(seq uint64, subject string, e alert.Event, stored []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	if seq <= b.state.Seq {
		return nil
	}
	if err := follows(b.state.Seq, b.state.Head, seq, subject, e); err != nil {
		return b.failLocked(&BrokenError{Seq: seq, Why: err})
	}
	if err := b.state.Apply(e); err != nil {
		return b.failLocked(&BrokenError{Seq: seq, Why: err})
	}
	b.head = digestOf(stored)
	b.state.Head = b.head.String()
	b.wake()
	return nil
}

// follows checks an event's place: behind the event last whose hash is head.
func follows(last uint64, head string, seq uint64, subject string, e alert.Event) error {
	switch {
	case seq != last+1:
		return fmt.Errorf("event %d is missing", last+1)
	case e.Seq != seq:
		return fmt.Errorf("it says that it is event %d", e.Seq)
	case e.Prev != head:
		return errors.New("its hash of the event before does not match")
	case subject != eventSubject(e):
		return fmt.Errorf("it is about %s.%s but stored under %s", e.Kind, e.ID, subject)
	}
	return nil
}

func eventSubject(e alert.Event) string { return "journal." + e.Kind + "." + e.ID }

// fail makes the book refuse from now on; the first reason stays.
func (b *Book) fail(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failLocked(err)
}

func (b *Book) failLocked(err error) error {
	if b.broken == nil {
		b.broken = err
		b.wake()
		if b.serving && !errors.Is(err, errClosed) {
			b.store.log.Error("the journal is not served any more", "err", err)
		}
	}
	return b.broken
}

// wake lets everybody who waits look again. The lock is held.
func (b *Book) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}
