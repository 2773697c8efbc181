package roll

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"mingluo/internal/alert"
)

const (
	// firstCompare is how long after its start a process reads the stream for the
	// first time; at the start itself the digests told.
	firstCompare = time.Minute
	// doubtRest is how long doubts are collected before the roll is compared.
	doubtRest = 10 * time.Second
	// retrySnapshot is how long a snapshot that failed is left alone.
	retrySnapshot = 5 * time.Minute
)

// Run keeps the second copy up to date, compares every hour, takes snapshots, and
// forgets the addresses of those who left when their time has come, until ctx
// ends.
func (c *Care) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { c.keepLog(ctx) })
	all.Go(func() { c.compareHourly(ctx) })
	all.Go(func() { c.snapshotDaily(ctx) })
	all.Go(func() { c.forgetHourly(ctx) })
	all.Wait()
	return nil
}

// keepLog writes what the index hears as soon as the disk has taken what came
// before: a death loses the last few milliseconds, which the stream still has.
func (c *Care) keepLog(ctx context.Context) {
	for {
		select {
		case <-c.heard.waiting:
		case <-ctx.Done():
			return
		}
		err := c.flush()
		c.tell(func(s *Status) { s.LogErr = err })
		if err != nil {
			c.log.Error("the roll's changes could not be written to its log; a snapshot begins a new one", "err", err)
			if !pause(ctx, time.Second) {
				return
			}
		}
	}
}

func (c *Care) compareHourly(ctx context.Context) {
	next := time.NewTimer(min(firstCompare, c.conf.Check))
	defer next.Stop()
	for {
		select {
		case <-next.C:
			c.conf.Quiet(ctx)
		case <-c.doubts:
			if !pause(ctx, doubtRest) {
				return
			}
		case <-ctx.Done():
			return
		}
		if _, err := c.Compare(ctx); err != nil && ctx.Err() == nil {
			c.m.failed.Inc()
			c.tell(func(s *Status) { s.LastErr = err })
			c.log.Error("the roll could not be compared", "err", err)
		}
		next.Reset(c.conf.Check)
	}
}

func (c *Care) snapshotDaily(ctx context.Context) {
	due := time.NewTimer(c.untilSnapshot())
	defer due.Stop()
	for {
		select {
		case <-due.C:
			c.conf.Quiet(ctx)
		case <-c.wanted:
		case <-ctx.Done():
			return
		}
		if _, _, err := c.Snapshot(ctx); err != nil && ctx.Err() == nil {
			c.tell(func(s *Status) { s.SnapshotErr = err })
			c.log.Error("no snapshot of the roll could be written", "err", err)
			due.Reset(retrySnapshot)
			continue
		}
		due.Reset(c.conf.Every)
	}
}

// untilSnapshot is when the next snapshot is due.
func (c *Care) untilSnapshot() time.Duration {
	if s := c.Status().Snapshot; s != nil {
		return max(c.conf.Every-time.Since(s.Made), 0)
	}
	return 0
}

// forgetHourly drops the addresses that were kept for a retraction only, and
// counts whose bytes wait for a rewrite.
func (c *Care) forgetHourly(ctx context.Context) {
	for every := time.NewTimer(0); ; every.Reset(time.Hour) {
		select {
		case <-every.C:
		case <-ctx.Done():
			every.Stop()
			return
		}
		if n, err := c.Forget(ctx, time.Now()); err != nil && ctx.Err() == nil {
			c.log.Error("addresses of those who left could not be dropped", "err", err)
		} else if n > 0 {
			c.log.Info("addresses of those who left were dropped", "people", n)
		}
	}
}

// Forget drops the addresses of those who left and whose time has come: the last
// notice that they may have been sent has ended, and so has the time in which
// receipts come late. Who is due is known from the index.
func (c *Care) Forget(ctx context.Context, now time.Time) (int, error) {
	var due []alert.RecipientID
	waiting, oldest := 0, time.Time{}
	since := uint64(0)
	if c.conf.Known != nil {
		since = c.conf.Known().RewrittenSeq
	}
	for n := range alert.Buckets {
		err := c.idx.Records(n, func(id alert.RecipientID, seq uint64, rec Record) error {
			switch {
			case rec.State == Active:
			case len(rec.Sealed) == 0 && seq > since && rec.LeaveSeq > rec.JoinSeq: // a mark of somebody who was here
				if waiting++; oldest.IsZero() || rec.LeftAt.Before(oldest) {
					oldest = rec.LeftAt
				}
			case rec.forgettable(now):
				due = append(due, id)
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	c.m.waiting.Set(float64(waiting))
	c.tell(func(s *Status) { s.Waiting, s.Oldest = waiting, oldest })
	return c.conf.Roll.forget(ctx, now, due)
}

// newest finds the newest snapshot on the shelf, by its head alone.
func (c *Care) newest() error {
	snaps, err := c.shelf.snapshots()
	if err != nil || len(snaps) == 0 {
		return err
	}
	path := snaps[len(snaps)-1]
	h, err := c.shelf.headOf(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		c.log.Warn("the newest snapshot of the roll cannot be read", "file", path, "err", err)
		return nil
	}
	c.tell(func(s *Status) { s.Snapshot = &SnapshotInfo{Seq: h.Seq, Born: h.Born, Made: h.Made, Keys: h.Keys} })
	return nil
}
