package channels

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

// deliver hands the open recipients to the channel and records its answers.
func (w *worker) deliver(ctx context.Context, job *Work, c class, l *ledger, open []Recipient) (pass, error) {
	ln := w.lane
	if h := ln.ch.Health(); !h.Ready {
		return w.unready()
	} else {
		ln.pacer.setRate(ln.rate(h.Rate))
	}
	s := &session{lane: ln, ledger: l, lease: w.lease, notice: w.task.Notice, rev: w.task.Rev, until: job.Plan.Until, stop: make(chan struct{})}
	l.reserve(len(open))
	if !l.begin(s) {
		return pass{wait: lookEvery}, nil // closed this moment, or another task of the slice is at work
	}
	s.turn = ln.pacer.enter(c, len(open))
	ln.enter(s, w.taking)
	g := ln.gauges.of(job)
	defer ln.gauges.done(g)
	t := &taker{session: s, job: job, gauge: g, open: open, seen: make([]atomic.Bool, len(open))}
	err := ln.ch.Deliver(ctx, Batch{Task: w.task, Message: job.Message, Recipients: open, Permit: s.permit}, t.report)
	ln.leave(s)
	ln.pacer.give(int(s.permits.Swap(0)))
	ln.pacer.leave(s.turn)
	if t.answered.Load() {
		ln.proved()
	}
	if t.reported.Load() > 0 {
		w.tries = 0
	}
	lingering, cancel := linger(ctx, ln.eng.conf.Grace)
	recordErr := ln.eng.recorder.settle(lingering, l)
	cancel()
	l.end()
	if recordErr != nil {
		return pass{what: passLost}, recordErr
	}
	w.settled = true
	return w.after(job, l, s, t, err)
}

// linger returns a context that ends d after ctx does: what was handed over is
// recorded also when the process is ending.
func linger(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	long, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(long, d)
		cancel()
	})
	return long, func() { stop(); cancel() }
}

// after decides what follows a batch.
func (w *worker) after(job *Work, l *ledger, s *session, t *taker, err error) (pass, error) {
	switch why := s.halted(); {
	case why == haltLease:
		return pass{what: passLost}, nil
	case why == haltShutdown, why == haltChannel:
		return pass{what: passBack}, nil
	case why == haltPaused:
		return pass{wait: lookEvery}, nil
	case why != haltNone:
		return pass{}, nil // the next look says what it means
	case err == nil && t.reported.Load() > 0:
		return pass{}, nil
	case err == nil:
		err = errors.New("the channel reported nobody")
	}
	after, halted := w.lane.failed(err, w.tries)
	if halted || w.taking.Err() != nil {
		return pass{what: passBack}, nil
	}
	w.tries++
	w.log.Warn("a batch failed", "err", err, "again_in", after)
	if after >= laterInPlace {
		w.postpone(job, l, t, after)
		return pass{}, nil
	}
	return pass{wait: after}, nil
}

// postpone defers those whom the batch did not reach, so that the watch comes
// back to them and the task does not lie in the queue meanwhile.
func (w *worker) postpone(job *Work, l *ledger, t *taker, after time.Duration) {
	now := time.Now()
	var later []alert.Outcome
	for i := range t.open {
		if !t.seen[i].Load() {
			o := complete(alert.Outcome{State: alert.StateDeferred, NotBefore: now.Add(after)}, &t.open[i], now, job.Plan.Until)
			o.Attempt-- // it was not tried
			later = append(later, o)
		}
	}
	w.lane.eng.recorder.add(l, later...)
}

// unready waits for a channel that lost its connection; when that takes too
// long the channel counts as halted.
func (w *worker) unready() (pass, error) {
	deadline := time.Now().Add(unreadyTime)
	for time.Now().Before(deadline) && w.taking.Err() == nil {
		if w.lane.ch.Health().Ready {
			return pass{}, nil
		}
		sleep(w.taking, lookEvery/4)
	}
	if w.taking.Err() == nil {
		w.lane.halt(w.lane.ch.Health().Reason)
	}
	return pass{what: passBack}, nil
}

// taker takes a channel's answers about one batch.
type taker struct {
	session  *session
	job      *Work
	gauge    *gauge // nil: its refusals are not measured
	open     []Recipient
	seen     []atomic.Bool
	reported atomic.Int64
	answered atomic.Bool // the carrier said something
}

// report is Deliver's report: the first answer about a recipient counts.
func (t *taker) report(i int, o alert.Outcome) {
	if i < 0 || i >= len(t.open) || t.seen[i].Swap(true) {
		t.session.lane.log.Error("the channel reported a recipient twice, or one that was not in the batch", "position", i)
		return
	}
	t.reported.Add(1)
	if o.State != alert.StateUnsure {
		t.answered.Store(true)
	}
	s := t.session
	if !s.answered() {
		s.lane.pacer.owe(1)
	}
	if t.gauge != nil && t.gauge.note(&o) {
		s.lane.burst(t.gauge, t.job)
	}
	s.lane.eng.recorder.append(s.ledger, complete(o, &t.open[i], time.Now(), s.until))
}

// rate is the lower of what the settings and the route allow; 0 is no limit.
func (ln *lane) rate(route float64) float64 {
	set := ln.eng.conf.Rates[ln.name]
	if set <= 0 {
		return route
	}
	if route <= 0 {
		return set
	}
	return min(set, route)
}

// enter makes the session known to those who stop sessions.
func (ln *lane) enter(s *session, taking context.Context) {
	ln.eng.metrics.working.WithLabelValues(ln.name).Inc()
	ln.mu.Lock()
	ln.sessions[s] = true
	ln.mu.Unlock()
	select {
	case ln.started <- struct{}{}:
	default:
	}
	if taking.Err() != nil { // whoever ended it may have looked before we stood there
		s.halt(haltChannel)
	}
}

func (ln *lane) leave(s *session) {
	ln.mu.Lock()
	delete(ln.sessions, s)
	ln.left = time.Now()
	ln.mu.Unlock()
	ln.eng.metrics.working.WithLabelValues(ln.name).Dec()
}

// recording reports whether acceptances of this channel may still be on their
// way into the record: a slice is at work, or was a moment ago.
func (ln *lane) recording(now time.Time) bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	return len(ln.sessions) > 0 || now.Sub(ln.left) < earlyReceipt
}
