package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// Get returns the newest message of a subject. It is [alert.ErrNotFound] when
// there is none and when the newest is a tombstone; the record is returned with
// the tombstone, so that its sequence can be expected in the next [alert.Put].
func (s *Store) Get(ctx context.Context, subject string) (alert.Record, error) {
	stream, err := streamOf(subject)
	if err != nil {
		return alert.Record{}, fmt.Errorf("get: %w", err)
	}
	if err := checkSubject(subject); err != nil {
		return alert.Record{}, fmt.Errorf("get: %w", err)
	}
	r, err := s.getOne(ctx, stream, getRequest{LastFor: subject})
	if errors.Is(err, errNone) {
		return r, fmt.Errorf("get %s: %w", subject, alert.ErrNotFound)
	}
	if err != nil {
		return r, fmt.Errorf("get %s: %w", subject, err)
	}
	if r.Deleted {
		return r, fmt.Errorf("get %s: %w: it was deleted", subject, alert.ErrNotFound)
	}
	return r, nil
}

// Newest returns the newest message of each of the subjects, all of one stream,
// by subject; those without any are missing. Tombstones are returned as such.
func (s *Store) Newest(ctx context.Context, subjects []string) (map[string]alert.Record, error) {
	found := make(map[string]alert.Record, len(subjects))
	const perQuestion = 500 // names of up to 250 bytes; the server answers at most 1,024
	for len(subjects) > 0 {
		n := min(perQuestion, len(subjects))
		if err := s.newest(ctx, subjects[:n], found); err != nil {
			return nil, fmt.Errorf("newest of %d subjects beginning with %s: %w", n, subjects[0], err)
		}
		subjects = subjects[n:]
	}
	return found, nil
}

func (s *Store) newest(ctx context.Context, subjects []string, found map[string]alert.Record) error {
	stream, err := streamOf(subjects[0])
	if err != nil {
		return err
	}
	for from := uint64(1); ; {
		q := getRequest{Multi: subjects, Seq: from, MaxBytes: readBytes}
		pending, err := s.directMany(ctx, stream, q, func(r alert.Record) error {
			found[r.Subject] = r
			from = r.Seq + 1
			return nil
		})
		if errors.Is(err, errNone) || err == nil && pending == 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Subject calls fn for all messages of one subject from the sequence on (0 or 1:
// all), in order, by direct reads: no consumer is made, so asking for a subject
// that has none is cheap. An error of fn ends it and is returned as it is.
func (s *Store) Subject(ctx context.Context, subject string, from uint64, fn func(alert.Record) error) error {
	stream, err := streamOf(subject)
	if err != nil {
		return fmt.Errorf("read subject: %w", err)
	}
	if err := checkSubject(subject); err != nil {
		return fmt.Errorf("read subject: %w", err)
	}
	end, err := s.endOf(ctx, stream, subject)
	if err != nil {
		return fmt.Errorf("read %s: %w", subject, err)
	}
	return s.readTo(ctx, stream, subject, max(from, 1), end, fn)
}

// endOf returns the sequence of a subject's newest message; 0 when it has none. One
// question, because most slices have no outcomes yet when they are asked for. When
// the newest cannot be read it is the stream's last sequence: those before it can.
func (s *Store) endOf(ctx context.Context, stream, subject string) (uint64, error) {
	if s.conf.Replicas > 1 {
		r, err := s.leaderGet(ctx, stream, getRequest{LastFor: subject})
		if errors.Is(err, errNone) {
			return 0, nil
		}
		return r.Seq, err
	}
	r, err := s.directOne(ctx, stream, getRequest{Multi: []string{subject}})
	switch {
	case errors.Is(err, errUnread):
		return s.LastSeq(ctx, stream)
	case errors.Is(err, errNone):
		return 0, nil
	}
	return r.Seq, err
}

// LastSeq returns the sequence of the stream's newest message, 0 when there never
// was one, as its leader knows it.
func (s *Store) LastSeq(ctx context.Context, stream string) (uint64, error) {
	st, err := s.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("last sequence of %s: %w", stream, err)
	}
	return st.CachedInfo().State.LastSeq, nil
}

// Scan calls fn, in order, for every message from the sequence on that matches
// the filter ("" for all; wildcards as in NATS) and was there at the call. It
// returns the stream's last sequence at the call, so that [Store.Follow] can go on
// from the next. An error of fn ends it and is returned as it is.
func (s *Store) Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (last uint64, err error) {
	if stream == alert.StreamJournal {
		if err := s.healing.wait(ctx); err != nil {
			return 0, err
		}
	}
	last, err = s.LastSeq(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("scan: %w", err)
	}
	return last, s.scanTo(ctx, stream, filter, from, last, fn)
}

// scanTo reads up to and including the sequence end. A journal that is healed
// meanwhile is read on afterwards: the same events have the same places.
func (s *Store) scanTo(ctx context.Context, stream, filter string, from, end uint64, fn func(alert.Record) error) error {
	if stream != alert.StreamJournal {
		return s.scanRange(ctx, stream, filter, from, end, fn)
	}
	for {
		var failed error
		before := s.healing.count()
		err := s.scanRange(ctx, stream, filter, from, end, func(r alert.Record) error {
			from = r.Seq + 1
			failed = fn(r)
			return failed
		})
		if failed != nil || ctx.Err() != nil || s.healing.count() == before {
			return err
		}
		if err := s.healing.wait(ctx); err != nil {
			return err
		}
	}
}

// bulk is the distance from which on a consumer is worth making: it replays about
// twice as fast as direct questions, but costs a millisecond to make.
const bulk = 2000

// bulkIdle is how long a replay waits for its next message before it goes on
// without the consumer.
const bulkIdle = 2 * time.Second

func (s *Store) scanRange(ctx context.Context, stream, filter string, from, end uint64, fn func(alert.Record) error) error {
	from = max(from, 1)
	if end < from {
		return nil
	}
	if end-from >= bulk {
		var failed error
		err := s.consume(ctx, stream, filter, from, bulkIdle, func(r alert.Record, pending uint64) error {
			if r.Seq > end {
				return errNone
			}
			if failed = fn(r); failed != nil {
				return failed
			}
			from = r.Seq + 1
			if r.Seq == end || pending == 0 {
				return errNone
			}
			return nil
		})
		switch {
		case failed != nil:
			return failed
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, errNone):
			s.log.Warn("a replay was interrupted and goes on by single reads", "stream", stream, "from", from, "err", err)
		}
	}
	return s.readTo(ctx, stream, filter, from, end, fn) // what is left, and whether it was all
}

// readTo reads by direct questions up to and including the sequence end. Behind a
// replica that lags it waits for it, up to a limit.
func (s *Store) readTo(ctx context.Context, stream, filter string, from, end uint64, fn func(alert.Record) error) error {
	var failed error
	waited := 0
	for from <= end {
		q := getRequest{Seq: from, NextFor: filter, Batch: readBatch, MaxBytes: readBytes}
		pending, err := s.directMany(ctx, stream, q, func(r alert.Record) error {
			from = r.Seq + 1
			if r.Seq > end {
				return errNone
			}
			failed = fn(r)
			return failed
		})
		switch {
		case failed != nil:
			return failed
		case errors.Is(err, errNone) || err == nil && pending == 0:
			if from > end {
				return nil
			}
			next, err := s.beyond(ctx, stream, filter, from, end)
			if err != nil {
				return fmt.Errorf("read %s from %d: %w", stream, from, err)
			}
			if next > from {
				from = next
				continue
			}
			if s.caughtUp(ctx, stream, filter, from, end) {
				return nil
			}
			if waited++; waited > 100 {
				return fmt.Errorf("read %s from %d: the replica that answers does not reach %d", stream, from, end)
			}
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("read %s from %d: %w", stream, from, err)
		}
	}
	return nil
}

// caughtUp reports whether an answer that ended before the sequence end was
// complete. With one replica it always was (what lies between is of other
// subjects or gone); with more the leader is asked.
func (s *Store) caughtUp(ctx context.Context, stream, filter string, from, end uint64) bool {
	if s.conf.Replicas == 1 {
		return true
	}
	if filter == "" {
		filter = ">"
	}
	r, err := s.leaderGet(ctx, stream, getRequest{Seq: from, NextFor: filter})
	return errors.Is(err, errNone) || err == nil && r.Seq > end
}
