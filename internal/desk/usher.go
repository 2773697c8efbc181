package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Usher tells officers of what came in: the first of the roster at once, and as
// long as nobody has looked at it the next one every five minutes. As with the
// [Caller], each telling is recorded before anything rings, so neither a restart
// nor a second process tells twice.
type Usher struct {
	Book Book
	// Officers lists the accounts that can be used, Means how one can be reached.
	Officers func(ctx context.Context) ([]alert.Officer, error)
	Means    func(o alert.Officer) []string
	// Ring reaches the officer, after it was recorded; nil: the open pages alone
	// show it. What it says of its success is its own to log.
	Ring  func(ctx context.Context, told alert.InboxTold, o alert.Officer, it alert.InboxItem)
	After time.Duration // how long an item may stay unseen before the next is told; 5 min
	Log   *slog.Logger
}

const (
	ushAfter = 5 * time.Minute
	maxTold  = 20 // of one item: a roster several times over
)

// Run works until ctx ends.
func (u *Usher) Run(ctx context.Context) error {
	for {
		seen := u.Book.Seq()
		next, err := u.Round(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			u.Log.Error("tell of what came in", "err", err)
		}
		nap := maxNap
		if !next.IsZero() {
			nap = min(max(time.Until(next), time.Millisecond), maxNap)
		}
		waiting, cancel := context.WithTimeout(ctx, nap)
		_, err = u.Book.Wait(waiting, seen)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("tell of what came in: %w", err)
		}
	}
}

func (u *Usher) after() time.Duration { return cmp.Or(u.After, ushAfter) }

// Round tells everybody whose turn it is at now, and returns when the next turn
// is; zero when nothing is unseen.
func (u *Usher) Round(ctx context.Context, now time.Time) (next time.Time, err error) {
	var unseen []alert.InboxItem
	var roster []alert.Callable
	u.Book.Read(func(st *alert.State) {
		for _, it := range st.Inbox {
			if it.Seen == nil && it.Handled == nil && len(it.Told) < maxTold {
				unseen = append(unseen, *it)
			}
		}
		roster = st.OnDuty(now)
	})
	if len(unseen) == 0 {
		return time.Time{}, nil
	}
	officers, err := u.Officers(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("list the officers: %w", err)
	}
	for _, it := range unseen {
		if n := len(it.Told); n > 0 && it.Told[n-1].Next.After(now) {
			next = earlier(next, it.Told[n-1].Next)
			continue
		}
		who, ok := whoIsNext(officers, roster, it.Told)
		if !ok {
			continue
		}
		told := alert.InboxTold{No: len(it.Told) + 1, Officer: who.ID, Means: u.means(who), Next: now.Add(u.after()).UTC()}
		if err := u.tell(ctx, told, who, it, now); err != nil {
			return next, err
		}
		next = earlier(next, told.Next)
	}
	return next, nil
}

func (u *Usher) means(o alert.Officer) []string {
	if u.Means == nil {
		return []string{"console"}
	}
	return u.Means(o)
}

// whoIsNext is the one who was told least often: the roster in its order, then
// everybody else who may deal with it.
func whoIsNext(officers []alert.Officer, roster []alert.Callable, told []alert.InboxTold) (alert.Officer, bool) {
	rank := func(o alert.Officer) int {
		if i := slices.IndexFunc(roster, func(c alert.Callable) bool { return c.Officer == o.ID }); i >= 0 {
			return i
		}
		return len(roster)
	}
	times := func(o alert.Officer) (n int) {
		for _, t := range told {
			if t.Officer == o.ID {
				n++
			}
		}
		return n
	}
	var may []alert.Officer
	for _, o := range officers {
		if o.Has(alert.RoleWriter) || o.Has(alert.RoleApprover) {
			may = append(may, o)
		}
	}
	if len(may) == 0 {
		return alert.Officer{}, false
	}
	return slices.MinFunc(may, func(a, b alert.Officer) int {
		return cmp.Or(cmp.Compare(times(a), times(b)), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.ID, b.ID))
	}), true
}

// tell records it and rings.
func (u *Usher) tell(ctx context.Context, told alert.InboxTold, who alert.Officer, it alert.InboxItem, now time.Time) error {
	_, err := u.Book.Do(ctx, func(st *alert.State) ([]alert.Event, error) {
		cur := st.Inbox[it.ID]
		if cur == nil || cur.Seen != nil || len(cur.Told) != told.No-1 {
			return nil, errNothingToDo // somebody looked, or another process told
		}
		e, err := alert.NewEvent(now, "desk", it.Mode, it.ID, told)
		return []alert.Event{e}, err
	})
	if errors.Is(err, errNothingToDo) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record who is told of %s: %w", it.ID, err)
	}
	if u.Ring != nil {
		u.Ring(ctx, told, who, it)
	}
	return nil
}
