package channels

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// makeTally adds the ledger up. The caller holds mu.
//
// While a worker has the slice its tally names no next try: the watch would put a
// second task beside the worker's. One that rests names it, or is closed when what
// came since (a receipt, another's late record) settled the last.
func (l *ledger) makeTally(now time.Time) ([]byte, error) {
	var next time.Time
	if l.resting && !l.whole {
		next, l.whole = l.nextTry(now)
	}
	t := alert.Tally{
		Expected: l.expected, Attempt: l.attempt, Chased: l.chased, Held: l.holding, Counts: map[string]int{}, Repeats: l.repeats, First: l.first, Last: l.last,
		Superseded: !l.closedAt.IsZero(), OutcomesSeq: l.seq, Hash: hex.EncodeToString(l.hash[:]),
	}
	for s, n := range l.counts {
		if n > 0 {
			t.Counts[alert.OutcomeState(s).String()] = n
		}
	}
	// Nothing more will be done for a slice that a correction closed.
	t.Closed = l.whole || t.Superseded
	if !t.Closed {
		t.NextTry = next
	}
	b, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode tally of %s: %w", l.key, err)
	}
	return b, nil
}

// sameTally reports whether the record has these bytes already.
func (l *ledger) sameTally(b []byte) bool { return l.tallySeq > 0 && bytes.Equal(b, l.tally) }

// roundOfTallies stores the list's tallies that are waited for or old enough,
// and returns when the next one is due.
func (r *recorder) roundOfTallies(ctx context.Context, list []*ledger) (next time.Duration, err error) {
	now := time.Now()
	for rest := list; len(rest) > 0 && err == nil; rest = rest[min(len(rest), maxBatch):] {
		err = r.commitTallies(ctx, rest[:min(len(rest), maxBatch)], now)
	}
	next = time.Minute
	r.tallies.keep(list, func(l *ledger) bool {
		if !l.behind() {
			return false
		}
		if l.final() {
			next = 0
		} else {
			next = min(next, max(0, time.Until(l.talliedT.Add(r.tallyEvery))))
		}
		return true
	})
	return next, err
}

// hurry makes every tally of the list due.
func (r *recorder) hurry(list []*ledger) []*ledger {
	for _, l := range list {
		l.mu.Lock()
		l.urgent = true
		l.mu.Unlock()
	}
	return list
}

// duePut is a tally on its way into the record.
type duePut struct {
	ledger        *ledger
	put           alert.Put
	version, fate uint64
}

// commitTallies stores those that are due: a few beside each other, many as one
// batch.
func (r *recorder) commitTallies(ctx context.Context, list []*ledger, now time.Time) error {
	var due []duePut
	for _, l := range list {
		d, err := l.tallyDue(now, r.tallyEvery)
		if err != nil {
			return err
		}
		if d.put.Data != nil {
			due = append(due, d)
		}
	}
	if len(due) > singly {
		return r.storeTallies(ctx, due, now)
	}
	errs := make([]error, len(due))
	var all sync.WaitGroup
	for i := range due {
		all.Go(func() { errs[i] = r.storeTallies(ctx, due[i:i+1], now) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (r *recorder) storeTallies(ctx context.Context, due []duePut, now time.Time) error {
	puts := make([]alert.Put, len(due))
	for i := range due {
		puts[i] = due[i].put
	}
	last, err := r.rec.PutBatch(ctx, puts)
	if err == nil {
		for i, d := range due {
			d.ledger.counted(last-uint64(len(due)-1-i), d.put.Data, d.version, d.fate, now)
		}
		return nil
	}
	if !errors.Is(err, alert.ErrStale) && !errors.Is(err, alert.ErrUnknown) {
		return fmt.Errorf("commit tallies of %d slices: %w", len(due), err)
	}
	for _, d := range due {
		if err := r.ledgers.refresh(ctx, d.ledger); err != nil { // the other one may have counted more
			return err
		}
		if err := r.ledgers.readTally(ctx, d.ledger); err != nil {
			return err
		}
	}
	return nil
}

// behind reports whether the record lacks a tally of what is known. The caller
// holds mu.
func (l *ledger) behind() bool { return l.tallied < l.version || l.tallySeq == 0 }

// final reports whether a tally is waited for that nothing more will change for
// now. The caller holds mu.
func (l *ledger) final() bool { return l.urgent && len(l.pending) == 0 && len(l.flight) == 0 }

// tallyDue returns the slice's tally if it is to be stored now.
func (l *ledger) tallyDue(now time.Time, every time.Duration) (d duePut, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.behind() || !l.final() && now.Sub(l.talliedT) < every {
		return d, nil
	}
	b, err := l.makeTally(now)
	if err != nil {
		return d, err
	}
	if l.sameTally(b) {
		l.tallied, l.talliedFate, l.urgent, l.talliedT = l.version, l.fate, false, now
		l.broadcast()
		return d, nil
	}
	expect := l.tallySeq
	return duePut{l, alert.Put{Subject: l.tallyAt, Data: b, ExpectSubject: &expect}, l.version, l.fate}, nil
}

// counted notes that a tally is in the record.
func (l *ledger) counted(seq uint64, data []byte, version, fate uint64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tallySeq, l.tally, l.talliedT = seq, data, now
	l.tallied, l.talliedFate = version, fate
	l.urgent = l.urgent && l.version > version
	l.broadcast()
}
