package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Caller calls the approvers to a revision that waits: one after the other, in
// the order of the roster, until somebody looks at it. A call is recorded
// before anybody's phone rings, and stands once in the journal, so neither a
// restart nor a second process rings twice; a crash between the record and the
// ring costs one interval, and then the next one is called.
type Caller struct {
	Book      Book
	Gazetteer *alert.Gazetteer
	// Officers lists the accounts that can be used.
	Officers func(ctx context.Context) ([]alert.Officer, error)
	// Means says how an officer can be reached: console, sms, wechat.
	Means func(o alert.Officer) []string
	// Ring reaches the officer and returns what the carriers answered. It is
	// called once for each call, after it was recorded; when it fails, the next
	// call is the remedy. It must not take long: the next call waits for it.
	Ring func(ctx context.Context, c alert.Called, o alert.Officer, n *alert.Notice) []alert.Rung
	// After is how long a call stays unanswered before the next one; 3 min.
	After time.Duration
	// Slow is how long somebody may look before the next one is called; 10 min.
	Slow time.Duration
	Log  *slog.Logger
}

const (
	callAfter = 3 * time.Minute
	callSlow  = 10 * time.Minute
	maxCalls  = 50 // of one revision: the roster several times over
)

// Run works until ctx ends.
func (c *Caller) Run(ctx context.Context) error {
	for {
		seen := c.Book.Seq()
		next, err := c.Round(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			c.Log.Error("call the approvers", "err", err)
		}
		nap := maxNap
		if !next.IsZero() {
			nap = min(max(time.Until(next), time.Millisecond), maxNap)
		}
		waiting, cancel := context.WithTimeout(ctx, nap)
		_, err = c.Book.Wait(waiting, seen)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("call the approvers: %w", err)
		}
	}
}

// Round makes every call that is due at now and returns when the next one is;
// zero when nobody waits.
func (c *Caller) Round(ctx context.Context, now time.Time) (next time.Time, err error) {
	waiting := false
	c.Book.Read(func(st *alert.State) {
		for _, id := range st.Live() {
			waiting = waiting || toSign(st.Notices[id]) != nil
		}
	})
	if !waiting {
		return time.Time{}, nil
	}
	officers, err := c.Officers(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("list the officers: %w", err)
	}
	var due []call
	c.Book.Read(func(st *alert.State) {
		for _, id := range st.Live() {
			n := st.Notices[id]
			k, at := c.next(st, n, officers, now)
			if k != nil && !at.After(now) {
				due = append(due, *k)
			} else if k != nil {
				next = earlier(next, at)
			}
		}
	})
	for _, k := range due {
		if err := c.make(ctx, k, now); err != nil {
			return next, err
		}
		next = earlier(next, now.Add(c.after()))
	}
	return next, nil
}

// call is one that is to be made.
type call struct {
	alert.Called
	who    alert.Officer
	notice *alert.Notice // a copy
}

func (c *Caller) after() time.Duration {
	if c.After > 0 {
		return c.After
	}
	return callAfter
}

func (c *Caller) slow() time.Duration {
	if c.Slow > 0 {
		return c.Slow
	}
	return callSlow
}

// toSign is the revision of a notice that somebody is called to: the one that
// waits for its review and approval, else an emergency release that lacks its
// second signature; nil for none.
func toSign(n *alert.Notice) *alert.Revision {
	if r := n.Pending(); r != nil && r.Approved == nil {
		return r
	}
	for _, r := range n.Revisions {
		if r.Emergency != nil && r.Countersigned == nil {
			return r
		}
	}
	return nil
}

// next returns the next call about a notice and when it is due; nil when there
// is nobody left to call, or nothing to be called for.
func (c *Caller) next(st *alert.State, n *alert.Notice, officers []alert.Officer, now time.Time) (*call, time.Time) {
	r := toSign(n)
	if r == nil {
		return nil, time.Time{}
	}
	made := st.Calls[alert.PlanID(n.ID, r.No)]
	if len(made) >= maxCalls {
		return nil, time.Time{}
	}
	at := r.Submitted.At
	if len(made) > 0 {
		last := made[len(made)-1]
		if at = last.Next; last.Opened != nil {
			at = last.Opened.At.Add(c.slow())
		}
	}
	who, ok := c.choose(st, n, r, officers, made, now)
	if !ok {
		return nil, time.Time{}
	}
	copied := *n
	return &call{
		Called: alert.Called{Notice: n.ID, Rev: r.No, No: len(made) + 1, Officer: who.ID, Means: c.Means(who), Next: now.Add(c.after()).UTC()},
		who:    who, notice: &copied,
	}, at
}

// choose returns who is called next: who may approve this text, the roster's
// order first, then everybody else who may; the one called least often, so
// that after the last the first is called again.
func (c *Caller) choose(st *alert.State, n *alert.Notice, r *alert.Revision, officers []alert.Officer, made []*alert.Call, now time.Time) (alert.Officer, bool) {
	roster := map[string]int{}
	for i, x := range st.OnDuty(now) {
		roster[x.Officer] = i + 1
	}
	times := map[string]int{}
	for _, k := range made {
		times[k.Officer]++
	}
	rank := func(o alert.Officer) int {
		if i := roster[o.ID]; i > 0 {
			return i
		}
		return 1 << 20
	}
	var best *alert.Officer
	for i, o := range officers {
		if !o.Has(alert.RoleApprover) && !(r.Reviewed == nil && r.Released == nil && o.Has(alert.RoleReviewer)) || slices.Contains(r.Touched, o.ID) {
			continue
		}
		if o.Has(alert.RoleApprover) && st.MayApprove(o.ID, &r.Content, c.Gazetteer) != nil {
			continue
		}
		better := best == nil || times[o.ID] < times[best.ID] ||
			times[o.ID] == times[best.ID] && (rank(o) < rank(*best) || rank(o) == rank(*best) && o.ID < best.ID)
		if better {
			best = &officers[i]
		}
	}
	if best == nil {
		return alert.Officer{}, false
	}
	return *best, true
}

// make records a call and rings.
func (c *Caller) make(ctx context.Context, k call, now time.Time) error {
	_, err := c.Book.Do(ctx, func(st *alert.State) ([]alert.Event, error) {
		n := st.Notices[k.Notice]
		r := n.Rev(k.Rev)
		if toSign(n) != r || len(st.Calls[alert.PlanID(k.Notice, k.Rev)]) != k.No-1 {
			return nil, errNothingToDo // somebody acted, or another process called
		}
		e, err := alert.NewEvent(now, "desk", n.Mode, alert.CallID(k.Notice, k.Rev, k.No), k.Called)
		return []alert.Event{e}, err
	})
	if errors.Is(err, errNothingToDo) || errors.Is(err, alert.ErrTaken) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record call %s: %w", alert.CallID(k.Notice, k.Rev, k.No), err)
	}
	rings := c.Ring(ctx, k.Called, k.who, k.notice)
	if len(rings) == 0 {
		return nil
	}
	f := alert.CallRung{Notice: k.Notice, Rev: k.Rev, No: k.No, Rings: rings}
	_, err = c.Book.Do(ctx, func(*alert.State) ([]alert.Event, error) {
		e, err := alert.NewEvent(time.Now(), "desk", k.notice.Mode, alert.CallID(k.Notice, k.Rev, k.No), f)
		return []alert.Event{e}, err
	})
	if err != nil {
		return fmt.Errorf("record what came of call %s: %w", alert.CallID(k.Notice, k.Rev, k.No), err)
	}
	return nil
}

// OpenCall records that the called officer looks at the text. Who was not
// called, or looks again, changes nothing.
func (d *Desk) OpenCall(ctx context.Context, who alert.Actor, notice string, rev int) error {
	no := 0
	d.Read(func(st *alert.State) {
		for _, k := range st.Calls[alert.PlanID(notice, rev)] {
			if k.Officer == who.ID && k.Opened == nil {
				no = k.No
			}
		}
	})
	if no == 0 {
		return nil
	}
	return d.act(ctx, who, alert.CallID(notice, rev, no), func(st *alert.State) (alert.Fact, error) {
		for _, k := range st.Calls[alert.PlanID(notice, rev)] {
			if k.No == no && k.Opened == nil {
				return alert.CallOpened{Notice: notice, Rev: rev, No: no}, nil
			}
		}
		return nil, nil
	})
}
