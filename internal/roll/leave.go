package roll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Leave ends a subscription at an instant. The sealed address stays until
// keepUntil, so that a retraction of what was sent before still arrives: the
// caller sets it to the end of the last notice sent to the person, and as long
// again as receipts may come late. An instant not after at drops it at once.
//
// An address that never subscribed is marked too: whoever answers 退订 does not
// want to be imported later. So Leave must only be called for somebody who has
// shown that the address is theirs. Leaving twice changes nothing.
func (r *Roll) Leave(ctx context.Context, channel, address string, at, keepUntil time.Time) error {
	id, err := r.ID(channel, address)
	if err != nil {
		return err
	}
	_, err = r.change(ctx, id, func(old Record, found bool) (Record, bool) {
		switch {
		case !found:
			return mark(Left, channel, Record{}, at), true
		case old.State != Active:
			return old, false
		case !keepUntil.After(at):
			return mark(Left, channel, old, at), true
		}
		old.State, old.LeaveSeq, old.LeftAt, old.KeepUntil = Left, 0, at, keepUntil
		return old, true
	})
	if err != nil {
		return fmt.Errorf("leave %s: %w", id, err)
	}
	return nil
}

// Erase drops everything about a person at once but the mark that keeps
// imports from bringing them back. A notice already sent to them cannot be
// retracted any more. It is right for unknown addresses too, see [Roll.Leave].
func (r *Roll) Erase(ctx context.Context, channel, address string, at time.Time) error {
	id, err := r.ID(channel, address)
	if err != nil {
		return err
	}
	_, err = r.change(ctx, id, func(old Record, _ bool) (Record, bool) {
		return mark(Erased, channel, old, at), old.State != Erased
	})
	if err != nil {
		return fmt.Errorf("erase %s: %w", id, err)
	}
	return nil
}

// mark is what stays of a person: the channel, that they left or were erased,
// and when. If they had left before, that instant stands.
func mark(state State, channel string, old Record, at time.Time) Record {
	rec := Record{State: state, LeftAt: at, Profile: AppendProfile(nil, Profile{Channel: channel})}
	if old.State != Active {
		rec.LeaveSeq, rec.LeftAt = old.LeaveSeq, old.LeftAt
	}
	if state == Left {
		rec.JoinSeq, rec.Joined = old.JoinSeq, old.Joined
	} else {
		rec.JoinSeq = old.JoinSeq
	}
	return rec
}

// Forget drops the addresses of those who left and whose KeepUntil has passed,
// and returns how many. It may be run as often as wanted, by any process.
func (r *Roll) Forget(ctx context.Context, now time.Time) (int, error) {
	var due []alert.RecipientID
	_, err := r.scan(ctx, func(id alert.RecipientID, _ uint64, rec Record) error {
		if rec.forgettable(now) {
			due = append(due, id)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("forget those who left: %w", err)
	}
	return r.forget(ctx, now, due)
}

// forgettable reports whether an address is kept of somebody who left, and need
// not be kept any longer.
func (r *Record) forgettable(now time.Time) bool {
	return r.State == Left && len(r.Sealed) > 0 && !r.KeepUntil.After(now)
}

// forget drops the addresses of these people where they need not be kept.
func (r *Roll) forget(ctx context.Context, now time.Time, ids []alert.RecipientID) (int, error) {
	forgotten := 0
	for some := range slices.Chunk(ids, batchSize) {
		puts, err := r.forgetting(ctx, now, some)
		if err == nil && len(puts) > 0 {
			var done int
			done, err = r.putEach(ctx, puts)
			forgotten += done
		}
		if err != nil {
			return forgotten, fmt.Errorf("forget those who left: %w", err)
		}
	}
	return forgotten, nil
}

func (r *Roll) forgetting(ctx context.Context, now time.Time, ids []alert.RecipientID) ([]alert.Put, error) {
	subjects := make([]string, len(ids))
	for i, id := range ids {
		subjects[i] = Subject(id)
	}
	there, err := r.store.Newest(ctx, subjects)
	if err != nil {
		return nil, err
	}
	var puts []alert.Put
	for i, id := range ids {
		rec, seq, err := read(id, there[subjects[i]])
		if errors.Is(err, alert.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !rec.forgettable(now) {
			continue
		}
		p, err := ParseProfile(rec.Profile)
		if err != nil {
			return nil, err
		}
		gone := AppendRecord(nil, mark(Left, p.Channel, rec, rec.LeftAt))
		puts = append(puts, alert.Put{Subject: subjects[i], Data: gone, ExpectSubject: &seq})
	}
	return puts, nil
}

// putEach stores a batch; if one of it was overtaken, it stores them one by
// one and leaves out those that were.
func (r *Roll) putEach(ctx context.Context, puts []alert.Put) (int, error) {
	if _, err := r.store.PutBatch(ctx, puts); !stale(err) {
		if err != nil {
			return 0, err
		}
		return len(puts), nil
	}
	done := 0
	for _, p := range puts {
		if _, err := r.store.Put(ctx, p); err == nil {
			done++
		} else if !errors.Is(err, alert.ErrStale) && !errors.Is(err, alert.ErrTaken) {
			return done, err
		}
	}
	return done, nil
}
