package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// retryFile is how long a mirror or a further head that could not be written is
// left alone.
const retryFile = 5 * time.Second

// Run keeps the mirrors and the further heads up to date and compares all copies
// every hour, until ctx ends.
//
// This folder's head is written before an act is acknowledged ([Book.Do]): then a
// journal that lost its newest events is recognised whatever happened, and it
// costs one sync of 0.2 to 0.4 ms. The mirrors and the further heads follow right
// behind, each in its own time: they may lie on another machine, and a mount that
// hangs must not hold up a warning.
func (g *Guard) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, m := range g.mirrors {
		all.Go(func() { g.keepMirror(ctx, m) })
	}
	for _, h := range g.heads {
		all.Go(func() { g.keepHead(ctx, h) })
	}
	all.Go(func() { g.scrubHourly(ctx) })
	all.Wait()
	return g.closeFiles()
}

// keepHead writes one head whenever there are new events; of many at once only the
// last. This folder's own is written by the acts themselves, but others act too.
func (g *Guard) keepHead(ctx context.Context, h *headFile) {
	for down := false; ctx.Err() == nil; {
		seq, err := g.book.Wait(ctx, h.said().Seq)
		if err != nil {
			return // the end, or nothing is served any more
		}
		if err := h.reach(seq, g.stands); err != nil {
			g.unwritten(err, &down)
			_ = pause(ctx, retryFile)
			continue
		}
		g.writtenAgain(h.path, &down)
	}
}

// keepMirror appends what the book has to one mirror.
func (g *Guard) keepMirror(ctx context.Context, m *mirror) {
	for down := false; ctx.Err() == nil; {
		err := m.unusable()
		if err == nil {
			err = g.copyTo(ctx, m, &down)
		}
		switch {
		case ctx.Err() != nil || g.book.Err() != nil:
			return
		case errors.Is(err, errUnchained):
			err = g.mend(ctx, 0)
		}
		if err == nil {
			continue
		}
		g.unwritten(err, &down)
		_ = pause(ctx, retryFile)
		m.leave(g.reopen(ctx, m))
	}
}

// copyTo follows the book.
func (g *Guard) copyTo(ctx context.Context, m *mirror, down *bool) error {
	held, _ := m.held()
	return g.book.Tail(ctx, held.seq, func(e alert.Event, stored []byte) error {
		if err := m.append(stored); err != nil {
			return err
		}
		if e.Seq < g.book.Seq() && e.Seq%mirrorSync != 0 {
			return nil // more comes at once
		}
		err := m.sync()
		if err == nil {
			g.writtenAgain(m.path, down)
		}
		return err
	})
}

// mirrorSync is after how many events a mirror that catches up is synced.
const mirrorSync = 500

// reopen takes a mirror up again that could not be written, or was not there: what
// it holds is compared with the stream first. One that holds something else is
// left alone; the next start has to find out which is right.
func (g *Guard) reopen(ctx context.Context, m *mirror) error {
	m.close() // whatever came of it
	if err := m.open(); err != nil {
		return err
	}
	c, err := m.check(false)
	if err != nil {
		return err
	}
	defer c.close()
	last := g.book.Seq()
	err = g.store.scanTo(ctx, alert.StreamJournal, "", 1, last, func(r alert.Record) error {
		c.next(&entry{seq: r.Seq, hash: digestOf(r.Data), subject: r.Subject}, r.Data)
		return nil
	})
	if c.finish(last); err == nil && c.why != "" {
		err = fmt.Errorf("mirror %s is left alone: %s", m.path, c.why)
	}
	if err != nil {
		return err
	}
	return m.settle(c.held, c.size)
}

func (g *Guard) unwritten(err error, down *bool) {
	g.m.mirrorWrong.Inc()
	if !*down {
		g.log.Error("a copy of the journal cannot be written; warnings go on, and it is tried again", "err", err)
	}
	*down = true
}

func (g *Guard) writtenAgain(path string, down *bool) {
	if *down {
		g.log.Info("a copy of the journal is written again", "path", path)
	}
	*down = false
}

// scrubHourly compares all copies at every interval.
func (g *Guard) scrubHourly(ctx context.Context) {
	tick := time.NewTicker(g.conf.Scrub)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := g.Scrub(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, errClosed) {
			g.log.Error("the journal could not be compared with its copies", "err", err)
		}
	}
}
