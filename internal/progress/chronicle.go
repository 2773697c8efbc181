package progress

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// Chronicle tells how a release went in time and place, and why people were
// refused: what the outcomes say beyond their sums. It reads only the releases
// that somebody looks at, behind the fan-out and never in its way, and keeps
// the last few; thrown away, it is read again.
type Chronicle struct {
	Stream Stream
	// Place says where people are, in their order, without saying who they are.
	Place func(ids []alert.RecipientID) []Place
	// Changed is told when more was read of a release that somebody looked at.
	Changed func()
	Log     *slog.Logger

	mu     sync.Mutex
	tales  map[taleKey]*tale
	wanted chan taleKey
	once   sync.Once
}

// Place is where a recipient is, and of which groups.
type Place struct {
	District string
	Area     string
	Groups   []string
}

type taleKey struct {
	notice string
	rev    int
}

const (
	maxTales  = 8                      // releases that are kept
	wantQueue = 16                     // looks that wait for the reader
	readPause = 700 * time.Millisecond // between two readings of one release
)

func (c *Chronicle) init() {
	c.once.Do(func() { c.tales, c.wanted = map[taleKey]*tale{}, make(chan taleKey, wantQueue) })
}

// Run reads what is looked at until ctx ends.
func (c *Chronicle) Run(ctx context.Context) error {
	c.init()
	for {
		select {
		case <-ctx.Done():
			return nil
		case k := <-c.wanted:
			if err := c.read(ctx, k); err != nil && ctx.Err() == nil {
				c.Log.Warn("read how a release went", "notice", k.notice, "rev", k.rev, "err", err)
			}
		}
	}
}

// Look returns how a release went as far as it was read, and has the rest read.
// At the first look it waits a moment, so that a page without script shows
// something too.
func (c *Chronicle) Look(ctx context.Context, notice string, rev int, released time.Time) Account {
	c.init()
	k := taleKey{notice, rev}
	c.mu.Lock()
	t := c.tales[k]
	if t == nil {
		t = newTale(released)
		c.tales[k] = t
		c.forget(k)
	}
	t.looked = time.Now()
	first := t.ready
	ask := !t.asked && time.Since(t.read) > readPause
	t.asked = t.asked || ask
	c.mu.Unlock()
	if ask {
		select {
		case c.wanted <- k:
		default: // many look at much: the next look asks again
			c.mu.Lock()
			t.asked = false
			c.mu.Unlock()
		}
	}
	wait, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	select {
	case <-first:
	case <-wait.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return t.account()
}

const firstLook = 150 * time.Millisecond

// forget drops the release that nobody looked at for the longest time.
func (c *Chronicle) forget(but taleKey) {
	for len(c.tales) > maxTales {
		var oldest taleKey
		for k, t := range c.tales {
			if k != but && (oldest == taleKey{} || t.looked.Before(c.tales[oldest].looked)) {
				oldest = k
			}
		}
		delete(c.tales, oldest)
	}
}

// read takes what was recorded since the last reading.
func (c *Chronicle) read(ctx context.Context, k taleKey) error {
	c.mu.Lock()
	t := c.tales[k]
	c.mu.Unlock()
	if t == nil {
		return nil
	}
	fresh := false
	last, err := c.Stream.Scan(ctx, alert.StreamOutcomes, fmt.Sprintf("outcome.*.%s.%d.>", k.notice, k.rev), t.seq+1, func(r alert.Record) error {
		fresh = true
		return c.take(t, r)
	})
	c.mu.Lock()
	if err == nil {
		t.seq = max(t.seq, last)
	}
	t.read, t.asked = time.Now(), false
	t.opened()
	c.mu.Unlock()
	if fresh && c.Changed != nil {
		c.Changed()
	}
	return err
}

func (c *Chronicle) take(t *tale, r alert.Record) error {
	p := strings.Split(r.Subject, ".")
	if len(p) != 5 || r.Deleted {
		return nil
	}
	var outcomes []alert.Outcome
	if err := alert.DecodeOutcomes(r.Data, func(o alert.Outcome) { outcomes = append(outcomes, o) }); err != nil {
		c.Log.Warn("outcomes in the record cannot be read", "subject", r.Subject, "seq", r.Seq, "err", err)
	}
	ids := make([]alert.RecipientID, len(outcomes))
	for i := range outcomes {
		ids[i] = outcomes[i].ID
	}
	places := c.Place(ids)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range outcomes {
		t.add(p[1], &outcomes[i], places[i])
	}
	t.seq = max(t.seq, r.Seq)
	return nil
}
