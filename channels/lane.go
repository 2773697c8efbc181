package channels

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mingluo/internal/alert"
)

const (
	lookEvery   = 200 * time.Millisecond // how often running slices and pauses are looked at: stop bites within 2 s
	unreadyTime = 5 * time.Second        // a channel may be unready so long, to reconnect, before it counts as halted
	firstProbe  = time.Second            // a halted channel is tried again after this, then twice as long
	lastProbe   = 30 * time.Second
)

// lane is one channel at work: its tasks, its pacer, and whether it is halted.
type lane struct {
	eng     *Engine
	ch      Channel
	name    string
	log     *slog.Logger
	pacer   *pacer
	slots   [classes]chan struct{} // slices being worked, by class
	gauges  gauges
	pausing sync.WaitGroup

	mu       sync.Mutex
	sessions map[*session]bool
	left     time.Time          // when a session ended last
	halting  context.CancelFunc // ends the taking of tasks; nil while halted
	haltedAt time.Time          // zero when it takes tasks
	triedAt  time.Time          // when tasks were taken again after a halt
	reason   string             // why it was halted, until it is proved well
	probe    time.Duration
	warned   map[string]bool // notices whose mode was refused, so that one alarm stands for all slices
	tasks    sync.WaitGroup

	started chan struct{} // capacity 1: a session began
}

func newLane(e *Engine, ch Channel) *lane {
	ln := &lane{
		eng: e, ch: ch, name: ch.Name(), log: e.log.With("channel", ch.Name()), pacer: &pacer{most: e.conf.Unrecorded},
		gauges: gauges{rule: e.conf.Burst, all: map[string]*gauge{}}, sessions: map[*session]bool{}, warned: map[string]bool{}, probe: firstProbe,
		started: make(chan struct{}, 1),
	}
	for c := range ln.slots {
		ln.slots[c] = make(chan struct{}, e.conf.InFlight)
	}
	return ln
}

// run takes tasks until ctx ends. work outlives ctx by the grace that answers
// in flight are waited for.
func (ln *lane) run(ctx, work context.Context) {
	defer ln.pacer.close()
	var looking sync.WaitGroup
	lookCtx, stopLooking := context.WithCancel(work)
	looking.Go(func() { ln.look(lookCtx) })
	defer context.AfterFunc(ctx, func() { ln.stopAll(haltShutdown) })()
	for ln.ready(ctx) {
		taking, cancel := context.WithCancel(ctx)
		ln.setHalting(cancel)
		err := ln.eng.conf.Queue.Tasks(taking, ln.name, ln.eng.conf.Held, func(_ context.Context, th TaskHandle) {
			ln.tasks.Add(1)
			defer ln.tasks.Done()
			ln.handle(taking, work, th)
		})
		if err != nil && taking.Err() == nil {
			ln.log.Error("no tasks can be taken", "err", err)
			sleep(taking, firstProbe)
		}
		cancel()
	}
	ln.tasks.Wait()
	ln.pausing.Wait()
	stopLooking()
	looking.Wait()
}

func (ln *lane) setHalting(cancel context.CancelFunc) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	ln.halting = cancel
}

// ready waits until the channel takes slices; false when ctx ended first. A
// channel that said itself that it is unready is believed when it says that it
// is ready again. One that is always "ready" and always refuses is tried again
// after a while, ever less often, and stays red until it is proved well.
func (ln *lane) ready(ctx context.Context) bool {
	since, unready := time.Now(), false
	for ctx.Err() == nil {
		h := ln.ch.Health()
		unready = unready || !h.Ready
		if h.Ready && ln.mayProbe() {
			ln.resume(unready)
			return true
		}
		if !h.Ready && time.Since(since) >= unreadyTime {
			ln.halt(h.Reason)
		}
		sleep(ctx, lookEvery)
	}
	return false
}

func (ln *lane) mayProbe() bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	return ln.haltedAt.IsZero() || time.Since(ln.haltedAt) >= ln.probe
}

// halt makes the channel take no tasks: those held go back to the queue, for
// another process or for later. Open recipients stay open.
func (ln *lane) halt(reason string) {
	ln.mu.Lock()
	already, known := !ln.haltedAt.IsZero(), ln.reason != ""
	cancel := ln.halting
	ln.halting = nil
	if !already {
		if reason == "" {
			reason = "没有说明原因 / no reason was given"
		}
		ln.haltedAt, ln.reason = time.Now(), reason
	}
	ln.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	ln.stopAll(haltChannel)
	if already || known { // still the same trouble: one alarm is enough
		return
	}
	ln.eng.metrics.halted.WithLabelValues(ln.name).Set(1)
	ln.log.Error("the channel is halted", "reason", reason)
	ln.eng.conf.Alarm(Alarm{Channel: ln.name, Kind: AlarmHalted, Text: reason})
}

// resume ends a halt: tasks are taken again.
func (ln *lane) resume(believed bool) {
	ln.mu.Lock()
	was := !ln.haltedAt.IsZero()
	ln.haltedAt = time.Time{}
	if was {
		ln.triedAt = time.Now()
		ln.probe = min(2*ln.probe, lastProbe)
	}
	ln.mu.Unlock()
	if was {
		ln.log.Info("the channel takes tasks again")
	}
	if believed {
		ln.proved()
	}
}

// proved ends the alarm of a halt: the carrier answered, or the channel says
// that it is well.
func (ln *lane) proved() {
	ln.mu.Lock()
	was := ln.reason
	if was == "" || !ln.haltedAt.IsZero() {
		ln.mu.Unlock()
		return
	}
	ln.reason, ln.probe = "", firstProbe
	ln.mu.Unlock()
	ln.eng.metrics.halted.WithLabelValues(ln.name).Set(0)
	ln.eng.conf.Alarm(Alarm{Channel: ln.name, Kind: AlarmHalted, Text: was, Over: true})
}

// provedByTime ends the alarm of a channel that was tried again and had nothing
// to do since.
func (ln *lane) provedByTime(now time.Time) {
	ln.mu.Lock()
	long := ln.reason != "" && ln.haltedAt.IsZero() && now.Sub(ln.triedAt) > 5*time.Minute
	ln.mu.Unlock()
	if long {
		ln.proved()
	}
}

func (ln *lane) stopAll(why haltReason) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	for s := range ln.sessions {
		s.halt(why)
	}
}

// look wakes slices that wait for a permit and must not go on.
func (ln *lane) look(ctx context.Context) {
	for ctx.Err() == nil {
		ln.mu.Lock()
		running := make([]*session, 0, len(ln.sessions))
		for s := range ln.sessions {
			running = append(running, s)
		}
		ln.mu.Unlock()
		now := time.Now()
		for _, s := range running {
			s.check(now)
		}
		ln.provedByTime(now)
		if len(running) > 0 {
			sleep(ctx, lookEvery)
			continue
		}
		idle := time.NewTimer(time.Minute)
		select {
		case <-ln.started:
		case <-idle.C:
		case <-ctx.Done():
		}
		idle.Stop()
	}
}

// handle works one task and answers the queue.
func (ln *lane) handle(taking, work context.Context, th TaskHandle) {
	held := ln.eng.metrics.held.WithLabelValues(ln.name)
	held.Inc()
	defer held.Dec()
	task, err := alert.ParseTask(th.Subject())
	if err != nil || task.Channel != ln.name {
		ln.log.Error("a task that nobody can read was dropped", "subject", th.Subject(), "err", err)
		ln.answer(work, th.Ack)
		return
	}
	if n := th.Delivered(); n > 1 {
		ln.log.Info("a task came again", "notice", task.Notice, "rev", task.Rev, "slice", task.Slice.Name(), "times", n)
	}
	ls, letGo, err := takeLease(work, th, ln.eng.conf.AckWait)
	if err != nil {
		return // it comes again
	}
	defer letGo()
	w := &worker{lane: ln, task: task, lease: ls, taking: taking, ctx: work,
		log: ln.log.With("notice", task.Notice, "rev", task.Rev, "slice", task.Slice.Name())}
	switch end := w.work(); end.what {
	case taskDone:
		ln.answer(work, th.Ack)
	case taskBack:
		ln.answer(work, func(ctx context.Context) error { return th.Nak(ctx, end.after) })
	case taskLost: // it comes again by itself, or is with another already
	}
}

func (ln *lane) answer(ctx context.Context, say func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ln.eng.conf.AckWait/6)
	defer cancel()
	if err := say(ctx); err != nil {
		// The outcomes are the ledger; the task comes again and finds everybody settled.
		ln.log.Warn("the queue did not take an answer", "err", err)
	}
}

// failed sorts the error of a batch: what to do, and after how long.
func (ln *lane) failed(err error, try int) (after time.Duration, halted bool) {
	if h, ok := errors.AsType[*Halted](err); ok {
		ln.eng.metrics.batchErrors.WithLabelValues(ln.name, "halted").Inc()
		ln.halt(h.Reason)
		return 0, true
	}
	if r, ok := errors.AsType[*Retry](err); ok {
		ln.eng.metrics.batchErrors.WithLabelValues(ln.name, "retry").Inc()
		return max(r.After, 50*time.Millisecond), false
	}
	ln.eng.metrics.batchErrors.WithLabelValues(ln.name, "other").Inc()
	return min(time.Second<<min(try, 5), 30*time.Second), false
}

// refuseMode drops a task whose mode is not the plan's, and alarms (R5).
func (ln *lane) refuseMode(t alert.Task, why string) {
	ln.eng.metrics.refusedMode.WithLabelValues(ln.name).Inc()
	id := alert.PlanID(t.Notice, t.Rev)
	ln.mu.Lock()
	known := ln.warned[id]
	ln.warned[id] = true
	ln.mu.Unlock()
	if known {
		return
	}
	text := fmt.Sprintf("通知 %s 第 %d 版的模式不符，没有发送 / notice %s revision %d was not sent: %s", t.Notice, t.Rev, t.Notice, t.Rev, why)
	ln.log.Error("a task of the wrong mode was refused", "rule", "R5", "notice", t.Notice, "rev", t.Rev, "why", why)
	ln.eng.conf.Alarm(Alarm{Channel: ln.name, Kind: AlarmMode, Text: text})
}
