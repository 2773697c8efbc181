package channels

import (
	"context"
	"fmt"
	"log/slog"
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
	settled bool // the last look ended with commits of our own
	tries   int  // batches in a row that ended with an error
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
		if w.lane.eng.conf.Notices.Stopped(w.task.Notice, w.task.Rev) == Paused {
			sleep(w.taking, lookEvery) // the task stays with us, out of the others' way
			continue
		}
		if now, ok := w.lane.eng.conf.Notices.Work(w.task.Notice, w.task.Rev); ok {
			job = now // it may have been resumed since we looked: how often it paused counts
		}
		p, err := w.inTurn(&job)
		if err != nil {
			w.log.Error("a slice could not be worked", "err", err)
			if p.what == passDone { // nothing is done that is not on disk
				p.what = passAgain
			}
			p.wait = min(time.Second<<min(w.tries, 5), longestWait)
			w.tries++
		}
		switch p.what {
		case passDone:
			if !w.lease.held(time.Now()) { // another has the task, and may be in the middle of it
				return taskEnd{what: taskLost}
			}
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

// inTurn works in one of the class's places until there is something to wait
// for. Slices of a class never take the places of another: a red slice does not
// wait for blue ones to end.
func (w *worker) inTurn(job *Work) (p pass, err error) {
	c := classOf(job)
	select {
	case w.lane.slots[c] <- struct{}{}:
	case <-w.taking.Done():
		return pass{what: passBack}, nil
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	l := w.lane.eng.ledgers.ref(w.task)
	defer w.lane.eng.ledgers.release(l)
	for err == nil && p.what == passAgain && p.wait == 0 && w.taking.Err() == nil && w.lease.held(time.Now()) {
		p, err = w.pass(ctx, job, c, l)
	}
	<-w.lane.slots[c] // another slice is handed over while this one's end is written
	if err == nil && p.what == passDone {
		err = w.lane.eng.recorder.flush(ctx, l)
		if err == nil && !l.rests() { // another's newer tally says that there is work
			p = pass{wait: lookEvery}
		}
	}
	return p, err
}

// pass looks at the slice once and does what there is to do.
func (w *worker) pass(ctx context.Context, job *Work, c class, l *ledger) (pass, error) {
	eng := w.lane.eng
	if !w.settled || !l.current(time.Now()) {
		if err := eng.ledgers.refresh(ctx, l); err != nil {
			return pass{}, err
		}
	}
	w.settled = false
	l.worked(w.task.Attempt)
	if _, closed := l.closed(); closed {
		return pass{what: passDone}, nil
	}
	now, end := time.Now(), alert.StateNone
	if !now.Before(job.Plan.Until) {
		end = alert.StateExpired // R14
	}
	switch eng.conf.Notices.Stopped(w.task.Notice, w.task.Rev) {
	case Ended:
		end = alert.StateExpired
	case Stopped:
		end = alert.StateStopped
	case Paused:
		return pass{wait: lookEvery}, nil
	case Superseded:
		eng.recorder.add(l, alert.Outcome{State: alert.StateClosed, At: time.Now()})
		return pass{what: passDone}, nil
	}
	var chase *pursuit
	var err error
	if job.Plan.Follow || job.Plan.Spare > 0 {
		if chase, err = w.lane.pursue(ctx, w.task, job.Earlier); err != nil {
			return pass{}, err
		}
		defer chase.release()
	}
	if job.Plan.Follow {
		w.read = time.Time{} // those behind the mark come and go
	}
	if err := w.audience(ctx, job, chase); err != nil {
		return pass{}, err
	}
	look := found{expected: len(w.members)}
	if job.Plan.Follow {
		look.chased = chase.holding
	}
	s := l.sift(w.members, now, end, job.Plan.Follow)
	eng.recorder.add(l, s.settle...)
	if len(s.open) > 0 {
		l.found(look)
		return w.deliver(ctx, job, c, l, s.open)
	}
	if job.Plan.Follow && !chase.quiet(time.Now()) {
		l.found(look)
		return pass{wait: lookEvery}, nil
	}
	look.whole, look.resting = !s.waiting, true
	l.found(look)
	return pass{what: passDone}, nil
}

// audience reads who is to be told, unless it was read a moment ago.
func (w *worker) audience(ctx context.Context, job *Work, chase *pursuit) (err error) {
	if !w.read.IsZero() && time.Since(w.read) < membersFresh {
		return nil
	}
	if job.Plan.Follow {
		w.members, err = chase.members(ctx)
	} else {
		w.members, err = w.lane.eng.conf.Audience.Slice(ctx, w.task.Channel, w.task.Slice, job.Plan.Query)
	}
	if err == nil && job.Plan.Spare > 0 {
		w.members, err = chase.withoutHolders(ctx, w.members, job.Plan.Spare)
	}
	if err != nil {
		return fmt.Errorf("audience of the slice: %w", err)
	}
	w.read = time.Now()
	return nil
}
