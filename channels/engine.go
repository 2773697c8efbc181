package channels

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// Config is what an engine is made of. The first five are needed; the rest has
// defaults.
type Config struct {
	Record   Record
	Queue    Queue
	Audience Audience
	Notices  Notices
	Channels []Channel

	// Outcomes calls fn for the messages of OUTCOMES, in order, that were stored
	// at or after an instant and stand at or behind a sequence, and returns the
	// last sequence there was. It rebuilds the look-up of receipts at start, and
	// finds there what other processes sent. Nil: only receipts of what this
	// process sent are known.
	Outcomes func(ctx context.Context, since time.Time, from uint64, fn func(alert.Record) error) (last uint64, err error)
	// Replies takes what people answer. Nil: replies are refused.
	Replies func(ctx context.Context, r Reply) error
	// Pause pauses a revision after a burst of refusals, with the reason in
	// Chinese and English; bursts is how many paused it before. Nil: an alarm only.
	Pause func(ctx context.Context, notice string, rev, bursts int, reason string) error
	// Burst says when that is.
	Burst Burst
	// Alarm is told what a person should look at. It must not block.
	Alarm func(Alarm)

	Log      *slog.Logger          // slog.Default()
	Registry prometheus.Registerer // a registry of its own

	InFlight int // slices of one class delivered at once by a channel; 8
	Held     int // tasks a channel holds at once, in line by class; 2,048
	// Unrecorded bounds, for each channel of this process, the people who were
	// handed over and whose outcome is not on disk, those in the carrier's window
	// included. The bound is exact: so many at most are told twice after a crash.
	// Less than the window would cut the window. 10,000, see [pacer.most].
	Unrecorded int
	Rates      map[string]float64 // channel to recipients a second; the lower of this and the route's own holds
	AckWait    time.Duration      // the queue's; 30 s
	TallyEvery time.Duration      // how often the tally of a running slice is stored; 1 s
	Grace      time.Duration      // how long answers in flight, and then their record, are waited for at the end; 5 s

	// Alone says that no other process works this record (the embedded one). If
	// others do, a correction waits Settle after it closed a slice that was
	// still being sent, for what another process may still record behind the
	// mark: half of AckWait and the longest time a carrier is waited for. A process
	// that was frozen for longer records later still; the watch then sends the
	// correction again, see alert.Tally.Chased.
	Alone  bool
	Settle time.Duration // 45 s
}

func (c Config) withDefaults() Config {
	setDefault(&c.InFlight, 8)
	setDefault(&c.Held, 2048)
	setDefault(&c.Unrecorded, 10_000)
	setDefault(&c.AckWait, 30*time.Second)
	setDefault(&c.TallyEvery, time.Second)
	setDefault(&c.Grace, 5*time.Second)
	setDefault(&c.Settle, 45*time.Second)
	c.Burst = c.Burst.withDefaults()
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Alarm == nil {
		c.Alarm = func(Alarm) {}
	}
	return c
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Engine runs the channels: it takes their tasks, finds who is open, hands
// them over at the pacer's rhythm and records every answer.
type Engine struct {
	conf     Config
	log      *slog.Logger
	metrics  *metrics
	ledgers  *ledgers
	recorder *recorder
	inbox    *inbox
	lanes    []*lane
}

// NewEngine puts an engine together; nothing runs yet. An error is about a
// channel's name.
func NewEngine(c Config) (*Engine, error) {
	c = c.withDefaults()
	e := &Engine{conf: c, log: c.Log}
	index := newReceiptIndex()
	var names []string
	for _, ch := range c.Channels {
		for _, n := range names {
			if n == ch.Name() {
				return nil, fmt.Errorf("engine: two channels are called %s", n)
			}
		}
		names = append(names, ch.Name())
	}
	e.metrics = newMetrics(c.Registry, names, index)
	e.ledgers = &ledgers{rec: c.Record, index: index, all: map[string]*ledger{}, pacers: map[string]*pacer{}, damaged: e.damaged}
	e.recorder = &recorder{rec: c.Record, ledgers: e.ledgers, log: c.Log, metrics: e.metrics, alarm: c.Alarm,
		tallyEvery: c.TallyEvery, grace: c.Grace, outcomes: newTodo(), tallies: newTodo()}
	e.inbox = &inbox{eng: e, index: index, rebuilt: make(chan struct{})}
	for _, ch := range c.Channels {
		ln := newLane(e, ch)
		e.lanes = append(e.lanes, ln)
		e.ledgers.pacers[ln.name] = ln.pacer
	}
	return e, nil
}

// Inbox returns what takes receipts and replies, for carriers that call back
// over another listener. Channels that are a Receiver are given it by Run.
func (e *Engine) Inbox() Inbox { return e.inbox }

// Busy reports whether slices are being handed over, or were a moment ago.
func (e *Engine) Busy() bool {
	now := time.Now()
	return slices.ContainsFunc(e.lanes, func(ln *lane) bool { return ln.recording(now) })
}

// Run works until ctx ends. Then no more tasks are taken and no more is handed
// over; answers in flight are waited for up to Grace, everything is recorded,
// and the receivers, whose connections the answers may need, end last.
func (e *Engine) Run(ctx context.Context) error {
	work, endWork := context.WithCancel(context.WithoutCancel(ctx))
	defer endWork()
	rec, endRec := context.WithCancel(context.WithoutCancel(ctx))
	defer endRec()
	receive, endReceive := context.WithCancel(context.WithoutCancel(ctx))
	defer endReceive()

	var recording, receiving, working sync.WaitGroup
	recording.Go(func() { e.recorder.run(rec) })
	receiving.Go(func() { e.inbox.rebuild(receive) })
	for _, ln := range e.lanes {
		if r, ok := ln.ch.(Receiver); ok {
			receiving.Go(func() { e.receive(receive, ln, r) })
		}
		working.Go(func() { ln.run(ctx, work) })
	}
	<-ctx.Done()
	idle := make(chan struct{})
	go func() { working.Wait(); close(idle) }()
	grace := time.NewTimer(e.conf.Grace)
	defer grace.Stop()
	select {
	case <-idle:
	case <-grace.C:
		e.log.Warn("some answers did not come before the end")
		endWork()
		<-idle
	}
	endReceive()
	receiving.Wait()
	endRec()
	recording.Wait()
	return nil
}

// receive runs a channel's receiver, and again when it fails.
func (e *Engine) receive(ctx context.Context, ln *lane, r Receiver) {
	for try := 0; ctx.Err() == nil; try++ {
		err := r.Run(ctx, e.inbox)
		if ctx.Err() != nil {
			return
		}
		ln.log.Error("the receiver ended and is started again", "err", err)
		sleep(ctx, min(time.Second<<min(try, 5), longestWait))
	}
}

// damaged tells of outcomes that cannot be read. Delivery goes on: whoever is
// missing from the ledger is sent to again, a repeat rather than a miss.
func (e *Engine) damaged(key string, err error) {
	e.log.Error("outcomes in the record cannot be read", "slice", key, "err", err)
	e.conf.Alarm(Alarm{Channel: channelOf(key), Kind: AlarmDamaged, Text: "发送结果记录损坏 / outcomes are damaged: " + key + ": " + err.Error()})
}
