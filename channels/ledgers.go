package channels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// idleLedgers bounds how many slices nobody works on are kept in memory for
// their receipts: about 100 kB each.
const idleLedgers = 128

// ledgers holds one ledger per slice for everybody in this process.
type ledgers struct {
	rec     Record
	damaged func(key string, err error)
	index   *receiptIndex
	pacers  map[string]*pacer // by channel

	mu   sync.Mutex
	all  map[string]*ledger
	idle int
}

// open returns the slice's ledger, as the record has it at this moment. The
// caller calls release when done.
func (ls *ledgers) open(ctx context.Context, t alert.Task) (*ledger, error) {
	l := ls.ref(t)
	if err := ls.refresh(ctx, l); err != nil {
		ls.release(l)
		return nil, err
	}
	return l, nil
}

// cached returns the ledger as it was last known, and reads it only when it
// was not in memory.
func (ls *ledgers) cached(ctx context.Context, t alert.Task) (*ledger, error) {
	l := ls.ref(t)
	l.mu.Lock()
	loaded := l.loaded
	l.mu.Unlock()
	if loaded {
		return l, nil
	}
	if err := ls.refresh(ctx, l); err != nil {
		ls.release(l)
		return nil, err
	}
	return l, nil
}

func (ls *ledgers) ref(t alert.Task) *ledger {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.all[t.Key()]
	if l == nil {
		l = newLedger(t, ls.pacers[t.Channel])
		ls.all[l.key] = l
	} else if l.refs == 0 {
		ls.idle--
	}
	l.refs++
	return l
}

func (ls *ledgers) release(l *ledger) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l.refs--; l.refs > 0 {
		return
	}
	l.idle = time.Now()
	if ls.idle++; ls.idle > idleLedgers {
		ls.evict()
	}
}

// evict drops the slice that was left alone longest. One that still has
// something to record is kept.
func (ls *ledgers) evict() {
	var oldest *ledger
	for _, l := range ls.all {
		if l.refs == 0 && (oldest == nil || l.idle.Before(oldest.idle)) && l.lists.Load() == 0 {
			oldest = l
		}
	}
	if oldest != nil {
		delete(ls.all, oldest.key)
		ls.idle--
	}
}

// refresh reads what was added to the record since the ledger last looked. It
// returns nil when the ledger is up to date.
func (ls *ledgers) refresh(ctx context.Context, l *ledger) error {
	l.load.Lock()
	defer l.load.Unlock()
	return ls.advance(ctx, l)
}

// advance reads the slice's new messages and settles the fate of one in
// flight: a message equal to it is it. What remains pending is only what still
// moves somebody forward. The caller holds load.
func (ls *ledgers) advance(ctx context.Context, l *ledger) error {
	l.mu.Lock()
	from := l.seq + 1
	l.mu.Unlock()
	err := ls.rec.Subject(ctx, l.subject, from, func(r alert.Record) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if r.Seq > l.seq {
			ls.found(l, &r)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read outcomes of %s: %w", l.key, err)
	}
	l.mu.Lock()
	// A slice without outcomes has no tally as a rule; where it has one, ours is
	// refused as stale, and it is read then.
	if !l.loaded && l.seq == 0 {
		l.loaded, l.talliedT = true, time.Now()
	}
	loaded := l.loaded
	l.mu.Unlock()
	if loaded {
		return nil
	}
	if err := ls.readTally(ctx, l); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded, l.talliedT = true, time.Now()
	return nil
}

// found takes a message that was read. The caller holds mu.
func (ls *ledgers) found(l *ledger, r *alert.Record) {
	ours := l.flight != nil && string(r.Data) == string(l.sent)
	foreign := false
	err := l.take(r, func(o alert.Outcome) {
		foreign = foreign || handedOver(o.State) && o.State != alert.StateDelivered || o.State == alert.StateClosed
		ls.index.add(l.key, o)
	})
	if err != nil {
		ls.damaged(l.key, err)
	}
	if ours {
		l.landed()
	} else if l.session != nil && foreign {
		// Somebody else closed the slice or works on it: our worker looks again.
		l.session.halt(haltReload)
	}
	l.broadcast()
}

// landed notes that what was in flight is in the record. The caller holds mu.
func (l *ledger) landed() {
	l.fated(len(l.flight))
	l.flight, l.sent = nil, nil
}

// fated notes that n outcomes are in the record or were not needed. The caller
// holds mu.
func (l *ledger) fated(n int) {
	l.fate += uint64(n)
	if l.pacer != nil {
		l.pacer.give(n)
	}
}

// readTally learns the newest tally's sequence, and what another process's worker
// found: it may have closed the slice while this one was frozen.
func (ls *ledgers) readTally(ctx context.Context, l *ledger) error {
	r, err := ls.rec.Get(ctx, l.tallyAt)
	if err != nil && !errors.Is(err, alert.ErrNotFound) {
		return fmt.Errorf("read tally of %s: %w", l.key, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := r.Seq == l.tallySeq
	l.tallySeq, l.tally = r.Seq, r.Data
	if err != nil {
		return nil
	}
	var t alert.Tally
	if json.Unmarshal(r.Data, &t) != nil {
		return nil // it will be made anew
	}
	if !known {
		l.learn(&t)
	}
	if b, err := l.makeTally(time.Now()); err == nil && l.sameTally(b) {
		l.tallied = l.version
		l.broadcast()
	}
	return nil
}
