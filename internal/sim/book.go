package sim

import (
	"context"
	"errors"
	"fmt"

	"mingluo/internal/alert"
)

// book is the journal as one process has folded it. It appends by the rules of
// the journal's own: decided at the head, chained, tried, with the head as the
// expected sequence, read back when no answer came.
type book struct {
	p     *process
	state *alert.State
}

func newBook(p *process) *book {
	b := &book{p: p, state: alert.NewState()}
	b.catchUp()
	return b
}

func (b *book) Read(fn func(st *alert.State)) { fn(b.state) }

func (b *book) Seq() uint64 { return b.state.Seq }

// Wait is for loops; the world steps instead.
func (b *book) Wait(context.Context, uint64) (uint64, error) {
	return 0, errors.New("nobody waits in a simulation")
}

// catchUp folds what others appended.
func (b *book) catchUp() {
	for _, r := range b.p.w.rec.of(alert.StreamJournal).log[b.state.Seq:] {
		b.apply(r)
	}
}

func (b *book) apply(r alert.Record) {
	e, err := alert.DecodeEvent(r.Data)
	if err == nil && (e.Prev != b.state.Head || e.Seq != r.Seq) {
		err = fmt.Errorf("the chain is broken")
	}
	if err == nil {
		err = b.state.Apply(e)
	}
	if err != nil {
		b.p.w.violate("I1: %s cannot fold event %d: %v", b.p.name, r.Seq, err)
		b.p.perish()
		return
	}
	b.state.Head = alert.HashEvent(r.Data)
}

const maxTries = 20

// Do decides and appends.
func (b *book) Do(ctx context.Context, decide func(st *alert.State) ([]alert.Event, error)) (uint64, error) {
	for range maxTries {
		if actorOf(ctx).gone() || !b.p.alive {
			return 0, errDead
		}
		events, err := decide(b.state)
		if err != nil || len(events) == 0 {
			return b.state.Seq, err
		}
		puts, err := b.draft(events)
		if err != nil {
			return 0, err
		}
		head := b.state.Seq
		seq, err := b.append(ctx, head, puts)
		switch {
		case err == nil:
			b.catchUp()
			return seq, nil
		case errors.Is(err, alert.ErrUnknown):
			return b.readBack(head, puts)
		case !errors.Is(err, alert.ErrStale):
			return 0, err
		}
		b.catchUp()
		for _, p := range puts {
			if p.ExpectSubject != nil && b.p.w.rec.of(alert.StreamJournal).last(p.Subject) > 0 {
				return 0, alert.ErrTaken
			}
		}
	}
	return 0, &alert.Problem{Kind: alert.Conflict, ZH: "其他人同时在操作", EN: "others were quicker"}
}

// draft chains the events and makes their messages.
func (b *book) draft(events []alert.Event) (puts []alert.Put, err error) {
	prev := b.state.Head
	for i := range events {
		e := &events[i]
		e.Seq, e.Prev = b.state.Seq+uint64(i)+1, prev
		data, err := e.Encode()
		if err != nil {
			return nil, err
		}
		p := alert.Put{Subject: "journal." + e.Kind + "." + e.ID, Data: data}
		if (e.Kind == "milestone" || e.Kind == "plan") && b.p.w.mutation != ForgetOnce {
			p.ExpectSubject = new(uint64)
		}
		puts, prev = append(puts, p), alert.HashEvent(data)
	}
	return puts, b.state.Trial(events)
}

func (b *book) append(ctx context.Context, head uint64, puts []alert.Put) (uint64, error) {
	return b.p.write(ctx, "append "+puts[0].Subject, func() (uint64, error) {
		if b.p.w.mutation == ForgetOnce { // the head is forgotten with it
			again, err := b.rechain(puts)
			if err != nil {
				return 0, err
			}
			return b.p.w.rec.store(again, nil)
		}
		return b.p.w.rec.store(puts, &head)
	})
}

// rechain is a mistake's part: events are put behind whatever is there.
func (b *book) rechain(puts []alert.Put) ([]alert.Put, error) {
	log := b.p.w.rec.of(alert.StreamJournal).log
	prev, out := alert.GenesisHash, []alert.Put{}
	if len(log) > 0 {
		prev = alert.HashEvent(log[len(log)-1].Data)
	}
	for i, p := range puts {
		e, err := alert.DecodeEvent(p.Data)
		if err != nil {
			return nil, err
		}
		e.Seq, e.Prev = uint64(len(log)+i)+1, prev
		if p.Data, err = e.Encode(); err != nil {
			return nil, err
		}
		out, prev = append(out, p), alert.HashEvent(p.Data)
	}
	return out, nil
}

// readBack finds out what became of an append without an answer.
func (b *book) readBack(head uint64, puts []alert.Put) (uint64, error) {
	log := b.p.w.rec.of(alert.StreamJournal).log
	there := uint64(len(log)) > head && alert.HashEvent(log[head].Data) == alert.HashEvent(puts[0].Data)
	b.catchUp()
	if there || b.p.w.mutation == UnknownIsDone {
		return head + uint64(len(puts)), nil
	}
	return 0, alert.ErrUnknown
}
