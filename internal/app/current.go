package app

import (
	"context"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

const (
	// stale is how old the knowledge may be that all is known that others recorded,
	// while anything is sent. It lets two questions get lost, and keeps a stop within
	// its two seconds.
	stale     = 1500 * time.Millisecond
	askEvery  = 500 * time.Millisecond
	lookEvery = 5 * time.Millisecond
)

// currency knows whether what this process knows of the journal is current. Where
// several machines use one record a process that was frozen, or cut off from the
// record, does not know what was paused, stopped or retracted meanwhile: it sends
// nothing until it has asked. A freeze that is shorter than a lease is found by
// nothing else.
type currency struct {
	last func(ctx context.Context) (uint64, error) // the journal's end, asked of the record
	seq  func() uint64                             // how far this process has come
	base time.Time                                 // carries the monotonic reading
	at   atomic.Int64                              // nanoseconds after base of the newest question that found it current
}

func newCurrency(last func(ctx context.Context) (uint64, error), seq func() uint64) *currency {
	c := &currency{last: last, seq: seq, base: time.Now()}
	c.at.Store(-int64(time.Hour))
	return c
}

// watchCurrent has the engine's questions answered from what is known to be current.
// With an embedded record nobody else writes, and the record freezes with us.
func (a *App) watchCurrent(w *works) {
	if a.cfg.NATS.URL == "" {
		return
	}
	c := newCurrency(func(ctx context.Context) (uint64, error) { return a.Store.LastSeq(ctx, alert.StreamJournal) }, w.prepared.Load)
	w.current = c.holds
	a.life.run("journal's end", c.run)
}

// holds is asked before every hand-over.
func (c *currency) holds() bool {
	return time.Since(c.base)-time.Duration(c.at.Load()) <= stale
}

// run asks until ctx ends.
func (c *currency) run(ctx context.Context) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		c.ask(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// ask notes the instant before the question when this process has come as far as
// the answer, or does within a moment.
func (c *currency) ask(ctx context.Context) {
	asked := time.Since(c.base)
	asking, cancel := context.WithTimeout(ctx, askEvery)
	defer cancel()
	last, err := c.last(asking)
	if err != nil {
		return
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for c.seq() < last {
		select {
		case <-look.C:
		case <-asking.Done():
			return
		}
	}
	c.at.Store(int64(asked))
}
