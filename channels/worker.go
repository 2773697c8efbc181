package channels

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

const (
	membersFresh = 2 * time.Second  // an audience read this lately is not read again
	laterInPlace = 2 * time.Minute  // a batch that is put off for longer is given to the watch
	longestWait  = 30 * time.Second // how long a slice waits before it tries again, at most
	notSeenYet   = time.Second      // the journal's follower may be a little behind the queue
)

// taskEnd is how a task ends for the queue.
type taskEnd struct {
	what  taskWhat
	after time.Duration
}

type taskWhat uint8

const (
	taskDone taskWhat = iota // everybody is settled or deferred, and it is on disk
	taskBack                 // another may have it
	taskLost                 // it is not ours any more
)

// worker works one task: it looks who is open, hands them over, and looks
// again, until nobody is. Whatever happens, the next worker finds in the
// record where this one stood.
type worker struct {
	lane   *lane
	task   alert.Task
	lease  *lease
	taking context.Context // ends when no more tasks are to be worked: the channel is halted, the process ends
	ctx    context.Context // ends a grace later
	log    *slog.Logger

	members []Member
	read    time.Time
	tries   int // batches in a row that ended with an error
}

// pass says what one look at the slice led to.
type pass struct {
	what passWhat
	wait time.Duration
}

type passWhat uint8

const (
	passAgain passWhat = iota // look again after wait
	passDone
	passBack
	passLost
)

// work goes on until the task has an end.
func (w *worker) work() taskEnd {
	for {
		if w.taking.Err() != nil {
			return taskEnd{what: taskBack}
		}
		if !w.lease.held(time.Now()) {
			w.log.Warn("the task's lease was lost")
			return taskEnd{what: taskLost}
		}
		job, ok := w.lane.eng.conf.Notices.Work(w.task.Notice, w.task.Rev)
		if !ok {
			return taskEnd{what: taskBack, after: notSeenYet}
		}
		if why := w.wrongMode(&job); why != "" {
			w.lane.refuseMode(w.task, why)
			return taskEnd{what: taskDone}
		}
		p, err := w.inTurn(&job)
		if err != nil {
			w.log.Error("a slice could not be worked", "err", err)
			p.wait = min(time.Second<<min(w.tries, 5), longestWait)
			w.tries++
		}
		switch p.what {
		case passDone:
			return taskEnd{what: taskDone}
		case passBack:
			return taskEnd{what: taskBack}
		case passLost:
			return taskEnd{what: taskLost}
		}
		if p.wait > 0 {
			sleep(w.taking, min(p.wait, longestWait))
		}
	}
}

// wrongMode checks R5 once more, where it would become real.
func (w *worker) wrongMode(job *Work) string {
	switch {
	case !job.Plan.Mode.Valid():
		return fmt.Sprintf("the plan's mode is %q", job.Plan.Mode)
	case job.Message.Mode != job.Plan.Mode:
		return fmt.Sprintf("the text is %s, the plan is %s", job.Message.Mode, job.Plan.Mode)
	}
	for i := range job.Earlier {
		if job.Earlier[i].Mode != job.Plan.Mode {
			return fmt.Sprintf("revision %d was %s, this one is %s", job.Earlier[i].Rev, job.Earlier[i].Mode, job.Plan.Mode)
		}
	}
	return ""
}

// inTurn makes one pass in one of the class's places. Slices of a class never
// take the places of another: a red slice does not wait for blue ones to end.
func (w *worker) inTurn(job *Work) (pass, error) {
	c := classOf(job)
	select {
	case w.lane.slots[c] <- struct{}{}:
		defer func() { <-w.lane.slots[c] }()
	case <-w.taking.Done():
		return pass{what: passBack}, nil
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	return w.pass(ctx, job, c)
}

// pass looks at the slice once and does what there is to do.
func (w *worker) pass(ctx context.Context, job *Work, c class) (pass, error) {
	eng := w.lane.eng
	l, err := eng.ledgers.open(ctx, w.task)
	if err != nil {
		return pass{}, err
	}
	defer eng.ledgers.release(l)
	if _, closed := l.closed(); closed {
		return pass{what: passDone}, eng.recorder.flush(ctx, l)
	}
	now, until := time.Now(), job.Plan.Until
	switch eng.conf.Notices.Stopped(w.task.Notice, w.task.Rev) {
	case Ended:
		until = now
	case Paused:
		return pass{wait: lookEvery}, nil
	case Superseded:
		eng.recorder.add(l, alert.Outcome{State: alert.StateClosed, At: time.Now()})
		return pass{what: passDone}, eng.recorder.flush(ctx, l)
	}
	var chase *pursuit
	if job.Plan.Follow {
		if chase, err = w.lane.pursue(ctx, w.task, job.Earlier); err != nil {
			return pass{}, err
		}
		defer chase.release()
		w.read = time.Time{} // those behind the mark come and go
	}
	if err := w.audience(ctx, job, chase); err != nil {
		return pass{}, err
	}
	s := l.sift(w.members, now, until, job.Plan.Follow)
	eng.recorder.add(l, s.settle...)
	if len(s.open) > 0 {
		l.expect(len(w.members), false)
		return w.deliver(ctx, job, c, l, s.open)
	}
	if chase != nil && !chase.quiet(time.Now()) {
		l.expect(len(w.members), false)
		return pass{wait: lookEvery / 4}, nil
	}
	l.expect(len(w.members), !s.waiting)
	return pass{what: passDone}, eng.recorder.flush(ctx, l)
}

// audience reads who is to be told, unless it was read a moment ago.
func (w *worker) audience(ctx context.Context, job *Work, chase *pursuit) (err error) {
	if !w.read.IsZero() && time.Since(w.read) < membersFresh {
		return nil
	}
	if chase != nil {
		w.members, err = chase.members(ctx)
	} else {
		w.members, err = w.lane.eng.conf.Audience.Slice(ctx, w.task.Channel, w.task.Slice, job.Plan.Query)
	}
	if err != nil {
		return fmt.Errorf("audience of the slice: %w", err)
	}
	w.read = time.Now()
	return nil
}

// deliver hands the open recipients to the channel and records its answers.
func (w *worker) deliver(ctx context.Context, job *Work, c class, l *ledger, open []Recipient) (pass, error) {
	ln := w.lane
	if h := ln.ch.Health(); !h.Ready {
		return w.unready()
	} else {
		ln.pacer.setRate(ln.rate(h.Rate))
	}
	s := &session{lane: ln, ledger: l, lease: w.lease, notice: w.task.Notice, rev: w.task.Rev, until: job.Plan.Until, stop: make(chan struct{})}
	if !l.begin(s) {
		return pass{wait: lookEvery}, nil // closed this moment, or another task of the slice is at work
	}
	s.turn = ln.pacer.enter(c, len(open))
	ln.enter(s, w.taking)
	t := &taker{lane: ln, ledger: l, open: open, until: job.Plan.Until, seen: make([]atomic.Bool, len(open))}
	err := ln.ch.Deliver(ctx, Batch{Task: w.task, Message: job.Message, Recipients: open, Permit: s.permit}, t.report)
	ln.leave(s)
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
	lane     *lane
	ledger   *ledger
	open     []Recipient
	until    time.Time
	seen     []atomic.Bool
	reported atomic.Int64
	answered atomic.Bool // the carrier said something
}

// report is Deliver's report: the first answer about a recipient counts.
func (t *taker) report(i int, o alert.Outcome) {
	if i < 0 || i >= len(t.open) || t.seen[i].Swap(true) {
		t.lane.log.Error("the channel reported a recipient twice, or one that was not in the batch", "position", i)
		return
	}
	t.reported.Add(1)
	if o.State != alert.StateUnsure {
		t.answered.Store(true)
	}
	t.lane.eng.recorder.add(t.ledger, complete(o, &t.open[i], time.Now(), t.until))
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
	ln.mu.Unlock()
	ln.eng.metrics.working.WithLabelValues(ln.name).Dec()
}
