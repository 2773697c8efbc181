package bench

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"mingluo/channels"
	"mingluo/internal/app"
)

// benchStart measures from the start of a service to its being ready: record
// recovered, journal folded, audience known, listeners served. The roll has n
// people, and one notice was sent to all of them. It starts twice: after a
// proper stop (seconds), and with the state that the record's server writes at
// a stop taken away, as after a crash (crashed_seconds).
func benchStart(ctx context.Context, o Options) (r Result, err error) {
	h, err := newHouse(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.leave()) }()
	if err := h.history(ctx, o.History); err != nil {
		return nil, err
	}
	if err := h.fill(ctx, o.N-o.N/3, o.N/3); err != nil {
		return nil, err
	}
	chs := func() []channels.Channel { return []channels.Channel{&instant{name: "sms"}, &instant{name: "wechat"}} }
	if err := h.service(ctx, chs(), func(a *app.App) error {
		if err := ready(ctx, a); err != nil {
			return err
		}
		_, err := fanout(ctx, a, Options{N: o.N}, "sms", "wechat")
		return err
	}); err != nil {
		return nil, err
	}
	debug.FreeOSMemory() // the process begins like a new one
	defer o.measuring()()
	began, cpu := time.Now(), cpuTime()
	err = h.service(ctx, chs(), func(a *app.App) error {
		if err := ready(ctx, a); err != nil {
			return err
		}
		r = timed(o.N, time.Since(began))
		r["cpu_seconds"] = (cpuTime() - cpu).Seconds()
		size := a.Index.Size()
		r["people"], r["index_bytes"], r["rss_bytes"], r["disk_bytes"] = size.People, size.Bytes, rssBytes(), h.diskBytes()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := h.loseStates(); err != nil {
		return nil, err
	}
	debug.FreeOSMemory()
	began, cpu = time.Now(), cpuTime()
	err = h.service(ctx, chs(), func(a *app.App) error {
		err := ready(ctx, a)
		r["crashed_seconds"], r["crashed_cpu_seconds"] = time.Since(began).Seconds(), (cpuTime() - cpu).Seconds()
		return err
	})
	return r, err
}

// ready waits for what Start does not wait for itself: the public site, which
// shows the state of before the stop until it has read the journal.
func ready(ctx context.Context, a *app.App) error {
	for !a.Site.Ready() {
		select {
		case err := <-a.Failed():
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// loseStates takes away what the record's server writes about its streams when
// it stops (index.db); it then reads every block, as after a crash.
func (h *house) loseStates() error {
	return filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "index.db" {
			return os.Remove(path)
		}
		return err
	})
}
