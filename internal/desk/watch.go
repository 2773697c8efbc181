package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mingluo/internal/alert"
)

// Watch records what the clocks saw: reminders, misses, fulfilments, the ends
// of notices; and it owns "later": it puts the follow-up task of a slice whose
// people are to be tried again.
//
// It keeps no timers of its own. What an event was about, and whatever changes
// by time alone at its instant, it derives from the recorded facts again, and
// appends what is due and not recorded yet. A milestone's id may stand in the
// journal once, so restarts and replicas cannot double it. What is over costs
// nothing: the agenda holds live notices and open incidents only.
type Watch struct {
	Book  Book
	Store Store
	Rules alert.DutyTable // see [Config]
	Log   *slog.Logger
	// Later returns the follow-up tasks that are due now, and when to ask
	// again; nil for none.
	Later func(now time.Time) (due []alert.Task, next time.Time)
	// OnMilestone is told of each milestone that this run recorded.
	OnMilestone func(m alert.Milestone)

	asked  map[string]bool // follow-up tasks put by this run and still due
	seen   uint64          // the journal's sequence up to which the agenda is made
	agenda agenda
}

// maxNap bounds a sleep, because wall clocks step.
const maxNap = 500 * time.Millisecond

// Run works until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	for {
		seen := w.Book.Seq()
		next, err := w.Round(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			w.Log.Error("watch the clocks", "err", err)
		}
		nap := min(max(time.Until(next), time.Millisecond), maxNap)
		if next.IsZero() {
			nap = maxNap
		}
		waiting, cancel := context.WithTimeout(ctx, nap)
		_, err = w.Book.Wait(waiting, seen)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("watch: %w", err)
		}
	}
}

// Round records everything that is due at now, and returns the next instant
// at which something changes by time alone; zero when nothing will.
func (w *Watch) Round(ctx context.Context, now time.Time) (next time.Time, err error) {
	var due []milestoneEvent
	w.Book.Read(func(st *alert.State) {
		w.follow(st, now)
		due, next = w.dueNow(st, now)
	})
	for _, m := range due {
		if err := w.record(ctx, now, m); err != nil {
			return next, err
		}
	}
	if w.Later == nil {
		return next, nil
	}
	tasks, again := w.Later(now)
	if err := w.putLater(ctx, tasks); err != nil {
		return next, err
	}
	return earlier(next, again), nil
}

// putLater puts the follow-up tasks that were not put before.
func (w *Watch) putLater(ctx context.Context, tasks []alert.Task) error {
	asked := make(map[string]bool, len(tasks))
	var subjects []string
	for _, t := range tasks {
		s := t.Subject()
		if asked[s] = true; !w.asked[s] {
			subjects = append(subjects, s)
		}
	}
	if len(subjects) > 0 {
		if _, err := w.Store.PutTasks(ctx, subjects); err != nil {
			return fmt.Errorf("put follow-up tasks: %w", err)
		}
	}
	w.asked = asked
	return nil
}

type milestoneEvent struct {
	alert.Milestone
	mode alert.Mode
}

// follow puts on the agenda what the events since the last look were about;
// at first, everything that is not over.
func (w *Watch) follow(st *alert.State, now time.Time) {
	about := st.Since(w.seen)
	if w.seen == 0 {
		about = nil
		for _, id := range st.Live() {
			about = append(about, alert.About{Notice: id})
		}
		for _, id := range st.IncidentID {
			about = append(about, alert.About{Incident: id})
		}
	}
	for _, a := range about {
		w.consider(st, matter{notice: a.Notice}, now)
		w.consider(st, matter{incident: a.Incident}, now)
	}
	w.seen = st.Seq
}

// matter is what the agenda is about: a notice or an incident.
type matter struct{ notice, incident string }

// consider notes when a matter has to be looked at next, and returns what of it
// is due and not recorded yet.
func (w *Watch) consider(st *alert.State, m matter, now time.Time) (due []milestoneEvent) {
	var next time.Time
	switch {
	case st.Notices[m.notice] != nil:
		due, next = endOf(st, st.Notices[m.notice], now)
		unsigned, at := signaturesOf(st, st.Notices[m.notice], now)
		due, next = append(due, unsigned...), earlier(next, at)
	case st.Incidents[m.incident] != nil:
		due, next = w.clocksOf(st, st.Incidents[m.incident], now)
	default:
		return nil
	}
	for _, d := range due { // until it is recorded, which is an event that leads here again
		next = earlier(next, d.Planned)
	}
	w.agenda.set(m, next)
	return due
}

// dueNow looks at what the agenda names for now. What is due stays on it in
// case that it cannot be recorded; next is of the rest.
func (w *Watch) dueNow(st *alert.State, now time.Time) (due []milestoneEvent, next time.Time) {
	matters := w.agenda.due(now)
	next = w.agenda.next()
	for _, m := range matters {
		found := w.consider(st, m, now)
		due = append(due, found...)
		if at := w.agenda.at(m); len(found) == 0 {
			next = earlier(next, at)
		}
	}
	return due, next
}

// endOf is the end of a notice's time.
func endOf(st *alert.State, n *alert.Notice, now time.Time) (due []milestoneEvent, next time.Time) {
	cur := n.Current()
	if cur == nil || cur.Verb.Ends() {
		return nil, time.Time{}
	}
	m := alert.Milestone{Notice: n.ID, Rev: cur.No, What: alert.NoticeEnds, Due: cur.Content.Expires, Planned: cur.Content.Expires}
	switch _, done := st.Milestones[m.ID()]; {
	case done:
		return nil, time.Time{}
	case m.Due.After(now):
		return nil, m.Due
	}
	return []milestoneEvent{{m, n.Mode}}, time.Time{}
}

// clocksOf are an incident's duties.
func (w *Watch) clocksOf(st *alert.State, inc *alert.Incident, now time.Time) (due []milestoneEvent, next time.Time) {
	for _, d := range st.DutiesOf(inc, &w.Rules) {
		for _, m := range d.Milestones(now) {
			if _, done := st.Milestones[m.ID()]; !done {
				due = append(due, milestoneEvent{m, inc.Mode})
			}
		}
		if at, ok := d.Next(now); ok {
			next = earlier(next, at)
		}
	}
	return due, next
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (w *Watch) record(ctx context.Context, now time.Time, m milestoneEvent) error {
	_, err := w.Book.Do(ctx, func(st *alert.State) ([]alert.Event, error) {
		if _, done := st.Milestones[m.ID()]; done {
			return nil, nil
		}
		e, err := alert.NewEvent(now, "watch", m.mode, m.ID(), m.Milestone)
		return []alert.Event{e}, err
	})
	if errors.Is(err, alert.ErrTaken) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record milestone %s: %w", m.ID(), err)
	}
	level := slog.LevelInfo
	if m.What == alert.Unsigned {
		level = slog.LevelWarn // one officer alone spoke to the public, and nobody has looked at it
	}
	w.Log.Log(ctx, level, "milestone", "id", m.ID(), "what", string(m.What), "due", m.Due)
	if w.OnMilestone != nil {
		w.OnMilestone(m.Milestone)
	}
	return nil
}
