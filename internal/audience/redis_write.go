package audience

import (
	"context"
	"sync"

	"mingluo/internal/alert"
	"mingluo/internal/shared"
)

// flush writes messages, each bucket in one step.
func (a *applier) flush(ctx context.Context, batch []item) error {
	type group struct {
		seq     uint64
		records []shared.Record
	}
	groups := map[int]*group{}
	newest := make(map[alert.RecipientID]uint64, len(batch))
	for _, it := range batch {
		newest[it.id] = max(newest[it.id], it.seq)
	}
	var numbers []int
	for _, it := range batch {
		if it.bucket < 0 || it.seq <= a.heads[it.bucket].Seq {
			continue
		}
		g := groups[it.bucket]
		if g == nil {
			g = &group{}
			groups[it.bucket] = g
			numbers = append(numbers, it.bucket)
		}
		g.seq = max(g.seq, it.seq)
		if !it.damaged && newest[it.id] == it.seq {
			g.records = append(g.records, shared.Record{ID: shared.ID(it.id), Value: it.value})
		}
	}
	err := a.each(numbers, func(n int) error { return a.write(ctx, n, groups[n].seq, groups[n].records) })
	a.r.metrics.applied.Add(float64(len(batch)))
	return err
}

// write takes a bucket to a sequence.
func (a *applier) write(ctx context.Context, n int, seq uint64, records []shared.Record) error {
	to := shared.Head{Edition: a.r.conf.Edition, Seq: seq}
	if err := a.r.conf.Buckets.WriteBucket(ctx, n, shared.Change{After: a.heads[n], To: to, Records: records}); err != nil {
		return err
	}
	a.heads[n] = to
	return nil
}

// each calls fn for each bucket, several at a time, and returns the first error;
// after it no more are begun. No bucket is in the list twice.
func (a *applier) each(numbers []int, fn func(n int) error) error {
	next := make(chan int)
	failed := make(chan error, applyWriters)
	var writers sync.WaitGroup
	for range min(applyWriters, len(numbers)) {
		writers.Go(func() {
			for n := range next {
				if err := fn(n); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for _, n := range numbers {
		select {
		case next <- n:
			continue
		case err = <-failed:
		}
		break
	}
	close(next)
	writers.Wait()
	if err == nil && len(failed) > 0 {
		err = <-failed
	}
	return err
}
