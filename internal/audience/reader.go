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

// found is what a message says of a person.
type found struct {
	person
	rec roll.Record // its sequences resolved; parts of it alias the message
}

// read takes a message of the roll apart. What cannot be read is counted and
// passed over (ok is false); the error is of a newer format.
func (rd *reader) read(r alert.Record) (id alert.RecipientID, f found, ok bool, err error) {
	if id, err = roll.ParseSubject(r.Subject); err != nil {
		rd.damage(r, err)
		return id, f, false, nil
	}
	if r.Deleted {
		return id, f, true, nil
	}
	rec, err := roll.ParseRecord(r.Data)
	if errors.Is(err, roll.ErrFormat) {
		return id, f, false, fmt.Errorf("subscription %s at %d: %w", id, r.Seq, err)
	}
	if err == nil {
		f, err = rd.found(r.Seq, rec.At(r.Seq))
	}
	if err != nil {
		rd.damage(r, err)
		return id, f, false, nil
	}
	return id, f, true, nil
}

// apply puts one message of the roll into the bucket that it belongs to.
func (rd *reader) apply(r alert.Record, of func(n int) *bucket) error {
	id, f, ok, err := rd.read(r)
	if err != nil || !ok {
		return err
	}
	if b := of(id.Bucket()); r.Deleted {
		b.remove(id)
	} else {
		b.set(id, f)
	}
	return nil
}

// found is what a bucket keeps of a record whose sequences are resolved.
func (rd *reader) found(seq uint64, rec roll.Record) (found, error) {
	n, err := rd.profiles.number(rec.Profile)
	p := person{seq: seq, joined: rec.JoinSeq, profile: n, state: rec.State}
	if rec.State != roll.Active {
		p.left = rec.LeaveSeq
	}
	return found{p, rec}, err
}

func (rd *reader) damage(r alert.Record, err error) {
	const most = 20 // lines of log; the count goes on
	if rd.damaged.Add(1) <= most {
		rd.log.Error("a subscription cannot be read and is left out", "subject", r.Subject, "seq", r.Seq, "err", err)
	}
}

// Damaged returns how many records could not be read.
func (rd *reader) Damaged() int { return int(rd.damaged.Load()) }
