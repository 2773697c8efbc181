package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// Store is the part of the record that the audit is kept in.
type Store interface {
	PutBatch(ctx context.Context, puts []alert.Put) (last uint64, err error)
	Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (last uint64, err error)
	ScanSince(ctx context.Context, stream, filter string, since time.Time, fn func(alert.Record) error) (last uint64, err error)
	LastSeq(ctx context.Context, stream string) (uint64, error)
}

const (
	newEvery    = 200 * time.Millisecond // new kinds of entries are gathered for this long
	repeatEvery = 15 * time.Second       // repeated ones are counted for this long
	idleAfter   = time.Minute            // an entry not repeated for this long begins anew
	writeWait   = 10 * time.Second
	maxKinds    = 4000 // entries told apart at one time

	// What nobody proved to be may cost 2,000 records at once and 10 a minute
	// after that, 5 MB a day: an attack of a year does not push older history out
	// of AUDIT's 2 GiB. Whatever is beyond is counted, without its source.
	burst    = 2000
	refill   = 10.0 / 60 // a second
	maxNamed = 200       // batch of one write stays far below an atomic batch's 1,000
)

// key is what makes entries alike.
type key struct {
	officer, from, via, act, object, rule string
	outcome                               Outcome
	mode                                  alert.Mode
	proven                                bool
}

// pending is what was not written yet of entries that are alike; Count is 0
// once everything was.
type pending struct {
	Entry
	written time.Time // zero: never
}

// Log writes and reads the audit. It is safe for concurrent use.
type Log struct {
	store Store
	log   *slog.Logger
	now   func() time.Time
	known func(ctx context.Context, officer string) bool
	wake  chan struct{}

	writing sync.Mutex
	mu      sync.Mutex
	kinds   map[key]*pending
	tokens  float64
	filled  time.Time
	failing error // why the newest write failed
}

// New opens the audit. known says whether there is such an account; names of
// others are not kept.
func New(store Store, known func(ctx context.Context, officer string) bool, log *slog.Logger) *Log {
	return &Log{store: store, log: log, now: time.Now, known: known, wake: make(chan struct{}, 1), kinds: map[key]*pending{}, tokens: burst}
}

// Note takes one act or try. It neither waits nor fails; At is set when it is
// zero.
func (l *Log) Note(e Entry) {
	if e.At.IsZero() {
		e.At = l.now()
	}
	e.bounded()
	l.mu.Lock()
	fresh := l.count(l.place(&e), e)
	l.mu.Unlock()
	if fresh {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// place is the key under which an entry is counted. When there are too many
// kinds, what nobody proved to be is counted without its source.
func (l *Log) place(e *Entry) key {
	k := key{officer: e.Officer, from: network(e.From), via: e.Via, act: e.Act, object: e.Object, rule: e.Rule, outcome: e.Outcome, mode: e.Mode, proven: e.Proven}
	if l.kinds[k] != nil {
		return k
	}
	if !e.Proven && len(l.kinds) >= maxKinds/2 || len(l.kinds) >= maxKinds {
		return coarse(k, e)
	}
	return k
}

// coarse forgets who and from where: the number and the kind stay. Who proved
// to be somebody keeps the name.
func coarse(k key, e *Entry) key {
	k.object, k.rule, k.from = "", "", Many
	e.Object, e.Rule, e.ZH, e.EN, e.From = "", "", "", "", Many
	if !k.proven {
		k.officer, e.Officer = "", ""
	}
	return k
}

// count adds an entry to those like it; fresh: there were none.
func (l *Log) count(k key, e Entry) (fresh bool) {
	p := l.kinds[k]
	if p == nil {
		l.kinds[k] = &pending{Entry: e}
		return true
	}
	if p.Count == 0 {
		p.At, p.From = e.At, e.From
	} else if p.From != e.From {
		p.From = k.from
	}
	if e.Last.After(p.Last) {
		p.Last = e.Last
	}
	p.Count += e.Count
	return false
}

// Run writes until ctx ends, and then what is left.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(repeatEvery / 5)
	defer tick.Stop()
	for {
		select {
		case <-l.wake:
			if pause(ctx, newEvery) != nil {
				return l.last()
			}
		case <-tick.C:
		case <-ctx.Done():
			return l.last()
		}
		if err := l.flush(ctx, false); err != nil && ctx.Err() == nil {
			l.log.Error("the audit could not be written; it is kept and tried again", "err", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// last writes everything at the end, within bounds.
func (l *Log) last() error {
	ctx, cancel := context.WithTimeout(context.Background(), writeWait)
	defer cancel()
	if err := l.flush(ctx, true); err != nil {
		return fmt.Errorf("write the last of the audit: %w", err)
	}
	return nil
}

// Flush writes everything that was noted; for tests and before an export.
func (l *Log) Flush(ctx context.Context) error { return l.flush(ctx, true) }

// flush writes what is due. What could not be written is counted on.
func (l *Log) flush(ctx context.Context, all bool) error {
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	l.writing.Lock() // whoever asks for everything waits for what is on its way
	defer l.writing.Unlock()
	l.mu.Lock()
	due := l.due(all)
	l.mu.Unlock()
	var errs []error
	for len(due) > 0 {
		n := min(maxNamed, len(due))
		errs = append(errs, l.write(ctx, due[:n]))
		due = due[n:]
	}
	err := errors.Join(errs...)
	l.mu.Lock()
	l.failing = err
	l.mu.Unlock()
	return err
}

// due takes what is to be written now out of the table.
func (l *Log) due(all bool) (out []Entry) {
	now := l.now()
	l.tokens = min(burst, l.tokens+max(0, now.Sub(l.filled).Seconds())*refill)
	l.filled = now
	ready := func(p *pending) bool {
		return p.Count > 0 && (all || p.written.IsZero() || now.Sub(p.written) >= repeatEvery)
	}
	for k, p := range l.kinds {
		switch {
		case p.Count == 0 && now.Sub(p.Last) > idleAfter:
			delete(l.kinds, k)
		case !ready(p) || p.Proven || k.from == Many:
		case l.tokens >= 1:
			l.tokens--
			out = append(out, take(p, now))
		default: // beyond the budget: counted without its source
			e := p.Entry
			delete(l.kinds, k)
			l.count(coarse(k, &e), e)
		}
	}
	for k, p := range l.kinds {
		if (p.Proven || k.from == Many) && ready(p) {
			out = append(out, take(p, now))
		}
	}
	return out
}

func take(p *pending, now time.Time) Entry {
	e := p.Entry
	p.Count, p.written = 0, now
	return e
}

func (l *Log) write(ctx context.Context, entries []Entry) error {
	var puts []alert.Put
	for i := range entries {
		e := &entries[i]
		if e.Officer != "" && !e.Proven && !l.known(ctx, e.Officer) {
			e.Officer = ""
		}
		p, err := e.put()
		if err != nil {
			return err
		}
		puts = append(puts, p)
	}
	_, err := l.store.PutBatch(ctx, puts)
	if err == nil || errors.Is(err, alert.ErrUnknown) { // written or not: a second copy would count twice
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range entries {
		l.count(l.place(&entries[i]), entries[i])
	}
	return err
}

// Failing returns why the newest write failed, nil when it did not.
func (l *Log) Failing() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing
}
