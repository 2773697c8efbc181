package channels

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

const (
	// A receipt may be quicker than our own record of the message it is about.
	earlyReceipt = 3 * time.Second
	readAgain    = 500 * time.Millisecond // how often another process's record is looked at meanwhile
	maxMessageID = 128                    // the record's bound, see alert.Outcome
)

// ErrNoReplies says that nobody takes replies in this process.
var ErrNoReplies = errors.New("replies are not taken here")

// inbox is the engine's Inbox. A call waits until the receipt is on disk, and
// for an unknown message a few seconds for its acceptance to be recorded: call
// it from another goroutine than the one that reads the carrier's answers.
type inbox struct {
	eng     *Engine
	index   *receiptIndex
	rebuilt chan struct{} // closed when the index knows the past

	unknown, unknownSaid atomic.Int64 // receipts since it was said, and when (Unix ns)

	reading sync.Mutex // one reads the record at a time
	read    uint64     // OUTCOMES sequence up to which it was read
	readAt  time.Time
}

// rebuild fills the index from the record, and then has the slices counted whose
// tallies are behind their outcomes.
func (in *inbox) rebuild(ctx context.Context) {
	newest := in.remember(ctx)
	if err := in.eng.recount(ctx, newest); err != nil && ctx.Err() == nil {
		in.eng.log.Error("what was recorded and not counted before the start stays uncounted", "err", err)
	}
}

// remember reads the past and returns each slice's last sequence in it.
func (in *inbox) remember(ctx context.Context) map[string]uint64 {
	defer close(in.rebuilt)
	if in.eng.conf.Outcomes == nil {
		return nil
	}
	start, newest := time.Now(), map[string]uint64{}
	if err := in.catchUp(ctx, newest); err != nil {
		if ctx.Err() == nil {
			in.eng.log.Error("receipts of messages sent before the start will be unknown", "err", err)
		}
		return nil
	}
	known, bytes := in.index.size()
	in.eng.log.Info("receipts are recognised again", "messages", known, "bytes", bytes, "took", time.Since(start))
	return newest
}

// unknownEvery is how often unknown receipts are spoken of: after a crash they come
// by the hundred, for what was handed over and never recorded.
const unknownEvery = 10 * time.Second

func (in *inbox) sayUnknown(r Receipt) {
	n := in.unknown.Add(1)
	last, now := in.unknownSaid.Load(), time.Now().UnixNano()
	if now-last < int64(unknownEvery) || !in.unknownSaid.CompareAndSwap(last, now) {
		return
	}
	in.unknown.Add(-n)
	in.eng.log.Warn("receipts for messages that are not known were dropped", "since_last_said", n, "channel", in.known(r.Channel), "state", r.State, "code", r.Code)
}

// catchUp reads what was added to the record since it was read last, and notes the
// last sequence of every subject in newest, unless that is nil.
func (in *inbox) catchUp(ctx context.Context, newest map[string]uint64) error {
	in.reading.Lock()
	defer in.reading.Unlock()
	in.readAt = time.Now()
	last, err := in.eng.conf.Outcomes(ctx, time.Now().Add(-reportLag), in.read+1, func(r alert.Record) error {
		key := strings.TrimPrefix(r.Subject, "outcome.")
		if err := alert.DecodeOutcomes(r.Data, func(o alert.Outcome) { in.index.add(key, o) }); err != nil {
			in.eng.damaged(key, err)
		}
		in.read = max(in.read, r.Seq)
		if newest != nil {
			newest[r.Subject] = r.Seq
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read outcomes for receipts: %w", err)
	}
	in.read = max(in.read, last)
	return nil
}

// Receipt implements [Inbox]. A receipt for a message that nobody knows is
// counted and dropped: the carrier would bring it for ever.
func (in *inbox) Receipt(ctx context.Context, r Receipt) error {
	result, err := in.receipt(ctx, &r)
	in.eng.metrics.receipts.WithLabelValues(in.known(r.Channel), result).Inc()
	if result == "unknown" {
		in.sayUnknown(r)
	}
	return err
}

// known keeps made-up channel names out of labels.
func (in *inbox) known(channel string) string {
	if _, ok := in.eng.metrics.byState[channel]; ok {
		return channel
	}
	return otherChannel
}

func (in *inbox) receipt(ctx context.Context, r *Receipt) (result string, err error) {
	if r.State != alert.StateDelivered && r.State != alert.StateUndelivered && r.State != alert.StateAccepted && r.State != alert.StateRefused {
		return "failed", fmt.Errorf("receipt: %s is not what a receipt says", r.State)
	}
	if r.MessageID == "" {
		return "unknown", nil
	}
	h := in.index.hash(r.Channel, r.MessageID[:min(len(r.MessageID), maxMessageID)])
	key, tag, err := in.place(ctx, r.Channel, h)
	if err != nil {
		return "failed", err
	}
	if key == "" {
		return "unknown", nil
	}
	task, err := alert.ParseTask("task." + key + ".1")
	if err != nil {
		return "failed", fmt.Errorf("receipt: %w", err)
	}
	return in.record(ctx, task, tag, r)
}

// place finds the slice and the recipient, and waits for them a little while
// somebody is sending on the channel. When nobody is, nobody will record the
// message, and waiting would only hold up the receipts behind: those of other
// systems' messages, or a carrier's backlog after a restart.
func (in *inbox) place(ctx context.Context, channel string, h uint64) (key string, tag recipientTag, err error) {
	known := func() (ok bool) {
		key, tag, ok = in.index.find(h)
		return ok
	}
	if known() {
		return key, tag, nil
	}
	select {
	case <-in.rebuilt:
	case <-ctx.Done():
		return "", tag, fmt.Errorf("receipt: the look-up is not rebuilt yet: %w", ctx.Err())
	}
	if err := in.await(ctx, channel, h, known); err != nil {
		return "", tag, err
	}
	if !known() && in.eng.recorder.stuck() {
		return "", tag, errStuck
	}
	return key, tag, nil
}

// errStuck: nothing can be recorded at the moment, so that nobody can say that
// a message is unknown. The carrier comes again.
var errStuck = errors.New("receipt: its message may still wait to be recorded")

// await waits until the id is known or has been waited for long enough.
func (in *inbox) await(ctx context.Context, channel string, h uint64, known func() bool) error {
	alone := in.eng.conf.Alone || in.eng.conf.Outcomes == nil
	if alone && !in.sending(channel) {
		return nil
	}
	w := in.index.early.wait(channel, h, known)
	defer in.index.early.giveUp(w)
	var again <-chan time.Time // other processes record too: what they did is read
	if !alone {
		ticker := time.NewTicker(readAgain)
		defer ticker.Stop()
		again = ticker.C
	}
	over := time.NewTimer(earlyReceipt)
	defer over.Stop()
	for {
		if !alone {
			if err := in.glance(ctx); err != nil || known() {
				return err
			}
		}
		select {
		case <-w.done:
			return nil
		case <-over.C:
			return nil
		case <-again:
		case <-ctx.Done():
			return fmt.Errorf("receipt: wait for its message: %w", ctx.Err())
		}
	}
}

// glance is catchUp, unless that was done a moment ago.
func (in *inbox) glance(ctx context.Context) error {
	in.reading.Lock()
	fresh := time.Since(in.readAt) < readAgain/5
	in.reading.Unlock()
	if fresh {
		return nil
	}
	return in.catchUp(ctx, nil)
}

func (in *inbox) sending(channel string) bool {
	for _, ln := range in.eng.lanes {
		if ln.name == channel {
			return ln.recording(time.Now())
		}
	}
	return false
}

// record appends the outcome, unless the recipient stands there already.
func (in *inbox) record(ctx context.Context, task alert.Task, tag recipientTag, r *Receipt) (string, error) {
	l, err := in.eng.ledgers.cached(ctx, task)
	if err != nil {
		return "failed", fmt.Errorf("receipt: %w", err)
	}
	defer in.eng.ledgers.release(l)
	id, at, ok := l.find(tag)
	if !ok { // another process recorded it after we looked
		if err := in.eng.ledgers.refresh(ctx, l); err != nil {
			return "failed", fmt.Errorf("receipt: %w", err)
		}
		if id, at, ok = l.find(tag); !ok {
			return "unknown", nil
		}
	}
	when := r.At
	if when.IsZero() {
		when = time.Now()
	}
	o := alert.Outcome{ID: id, State: r.State, Final: true, Attempt: at.attempt, At: when, Code: r.Code}
	l.mu.Lock()
	moves := l.moves(&o)
	l.mu.Unlock()
	if !moves {
		return "repeated", nil
	}
	in.eng.recorder.add(l, o)
	if err := in.eng.recorder.settle(ctx, l); err != nil {
		return "failed", fmt.Errorf("receipt: %w", err)
	}
	return "recorded", nil
}

// Reply implements [Inbox].
func (in *inbox) Reply(ctx context.Context, r Reply) error {
	if in.eng.conf.Replies == nil {
		return ErrNoReplies
	}
	return in.eng.conf.Replies(ctx, r)
}
