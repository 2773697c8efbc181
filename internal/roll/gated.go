package roll

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

// gatedStore is the record as the roll uses it: nothing is read or written while
// the stream is made anew, and what was read before that is stale afterwards,
// because every sequence is another one.
type gatedStore struct {
	Store
	keys *Keys
	gate gate
	// doubt is told when the record did not say what became of a write: the stream
	// may be damaged at that place.
	doubt atomic.Pointer[func()]
}

// Put stores one message.
func (s *gatedStore) Put(ctx context.Context, p alert.Put) (uint64, error) {
	if err := s.gate.enterSoon(ctx); err != nil {
		return 0, err
	}
	defer s.gate.leave()
	if s.sealedBefore(p) {
		return 0, alert.ErrStale
	}
	return s.heed(s.Store.Put(ctx, p))
}

// PutBatch stores all or nothing.
func (s *gatedStore) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	if err := s.gate.enter(ctx); err != nil {
		return 0, err
	}
	defer s.gate.leave()
	if slices.ContainsFunc(puts, s.sealedBefore) {
		return 0, alert.ErrStale
	}
	return s.heed(s.Store.PutBatch(ctx, puts))
}

// sealedBefore reports whether a record's address was sealed under a key that is
// not the one that seals now: a rewrite came in between, which destroyed it. The
// expectations do not tell where the person is new.
func (s *gatedStore) sealedBefore(p alert.Put) bool {
	rec, err := ParseRecord(p.Data)
	return err == nil && len(rec.Sealed) > 0 && s.keys.set().seals[rec.Sealed[0]] == nil
}

func (s *gatedStore) heed(seq uint64, err error) (uint64, error) {
	if doubt := s.doubt.Load(); doubt != nil && errors.Is(err, alert.ErrUnknown) {
		(*doubt)()
	}
	return seq, err
}

// Get returns the newest message of a subject.
func (s *gatedStore) Get(ctx context.Context, subject string) (alert.Record, error) {
	if err := s.gate.enterSoon(ctx); err != nil {
		return alert.Record{}, err
	}
	defer s.gate.leave()
	return s.Store.Get(ctx, subject)
}

// Newest returns the newest message of each subject that has one.
func (s *gatedStore) Newest(ctx context.Context, subjects []string) (map[string]alert.Record, error) {
	if err := s.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	return s.Store.Newest(ctx, subjects)
}

// Scan calls fn for everything stored now. The stream is not made anew before it
// ends: half an export would look like a whole one.
func (s *gatedStore) Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (uint64, error) {
	for !s.gate.hold() {
		if err := s.gate.enter(ctx); err != nil { // waits until it is open again
			return 0, err
		}
		s.gate.leave()
		if !pause(ctx, 10*time.Millisecond) {
			return 0, ctx.Err()
		}
	}
	defer s.gate.release()
	return s.Store.Scan(ctx, stream, filter, from, fn)
}
