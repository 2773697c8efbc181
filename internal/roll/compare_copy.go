package roll

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// verdict is what the comparison at start came to.
type verdict struct {
	Findings
	trust   *expectation // the log that this process's log goes on from; nil: there is none
	born    time.Time    // of the stream whose copy is believed
	foreign bool         // the copy is of a stream that was there before this one
	last    uint64       // highest sequence that the copy knows of
	suspect [alert.Buckets]bool
}

// compareCopy compares what the stream gives out, which the index was just built
// from, with the second copy. Most buckets are settled by their digests in the
// newest log of changes; the copy itself is read only for buckets that differ and
// for those that changed after the log's end, when a process died before it wrote
// the last changes down. Of these a later record in the stream is right.
func (c *Care) compareCopy(ctx context.Context, idx Index) (*verdict, error) {
	v := &verdict{Findings: Findings{At: time.Now()}}
	defer func() { v.Took = time.Since(v.At) }()
	born, err := c.conf.Ground.Born(ctx, alert.StreamRoll)
	if err != nil {
		return nil, err
	}
	e, odd, err := c.shelf.expect()
	if err != nil {
		return nil, err
	}
	v.Odd = odd
	var at uint64
	var table Table
	idx.Cut(func(seq uint64, t *Table) { at, table = seq, *t })
	v.People = table.People()
	if e == nil {
		return v, nil
	}
	v.Against, v.born, v.last = "the log of changes", e.head.Born, e.seq
	v.foreign = !e.head.Born.Equal(born)
	v.Shortened = at < e.seq && !v.foreign
	if e.bad == 0 && len(odd) == 0 && !v.foreign {
		v.trust = e
	}
	for n := range v.suspect {
		v.suspect[n] = v.trust == nil || table[n] != e.table[n]
	}
	return v, c.examine(ctx, idx, v)
}

// examineAtOnce is how many buckets of the second copy are held in memory at a
// time: 30 MB of a million people. Each time the copy is read from its beginning.
const examineAtOnce = alert.Buckets / 8

// examine compares the suspect buckets person by person.
func (c *Care) examine(ctx context.Context, idx Index, v *verdict) error {
	return c.eachRange(ctx, v, func(copy *recalled, lo, hi int) error {
		v.Against = copy.source
		for _, o := range copy.odd {
			v.odd(o)
		}
		for n := lo; n < hi; n++ {
			if !v.suspect[n] {
				continue
			}
			if err := v.judge(idx, copy, n); err != nil {
				return err
			}
		}
		for _, k := range copy.people { // who is left is not in the stream
			v.last = max(v.last, k.seq)
			if len(k.rec) > 0 {
				v.Hidden++
			}
		}
		return nil
	})
}

// eachRange calls fn with the second copy of the suspect buckets, range by range.
func (c *Care) eachRange(ctx context.Context, v *verdict, fn func(copy *recalled, lo, hi int) error) error {
	for lo := 0; lo < alert.Buckets; lo += examineAtOnce {
		hi, any := lo+examineAtOnce, false
		for n := lo; n < hi; n++ {
			any = any || v.suspect[n]
		}
		if !any {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		copy, err := c.shelf.recall(v.born, func(n int) bool { return lo <= n && n < hi && v.suspect[n] })
		if err != nil {
			return err
		}
		if err := fn(copy, lo, hi); err != nil {
			return err
		}
	}
	return nil
}

// judge compares one bucket, and takes out of the copy whom the stream has.
func (v *verdict) judge(idx Index, copy *recalled, n int) error {
	return idx.Records(n, func(id alert.RecipientID, seq uint64, rec Record) error {
		k, there := copy.people[id]
		delete(copy.people, id)
		v.last = max(v.last, k.seq)
		switch v.better(k, there, id, seq, rec) {
		case copyStale:
			v.Stale++
		case copyAltered:
			v.Altered++
		}
		if !there && v.trust != nil && copy.whole && seq <= v.trust.seq {
			v.Strange++
		}
		return nil
	})
}

// Why the copy's record is to be believed rather than the stream's.
type why int

const (
	streamRight why = iota
	copyStale       // the stream's is older
	copyAltered     // it is another one under the same sequence
)

// better decides between a record of the stream and what the copy knows. A stream
// that was made after the copy's is right about everybody it has: an erasure in
// it must not be undone by a copy of what was before.
func (v *verdict) better(k known, there bool, id alert.RecipientID, seq uint64, rec Record) why {
	switch {
	case !there || v.foreign || seq > k.seq:
		return streamRight
	case seq < k.seq:
		return copyStale
	case DigestOf(id, seq, AppendRecord(nil, rec)) != DigestOf(id, k.seq, k.rec):
		return copyAltered
	}
	return streamRight
}

func (f *Findings) odd(sentence string) {
	for _, o := range f.Odd {
		if o == sentence {
			return
		}
	}
	f.Odd = append(f.Odd, sentence)
}

// mendFromCopy writes the stream anew from what it still has and what the second
// copy knows better.
func (c *Care) mendFromCopy(ctx context.Context, idx Index, v *verdict) error {
	v.Source = v.Against
	c.log.Error("the roll's stream is damaged and is written anew from its second copy", "found", v.String())
	_, err := c.rebuild(ctx, rebuilding{
		Why: whyMend, Findings: &v.Findings, beyond: v.last,
		supply: func(yield func(id alert.RecipientID, seq uint64, rec Record) error) error {
			return c.merged(ctx, idx, v, yield)
		},
	})
	return err
}

// merged gives every person once, as whoever knows better has them.
func (c *Care) merged(ctx context.Context, idx Index, v *verdict, yield func(id alert.RecipientID, seq uint64, rec Record) error) error {
	for n := range v.suspect {
		if !v.suspect[n] {
			if err := idx.Records(n, yield); err != nil {
				return err
			}
		}
	}
	return c.eachRange(ctx, v, func(copy *recalled, lo, hi int) error {
		for n := lo; n < hi; n++ {
			if !v.suspect[n] {
				continue
			}
			err := idx.Records(n, func(id alert.RecipientID, seq uint64, rec Record) error {
				k, there := copy.people[id]
				if v.better(k, there, id, seq, rec) != streamRight {
					return nil
				}
				delete(copy.people, id)
				return yield(id, seq, rec)
			})
			if err != nil {
				return err
			}
		}
		return yieldKnown(copy, yield)
	})
}

// yieldKnown gives the people that only the copy knows, by bucket.
func yieldKnown(copy *recalled, yield func(id alert.RecipientID, seq uint64, rec Record) error) error {
	ids := slices.SortedFunc(maps.Keys(copy.people), func(a, b alert.RecipientID) int { return a.Bucket() - b.Bucket() })
	for _, id := range ids {
		k := copy.people[id]
		if len(k.rec) == 0 {
			continue
		}
		rec, err := ParseRecord(k.rec)
		if err != nil {
			return fmt.Errorf("subscription %s at %d in the second copy: %w", id, k.seq, err)
		}
		if err := yield(id, k.seq, rec.At(k.seq)); err != nil {
			return err
		}
	}
	return nil
}
