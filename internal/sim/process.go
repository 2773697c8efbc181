package sim

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/progress"
)

// process is one life of the service: what it knows is read from the record when
// it boots and gone when it dies.
type process struct {
	w      *world
	place  int
	name   string
	alive  bool
	dying  bool // it died within a step; the world cleans up behind it
	frozen time.Time

	book    *book
	store   shelf
	desk    *desk.Desk
	spread  *desk.Spread
	watch   *desk.Watch
	tracker *progress.Tracker
	tallies uint64 // of the tallies, the sequence taken last
	ledgers map[string]*ledger
	working int       // tasks in its workers' hands
	current time.Time // the fold held everything that was recorded at this instant
}

const workersEach = 2 // of every channel, in every process

// boot begins a life.
func boot(w *world, place, life int) *process {
	p := &process{w: w, place: place, name: fmt.Sprintf("p%d.%d", place, life), alive: true, ledgers: map[string]*ledger{}}
	w.say("%s boots", p.name)
	quiet := slog.New(slog.DiscardHandler)
	clock := func() time.Time { return w.now }
	p.book, p.store = newBook(p), shelf{p}
	p.tracker = progress.NewTracker(p.book, func(string) progress.Route { return progress.Route{} })
	p.takeTallies()
	p.desk = desk.New(desk.Config{Book: p.book, Store: p.store, Audience: census{w}, Renderer: headline{}, Gazetteer: alert.Foshan(),
		Rules: alert.FoshanDuties(), Log: quiet, Now: clock})
	p.spread = &desk.Spread{Book: p.book, Store: p.store, Audience: census{w}, Log: quiet, SliceSize: sliceSize, Now: clock,
		Closed: p.tracker.Closed, Finished: p.tracker.Finished, Reached: p.tracker.Reached}
	p.watch = &desk.Watch{Book: p.book, Store: p.store, Rules: alert.FoshanDuties(), Log: quiet, Later: p.tracker.Later}

	journal, tallies := w.rec.of(alert.StreamJournal), w.rec.of(alert.StreamTallies)
	p.loop("follower", func(a *actor) {
		p.book.catchUp()
		a.await(forever, func() bool { return p.book.Seq() < uint64(len(journal.log)) })
	})
	p.loop("tallies", func(a *actor) {
		p.takeTallies()
		a.await(forever, func() bool { return p.tallies < uint64(len(tallies.log)) })
	})
	p.loop("spread", func(a *actor) {
		seen := p.book.Seq()
		if err := p.spread.Round(a.context()); err != nil {
			a.pause(time.Second)
			return
		}
		a.await(forever, func() bool { return p.book.Seq() > seen })
	})
	p.loop("watch", p.look)
	w.begin(p.name+" recount", p, p.recount)
	if w.faults.cluster { // alone, the fold is always current
		p.loop("current", p.askCurrent)
	}
	for _, channel := range []string{"sms", "wechat"} {
		for n := range workersEach {
			p.loop(fmt.Sprint(channel, n), func(a *actor) { p.serve(a, channel) })
		}
	}
	return p
}

// loop makes an actor of one round of a loop.
func (p *process) loop(name string, round func(a *actor)) {
	p.w.begin(p.name+" "+name, p, func(a *actor) {
		for !a.gone() {
			round(a)
		}
	})
}

const forever = 100 * time.Hour // longer than any run

// look is a round of the watch. Its naps are not cut to half a second as in the
// service, where wall clocks step: nothing would happen in them.
func (p *process) look(a *actor) {
	seen, counted := p.book.Seq(), p.tallies
	next, err := p.watch.Round(a.context(), p.w.now)
	nap := forever
	if err != nil {
		nap = 500 * time.Millisecond
	}
	if !next.IsZero() {
		nap = min(nap, max(next.Sub(p.w.now), time.Millisecond))
	}
	a.await(nap, func() bool { return p.book.Seq() > seen || p.tallies > counted })
}

const (
	// stale is how old the knowledge that the fold is current may be while anything
	// is sent: a process that was frozen does not know yet what was stopped meanwhile.
	stale    = 1500 * time.Millisecond
	askEvery = 500 * time.Millisecond
)

// askCurrent asks the record how far the journal goes, and whether the fold is
// there.
func (p *process) askCurrent(a *actor) {
	asked := p.w.now
	a.blink(4 * time.Millisecond)
	last := uint64(len(p.w.rec.of(alert.StreamJournal).log))
	a.blink(4 * time.Millisecond)
	if p.book.Seq() >= last {
		p.current = asked
	}
	if p.working == 0 { // nothing is sent, so nothing need be known
		a.await(forever, func() bool { return p.working > 0 })
		return
	}
	a.pause(askEvery)
}

// takeTallies is the tracker's follower.
func (p *process) takeTallies() {
	st := p.w.rec.of(alert.StreamTallies)
	for ; p.tallies < uint64(len(st.log)); p.tallies++ {
		if err := p.tracker.Take(st.log[p.tallies]); err != nil {
			p.w.violate("I2: %s cannot take tally %d: %v", p.name, p.tallies+1, err)
		}
	}
}

// perish ends the life at this instant: nothing that still runs leaves a trace.
func (p *process) perish() { p.alive, p.dying = false, true }

// die is a kill. What ran in the process runs to its end without any effect, and
// another life begins a little later.
func (p *process) die() {
	w := p.w
	p.alive, p.dying = false, false
	w.out.Kills++
	w.say("%s is dead", p.name)
	for _, a := range slices.Clone(w.actors) {
		for a.proc == p && !a.done {
			a.step()
		}
	}
	w.queue.crash(p, !w.faults.cluster)
	life := w.out.Kills + 1
	w.begin("boot", nil, func(a *actor) {
		a.pause(time.Duration(500+w.rnd.IntN(5000)) * time.Millisecond)
		if !a.over {
			w.procs[p.place] = boot(w, p.place, life)
		}
	})
}

// running returns a process that takes requests, or nil.
func (w *world) running() *process {
	var able []*process
	for _, p := range w.procs {
		if p.alive && !p.frozen.After(w.now) {
			able = append(able, p)
		}
	}
	if len(able) == 0 {
		return nil
	}
	return able[w.rnd.IntN(len(able))]
}

// census is the audience: everybody is meant by every notice.
type census struct{ w *world }

const sliceSize = 8

func (c census) Count(context.Context, alert.Query) (map[string]int, map[string]map[string]int, error) {
	per := map[string]int{}
	for _, p := range c.w.people {
		if !p.gone(c.w.now) {
			per[p.channel]++
		}
	}
	return per, nil, nil
}

func (c census) PerBucket(_ context.Context, channel string, _ alert.Query) (*[alert.Buckets]int, error) {
	var per [alert.Buckets]int
	for _, p := range c.w.people {
		if p.channel == channel && !p.gone(c.w.now) {
			per[p.id.Bucket()]++
		}
	}
	return &per, nil
}

func (c census) WaitFor(context.Context, uint64) error { return nil }

func (p *person) gone(now time.Time) bool { return !p.left.IsZero() && !p.left.After(now) }

// headline renders what a notice is headed.
type headline struct{}

func (headline) Channels() []string { return []string{"sms", "wechat"} }

func (headline) Render(_ string, s desk.Said, _ string) (desk.Text, error) {
	return desk.Text{Text: s.Content.Headline, Parts: 1}, nil
}
