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
// It keeps no timers of its own. After every event, and whenever a duty
// changes by time alone, it derives everything from the recorded facts again
// and appends what is due and not recorded yet. A milestone's id may stand in
// the journal once, so restarts and replicas cannot double it.
type Watch struct {
	Book  Book
	Store Store
	Rules []alert.DutyRule
	Log   *slog.Logger
	// Later returns the follow-up tasks that are due now, and when to ask
	// again; nil for none.
	Later func(now time.Time) (due []alert.Task, next time.Time)
	// OnMilestone is told of each milestone that this run recorded.
	OnMilestone func(m alert.Milestone)

	asked map[string]bool // follow-up tasks put by this run
}

// maxNap bounds a sleep, because wall clocks step.
const maxNap = 500 * time.Millisecond

// Run works until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	w.asked = map[string]bool{}
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
	w.Book.Read(func(st *alert.State) { due, next = w.dueNow(st, now) })
	for _, m := range due {
		if err := w.record(ctx, now, m); err != nil {
			return next, err
		}
	}
	if w.Later == nil {
		return next, nil
	}
	tasks, again := w.Later(now)
	var subjects []string
	for _, t := range tasks {
		if s := t.Subject(); !w.asked[s] {
			subjects = append(subjects, s)
		}
	}
	if len(subjects) > 0 {
		if _, err := w.Store.PutTasks(ctx, subjects); err != nil {
			return next, fmt.Errorf("put follow-up tasks: %w", err)
		}
		if w.asked == nil {
			w.asked = map[string]bool{}
		}
		for _, s := range subjects {
			w.asked[s] = true
		}
	}
	return earlier(next, again), nil
}

type milestoneEvent struct {
	alert.Milestone
	mode alert.Mode
}

func (w *Watch) dueNow(st *alert.State, now time.Time) (due []milestoneEvent, next time.Time) {
	for _, d := range duties(st, w.Rules) {
		for _, m := range d.Milestones(now) {
			if _, done := st.Milestones[m.ID()]; !done {
				due = append(due, milestoneEvent{m, st.Incidents[d.Incident].Mode})
			}
		}
		if at, ok := d.Next(now); ok {
			next = earlier(next, at)
		}
	}
	for _, id := range st.NoticeIDs {
		n := st.Notices[id]
		cur := n.Current()
		if cur == nil || cur.Verb.Ends() {
			continue
		}
		m := alert.Milestone{Notice: id, Rev: cur.No, What: alert.NoticeEnds, Due: cur.Content.Expires, Planned: cur.Content.Expires}
		if _, done := st.Milestones[m.ID()]; done {
			continue
		}
		if cur.Content.Expires.After(now) {
			next = earlier(next, cur.Content.Expires)
		} else {
			due = append(due, milestoneEvent{m, n.Mode})
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
	w.Log.Info("milestone", "id", m.ID(), "what", string(m.What), "due", m.Due)
	if w.OnMilestone != nil {
		w.OnMilestone(m.Milestone)
	}
	return nil
}
