package web

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

// Journal is where events come from.
type Journal interface {
	// Seq returns the sequence of the newest event, 0 for an empty journal.
	Seq() uint64
	// Tail calls fn for every event after a sequence, in order: what is there,
	// then what is appended, until ctx ends or fn returns an error.
	Tail(ctx context.Context, after uint64, fn func(e alert.Event, stored []byte) error) error
}

// Site is the public site. Run it once.
type Site struct {
	cfg    Config
	met    *metrics
	pages  *pages
	assets map[string]*doc
	hub    *hub
	shelf  *shelf

	snap  atomic.Pointer[snapshot] // nil: nothing is known yet
	ready chan struct{}            // closed when the journal has been read to its end

	mu     sync.Mutex
	state  *alert.State
	dir    *directory // what is shown
	replay *directory // what the journal adds up to while it is read for the first time
	caught bool
	keep   []*entry      // to be written to disk
	warm   chan struct{} // asks for the new snapshot's pages to be rendered
}

// New makes a site. With a folder it serves at once the state that was last
// published from there, marked with its age, until Run has read the journal.
func New(cfg Config) (*Site, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	met, err := newMetrics(cfg.Registry)
	if err != nil {
		return nil, err
	}
	s := &Site{
		cfg: cfg, met: met, hub: newHub(cfg.LogEvents), ready: make(chan struct{}),
		state: alert.NewState(), dir: newDirectory(), replay: newDirectory(), warm: make(chan struct{}, 1),
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = loadPages(&s.cfg, s.assets); err != nil {
		return nil, err
	}
	if s.shelf, err = openShelf(cfg.Dir); err != nil {
		return nil, err
	}
	s.restore(time.Now())
	return s, nil
}

// Run follows the journal until ctx ends, and then returns nil. A journal that
// cannot be read for a while is tried again; an event that this program cannot
// apply is returned, and the site goes on showing the last good state.
func (s *Site) Run(ctx context.Context, j Journal) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { s.clock(ctx) })
	wg.Go(func() { s.prepare(ctx) })
	const first, longest = 100 * time.Millisecond, 5 * time.Second
	for pause := first; ; pause = min(2*pause, longest) {
		goal := j.Seq()
		if goal <= s.seq() {
			s.catchUp(time.Now())
		}
		err := j.Tail(ctx, s.seq(), func(e alert.Event, _ []byte) error {
			pause = first
			return s.take(e, goal, time.Now())
		})
		var bad *applyError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &bad):
			return err
		}
		s.cfg.Log.WarnContext(ctx, "the public site cannot follow the journal, trying again", "after", s.seq(), "pause", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// applyError is an event that does not fit: only another program can help.
type applyError struct{ err error }

func (e *applyError) Error() string { return "web: apply to the public state: " + e.err.Error() }
func (e *applyError) Unwrap() error { return e.err }

// Ready reports whether the site has read the journal to its end.
func (s *Site) Ready() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

// Seq returns the last journal sequence that is applied and published.
func (s *Site) Seq() uint64 { return s.seq() }

// Stop ends the open streams and waits for them. New ones are refused. Pages are
// still answered: close the listener after it.
func (s *Site) Stop(ctx context.Context) error { return s.hub.close(ctx) }

func (s *Site) seq() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Seq
}

// take applies one event and publishes what it changes. goal is the journal's
// end when the reading began: before it nothing is published.
func (s *Site) take(e alert.Event, goal uint64, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.state.Apply(e); err != nil {
		return &applyError{err}
	}
	s.met.applied.Set(float64(e.Seq))
	en, l := s.publish(e, now)
	// The pages are new before anybody hears of it: who comes for them because
	// of the event finds what it speaks of.
	if s.caught && en != nil {
		s.keep = append(s.keep, en)
		s.swap(now)
	}
	if l != nil {
		s.hub.append(l)
	} else {
		s.hub.advance(e.Seq)
	}
	if !s.caught && e.Seq >= goal {
		s.catchUpLocked(now) // after the log has the event: from here on there are readers
	}
	return nil
}

// publish brings the entry of the event's notice up to date, and formats the
// line for the streams; nil when the public sees nothing of the event.
func (s *Site) publish(e alert.Event, now time.Time) (*entry, *line) {
	id, verb, ok := s.touched(e)
	if !ok {
		return nil, nil
	}
	n := publicCopy(s.state.Notices[id])
	if n == nil {
		return nil, nil
	}
	if verb != "" && n.Current().Released.Seq != e.Seq {
		return nil, nil // what was released is not for the public
	}
	en := s.newEntry(n, e.Seq, now)
	if s.caught {
		s.dir.put(en)
	} else {
		s.replay.put(en)
	}
	name := "expire"
	if verb != "" {
		name = eventName(verb)
	}
	s.met.public.WithLabelValues(name).Inc()
	return en, s.newLine(en, name, verb, e.Seq, now)
}

// touched says which notice an event may have changed for the public, and with
// which verb; none for the end of its time.
func (s *Site) touched(e alert.Event) (id string, verb alert.Verb, ok bool) {
	f, err := e.Fact()
	if err != nil {
		return "", "", false // Apply would have refused it
	}
	switch f := f.(type) {
	case alert.Released:
		return e.ID, s.state.Notices[e.ID].Rev(f.Rev).Verb, true
	case alert.Followed:
		return e.ID, f.Verb, true
	case alert.Milestone:
		n := s.state.Notices[f.Notice]
		ends := f.What == alert.NoticeEnds && n != nil && n.Current() != nil
		return f.Notice, "", ends && n.Current().No == f.Rev && !n.Current().Verb.Ends()
	}
	return "", "", false
}

func (s *Site) catchUp(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUpLocked(now)
}

func (s *Site) catchUpLocked(now time.Time) {
	if s.caught {
		return
	}
	before := s.dir // what the disk has
	s.caught, s.dir, s.replay = true, s.replay, nil
	s.renew(now)
	s.swap(now)
	for _, en := range s.dir.all() {
		if !en.same(before.notice(en.notice.ID)) {
			s.keep = append(s.keep, en)
		}
	}
	s.hub.advance(s.state.Seq)
	close(s.ready)
}

// clock notices when the time of a notice is over. It looks twice a second
// rather than sleeping until then, because clocks are set.
func (s *Site) clock(ctx context.Context) {
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.tick(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

func (s *Site) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.renew(now) && s.snap.Load() != nil {
		s.swap(now)
	}
}

// renew replaces the entries whose state is another one now.
func (s *Site) renew(now time.Time) bool {
	return s.dir.renew(now, func(old *entry) *entry { return s.newEntry(old.notice, old.seq, now) })
}

// swap publishes the entries as they are.
func (s *Site) swap(now time.Time) {
	s.snap.Store(s.newSnapshot(s.dir, now, !s.caught))
	select {
	case s.warm <- struct{}{}:
	default:
	}
}

// renderDelay is how long after an event its pages are rendered ahead.
const renderDelay = 10 * time.Millisecond

// prepare renders the newest pages ahead of their readers, and writes to disk
// what changed; neither keeps an event waiting.
func (s *Site) prepare(ctx context.Context) {
	defer s.keepChanged()
	for {
		select {
		case <-s.warm:
		case <-ctx.Done():
			return
		}
		// The streams get the processors first, and a burst is rendered once.
		// A reader who comes sooner renders what it needs.
		select {
		case <-time.After(renderDelay):
		case <-ctx.Done():
			return
		}
		for _, d := range s.snap.Load().hot {
			if err := d.prepare(); err != nil {
				s.cfg.Log.ErrorContext(ctx, "prepare public page", "err", err)
			}
		}
		s.keepChanged()
	}
}

func (s *Site) keepChanged() {
	s.mu.Lock()
	changed := s.keep
	s.keep = nil
	s.mu.Unlock()
	for _, en := range changed {
		s.shelf.save(en, s.cfg.Log)
	}
}
