package bench

import (
	"context"
	"errors"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// benchFold replays a journal of whole lives of notices: from its stored bytes
// alone (seconds), and as a start does, from the store with the chain checked
// (book_seconds).
func benchFold(ctx context.Context, o Options) (r Result, err error) {
	h, err := newHouse(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.leave()) }()
	notices := (o.N + lifeEvents - 1) / lifeEvents
	err = h.open(ctx, func(store *journal.Store) error {
		book, err := store.OpenBook(ctx)
		if err != nil {
			return err
		}
		err = write(ctx, book, notices, life{at: time.Now().UTC().Truncate(time.Second), channels: []string{"sms"}})
		return errors.Join(err, book.Close())
	})
	if err != nil {
		return nil, err
	}
	err = h.open(ctx, func(store *journal.Store) error {
		defer o.measuring()()
		if r, err = foldStored(ctx, store); err != nil {
			return err
		}
		began := time.Now()
		book, err := store.OpenBook(ctx)
		if err != nil {
			return err
		}
		r["book_seconds"] = time.Since(began).Seconds()
		r["book_per_second"] = float64(book.Seq()) / time.Since(began).Seconds()
		return book.Close()
	})
	return r, err
}

// foldStored decodes and applies the events from their stored bytes.
func foldStored(ctx context.Context, store *journal.Store) (Result, error) {
	var stored [][]byte
	if _, err := store.Scan(ctx, alert.StreamJournal, "", 1, func(r alert.Record) error {
		stored = append(stored, r.Data)
		return nil
	}); err != nil {
		return nil, err
	}
	began := time.Now()
	st := alert.NewState()
	for _, b := range stored {
		e, err := alert.DecodeEvent(b)
		if err != nil {
			return nil, err
		}
		if err := st.Apply(e); err != nil {
			return nil, err
		}
	}
	r := timed(len(stored), time.Since(began))
	r["events"] = len(stored)
	return r, nil
}
