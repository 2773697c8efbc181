package channels

import (
	"sync"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

// standing is where one recipient stands in a slice.
type standing struct {
	state     alert.OutcomeState
	attempt   uint8
	final     bool
	reached   bool  // some answer said that the person may hold the notice, whatever came after
	notBefore int64 // Unix milliseconds; deferred until then
}

func (s standing) settled() bool {
	return alert.Outcome{State: s.state, Final: s.final}.Settled()
}

// ledger is a slice's outcomes as this process knows them: what is in the
// record, and behind it what waits to be recorded. Workers and receipts of one
// slice share one ledger, so that within a process nothing of a slice ever
// conflicts with itself.
type ledger struct {
	key     string
	subject string
	tallyAt string

	load sync.Mutex // held while the record is read

	mu       sync.Mutex
	loaded   bool
	asked    time.Time // when our own last commit that was taken was sent
	seq      uint64    // the slice's newest message in the record
	hash     [32]byte  // running hash of its messages, see ChainOutcomes
	standing map[alert.RecipientID]standing
	byTag    map[recipientTag]tagged // for receipts; made when the first comes
	counts   [alert.LastState + 1]int
	repeats  int
	holding  int // who may hold the notice
	first    time.Time
	last     time.Time
	closedAt time.Time // a correction closed the slice; zero when none did

	attempt  int  // of the newest task that worked it
	expected int  // recipients found when it was worked
	chased   int  // of a correction: those known to hold the earlier revisions
	whole    bool // a worker found everybody settled
	resting  bool // a worker found nobody to be handed over to for now

	pending  []alert.Outcome // not recorded yet, oldest first
	flight   []alert.Outcome // being committed
	sent     []byte          // the message of flight; kept until its fate is known
	added    uint64          // outcomes that were ever pending
	fate     uint64          // of these, the ones recorded or not needed
	version  uint64          // counts every change that a tally shows
	tallied  uint64          // the version of the newest tally in the record
	tallySeq uint64

	talliedFate uint64 // fate when that tally was made

	tally    []byte
	urgent   bool          // the tally is waited for
	talliedT time.Time     // when the newest tally was stored
	changed  chan struct{} // closed and made anew when something was recorded
	session  *session      // the worker that is handing over, if any
	workers  int           // workers that may still add hand-overs

	pacer *pacer       // counts what is not recorded yet; nil for a channel that is not this process's
	lists atomic.Int32 // of the recorder that it is on

	refs int       // guarded by ledgers.mu
	idle time.Time // guarded by ledgers.mu
}

func newLedger(t alert.Task, p *pacer) *ledger {
	return &ledger{
		pacer: p, key: t.Key(), subject: t.OutcomeSubject(), tallyAt: t.TallySubject(),
		standing: map[alert.RecipientID]standing{}, changed: make(chan struct{}),
	}
}

// ChainOutcomes returns the running hash after one more stored message of a
// slice: SHA-256 over the hash before (32 zero bytes for the first) and the
// message. Tally.Hash is its hexadecimal form.
func ChainOutcomes(before [32]byte, stored []byte) [32]byte {
	return alert.ChainOutcomes(before, stored)
}

// take adds a message that is in the record. The caller holds mu.
func (l *ledger) take(r *alert.Record, each func(alert.Outcome)) error {
	l.seq = r.Seq
	l.hash = ChainOutcomes(l.hash, r.Data)
	l.version++
	return alert.DecodeOutcomes(r.Data, func(o alert.Outcome) {
		l.apply(o)
		each(o)
	})
}

// apply moves one recipient forward, or nowhere.
func (l *ledger) apply(o alert.Outcome) {
	if o.State == alert.StateClosed {
		if l.closedAt.IsZero() {
			l.closedAt = o.At
		}
		return
	}
	was := l.standing[o.ID]
	sent := o.Attempt > was.attempt && handedOver(o.State)
	if sent {
		l.countSend(o)
	}
	now := was
	now.attempt = max(was.attempt, o.Attempt)
	now.reached = was.reached || o.State.Reached()
	if now.reached && !was.reached {
		l.holding++
	}
	switch {
	case was.givesWay(&o):
		now.state, now.final, now.notBefore = o.State, o.Final, unixMilli(o.NotBefore)
	case was.putOff(&o):
		now.notBefore = unixMilli(o.NotBefore) // the second try was put off; the first may still have arrived
	}
	if was.state != alert.StateNone {
		l.counts[was.state]--
	}
	if now.state != alert.StateNone {
		l.counts[now.state]++
	}
	l.standing[o.ID] = now
	if l.byTag != nil {
		l.tag(o.ID)
	}
}

// givesWay reports whether an outcome takes the standing's place. Of two deferrals,
// or two sends without an answer, the newest attempt counts: a process that was
// frozen may record an older one behind it, and must not open what is final.
func (s standing) givesWay(o *alert.Outcome) bool {
	if o.State == s.state {
		return o.State.Supersedes(s.state) && o.Attempt >= s.attempt && (o.Final || !s.final)
	}
	return o.State.Supersedes(s.state)
}

// putOff reports whether an outcome puts off the second try of a send without an
// answer. The first may still have arrived, so it stays unsure.
func (s standing) putOff(o *alert.Outcome) bool {
	return o.State == alert.StateDeferred && s.state == alert.StateUnsure && !s.final && o.Attempt >= s.attempt
}

// moves reports whether an outcome would change where its recipient stands, or
// says that he may hold the notice after all: a copy that another process sent
// was refused, and a retraction has to reach him.
// The caller holds mu.
func (l *ledger) moves(o *alert.Outcome) bool {
	if o.State == alert.StateClosed {
		return l.closedAt.IsZero()
	}
	was := l.standing[o.ID]
	return was.givesWay(o) || was.putOff(o) || o.State.Reached() && !was.reached
}

// handedOver reports whether a state is an answer to a hand-over.
func handedOver(s alert.OutcomeState) bool {
	switch s {
	case alert.StateAccepted, alert.StateDelivered, alert.StateRefused, alert.StateUnsure, alert.StateSimulated:
		return true
	}
	return false
}

func (l *ledger) countSend(o alert.Outcome) {
	if o.Repeat {
		l.repeats++
	}
	if l.first.IsZero() || o.At.Before(l.first) {
		l.first = o.At
	}
	if o.At.After(l.last) {
		l.last = o.At
	}
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// worked notes the attempt of a task that works the slice: the watch counts on
// from it when somebody is deferred.
func (l *ledger) worked(attempt int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if attempt > l.attempt {
		l.attempt = attempt
		l.version++
	}
}

// current reports whether what is known is as good as read now: a commit of ours
// was taken a moment ago, and it expected the slice's last sequence.
func (l *ledger) current(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.asked) < knownFor
}

// knownFor is how long a commit of ours stands for a look. What another process
// records later than that look is found by whoever comes next, as ever.
const knownFor = time.Second

// closed reports when a correction closed the slice.
func (l *ledger) closed() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closedAt, !l.closedAt.IsZero()
}

// reached calls yield for everybody in the slice who may hold the notice.
func (l *ledger) reached(yield func(alert.RecipientID)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, s := range l.standing {
		if s.reached {
			yield(id)
		}
	}
}

// find returns the recipient behind a receipt's tag.
func (l *ledger) find(tag recipientTag) (alert.RecipientID, standing, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byTag == nil {
		l.byTag = make(map[recipientTag]tagged, len(l.standing))
		for id := range l.standing {
			l.tag(id)
		}
	}
	t, ok := l.byTag[tag]
	return t.id, l.standing[t.id], ok && !t.shared
}

// tagged is who has a tag. Two of one tag are nobody: a receipt that could
// speak of either is not recorded.
type tagged struct {
	id     alert.RecipientID
	shared bool
}

// tag enters a recipient for receipts. The caller holds mu.
func (l *ledger) tag(id alert.RecipientID) {
	t := tagOf(id)
	other, there := l.byTag[t]
	l.byTag[t] = tagged{id: id, shared: there && (other.shared || other.id != id)}
}

// reserve makes room for so many recipients at once.
func (l *ledger) reserve(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.standing) == 0 {
		l.standing = make(map[alert.RecipientID]standing, n)
	}
}

// begin makes s the slice's active worker, unless a correction closed it or
// another worker of this process is at it.
func (l *ledger) begin(s *session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closedAt.IsZero() || l.session != nil {
		return false
	}
	l.session = s
	l.workers++
	return true
}

func (l *ledger) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session = nil
	l.workers--
	l.broadcast()
}

// quiet reports whether no worker of this process may add hand-overs.
func (l *ledger) quiet() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.workers == 0 && len(l.pending) == 0 && len(l.flight) == 0
}

// broadcast wakes whoever waits for the record. The caller holds mu.
func (l *ledger) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}
