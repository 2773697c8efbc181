package channels

import (
	"context"
	"sync/atomic"
	"time"
)

// lease is a worker's right to its task. A worker that was frozen and wakes up
// must not send on, because the task was given to somebody else meanwhile: it
// hands over only while its last confirmed Progress is younger than half of
// AckWait on the monotonic clock. Once lost, a lease stays lost, even if a late
// Progress is confirmed.
type lease struct {
	half      time.Duration
	base      time.Time    // carries the monotonic reading
	confirmed atomic.Int64 // nanoseconds after base at which the last confirmed Progress was asked for
	lost      atomic.Bool
}

// takeLease confirms the task once and keeps confirming it until the returned
// function is called.
func takeLease(ctx context.Context, th TaskHandle, ackWait time.Duration) (*lease, func(), error) {
	l := &lease{half: ackWait / 2, base: time.Now()}
	ask, cancel := context.WithTimeout(ctx, l.half/2)
	err := th.Progress(ask)
	cancel()
	if err != nil {
		return nil, nil, err
	}
	keepCtx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.keep(keepCtx, th, ackWait/3)
	}()
	return l, func() { stop(); <-done }, nil
}

func (l *lease) keep(ctx context.Context, th TaskHandle, every time.Duration) {
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		asked := time.Now()
		if !l.held(asked) {
			return
		}
		ask, cancel := context.WithTimeout(ctx, l.half/3)
		err := th.Progress(ask)
		cancel()
		switch {
		case err != nil:
			timer.Reset(every / 10)
		case l.held(time.Now()):
			l.confirmed.Store(int64(asked.Sub(l.base)))
			timer.Reset(every)
		}
	}
}

// held reports whether the worker may hand over at this instant.
func (l *lease) held(now time.Time) bool {
	if l.lost.Load() {
		return false
	}
	if now.Sub(l.base)-time.Duration(l.confirmed.Load()) >= l.half {
		l.lost.Store(true)
		return false
	}
	return true
}
