package audience

import (
	"context"
	"errors"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
	"mingluo/internal/shared"
)

// replica is a bucket as Redis has it: everything up to seq.
type replica struct {
	bucket *bucket
	seq    uint64
}

// copies returns what Redis has of these buckets. What it does not have, or not
// of this roll, or not readable, is missing; so is everything when it is not well.
func (r *Redis) copies(ctx context.Context, numbers []int) map[int]replica {
	if len(numbers) == 0 || !r.mayAsk() {
		return nil
	}
	found := make(map[int]replica, len(numbers))
	asking, cancel := context.WithTimeout(ctx, redisWait)
	defer cancel()
	err := r.conf.Buckets.ReadBuckets(asking, numbers, func(n int, b shared.Bucket) error {
		if b.Edition != r.conf.Edition {
			return nil
		}
		bucket, err := r.bucketFrom(n, b.Records)
		if err != nil {
			r.condemn(asking, n, b.Head, err)
			return nil
		}
		found[n] = replica{bucket: bucket, seq: b.Seq}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		r.metrics.failed.Inc()
		if r.rest.Swap(time.Now().Add(redisRest).UnixNano()) == 0 {
			r.log.Warn("the audience index in Redis does not answer; slices are read from the roll", "err", err)
		}
		return found // what came is good
	}
	if err == nil && r.rest.Swap(0) != 0 {
		r.log.Info("the audience index in Redis answers again")
	}
	return found
}

// condemned is the edition of a bucket that is to be written anew.
const condemned = "condemned"

// condemn throws a bucket away that holds what cannot be read, so that it is
// built anew. One that a newer program wrote is left to it.
func (r *Redis) condemn(ctx context.Context, n int, is shared.Head, why error) {
	r.metrics.odd.Inc()
	r.log.Error("a bucket in Redis is not believed; the roll is read instead", "bucket", n, "err", why)
	if errors.Is(why, roll.ErrFormat) {
		return
	}
	if err := r.conf.Buckets.WriteBucket(ctx, n, shared.Change{After: is, To: shared.Head{Edition: condemned}}); err != nil {
		r.log.Warn("it could not be thrown away", "bucket", n, "err", err)
	}
}

// mayAsk reports whether Redis is to be asked. After an error one slice a second
// tries; the others do not wait for what is frozen.
func (r *Redis) mayAsk() bool {
	until := r.rest.Load()
	if until == 0 {
		return true
	}
	now := time.Now()
	return now.UnixNano() >= until && r.rest.CompareAndSwap(until, now.Add(redisRest).UnixNano())
}

// mend adds to a copy what came after it.
func (r *Redis) mend(ctx context.Context, n int, c replica) (*bucket, error) {
	_, err := r.conf.Stream.Scan(ctx, alert.StreamRoll, roll.BucketFilter(n), c.seq+1, func(rec alert.Record) error {
		return r.applyTo(c.bucket, n, rec)
	})
	return c.bucket, err
}

// read reads some of the buckets from the roll. The quick way may be answered by
// a replica that is behind; where that shows, the sure way is taken.
func (r *Redis) read(ctx context.Context, some, numbers []int, last []uint64, buckets []*bucket) error {
	var filters []string
	for _, i := range some {
		filters = append(filters, roll.BucketFilter(numbers[i]))
	}
	newest, err := r.conf.Stream.Under(ctx, filters)
	if err != nil {
		return err
	}
	found := make(map[int]*replica, len(some))
	for _, i := range some {
		found[numbers[i]] = &replica{bucket: &bucket{}}
	}
	for _, rec := range newest {
		n, _ := bucketOf(rec.Subject)
		c := found[n]
		if c == nil {
			continue
		}
		c.seq = max(c.seq, rec.Seq)
		if err := r.applyTo(c.bucket, n, rec); err != nil {
			return err
		}
	}
	for _, i := range some {
		n := numbers[i]
		if c := found[n]; c.seq >= last[i] {
			buckets[i] = c.bucket
		} else if buckets[i], err = r.mend(ctx, n, replica{bucket: &bucket{}}); err != nil {
			return err
		}
	}
	return nil
}

// applyTo puts a message into a bucket. What belongs elsewhere is damaged and
// comes to nothing.
func (r *Redis) applyTo(b *bucket, n int, rec alert.Record) error {
	return r.apply(rec, func(id int) *bucket {
		if id != n {
			return &bucket{}
		}
		return b
	})
}
