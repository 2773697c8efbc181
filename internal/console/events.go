package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	beat      = 15 * time.Second       // a comment that keeps the line open and finds out who is gone
	look      = time.Second            // how soon a disabled account or an idle session loses its stream
	settle    = 300 * time.Millisecond // changes within this time are told once
	writeWait = 10 * time.Second       // a reader slower than this is cut; it comes back by itself
)

// events tells a page that something changed, and nothing more: the page then
// asks for itself again. So there is one rendering, on the server, and a line
// that dropped loses nothing. Live state is never queued.
func (c *Console) events(w http.ResponseWriter, r *http.Request, s *seat) error {
	at := changes{seq: parseSeq(r, "seq"), version: parseSeq(r, "version")}
	c.meters.streams.Inc()
	defer c.meters.streams.Dec()
	ctx, cancel := context.WithCancel(r.Context())
	news, wait := c.changes(ctx, at)
	defer wait() // second: they have ended when the handler returns
	defer cancel()

	room := c.rooms.enter(r, s)
	defer c.rooms.leave(room)

	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	line := eventLine{w: w, ctl: http.NewResponseController(w)}
	if err := line.send("retry: 2000\n\n"); err != nil {
		return nil
	}
	tick, check := time.NewTicker(beat), time.NewTicker(look)
	defer tick.Stop()
	defer check.Stop()
	for {
		var err error
		select {
		case at = <-news:
			err = line.send(fmt.Sprintf("event: change\ndata: {\"seq\":%d,\"version\":%d}\n\n", at.seq, at.version))
		case <-room.changed():
			err = line.send(c.rooms.presentEvent(room))
		case <-tick.C:
			err = line.send(": beat\n\n")
		case <-check.C:
			if _, gone := c.sit(r); errors.Is(gone, errSignedOut) {
				line.send("event: signed-out\ndata: {}\n\n")
				return nil
			}
			if told := c.savedEvent(ctx, room); told != "" {
				err = line.send(told)
			}
		case <-s.sess.ended:
			line.send("event: signed-out\ndata: {}\n\n")
			return nil
		case <-c.stop:
			return nil
		case <-ctx.Done():
			return nil
		}
		if err != nil {
			return nil // the reader is gone
		}
	}
}

func parseSeq(r *http.Request, name string) uint64 {
	n, err := strconv.ParseUint(r.URL.Query().Get(name), 10, 64)
	if err != nil {
		return 0 // the page is told at once and asks again
	}
	return n
}

type eventLine struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

func (l eventLine) send(text string) error {
	if err := l.ctl.SetWriteDeadline(time.Now().Add(writeWait)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := fmt.Fprint(l.w, text); err != nil {
		return err
	}
	return l.ctl.Flush()
}

// changes is how far the journal and the tallies have come.
type changes struct{ seq, version uint64 }

// changes watches both and offers the newest pair after each change. wait
// returns when its goroutines have ended.
func (c *Console) changes(ctx context.Context, from changes) (news <-chan changes, wait func()) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	now, out := from, make(chan changes, 1)
	moved := func(set func()) {
		mu.Lock()
		defer mu.Unlock()
		set()
		select { // replace what was not taken yet
		case <-out:
		default:
		}
		out <- now
	}
	wg.Go(func() {
		c.watch(ctx, from.seq, c.Desk.Wait, func(n uint64) { moved(func() { now.seq = n }) })
	})
	wg.Go(func() {
		c.watch(ctx, from.version, c.Progress.Wait, func(n uint64) { moved(func() { now.version = n }) })
	})
	return out, wg.Wait
}

func (c *Console) watch(ctx context.Context, n uint64, next func(context.Context, uint64) (uint64, error), tell func(uint64)) {
	for ctx.Err() == nil {
		m, err := next(ctx, n)
		if err != nil {
			return
		}
		n = m
		tell(n)
		select {
		case <-time.After(settle):
		case <-ctx.Done():
		}
	}
}
