package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
)

// maxTries bounds how often Do decides anew because another process was quicker.
const maxTries = 20

// once are the kinds of events that are recorded once per subject, however many
// processes and restarts there are.
func once(kind string) bool { return kind == "milestone" || kind == "plan" || kind == "call" }

// Do decides and appends. It calls decide with the state at the journal's head,
// gives the returned events their place and hash, appends them (several as one
// atomic batch, all or none) and applies them; when it returns, the events are on
// the disk and in the state. It returns the last event's sequence, or the head's
// when decide returned none. Appends of one process queue up here; when another
// process was quicker, decide is called again with the newer state.
//
// decide holds the state's lock: it must not call the book, keep references, or
// wait for anything. Its error is returned as it is.
//
// Errors: an [*alert.Problem] of kind Conflict when others were quicker
// every time; [alert.ErrTaken] when a milestone or plan is recorded already;
// [alert.ErrFull]; [alert.ErrUnknown] when no answer came and the read-back could
// not tell. What the context's end interrupts is the waiting before the append;
// an append under way is seen through.
//
// With a [Guard] the folder's signed head covers the events too when it returns.
// That is waited for after the turn was passed on: of several acts at once the head
// is written once.
func (b *Book) Do(ctx context.Context, decide func(st *alert.State) ([]alert.Event, error)) (seq uint64, err error) {
	seq, err = b.do(ctx, decide)
	if err == nil && b.guard != nil {
		b.guard.seal(seq)
	}
	return seq, err
}

func (b *Book) do(ctx context.Context, decide func(st *alert.State) ([]alert.Event, error)) (seq uint64, err error) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for the journal: %w", ctx.Err())
	}
	for try := 1; ; try++ {
		d, err := b.decide(decide)
		if err != nil || len(d.events) == 0 {
			return d.head, err
		}
		seq, err := b.append(context.WithoutCancel(ctx), d)
		if !errors.Is(err, alert.ErrStale) {
			return seq, err
		}
		if err := b.taken(ctx, d); err != nil {
			return 0, err
		}
		if try == maxTries {
			return 0, conflict()
		}
		if err := b.catchUp(ctx, try); err != nil {
			return 0, err
		}
	}
}

// draft is what was decided, bound to the head it was decided on.
type draft struct {
	head   uint64
	events []alert.Event
	msgs   []*nats.Msg
}

func (b *Book) decide(decide func(st *alert.State) ([]alert.Event, error)) (draft, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	d := draft{head: b.state.Seq}
	if b.broken != nil {
		return d, b.broken
	}
	events, err := decide(b.state)
	if err != nil || len(events) == 0 {
		return d, err
	}
	if len(events) > maxBatch {
		return d, fmt.Errorf("append %d events at once, at most %d", len(events), maxBatch)
	}
	if err := d.chain(b.state.Head, events); err != nil {
		return d, err
	}
	if err := b.state.Trial(d.events); err != nil {
		return d, fmt.Errorf("append: the state does not take it: %w", err)
	}
	return d, nil
}

// chain gives the events their sequence and hash, and makes their messages.
func (d *draft) chain(prev string, events []alert.Event) error {
	subjects := map[string]bool{}
	for i, e := range events {
		e.Seq, e.Prev = d.head+uint64(i)+1, prev
		m, err := eventMessage(e)
		if err != nil {
			return err
		}
		if once(e.Kind) {
			if subjects[m.Subject] {
				return fmt.Errorf("append: %s twice in one act", m.Subject)
			}
			m.Header.Set(hdrLastSubject, "0")
		}
		subjects[m.Subject] = true
		if i == 0 {
			m.Header.Set(hdrLastSeq, strconv.FormatUint(d.head, 10))
		}
		d.events, d.msgs = append(d.events, e), append(d.msgs, m)
		prev = alert.HashEvent(m.Data)
	}
	return nil
}

// eventMessage encodes an event. What could not be read back is refused.
func eventMessage(e alert.Event) (*nats.Msg, error) {
	if err := errors.Join(checkToken("kind", e.Kind), checkToken("id", e.ID)); err != nil {
		return nil, fmt.Errorf("append event %s: %w", e.Type, err)
	}
	data, err := e.Encode()
	if err != nil {
		return nil, err
	}
	if _, err := alert.DecodeEvent(data); err != nil {
		return nil, fmt.Errorf("append event %s.%s %s: %w", e.Kind, e.ID, e.Type, err)
	}
	return &nats.Msg{Subject: eventSubject(e), Data: data, Header: nats.Header{}}, nil
}

// append stores the draft and applies it.
func (b *Book) append(ctx context.Context, d draft) (uint64, error) {
	first := d.events[0]
	if err := b.store.room(alert.StreamJournal); err != nil {
		return 0, fmt.Errorf("append %s.%s: %w", first.Kind, first.ID, err)
	}
	want := d.head + uint64(len(d.events))
	seq, err := b.store.publish(ctx, d.msgs)
	if errors.Is(err, alert.ErrUnknown) {
		seq, err = b.readBack(ctx, d, err)
	}
	if err != nil {
		return 0, fmt.Errorf("append %s.%s: %w", first.Kind, first.ID, err)
	}
	if seq != want {
		return 0, b.fail(&BrokenError{Seq: seq, Why: fmt.Errorf("stored as event %d, expected %d", seq, want)})
	}
	for i, e := range d.events {
		if err := b.apply(e.Seq, d.msgs[i].Subject, e, d.msgs[i].Data); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

// readBack finds out what became of an append without an answer, by what stands
// at its first and its last event's place: of a batch that met a full disk a part
// may be there. What a frozen server says is not asked for: it may hold in memory
// what the disk refused.
func (b *Book) readBack(ctx context.Context, d draft, unknown error) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	trusted := b.store.trust()
	first, err := b.store.getOne(ctx, alert.StreamJournal, getRequest{Seq: d.head + 1})
	if err != nil || !trusted() { // also when nothing is there: it may still be on its way
		return 0, unknown
	}
	if alert.HashEvent(first.Data) != alert.HashEvent(d.msgs[0].Data) {
		return 0, alert.ErrStale // its place is taken, so it can never be stored
	}
	end := d.head + uint64(len(d.events))
	last, err := b.store.getOne(ctx, alert.StreamJournal, getRequest{Seq: end})
	if err != nil || !trusted() || alert.HashEvent(last.Data) != alert.HashEvent(d.msgs[len(d.msgs)-1].Data) {
		return 0, unknown
	}
	return end, nil
}

// taken looks, after a refusal, whether one of the draft's once-only subjects is
// in the journal already: then deciding anew would not help.
func (b *Book) taken(ctx context.Context, d draft) error {
	for i, e := range d.events {
		if !once(e.Kind) {
			continue
		}
		_, err := b.store.getOne(ctx, alert.StreamJournal, getRequest{LastFor: d.msgs[i].Subject})
		if errors.Is(err, errNone) {
			continue
		}
		if err != nil {
			return fmt.Errorf("append %s.%s: look for it: %w", e.Kind, e.ID, err)
		}
		return errors.Join(b.replay(ctx), fmt.Errorf("append %s.%s: %w", e.Kind, e.ID, alert.ErrTaken))
	}
	return nil
}

// catchUp reads what others appended. The later the try, the longer the pause,
// so that of many writers somebody gets through.
func (b *Book) catchUp(ctx context.Context, try int) error {
	if try > 2 {
		if err := pause(ctx, rand.N(time.Duration(try)*time.Millisecond)); err != nil {
			return fmt.Errorf("catch up with the journal: %w", err)
		}
	}
	if err := b.replay(ctx); err != nil {
		return fmt.Errorf("catch up with the journal: %w", err)
	}
	return nil
}

func conflict() *alert.Problem {
	return &alert.Problem{
		Kind: alert.Conflict,
		ZH:   "其他人同时在操作，本次未能写入。请查看最新内容后再试。",
		EN:   "Others were acting at the same time and nothing was written. Look at the newest state, then try again.",
	}
}
