package channels

import (
	"time"

	"mingluo/internal/alert"
)

// found is what a look at a slice came to, a worker's here or the one that another
// process's tally tells of.
type found struct {
	expected int  // people of the slice
	chased   int  // of a correction: those known to hold the earlier revisions
	whole    bool // everybody is settled
	resting  bool // nobody is to be handed over to for now: the watch knows when
}

// join joins a look with what was known. Who is settled stays so, whatever a
// process says that was frozen meanwhile; only a correction that learns of more
// people opens a whole slice again, and who knows of fewer says nothing. The caller
// holds mu; it reports whether anything changed.
func (l *ledger) join(f found) bool {
	was := found{l.expected, l.chased, l.whole, l.resting}
	if f.chased < l.chased {
		return false
	}
	f.whole = f.whole || f.chased == l.chased && l.whole
	l.expected, l.chased, l.whole, l.resting = f.expected, f.chased, f.whole, f.resting
	return f != was
}

// found notes what the worker found.
func (l *ledger) found(f found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.join(f) {
		l.version++
	}
}

// rests reports whether the slice needs no worker for now.
func (l *ledger) rests() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resting || l.whole || !l.closedAt.IsZero()
}

// learn takes what another's tally says. The caller holds mu.
func (l *ledger) learn(t *alert.Tally) {
	l.attempt = max(l.attempt, t.Attempt)
	whole := t.Closed && !t.Superseded
	l.join(found{expected: t.Expected, chased: t.Chased, whole: whole, resting: whole || !t.NextTry.IsZero()})
}

// nextTry returns the earliest instant at which somebody is to be tried again, and
// whether everybody is settled. An unsure send that was recorded late, behind the
// last worker's look, is due at once: nobody else would come.
func (l *ledger) nextTry(now time.Time) (next time.Time, settled bool) {
	var first int64
	settled = true
	for _, s := range l.standing {
		if s.settled() {
			continue
		}
		settled = false
		at := s.notBefore
		if at == 0 {
			at = now.UnixMilli()
		}
		if first == 0 || at < first {
			first = at
		}
	}
	if settled {
		return time.Time{}, true
	}
	return time.UnixMilli(first).UTC(), false
}
