package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/app/demo"
	"mingluo/internal/progress"
)

// benchFanout measures from the officer's release to the last recipient
// settled on disk.
func benchFanout(ctx context.Context, o Options) (Result, error) {
	switch o.Carrier {
	case "", "instant":
		return fanoutInstant(ctx, o)
	case "smpp":
		return fanoutImitation(ctx, o)
	}
	return nil, fmt.Errorf("carrier %q: want instant or smpp", o.Carrier)
}

// fanoutInstant has everything but the carrier real, so that what is measured
// is ours: the plan, the tasks, the filter, the pacer, the record.
func fanoutInstant(ctx context.Context, o Options) (r Result, err error) {
	h, err := newHouse(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.leave()) }()
	began := time.Now()
	if err := h.fill(ctx, o.N, 0); err != nil {
		return nil, err
	}
	filled := time.Since(began)
	debug.FreeOSMemory() // what the filling left is not the fan-out's
	carrier := &instant{name: "sms"}
	err = h.service(ctx, []channels.Channel{carrier}, func(a *app.App) error {
		if err := settled(ctx, a); err != nil { // the first snapshot of so many is not the fan-out's
			return err
		}
		before := h.diskBytes()
		if r, err = fanout(ctx, a, o, "sms"); err != nil {
			return err
		}
		r["rss_bytes"], r["disk_bytes"] = rssBytes(), h.diskBytes()
		r["fanout_disk_bytes"] = h.diskBytes() - before
		r["handed_over"] = int(carrier.handed.Load())
		return nil
	})
	if err != nil {
		return nil, err
	}
	r["carrier"], r["fill_seconds"] = "instant", filled.Seconds()
	return r, nil
}

// settled waits until the service has done what a first start does.
func settled(ctx context.Context, a *app.App) error {
	for {
		if s := a.Care.Status(); s.Snapshot != nil || s.SnapshotErr != nil {
			return s.SnapshotErr
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fanoutImitation has imitation carriers that speak the real protocols in the
// same process: two thirds SMS, one third WeChat.
func fanoutImitation(ctx context.Context, o Options) (r Result, err error) {
	err = imitation(ctx, o, o.N-o.N/3, o.N/3, func(d *demo.Demo) error {
		r, err = fanout(ctx, d.App, o, "sms", "wechat")
		return err
	})
	if err != nil {
		return nil, err
	}
	r["carrier"] = "smpp"
	return r, nil
}

// fanout releases one notice for everybody and waits for the last outcome.
func fanout(ctx context.Context, a *app.App, o Options, chs ...string) (Result, error) {
	id, err := approved(ctx, a.Desk, typhoon(chs...))
	if err != nil {
		return nil, err
	}
	measured := o.measuring()
	began := time.Now()
	if err := a.Desk.Release(ctx, signer(), id, 1); err != nil {
		return nil, err
	}
	p, err := finished(ctx, a, id)
	took := time.Since(began)
	measured()
	if err != nil {
		return nil, err
	}
	r := timed(o.N, took)
	planned := 0
	for _, c := range p.Channels {
		planned += c.Planned
		r[c.Channel+"_first_ms"], r[c.Channel+"_last_ms"] = ms(c.First.Sub(p.Released)), ms(c.Last.Sub(p.Released))
		r[c.Channel+"_settled"], r[c.Channel+"_audience"] = c.Settled, c.Planned
	}
	l, err := readLedger(ctx, a)
	if err != nil {
		return nil, err
	}
	r["planned"], r["accepted"], r["missed"] = planned, l.accepted, o.N-l.settled
	return r, nil
}

// finished waits until every slice is closed. It looks every few milliseconds
// instead of at every tally: a page does so too, and what is measured must not
// be the measuring.
func finished(ctx context.Context, a *app.App, id string) (progress.Progress, error) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for seen, planned := uint64(0), false; ; {
		select {
		case <-look.C:
		case err := <-a.Failed():
			return progress.Progress{}, err
		case <-ctx.Done():
			return progress.Progress{}, ctx.Err()
		}
		v := a.Tracker.Version()
		if planned && v == seen {
			continue
		}
		p, ok := a.Tracker.Of(id, 1)
		if ok && p.Done {
			return p, nil
		}
		seen, planned = v, p.Planned
	}
}

// ledger is what OUTCOMES says, one person counted once.
type ledger struct{ settled, accepted int }

func readLedger(ctx context.Context, a *app.App) (ledger, error) {
	last := map[alert.RecipientID]alert.Outcome{}
	_, err := a.Store.Scan(ctx, alert.StreamOutcomes, "outcome.>", 1, func(rec alert.Record) error {
		return alert.DecodeOutcomes(rec.Data, func(o alert.Outcome) {
			if o.State != alert.StateClosed && (last[o.ID].State == alert.StateNone || o.State.Supersedes(last[o.ID].State)) {
				last[o.ID] = o
			}
		})
	})
	var l ledger
	for _, o := range last {
		if o.Settled() {
			l.settled++
		}
		if o.State == alert.StateAccepted || o.State == alert.StateDelivered || o.State == alert.StateUndelivered {
			l.accepted++
		}
	}
	return l, err
}
