package bench

import (
	"context"
	"errors"
	"time"

	"mingluo/channels"
	"mingluo/internal/app"
)

// benchRelease measures the release alone: from the officer's act to the
// acknowledged, synced append. The releases come one after the other, in a
// journal that holds a history. settled_p50_ms is what the act costs until
// everybody who looks at it has done so: its plan stands and its tasks are put.
func benchRelease(ctx context.Context, o Options) (r Result, err error) {
	h, err := newHouse(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.leave()) }()
	if err := h.history(ctx, o.History); err != nil {
		return nil, err
	}
	if err := h.fill(ctx, 20, 0); err != nil {
		return nil, err
	}
	err = h.service(ctx, []channels.Channel{&instant{name: "sms"}}, func(a *app.App) error {
		if err := ready(ctx, a); err != nil {
			return err
		}
		r, err = releases(ctx, a, o)
		return err
	})
	return r, err
}

func releases(ctx context.Context, a *app.App, o Options) (Result, error) {
	var ids []string
	for range o.N {
		id, err := approved(ctx, a.Desk, notice())
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	defer o.measuring()()
	var each, whole []time.Duration
	var acts time.Duration
	cpu := cpuTime()
	for _, id := range ids {
		began := time.Now()
		if err := a.Desk.Release(ctx, signer(), id, 1); err != nil {
			return nil, err
		}
		each = append(each, time.Since(began))
		acts += time.Since(began)
		if _, err := finished(ctx, a, id); err != nil {
			return nil, err
		}
		whole = append(whole, time.Since(began))
	}
	spent := cpuTime() - cpu
	r := timed(o.N, acts).spread(each)
	w := Result{}.spread(whole)
	r["settled_p50_ms"], r["settled_p99_ms"] = w["p50_ms"], w["p99_ms"]
	r["cpu_ms"] = ms(spent) / float64(o.N)
	r["history"] = o.History
	return r, nil
}
