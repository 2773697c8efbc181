package app

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// stillFold is a journal in which nothing happens.
type stillFold struct{ st *alert.State }

func (f stillFold) Read(fn func(st *alert.State)) { fn(f.st) }

func (f stillFold) Tail(ctx context.Context, _ uint64, _ func(alert.Event, []byte) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// A process that was frozen, or whose record is away, does not send on before it
// knows what was recorded meanwhile.
func TestAProcessThatMayBeBehindSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var end, here atomic.Uint64
		var away atomic.Bool
		c := newCurrency(func(context.Context) (uint64, error) {
			if away.Load() {
				return 0, errors.New("no answer")
			}
			return end.Load(), nil
		}, here.Load)
		if c.holds() {
			t.Error("current before anybody asked")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.run(ctx) }()
		settle := func(d time.Duration) { time.Sleep(d); synctest.Wait() }

		settle(0)
		if !c.holds() {
			t.Error("not current at the journal's end")
		}
		end.Store(7) // somebody retracts, and we do not hear of it
		settle(stale + askEvery + 10*time.Millisecond)
		if c.holds() {
			t.Error("current seven events behind")
		}
		here.Store(7)
		settle(askEvery + 10*time.Millisecond)
		if !c.holds() {
			t.Error("not current after catching up")
		}
		away.Store(true)
		settle(askEvery)
		if !c.holds() {
			t.Error("one lost question stops everything")
		}
		settle(stale)
		if c.holds() {
			t.Error("current without the record")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestWhatMayBeBehindIsPaused(t *testing.T) {
	st := alert.NewState()
	w := newWorks(stillFold{st}, func(string) string { return "" })
	w.notices["n1"] = &noticeWork{}
	w.notices["n1"].answers.Store(&answers{revs: map[int]revWork{
		1: {planned: true, until: time.Now().Add(time.Hour)},
		2: {planned: true, until: time.Now().Add(time.Hour), stop: channels.Superseded},
	}})
	behind := false
	w.current = func() bool { return !behind }
	if got := w.Stopped("n1", 1); got != channels.GoOn {
		t.Errorf("current: %s", got)
	}
	behind = true
	if got := w.Stopped("n1", 1); got != channels.Paused {
		t.Errorf("behind: %s", got)
	}
	if got := w.Stopped("n1", 2); got != channels.Superseded {
		t.Errorf("behind and superseded: %s", got)
	}
}
