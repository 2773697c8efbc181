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
	maxBatch   = 1000             // the record's bound of an atomic batch
	maxMessage = 2000             // outcomes in one message: 60 to 100 kB
	bufferSize = 2048             // outcomes; a little more than a slice's usual size
	singly     = 32               // messages that are quicker on disk one by one than as a batch
	committers = 8                // commits of outcomes on their way at once
	maxFlight  = 100_000          // outcomes in one commit, so that one is not waited for long
	gather     = time.Millisecond // answers that come together go together
	firstPause = 50 * time.Millisecond
	longPause  = 2 * time.Second
)

// recorder commits outcomes for all slices in flight at once: one message of
// every slice that has something new. A few slices go each by itself, several
// beside each other (a third of a millisecond each); many go as one atomic batch
// (8 to 10 ms, for the server stages it in a store of its own). Nobody waits for
// a round to end: what is added while commits are on their way goes with the
// next free one. Outcomes go first, then the tallies that are due, in a commit of
// their own beside the next outcomes; whoever acknowledges a task waits for both.
//
// A message expects its slice's last sequence. When one slice is stale the
// record refuses the whole batch; the recorder then reads what is new in each
// slice, which also tells whether a commit without an answer was done, and
// commits the rest.
type recorder struct {
	rec        Record
	ledgers    *ledgers
	log        *slog.Logger
	metrics    *metrics
	alarm      func(Alarm)
	tallyEvery time.Duration
	grace      time.Duration // for the last commits when the process ends

	outcomes todo
	tallies  todo

	// free are buffers of pending outcomes. A fan-out fills one for each slice;
	// fresh memory for each cost more than what is written into it.
	free sync.Pool
}

// add puts outcomes behind what is to be recorded of the slice. It does not
// wait. Outcomes that move nobody are dropped when they are committed.
func (r *recorder) add(l *ledger, outcomes ...alert.Outcome) {
	if len(outcomes) == 0 {
		return
	}
	if l.pacer != nil {
		l.pacer.owe(len(outcomes))
	}
	r.append(l, outcomes...)
}

// append is add for outcomes that the pacer counts already. A slice that has
// something pending is on the list, and the loop comes back to it.
func (r *recorder) append(l *ledger, outcomes ...alert.Outcome) {
	l.mu.Lock()
	first := len(l.pending) == 0
	if l.pending == nil {
		l.pending = r.buffer()
	}
	l.pending = append(l.pending, outcomes...)
	l.added += uint64(len(outcomes))
	l.mu.Unlock()
	if first {
		r.outcomes.put(l)
	}
}

// settle waits until everything added to the slice before is in the record.
func (r *recorder) settle(ctx context.Context, l *ledger) error {
	l.mu.Lock()
	want := l.added
	l.mu.Unlock()
	return r.await(ctx, l, func() bool { return l.fate >= want })
}

// flush waits until the slice's outcomes are in the record and a tally that
// counts them, too.
func (r *recorder) flush(ctx context.Context, l *ledger) error {
	l.mu.Lock()
	added, version := l.added, l.version
	done := l.fate >= added && !l.behind()
	l.urgent = l.urgent || !done
	l.mu.Unlock()
	if done {
		return nil
	}
	r.tallies.put(l)
	return r.await(ctx, l, func() bool {
		return l.fate >= added && (!l.behind() || l.tallied >= version && l.talliedFate >= added)
	})
}

func (r *recorder) await(ctx context.Context, l *ledger, ok func() bool) error {
	for {
		l.mu.Lock()
		done, changed := ok(), l.changed
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("record outcomes of %s: %w", l.key, ctx.Err())
		}
	}
}

// run commits until ctx ends and then once more what is left.
func (r *recorder) run(ctx context.Context) {
	var both sync.WaitGroup
	for range committers {
		both.Go(func() { r.loop(ctx, r.outcomes.share, &r.outcomes, "outcomes", r.roundOfOutcomes) })
	}
	both.Go(func() { r.loop(ctx, r.tallies.take, &r.tallies, "tallies", r.roundOfTallies) })
	both.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.grace)
	defer cancel()
	for range 2 { // a stale slice takes a second round
		_, err := r.roundOfOutcomes(last, r.outcomes.take())
		_, err2 := r.roundOfTallies(last, r.hurry(r.tallies.take()))
		if err := errors.Join(err, err2); err != nil {
			r.log.Warn("outcomes were not recorded before the end", "err", err)
		}
	}
}

// loop runs one round after the other while there is something on the list.
func (r *recorder) loop(ctx context.Context, take func() []*ledger, list *todo, what string, round func(context.Context, []*ledger) (time.Duration, error)) {
	// A function rather than a timer's channel: under the race detector Go 1.26 was
	// seen to crash in a select on such a channel inside a synctest bubble.
	due := make(chan struct{}, 1)
	timer := time.AfterFunc(r.tallyEvery, func() {
		select {
		case due <- struct{}{}:
		default:
		}
	})
	defer timer.Stop()
	pause := firstPause
	for ctx.Err() == nil {
		slices := take()
		next, err := round(ctx, slices)
		if err != nil && ctx.Err() == nil {
			r.trouble(list, what, err)
			sleep(ctx, pause)
			pause = min(2*pause, longPause)
			continue
		}
		if len(slices) > 0 && err == nil && list.failing.CompareAndSwap(true, false) {
			r.alarm(Alarm{Kind: AlarmRecord, Text: "发送结果恢复入库 / " + what + " are recorded again", Over: true})
		}
		pause = firstPause
		timer.Reset(next)
		select {
		case <-list.wake:
		case <-due:
		case <-ctx.Done():
		}
		sleep(ctx, gather)
	}
}

// stuck reports whether outcomes wait that the record does not take.
func (r *recorder) stuck() bool { return r.outcomes.failing.Load() }

// trouble tells of a record that takes nothing; the alarm is raised once.
func (r *recorder) trouble(list *todo, what string, err error) {
	r.metrics.commitFailed.Inc()
	r.log.Error("the record takes no "+what, "err", err)
	if list.failing.CompareAndSwap(false, true) {
		r.alarm(Alarm{Kind: AlarmRecord, Text: "发送结果暂时无法入库，发送将因此放慢或停下 / " + what + " cannot be recorded: " + err.Error()})
	}
}

// roundOfOutcomes commits what is pending in the list's slices.
func (r *recorder) roundOfOutcomes(ctx context.Context, list []*ledger) (next time.Duration, err error) {
	for rest := list; len(rest) > 0 && err == nil; {
		var n int
		n, err = r.commitOutcomes(ctx, rest)
		rest = rest[n:]
	}
	next = time.Minute
	r.outcomes.keep(list, func(l *ledger) bool {
		if len(l.pending) == 0 && len(l.flight) == 0 {
			return false
		}
		next = 0
		return true
	})
	return next, err
}

// commitOutcomes commits one message of every slice that has outcomes, as many
// as fit into one batch, and returns how many slices of the list it looked at.
func (r *recorder) commitOutcomes(ctx context.Context, list []*ledger) (looked int, err error) {
	var flights []*ledger
	var puts []alert.Put
	total := 0
	for ; looked < len(list) && len(puts) < maxBatch && total < maxFlight; looked++ {
		if p, n := list[looked].launch(); n > 0 {
			flights, puts = append(flights, list[looked]), append(puts, p)
			total += n
		}
	}
	if len(puts) == 0 {
		return looked, nil
	}
	start := time.Now()
	if err = r.commitTogether(ctx, flights, puts); err == nil {
		r.metrics.committed(total, time.Since(start))
	}
	return looked, err
}

// commitTogether commits the messages, all or none.
func (r *recorder) commitTogether(ctx context.Context, flights []*ledger, puts []alert.Put) error {
	asked := time.Now()
	last, err := r.rec.PutBatch(ctx, puts)
	if err != nil {
		return r.reconcile(ctx, flights, puts, err)
	}
	for i, l := range flights {
		r.land(l, last-uint64(len(flights)-1-i), puts[i].Data, asked)
	}
	return nil
}

// launch moves what is pending into flight and encodes it.
func (l *ledger) launch() (alert.Put, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flight == nil {
		l.filter()
		n := min(len(l.pending), maxMessage)
		if n == 0 {
			return alert.Put{}, 0
		}
		if n == len(l.pending) {
			l.flight, l.pending = l.pending, nil
		} else {
			l.flight, l.pending = l.pending[:n:n], l.pending[n:]
		}
		l.sent = alert.AppendOutcomes(make([]byte, 0, 48*n), l.flight)
	}
	expect := l.seq
	return alert.Put{Subject: l.subject, Data: l.sent, ExpectSubject: &expect}, len(l.flight)
}

// filter drops pending outcomes that would move nobody: a receipt that came
// twice, a hand-over that another worker recorded meanwhile.
func (l *ledger) filter() {
	kept := l.pending[:0]
	for i := range l.pending {
		if l.moves(&l.pending[i]) {
			kept = append(kept, l.pending[i])
		}
	}
	if dropped := len(l.pending) - len(kept); dropped > 0 {
		l.fated(dropped)
		l.broadcast()
	}
	l.pending = kept
	if len(kept) == 0 {
		l.pending = nil
	}
}

// land takes a message that was committed at seq, after the instant asked: a
// process that was frozen before it heard so may be late.
func (r *recorder) land(l *ledger, seq uint64, data []byte, asked time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seq >= seq {
		return // somebody who opened the slice has read it already
	}
	l.seq, l.asked = seq, asked
	l.hash = ChainOutcomes(l.hash, data)
	l.version++
	for i := range l.flight {
		l.apply(l.flight[i])
	}
	r.ledgers.index.add(l.key, l.flight...)
	r.metrics.outcomes(channelOf(l.key), l.flight)
	if l.session != nil && !l.closedAt.IsZero() {
		l.session.halt(haltReload)
	}
	r.release(l.flight)
	l.landed()
	l.broadcast()
	r.tallies.put(l)
}

// buffer returns an empty buffer for pending outcomes; release takes it back.
func (r *recorder) buffer() []alert.Outcome {
	if b, ok := r.free.Get().(*[]alert.Outcome); ok {
		return *b
	}
	return make([]alert.Outcome, 0, bufferSize)
}

func (r *recorder) release(b []alert.Outcome) {
	if cap(b) != bufferSize {
		return // it grew, or is a part of a larger one
	}
	n := len(b)
	clear(b[:n])
	b = b[:0]
	r.free.Put(&b)
}

// reconcile reads what became of the slices of a commit that was refused or
// not answered. It returns nil when the rest can be tried at once.
func (r *recorder) reconcile(ctx context.Context, flights []*ledger, puts []alert.Put, cause error) error {
	if !errors.Is(cause, alert.ErrStale) && !errors.Is(cause, alert.ErrUnknown) {
		return fmt.Errorf("commit outcomes of %d slices: %w", len(flights), cause)
	}
	moved := false
	for i, l := range flights {
		if err := r.ledgers.refresh(ctx, l); err != nil {
			return fmt.Errorf("after a commit that failed (%w): %w", cause, err)
		}
		if l.at() != *puts[i].ExpectSubject {
			moved = true
			r.metrics.stale.Inc()
			l.recall()
		}
	}
	if !moved {
		// Nothing of it was stored, and nobody was quicker: wait a little.
		return fmt.Errorf("commit outcomes of %d slices: %w", len(flights), cause)
	}
	return nil
}

func (l *ledger) at() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// recall takes a refused message apart, so that it is made anew behind what
// was found in the record.
func (l *ledger) recall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flight != nil {
		l.pending = append(l.flight, l.pending...)
		l.flight, l.sent = nil, nil
	}
}
