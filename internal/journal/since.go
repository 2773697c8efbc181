package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// clockSlack is how much earlier than asked a reading by time begins. The server
// finds the place by halving, which a clock that was set back misleads; two hours
// are more than anybody sets a clock by hand.
const clockSlack = 2 * time.Hour

// ScanSince calls fn, in order, for every message that matches the filter and was
// stored at since or later, as [Store.Scan] does. It finds the place to begin with
// in a few steps instead of reading the stream from its beginning.
func (s *Store) ScanSince(ctx context.Context, stream, filter string, since time.Time, fn func(alert.Record) error) (last uint64, err error) {
	from, err := s.seqAt(ctx, stream, since.Add(-clockSlack))
	if err != nil {
		return 0, fmt.Errorf("scan %s since %s: %w", stream, since.Format(time.RFC3339), err)
	}
	if from == 0 {
		return s.LastSeq(ctx, stream)
	}
	return s.Scan(ctx, stream, filter, from, func(r alert.Record) error {
		if r.At.Before(since) {
			return nil
		}
		return fn(r)
	})
}

// seqAt returns the sequence of the first message that was stored at an instant or
// later; 0 when there is none.
func (s *Store) seqAt(ctx context.Context, stream string, at time.Time) (uint64, error) {
	r, err := s.getOne(ctx, stream, getRequest{Time: &at, NextFor: ">"})
	if errors.Is(err, errNone) {
		// None, or the one that stands there cannot be read: then all are looked at.
		last, err := s.newestIsBefore(ctx, stream, at)
		if err != nil || last {
			return 0, err
		}
		return 1, nil
	}
	return r.Seq, err
}

// newestIsBefore reports whether the stream's newest message is older.
func (s *Store) newestIsBefore(ctx context.Context, stream string, at time.Time) (bool, error) {
	st, err := s.js.Stream(ctx, stream)
	if err != nil {
		return false, err
	}
	state := st.CachedInfo().State
	return state.Msgs == 0 || state.LastTime.Before(at), nil
}
