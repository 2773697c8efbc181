package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app/demo"
	"mingluo/internal/console"
)

// service runs a whole service with imitation carriers in a folder of its own.
func service(ctx context.Context, sms, wechat int, fn func(d *demo.Demo) error) (err error) {
	dir, err := os.MkdirTemp("", "mingluo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d, err := demo.Start(ctx, demo.Config{Dir: dir, Public: "127.0.0.1:0", Console: "127.0.0.1:0", SMS: sms, WeChat: wechat, Bare: true,
		Log: slog.New(slog.DiscardHandler), Argon: console.Argon{MemoryKiB: 8, Passes: 1, Threads: 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Stop(context.WithoutCancel(ctx))) }()
	return fn(d)
}

// notice is a text for everybody in the city.
func notice(channels ...string) alert.Content {
	now := time.Now().UTC().Truncate(time.Second)
	return alert.Content{
		Kind: alert.KindCaution, Category: "Safety", Event: "危险化学品", Hazard: "XCHEM", Level: alert.Red, Urgency: "Immediate", Severity: "Extreme", Certainty: "Observed",
		Headline: "危化品泄漏警示", Description: "一仓库发生泄漏。", Instruction: "请关好门窗，不要靠近。", SenderName: "佛山市应急管理局",
		Effective: now, Expires: now.Add(6 * time.Hour), Areas: []string{"440600"}, AreaDesc: "全市", Channels: channels,
		Authority: alert.Authority{Basis: "own"}, Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
	}
}

// typhoon is a signal that every sample subscriber wants.
func typhoon(channels ...string) alert.Content {
	c := notice(channels...)
	c.Kind, c.Category, c.Hazard, c.Event = alert.KindRelay, "Met", "11B01", "台风"
	c.Source = &alert.Source{Sender: "44060041600000", Identifier: "44060041600000_20260101000000", Sent: c.Effective, Name: "佛山市气象台"}
	return c
}

// approved brings a notice to the point where only the release is missing.
func approved(ctx context.Context, d *demo.Demo, c alert.Content) (string, error) {
	draft, err := d.Desk.NewDraft(ctx, d.As("chen"), c, nil)
	if err != nil {
		return "", err
	}
	id, rev, err := d.Desk.Submit(ctx, d.As("chen"), draft.ID, draft.Seq)
	if err != nil {
		return "", err
	}
	var hash string
	d.Desk.Read(func(st *alert.State) { hash = st.Notices[id].Rev(rev).Hash })
	if err := d.Desk.Review(ctx, d.As("li"), id, rev, hash, ""); err != nil {
		return "", err
	}
	return id, d.Desk.Approve(ctx, d.As("li"), id, rev, hash)
}

// benchRelease measures the release alone: from the officer's act to the
// acknowledged, synced append.
func benchRelease(ctx context.Context, n int) (r Result, err error) {
	err = service(ctx, 10, 10, func(d *demo.Demo) error {
		var ids []string
		for range n {
			id, err := approved(ctx, d, notice())
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		var each []time.Duration
		began := time.Now()
		for _, id := range ids {
			one := time.Now()
			if err := d.Desk.Release(ctx, d.As("li"), id, 1); err != nil {
				return err
			}
			each = append(each, time.Since(one))
		}
		r = timed(n, time.Since(began)).spread(each)
		return nil
	})
	return r, err
}

// benchFanout measures from the release to the last recipient settled on disk.
func benchFanout(ctx context.Context, n int) (r Result, err error) {
	err = service(ctx, n-n/3, n/3, func(d *demo.Demo) error {
		id, err := approved(ctx, d, typhoon("sms", "wechat"))
		if err != nil {
			return err
		}
		began := time.Now()
		if err := d.Desk.Release(ctx, d.As("li"), id, 1); err != nil {
			return err
		}
		for {
			version := d.Tracker.Version()
			p, ok := d.Tracker.Of(id, 1)
			if ok && p.Done {
				r = timed(n, time.Since(began))
				for _, c := range p.Channels {
					r[c.Channel+"_first_ms"] = float64(c.First.Sub(p.Released).Microseconds()) / 1000
					r[c.Channel+"_last_ms"] = float64(c.Last.Sub(p.Released).Microseconds()) / 1000
					r[c.Channel+"_settled"], r[c.Channel+"_audience"] = c.Settled, c.Planned
				}
				return nil
			}
			waiting, cancel := context.WithTimeout(ctx, time.Second)
			d.Tracker.Wait(waiting, version)
			cancel()
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	})
	return r, err
}

// benchPage measures from the officer's act to the event's bytes on an open
// stream, over a real socket.
func benchPage(ctx context.Context, n int) (r Result, err error) {
	err = service(ctx, 10, 10, func(d *demo.Demo) error {
		resp, err := http.Get(d.PublicURL + "/events")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		arrived := make(chan string, 1)
		go func() {
			defer close(arrived)
			lines := bufio.NewScanner(resp.Body)
			for lines.Scan() {
				if strings.HasPrefix(lines.Text(), "data:") {
					arrived <- lines.Text()
				}
			}
		}()
		var each []time.Duration
		began := time.Now()
		for range n {
			id, err := approved(ctx, d, notice())
			if err != nil {
				return err
			}
			one := time.Now()
			if err := d.Desk.Release(ctx, d.As("li"), id, 1); err != nil {
				return err
			}
			for {
				data, ok := <-arrived
				if !ok {
					return fmt.Errorf("the stream ended")
				}
				if strings.Contains(data, id) {
					break
				}
			}
			each = append(each, time.Since(one))
		}
		r = timed(n, time.Since(began)).spread(each)
		return nil
	})
	return r, err
}
