package app

import (
	"context"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

func (a *App) startEngine(_ context.Context, w *works) (err error) {
	a.Engine, err = channels.NewEngine(channels.Config{
		Record: a.Store, Queue: queue{a.Store}, Audience: crowd{a.slices()}, Notices: w, Channels: a.channels,
		Outcomes: a.outcomes, Replies: a.reply, Alarm: a.alarm,
		Log: a.log.With("part", "engine"), Registry: a.Registry,
		InFlight: a.cfg.Fanout.InFlight, Unrecorded: a.cfg.Fanout.Unrecorded, AckWait: time.Duration(a.cfg.Fanout.AckWait),
		Rates: map[string]float64{"sms": a.cfg.SMS.Rate, "wechat": a.cfg.WeChat.Rate},
		Alone: a.cfg.NATS.URL == "",
		// So long another process may still hand over and wait for answers after
		// it lost a slice, see [channels.Config].
		Settle: time.Duration(a.cfg.Fanout.AckWait)/2 + max(time.Duration(a.cfg.SMS.RespTimeout), time.Duration(a.cfg.WeChat.Timeout)),
		// A burst is recorded by the desk, as an act of nobody's: the engine runs
		// before the officers' desk is open, and needs the journal alone.
		Pause: desk.New(desk.Config{Book: a.Book}).PauseBurst,
		Burst: channels.Burst{Window: a.cfg.Fanout.BurstWindow, Least: a.cfg.Fanout.BurstLeast, Percent: a.cfg.Fanout.BurstPercent},
	})
	if err != nil {
		return err
	}
	a.sending.Store(a.Engine)
	a.life.run("engine", a.Engine.Run)
	return nil
}

const (
	quietLook = 500 * time.Millisecond
	quietMost = 10 * time.Minute // a slow carrier takes hours; the care of the roll is not put off for so long
)

// untilQuiet waits while slices are being handed over: what is done by the clock
// alone must not take the disk from a warning.
func (a *App) untilQuiet(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, quietMost)
	defer cancel()
	look := time.NewTicker(quietLook)
	defer look.Stop()
	for {
		if e := a.sending.Load(); e == nil || !e.Busy() {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// outcomes replays what was stored at or after an instant, from a sequence on.
func (a *App) outcomes(ctx context.Context, since time.Time, from uint64, fn func(alert.Record) error) (uint64, error) {
	if from <= 1 {
		return a.Store.ScanSince(ctx, alert.StreamOutcomes, "", since, fn)
	}
	return a.Store.Scan(ctx, alert.StreamOutcomes, "outcome.>", from, fn)
}
