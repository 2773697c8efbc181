package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mingluo/internal/alert"
)

// Spread turns every release into a plan and puts the plan's tasks. One run
// of it per installation is enough; several do no harm, because a plan may
// stand only once and a task's subject too.
//
// A plan is made once and never again: tasks are put from it, so a crash or a
// changed roll cannot shift a slice.
type Spread struct {
	Book     Book
	Store    Store
	Audience Audience
	Log      *slog.Logger
	// SliceSize is about how many recipients one task holds; 0 is 2,000.
	SliceSize int
	// Closed reports whether a slice needs no task any more, Finished the same of
	// all of a plan's; a plan of the past costs no more than this one question.
	Closed   func(t alert.Task) bool
	Finished func(p *alert.Plan) bool
	// Reached returns how many people of a slice may hold an earlier revision.
	Reached func(t alert.Task) int
	// Now is the clock that plans are stamped with; nil is the wall clock.
	Now func() time.Time

	seen int             // releases of the journal that were looked at
	open []alert.Release // those of them that still need something, oldest first
}

// Run works until ctx ends. A failure is logged and tried again: a release
// that is public must be carried on.
func (s *Spread) Run(ctx context.Context) error {
	for {
		seen := s.Book.Seq()
		if err := s.Round(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("spread a release", "err", err)
			if !sleep(ctx, time.Second) {
				return nil
			}
			continue
		}
		if _, err := s.Book.Wait(ctx, seen); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("spread: %w", err)
		}
	}
}

func (s *Spread) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Round makes the missing plans, oldest release first, and puts their tasks. Run
// does it whenever there is news.
func (s *Spread) Round(ctx context.Context) error {
	var todo []release
	s.Book.Read(func(st *alert.State) { todo = s.pending(st) })
	var errs []error
	s.open = nil
	for _, r := range todo { // one release's trouble must not hold up another
		done, err := s.carry(ctx, r)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", alert.PlanID(r.notice, r.rev), err))
		}
		if !done {
			s.open = append(s.open, alert.Release{Notice: r.notice, Rev: r.rev})
		}
	}
	return errors.Join(errs...)
}

// carry reports whether nothing is left to do for a release.
func (s *Spread) carry(ctx context.Context, r release) (done bool, err error) {
	if r.plan == nil {
		// Plans made earlier in this round count too.
		s.Book.Read(func(st *alert.State) { r.earlier = plansBefore(st, r.notice, r.rev) })
		if err := s.plan(ctx, r); err != nil {
			return false, fmt.Errorf("plan: %w", err)
		}
		s.Book.Read(func(st *alert.State) { r.plan = st.Plans[alert.PlanID(r.notice, r.rev)] })
	}
	if done, err = s.tasks(ctx, r); err != nil {
		return false, fmt.Errorf("put the tasks: %w", err)
	}
	return done, nil
}

// plansBefore returns the plans of a notice's earlier revisions, oldest first.
func plansBefore(st *alert.State, notice string, rev int) []*alert.Plan {
	var out []*alert.Plan
	for i := 1; i < rev; i++ {
		if p := st.Plans[alert.PlanID(notice, i)]; p != nil {
			out = append(out, p)
		}
	}
	return out
}

// release is one released revision that may still need something.
type release struct {
	notice    string
	rev       int
	verb      alert.Verb
	mode      alert.Mode
	content   alert.Content
	approved  map[string]int
	plan      *alert.Plan
	earlier   []*alert.Plan
	confirmed bool
}

// pending returns what is open: what was, and the releases since the last look.
// At first that is every release there ever was, of which few are unfinished.
func (s *Spread) pending(st *alert.State) []release {
	all := st.Releases()
	open := s.open
	for _, r := range all[s.seen:] {
		if p := st.Plans[alert.PlanID(r.Notice, r.Rev)]; p == nil || !s.Finished(p) {
			open = append(open, r)
		}
	}
	s.seen = len(all)
	todo := make([]release, 0, len(open))
	for _, o := range open {
		n := st.Notices[o.Notice]
		r, pid := n.Rev(o.Rev), alert.PlanID(o.Notice, o.Rev)
		todo = append(todo, release{notice: n.ID, rev: r.No, verb: r.Verb, mode: n.Mode, content: r.Content, approved: r.Audience,
			plan: st.Plans[pid], confirmed: st.Confirmed[pid]})
	}
	return todo
}

func (s *Spread) plan(ctx context.Context, r release) error {
	p := alert.Plan{Notice: r.notice, Rev: r.rev, Verb: r.verb, Mode: r.mode, Query: r.content.Query(), Follow: r.verb.Follows(), Until: r.content.Expires}
	var err error
	if p.Follow {
		s.followSlices(&p, r)
	} else if err = s.cut(ctx, &p, r); err != nil {
		return err
	}
	_, err = s.Book.Do(ctx, func(st *alert.State) ([]alert.Event, error) {
		if st.Plans[alert.PlanID(r.notice, r.rev)] != nil {
			return nil, nil
		}
		if r.verb == alert.Update {
			p.Spare = st.Notices[r.notice].SparedFrom(r.rev, &r.content)
		}
		e, err := alert.NewEvent(s.now(), "spread", r.mode, alert.PlanID(r.notice, r.rev), p)
		return []alert.Event{e}, err
	})
	if errors.Is(err, alert.ErrTaken) {
		return nil
	}
	return err
}

// cut counts the audience as it is at one ROLL sequence and cuts it into
// slices. Who joins after that sequence is not in the audience.
func (s *Spread) cut(ctx context.Context, p *alert.Plan, r release) error {
	seq, err := s.Store.LastSeq(ctx, alert.StreamRoll)
	if err != nil {
		return err
	}
	if err := s.Audience.WaitFor(ctx, seq); err != nil {
		return err
	}
	p.Query.UpTo = seq
	size := s.SliceSize
	if size == 0 {
		size = 2000
	}
	for _, ch := range r.content.Channels {
		per, err := s.Audience.PerBucket(ctx, ch, p.Query)
		if err != nil {
			return fmt.Errorf("count %s: %w", ch, err)
		}
		cp := alert.ChannelPlan{Channel: ch, Slices: alert.CutSlices(per, size)}
		for _, sl := range cp.Slices {
			cp.Count += sl.Count
		}
		p.Channels = append(p.Channels, cp)
	}
	p.Differs, p.Held = compare(r.approved, p.Channels)
	return nil
}

// compare is R12: what is about to be queued against what was approved. The
// areas, groups, level and mode come from the bound content itself.
func compare(approved map[string]int, planned []alert.ChannelPlan) (differs []string, held string) {
	for _, c := range planned {
		was, diff := approved[c.Channel], c.Count-approved[c.Channel]
		if diff == 0 {
			continue
		}
		differs = append(differs, fmt.Sprintf("%s: %d → %d", c.Channel, was, c.Count))
		if diff < 0 {
			diff = -diff
		}
		if diff > maxDrift || diff*100 > was*maxDriftPercent {
			held = "接收人数与签发时相差过大，请核对后确认"
		}
	}
	return differs, held
}

const (
	maxDrift        = 50 // people, R12
	maxDriftPercent = 2
)

// followSlices takes over the slices of the audience plans before it, newest
// first for each channel: one task per original slice.
func (s *Spread) followSlices(p *alert.Plan, r release) {
	have := map[string]bool{}
	for i := len(r.earlier) - 1; i >= 0; i-- {
		e := r.earlier[i]
		if e.Follow {
			continue
		}
		for _, c := range e.Channels {
			if have[c.Channel] || len(c.Slices) == 0 {
				continue
			}
			have[c.Channel] = true
			cp := alert.ChannelPlan{Channel: c.Channel}
			for _, sl := range c.Slices {
				sl.Count = s.Reached(alert.Task{Channel: c.Channel, Notice: e.Notice, Rev: e.Rev, Slice: sl, Attempt: 1})
				cp.Count += sl.Count
				cp.Slices = append(cp.Slices, sl)
			}
			p.Channels = append(p.Channels, cp)
		}
		p.Query.UpTo = max(p.Query.UpTo, e.Query.UpTo)
	}
}

// tasks puts one task per slice that is not closed, always from the plan. It is
// done unless the plan waits for an officer.
func (s *Spread) tasks(ctx context.Context, r release) (done bool, err error) {
	if r.plan == nil || r.plan.Held != "" && !r.confirmed {
		return false, nil
	}
	var subjects []string
	for _, t := range PlanTasks(r.plan) {
		if !s.Closed(t) {
			subjects = append(subjects, t.Subject())
		}
	}
	if len(subjects) > 0 {
		if _, err := s.Store.PutTasks(ctx, subjects); err != nil {
			return false, err
		}
	}
	return true, nil
}

// PlanTasks lists the first task of every slice of a plan.
func PlanTasks(p *alert.Plan) []alert.Task {
	var out []alert.Task
	for _, c := range p.Channels {
		for _, sl := range c.Slices {
			out = append(out, alert.Task{Channel: c.Channel, Notice: p.Notice, Rev: p.Rev, Slice: sl, Attempt: 1})
		}
	}
	return out
}
