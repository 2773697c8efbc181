// Package progress sums what the slices' tallies say, live: how far a release
// has come on each channel, which slices are closed, and when the deferred are
// to be tried again.
//
// The [Tracker] follows the TALLIES stream. A tally is always the whole of its
// slice, so the newest one replaces the older and nothing is ever added twice;
// the tracker can be thrown away and rebuilt at any time. What is not in a
// tally yet was not recorded yet, and is not shown.
package progress

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// Stream is the record as the tracker reads it.
type Stream interface {
	// Scan reads everything up to the stream's end as it is at the call.
	Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (uint64, error)
	// Follow reads on from there and stays.
	Follow(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) error
}

// Book shows the journal's state.
type Book interface {
	Read(fn func(st *alert.State))
}

// Route is what is shown beside a channel's figures.
type Route struct {
	Name      string
	Imitation bool // figures carry 仿真通道
	Ready     bool
	Reason    string
}

// ChannelProgress is one channel's part of a release.
type ChannelProgress struct {
	Channel   string         `json:"channel"`
	Route     string         `json:"route"`
	Imitation bool           `json:"imitation"` // the carrier is an imitation
	Planned   int            `json:"planned"`   // people in the plan, or found when the slice was worked
	Counts    map[string]int `json:"counts"`    // by outcome state
	Settled   int            `json:"settled"`
	Repeats   int            `json:"repeats"` // sends that may have been a second copy
	Slices    int            `json:"slices"`
	Closed    int            `json:"closed"` // slices with nothing left to do
	First     time.Time      `json:"first,omitzero"`
	Last      time.Time      `json:"last,omitzero"`
	NextTry   time.Time      `json:"next_try,omitzero"`
	Ready     bool           `json:"ready"`
	Reason    string         `json:"reason,omitempty"`
}

// Progress is how far one released revision has come.
type Progress struct {
	Notice   string            `json:"notice"`
	Rev      int               `json:"rev"`
	Verb     alert.Verb        `json:"verb"`
	Released time.Time         `json:"released"`
	Channels []ChannelProgress `json:"channels"`
	Held     string            `json:"held,omitempty"` // why the plan waits for an officer
	Planned  bool              `json:"plan"`           // the plan was made
	Paused   bool              `json:"paused"`
	Stopped  bool              `json:"stopped"` // for good; whoever was not sent it counts as stopped
	Done     bool              `json:"done"`    // every slice is closed
	Version  uint64            `json:"version"`
}

// Tracker holds the newest tally of every slice. It is safe for concurrent use.
type Tracker struct {
	book   Book
	routes func(channel string) Route
	// Drill says the same of a drill that goes to imitations beside the carriers;
	// nil: a drill goes where everything goes. It is set before anybody asks.
	Drill func(channel string) Route

	mu      sync.Mutex
	shares  map[shareKey]*share
	names   map[string]string    // of states, each kept once
	later   map[string]laterTask // task key → when to try the deferred
	suspect map[string]bool      // notices whose corrections may have missed somebody, see late
	version uint64
	changed chan struct{} // closed at each change
}

type laterTask struct {
	task alert.Task
	at   time.Time
}

// NewTracker returns an empty tracker; Load and Run fill it.
func NewTracker(book Book, routes func(channel string) Route) *Tracker {
	return &Tracker{book: book, routes: routes, shares: map[shareKey]*share{}, names: map[string]string{}, later: map[string]laterTask{}, suspect: map[string]bool{}, changed: make(chan struct{})}
}

// Load takes the tallies of the past, so that nobody asks a tracker that does
// not know yet which slices are closed. It returns the sequence to run from.
func (t *Tracker) Load(ctx context.Context, s Stream) (uint64, error) {
	last, err := s.Scan(ctx, alert.StreamTallies, "tally.>", 0, t.Take)
	return last + 1, err
}

// Run follows the tallies from a sequence on until ctx ends.
func (t *Tracker) Run(ctx context.Context, s Stream, from uint64) error {
	err := s.Follow(ctx, alert.StreamTallies, "tally.>", from, t.Take)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Take takes one stored tally.
func (t *Tracker) Take(r alert.Record) error {
	if r.Deleted {
		return nil
	}
	p := strings.Split(r.Subject, ".")
	if len(p) != 5 {
		return fmt.Errorf("tally subject %q: want tally.<notice>.<rev>.<channel>.<slice>", r.Subject)
	}
	sl, err := alert.ParseSlice(p[4])
	if err != nil {
		return fmt.Errorf("tally subject %q: %w", r.Subject, err)
	}
	rev, err := strconv.Atoi(p[2])
	if err != nil {
		return fmt.Errorf("tally subject %q: %w", r.Subject, err)
	}
	var tally alert.Tally
	if err := json.Unmarshal(r.Data, &tally); err != nil {
		return fmt.Errorf("read %s: %w", r.Subject, err)
	}
	task := alert.Task{Channel: p[3], Notice: p[1], Rev: rev, Slice: sl, Attempt: tally.Attempt + 1}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.share(task).put(sl, t.keep(&tally))
	if tally.Superseded || tally.Chased > 0 {
		t.suspect[p[1]] = true
	}
	if tally.Closed || tally.Superseded || tally.NextTry.IsZero() {
		delete(t.later, task.Key())
	} else {
		t.later[task.Key()] = laterTask{task: task, at: tally.NextTry}
	}
	t.version++
	close(t.changed)
	t.changed = make(chan struct{})
	return nil
}

// Closed reports whether a slice needs no task any more.
func (t *Tracker) Closed(task alert.Task) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.shares[keyOf(task)].get(task.Slice)
	return ok && k.closed
}

// Finished reports whether no slice of a plan needs a task any more.
func (t *Tracker) Finished(p *alert.Plan) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range p.Channels {
		s := t.shares[shareKey{p.Notice, p.Rev, c.Channel}]
		if len(c.Slices) > 0 && (s == nil || s.closed < len(c.Slices)) {
			return false
		}
	}
	return true
}

// Reached returns how many people of a slice may hold the notice, as far as
// it is recorded.
func (t *Tracker) Reached(task alert.Task) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reached(task)
}

// reached is Reached for who holds the lock.
func (t *Tracker) reached(task alert.Task) (n int) {
	k, _ := t.shares[keyOf(task)].get(task.Slice)
	for s := alert.StateNone; s <= alert.LastState; s++ {
		if s.Reached() {
			n += k.count(s.String())
		}
	}
	return max(n, int(k.held)) // older tallies do not say what they hold
}

// Later returns the follow-up tasks whose instant has come, and the next
// instant after now; zero when nothing waits. What was stopped is due at once:
// its task settles whoever waits for another try.
func (t *Tracker) Later(now time.Time) (due []alert.Task, next time.Time) {
	stopped := t.stoppedOf(t.waiting())
	due = t.late()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.later {
		if !l.at.After(now) || stopped[alert.PlanID(l.task.Notice, l.task.Rev)] {
			due = append(due, l.task)
		} else if next.IsZero() || l.at.Before(next) {
			next = l.at
		}
	}
	return due, next
}

// waiting returns the revisions that somebody waits for another try of.
func (t *Tracker) waiting() map[string]alert.Task {
	t.mu.Lock()
	defer t.mu.Unlock()
	revs := map[string]alert.Task{}
	for _, l := range t.later {
		revs[alert.PlanID(l.task.Notice, l.task.Rev)] = l.task
	}
	return revs
}

// stoppedOf returns which of the revisions were stopped.
func (t *Tracker) stoppedOf(revs map[string]alert.Task) map[string]bool {
	out := map[string]bool{}
	if len(revs) == 0 {
		return out
	}
	t.book.Read(func(st *alert.State) {
		for id, task := range revs {
			if n := st.Notices[task.Notice]; n != nil && n.Rev(task.Rev) != nil {
				out[id] = n.Rev(task.Rev).Stopped != nil
			}
		}
	})
	return out
}

// Version counts the changes so far.
func (t *Tracker) Version() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.version
}

// Wait returns when something changed after the given version. Readers take
// the newest state; nothing is queued for them.
func (t *Tracker) Wait(ctx context.Context, version uint64) (uint64, error) {
	for {
		t.mu.Lock()
		v, changed := t.version, t.changed
		t.mu.Unlock()
		if v > version {
			return v, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}

// Of returns how far a released revision has come; false when it was never
// released.
func (t *Tracker) Of(notice string, rev int) (Progress, bool) {
	var p Progress
	var plan *alert.Plan
	found := false
	var routes func(string) Route
	t.book.Read(func(st *alert.State) {
		n := st.Notices[notice]
		if n == nil || n.Rev(rev) == nil || n.Rev(rev).Released == nil {
			return
		}
		r := n.Rev(rev)
		found = true
		plan = st.Plans[alert.PlanID(notice, rev)]
		p = Progress{Notice: notice, Rev: rev, Verb: r.Verb, Released: r.Released.At, Paused: r.Paused != nil, Stopped: r.Stopped != nil, Planned: plan != nil}
		if plan != nil && !st.Confirmed[alert.PlanID(notice, rev)] {
			p.Held = plan.Held
		}
		if routes = t.routes; n.Mode == alert.Drill && !r.Content.RealCarriers && t.Drill != nil {
			routes = t.Drill
		}
	})
	if !found {
		return p, false
	}
	p.Done = plan != nil
	t.mu.Lock()
	defer t.mu.Unlock()
	p.Version = t.version
	if plan != nil {
		for _, c := range plan.Channels {
			cp := t.channel(plan, c, routes(c.Channel))
			p.Done = p.Done && cp.Closed == cp.Slices
			p.Channels = append(p.Channels, cp)
		}
	}
	return p, true
}

func (t *Tracker) channel(plan *alert.Plan, c alert.ChannelPlan, route Route) ChannelProgress {
	cp := ChannelProgress{Channel: c.Channel, Route: route.Name, Imitation: route.Imitation, Ready: route.Ready, Reason: route.Reason, Counts: map[string]int{}, Slices: len(c.Slices)}
	s := t.shares[shareKey{plan.Notice, plan.Rev, c.Channel}]
	for _, sl := range c.Slices {
		k, ok := s.get(sl)
		if !ok {
			cp.Planned += sl.Count
			continue
		}
		cp.add(&k)
	}
	return cp
}

func (cp *ChannelProgress) add(k *kept) {
	cp.Planned += int(k.expected)
	cp.Repeats += int(k.repeats)
	for _, c := range k.counts {
		cp.Counts[c.state] += c.n
		// While a slice is worked, an unsure send may be tried once more.
		open := c.state == alert.StateDeferred.String() || c.state == alert.StateUnsure.String() && !k.whole
		if !open {
			cp.Settled += c.n
		}
	}
	if k.closed {
		cp.Closed++
	}
	cp.First = earliest(cp.First, k.first)
	cp.NextTry = earliest(cp.NextTry, k.nextTry)
	if last := k.last.time(); last.After(cp.Last) {
		cp.Last = last
	}
}

func earliest(a time.Time, b instant) time.Time {
	if t := b.time(); a.IsZero() || !t.IsZero() && t.Before(a) {
		return t
	}
	return a
}
