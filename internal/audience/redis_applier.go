package audience

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
	"mingluo/internal/shared"
)

const (
	// lookEvery is how often it is checked that Redis still holds what was
	// written, in some 10 ms. A flush is noticed no later.
	lookEvery = time.Second
	// applyWaiting bounds the messages that wait to be written, some 200 bytes each.
	// A rebuild writes them many to a bucket, which is what makes it fast.
	applyWaiting = 1 << 16
	// applyWriters is how many buckets are written at a time.
	applyWriters = 8
	// fewBehind is up to how many buckets are read one by one; more are caught up
	// by one walk through the roll.
	fewBehind = 64
	// firstWait and lastWait are the pauses before it is tried again.
	firstWait = 200 * time.Millisecond
	lastWait  = 2 * time.Second
)

// Run keeps Redis current until ctx ends. Any number of processes may call it:
// one at a time does it. Whatever happens to Redis, it begins anew from what
// Redis holds then. The error is of a roll that a newer program wrote.
func (r *Redis) Run(ctx context.Context) error {
	for wait := time.Duration(0); ; {
		began := time.Now()
		err := shared.Hold(ctx, r.conf.Leases, "audience", r.conf.Lease, func(ctx context.Context, _ uint64) error {
			return r.keepCurrent(ctx)
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, roll.ErrFormat):
			return fmt.Errorf("keep the audience index in Redis current: %w", err)
		case errors.Is(err, shared.ErrMoved) && time.Since(began) > time.Second:
			wait = 0 // it forgot or went back, and is there: at once
		default:
			wait = min(max(2*wait, firstWait), lastWait)
		}
		level := slog.LevelWarn
		if wait > firstWait {
			level = slog.LevelDebug // said already
		}
		r.log.Log(ctx, level, "keeping the audience index in Redis current begins anew", "after", wait, "err", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// applier is one turn of keeping Redis current.
type applier struct {
	r     *Redis
	heads []shared.Head // what Redis holds, as far as we know
	items chan item
}

// item is one message on its way to Redis.
type item struct {
	id      alert.RecipientID
	bucket  int
	seq     uint64
	value   []byte // nil: remove the person
	damaged bool   // write nothing, but go on to its sequence
}

// keepCurrent brings Redis to where the roll is and keeps it there until
// something is not as it should be.
func (r *Redis) keepCurrent(ctx context.Context) error {
	r.metrics.begun.Inc()
	heads, err := r.conf.Buckets.Heads(ctx, alert.Buckets)
	if err != nil {
		return err
	}
	last, now, err := r.lasts.of(ctx, allBuckets())
	if err != nil {
		return err
	}
	a := &applier{r: r, heads: heads, items: make(chan item, applyWaiting)}
	if err := a.dropOthers(ctx); err != nil {
		return err
	}
	behind := a.behind(last)
	r.metrics.behind.Set(float64(len(behind)))
	from := now + 1
	if len(behind) > fewBehind {
		for _, n := range behind {
			from = min(from, a.heads[n].Seq+1)
		}
		r.log.Info("the audience index in Redis is being built", "behind", len(behind), "from", from, "to", now)
	} else if err := a.catchUp(ctx, behind, last); err != nil {
		return err
	}
	return a.follow(ctx, from)
}

func allBuckets() []int {
	numbers := make([]int, alert.Buckets)
	for n := range numbers {
		numbers[n] = n
	}
	return numbers
}

// dropOthers empties the buckets of other editions.
func (a *applier) dropOthers(ctx context.Context) error {
	var others []int
	for n, h := range a.heads {
		if h.Edition != "" && h.Edition != a.r.conf.Edition {
			others = append(others, n)
		}
	}
	return a.each(others, func(n int) error { return a.write(ctx, n, 0, nil) })
}

// behind returns the buckets that Redis does not hold as far as the roll has
// come. One that is ahead of the roll holds what the stream has lost: it stays.
func (a *applier) behind(last []uint64) []int {
	var numbers []int
	for n, h := range a.heads {
		if h.Seq < last[n] {
			numbers = append(numbers, n)
		} else if h.Seq > last[n] {
			a.r.log.Error("the audience index holds a later change than the roll: the stream may have lost a message", "bucket", n, "index", h.Seq, "roll", last[n])
		}
	}
	return numbers
}

// catchUp brings a few buckets to their last sequences. It must not leave one
// short of them: what follows begins later, and would be written over the gap.
func (a *applier) catchUp(ctx context.Context, numbers []int, last []uint64) error {
	for some := range slices.Chunk(numbers, 8) {
		var filters []string
		for _, n := range some {
			filters = append(filters, roll.BucketFilter(n))
		}
		newest, err := a.r.conf.Stream.Under(ctx, filters)
		if err != nil {
			return err
		}
		if err := a.flushRecords(ctx, maps.Values(newest)); err != nil {
			return err
		}
		for _, n := range some {
			if err := a.scanTo(ctx, n, last[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanTo reads the rest of a bucket the sure way, when the quick one was answered
// by a replica that is behind.
func (a *applier) scanTo(ctx context.Context, n int, last uint64) error {
	if a.heads[n].Seq >= last {
		return nil
	}
	var rest []alert.Record
	_, err := a.r.conf.Stream.Scan(ctx, alert.StreamRoll, roll.BucketFilter(n), a.heads[n].Seq+1, func(rec alert.Record) error {
		rec.Data = slices.Clone(rec.Data)
		rest = append(rest, rec)
		return nil
	})
	if err == nil {
		err = a.flushRecords(ctx, slices.Values(rest))
	}
	if err == nil && a.heads[n].Seq < last {
		a.r.log.Error("the roll does not give out the newest message of a bucket", "bucket", n, "seq", last)
		err = a.write(ctx, n, last, nil) // there is no more to be had
	}
	return err
}

func (a *applier) flushRecords(ctx context.Context, records iter.Seq[alert.Record]) error {
	var batch []item
	for rec := range records {
		it, err := a.item(rec)
		if err != nil {
			return err
		}
		batch = append(batch, it)
	}
	return a.flush(ctx, batch)
}

// item makes a message ready. The error is of a newer format; what is damaged
// is left out, as it is by the index in memory.
func (a *applier) item(rec alert.Record) (item, error) {
	it := item{seq: rec.Seq}
	var ok bool
	if it.bucket, ok = bucketOf(rec.Subject); !ok {
		it.bucket = -1
		return it, nil
	}
	id, err := roll.ParseSubject(rec.Subject)
	if err == nil {
		it.id = id
		it.value, err = valueOf(rec)
	}
	if errors.Is(err, roll.ErrFormat) {
		return it, fmt.Errorf("%s at %d: %w", rec.Subject, rec.Seq, err)
	}
	if err != nil {
		a.r.damage(rec, err)
		it.damaged = true
	}
	return it, nil
}

// follow passes the roll on to Redis until ctx ends or one of the two ends is
// not as it should be.
func (a *applier) follow(ctx context.Context, from uint64) error {
	ctx, stop := context.WithCancelCause(ctx)
	var reading sync.WaitGroup
	reading.Go(func() {
		stop(a.r.conf.Stream.Follow(ctx, alert.StreamRoll, roll.Filter, from, func(rec alert.Record) error {
			it, err := a.item(rec)
			if err != nil {
				return err
			}
			select {
			case a.items <- it:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
	})
	err := a.drain(ctx)
	stop(err)
	reading.Wait()
	return context.Cause(ctx)
}

// drain writes what has come, as much at a time as there is, and looks after
// what was written before.
func (a *applier) drain(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var batch []item
	for {
		select {
		case it := <-a.items:
			batch = append(batch[:0], it)
		case <-look.C:
			if err := a.look(ctx); err != nil {
				return err
			}
			continue
		case <-ctx.Done():
			return ctx.Err()
		}
		for more := true; more && len(batch) < applyWaiting; {
			select {
			case it := <-a.items:
				batch = append(batch, it)
			default:
				more = false
			}
		}
		if err := a.flush(ctx, batch); err != nil {
			return err
		}
		clear(batch)
	}
}

// look compares what Redis holds with what was written.
func (a *applier) look(ctx context.Context) error {
	heads, err := a.r.conf.Buckets.Heads(ctx, alert.Buckets)
	if err != nil {
		return err
	}
	for n, h := range heads {
		if h != a.heads[n] {
			return fmt.Errorf("bucket %d holds %d of %q, %d was written: %w", n, h.Seq, h.Edition, a.heads[n].Seq, shared.ErrMoved)
		}
	}
	return nil
}
