package audience

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// reader turns the roll's records into people and people into members; every
// index is built on one.
type reader struct {
	keys     Opener
	places   *alert.Gazetteer
	log      *slog.Logger
	profiles *profiles
	damaged  atomic.Int64
}

func (rd *reader) init(keys Opener, places *alert.Gazetteer, log *slog.Logger) {
	rd.keys, rd.places, rd.log, rd.profiles = keys, places, log, newProfiles()
}

// apply puts one message of the roll into the bucket that it belongs to. What
// cannot be read is counted and passed over; the error is of a newer format.
func (rd *reader) apply(r alert.Record, of func(n int) *bucket) error {
	id, err := roll.ParseSubject(r.Subject)
	if err != nil {
		rd.damage(r, err)
		return nil
	}
	b := of(id.Bucket())
	if r.Deleted {
		b.remove(id)
		return nil
	}
	rec, err := roll.ParseRecord(r.Data)
	if errors.Is(err, roll.ErrFormat) {
		return fmt.Errorf("subscription %s at %d: %w", id, r.Seq, err)
	}
	if err != nil {
		rd.damage(r, err)
		return nil
	}
	rec = rec.At(r.Seq)
	p, err := rd.person(rec)
	if err != nil {
		rd.damage(r, err)
		return nil
	}
	b.set(id, p, rec.Sealed)
	return nil
}

// person is what a bucket keeps of a record whose sequences are resolved.
func (rd *reader) person(rec roll.Record) (person, error) {
	n, err := rd.profiles.number(rec.Profile)
	p := person{joined: rec.JoinSeq, profile: n}
	if rec.State != roll.Active {
		p.left = rec.LeaveSeq
	}
	return p, err
}

func (rd *reader) damage(r alert.Record, err error) {
	const most = 20 // lines of log; the count goes on
	if rd.damaged.Add(1) <= most {
		rd.log.Error("a subscription cannot be read and is left out", "subject", r.Subject, "seq", r.Seq, "err", err)
	}
}

// Damaged returns how many records could not be read.
func (rd *reader) Damaged() int { return int(rd.damaged.Load()) }
