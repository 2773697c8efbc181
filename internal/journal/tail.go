package journal

import (
	"context"
	"errors"

	"mingluo/internal/alert"
)

// Tail calls fn for every event beyond the sequence after: first the history, then
// what is appended, in order, each once, until ctx ends, fn returns an error
// (returned as it is), or the book does not serve. stored holds the bytes that the
// chain hashes, for a mirror to keep. Only events that the book has checked and
// applied are passed on, so what fn hears is already in [Book.Read].
//
// fn is called without any lock held; one that is slow delays nobody else.
func (b *Book) Tail(ctx context.Context, after uint64, fn func(e alert.Event, stored []byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(b.store.root, cancel)
	defer stop()
	for {
		seq, err := b.Wait(ctx, after)
		if err != nil {
			return err
		}
		err = b.store.scanTo(ctx, alert.StreamJournal, "", after+1, seq, func(r alert.Record) error {
			e, err := alert.DecodeEvent(r.Data)
			if err != nil || r.Seq != after+1 {
				return errMissing // as it was: the book has decoded it once
			}
			after = r.Seq
			return fn(e, r.Data)
		})
		if err == nil && after < seq || errors.Is(err, errMissing) { // the store lost what the book had seen
			err = b.missing(ctx, after+1)
		}
		if err != nil {
			return err
		}
	}
}

// missing has a lost event brought back by the guard. Without one nothing is
// served any more.
func (b *Book) missing(ctx context.Context, seq uint64) error {
	if b.guard == nil {
		return b.fail(&BrokenError{Seq: seq, Why: errMissing})
	}
	return b.guard.mend(ctx, seq)
}
