package roll

import (
	"context"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// Compare reads the whole stream and compares it with the index, while people
// join and leave. Where the stream lost something it is written anew from the
// index, if no other process can write to it meanwhile; else that stays for a
// person to do, and the alarm up.
func (c *Care) Compare(ctx context.Context) (Findings, error) {
	c.work.Lock()
	defer c.work.Unlock()
	f, err := c.compareStream(ctx)
	if err != nil {
		return f, fmt.Errorf("compare the roll with its index: %w", err)
	}
	if f.Damaged() && c.alone() {
		c.log.Error("the roll's stream is damaged and is written anew from the index", "found", f.String())
		f.Source = "the index"
		if _, err = c.anewLocked(ctx, func(beyond uint64) rebuilding {
			return rebuilding{Why: whyMend, Findings: &f, beyond: beyond, supply: c.everybody}
		}); err == nil {
			f.Mended = true
		}
	}
	if err == nil {
		c.found(f)
	}
	return f, err
}

// looks bounds how often buckets that changed while they were compared are
// compared again.
const looks = 4

func (c *Care) compareStream(ctx context.Context) (f Findings, err error) {
	f = Findings{At: time.Now(), Against: "the index"}
	defer func() { f.Took = time.Since(f.At) }()
	open := map[int]bool{} // buckets that are not settled
	for n := range alert.Buckets {
		open[n] = true
	}
	missing, err := c.firstLook(ctx, &f, open)
	// Those that follow look at every person of the few buckets that differ or
	// changed meanwhile.
	for look := 1; err == nil && look < looks && len(open) > 0; look++ {
		_, err = c.look(ctx, &f, open, true)
	}
	f.Unsettled = len(open)
	f.Unread = max(missing-f.Hidden, 0)
	return f, err
}

// firstLook adds up, and counts the messages that the stream believes to have and
// does not give out: people whom it hides, or damaged messages of people who have
// newer ones. Of the latter nothing is lost, but whatever is written for such a
// person is stored without an answer.
func (c *Care) firstLook(ctx context.Context, f *Findings, open map[int]bool) (missing int, err error) {
	before, last, err := c.conf.Ground.Held(ctx, alert.StreamRoll)
	if err != nil {
		return 0, err
	}
	came, err := c.look(ctx, f, open, false)
	if err != nil {
		return 0, err
	}
	held, now, err := c.conf.Ground.Held(ctx, alert.StreamRoll)
	if err == nil && now == last && held == before && held > came {
		missing = int(held - came)
	}
	return missing, err
}

// look compares the open buckets and closes those that are settled.
func (c *Care) look(ctx context.Context, f *Findings, open map[int]bool, closely bool) (came uint64, err error) {
	if _, err := c.reach(ctx); err != nil {
		return 0, err
	}
	var begin uint64
	var before Table
	c.idx.Cut(func(seq uint64, t *Table) { begin, before = seq, *t })
	f.People = before.People()
	people := map[alert.RecipientID]heldRecord{}
	var see func(id alert.RecipientID, seq uint64, rec Record, r alert.Record)
	if closely {
		see = func(id alert.RecipientID, seq uint64, rec Record, r alert.Record) {
			if open[id.Bucket()] {
				r.Data = append([]byte(nil), r.Data...)
				people[id] = heldRecord{DigestOf(id, seq, AppendRecord(nil, rec)), r}
			}
		}
	}
	have, came, _, err := c.readStream(ctx, see)
	if err != nil {
		return came, err
	}
	for n := range open {
		switch {
		case c.idx.Changed(n) > begin: // again
		case have[n] == before[n]:
			delete(open, n)
		case closely:
			if err := c.lookAt(ctx, f, n, people); err != nil {
				return came, err
			}
			delete(open, n)
		}
	}
	return came, nil
}

// heldRecord is what the stream gives out for one person.
type heldRecord struct {
	digest Digest
	alert.Record
}

// lookAt compares one bucket that did not change meanwhile. What the stream has
// and the index has not goes into the index.
func (c *Care) lookAt(ctx context.Context, f *Findings, n int, people map[alert.RecipientID]heldRecord) error {
	err := c.idx.Records(n, func(id alert.RecipientID, seq uint64, rec Record) error {
		s, there := people[id]
		switch {
		case !there:
			f.Hidden++
		case s.Seq < seq:
			f.Stale++
		case s.Seq == seq && s.digest != DigestOf(id, seq, AppendRecord(nil, rec)):
			f.Altered++
		case s.Seq > seq:
			return nil // the index lacks it
		}
		delete(people, id)
		return nil
	})
	if err != nil {
		return err
	}
	for id, s := range people {
		if id.Bucket() != n {
			continue
		}
		if err := c.idx.Correct(ctx, s.Record); err != nil {
			return err
		}
		f.Corrected++
	}
	return nil
}
