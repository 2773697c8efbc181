package desk

import (
	"context"
	"errors"
	"strings"

	"mingluo/internal/alert"
)

// Pause stops the fan-out of a released revision until Resume.
func (d *Desk) Pause(ctx context.Context, who alert.Actor, notice string, rev int, reason string) error {
	reason, err := reasonFor(reason, false)
	if err != nil {
		return err
	}
	return d.steer(ctx, who, notice, rev, func(st *alert.State, r *alert.Revision) (alert.Fact, error) {
		if r.Stopped != nil {
			return nil, stopped()
		}
		if r.Paused != nil {
			return nil, errNothingToDo
		}
		return alert.Paused{Rev: rev, Reason: reason}, nil
	})
}

// Resume lets a paused fan-out go on.
func (d *Desk) Resume(ctx context.Context, who alert.Actor, notice string, rev int) error {
	return d.steer(ctx, who, notice, rev, func(st *alert.State, r *alert.Revision) (alert.Fact, error) {
		if r.Stopped != nil {
			return nil, stopped()
		}
		if r.Paused == nil {
			return nil, errNothingToDo
		}
		return alert.Resumed{Rev: rev}, nil
	})
}

// Stop ends the fan-out of a released revision for good, in any phase: before
// its plan, while it is sent, while it waits for a second try. The notice stays
// public, and who has it already can still be told by a correction, a lift or a
// retraction.
func (d *Desk) Stop(ctx context.Context, who alert.Actor, notice string, rev int, reason string) error {
	reason, err := reasonFor(reason, true)
	if err != nil {
		return err
	}
	return d.steer(ctx, who, notice, rev, func(st *alert.State, r *alert.Revision) (alert.Fact, error) {
		switch {
		case r.Stopped != nil:
			return nil, errNothingToDo
		case r.Verb == alert.Retract:
			return nil, blocked("撤回要送到每一位收到过的人，不能停止；可以暂停。", "A retraction has to reach everybody who was told: it can be paused, not stopped.")
		case st.Notices[notice].Superseded(rev):
			return nil, blocked("这一版已经由后一版接替，不会再发。", "A later revision took its place: nothing more is sent of this one.")
		}
		return alert.Stopped{Rev: rev, Reason: reason}, nil
	})
}

// PauseBurst pauses a fan-out whose channel refuses so many that a person
// should look (W17). bursts is how many such pauses the caller knew of: what
// was seen before an officer resumed pauses nothing. A retraction is never
// paused by itself.
func (d *Desk) PauseBurst(ctx context.Context, notice string, rev, bursts int, reason string) error {
	system := alert.Actor{Officer: alert.Officer{ID: alert.SystemActor}}
	d.Read(func(st *alert.State) {
		if n := st.Notices[notice]; n != nil {
			system.Mode = n.Mode
		}
	})
	return settled(d.act(ctx, system, notice, func(st *alert.State) (alert.Fact, error) {
		r, err := releasedRev(st, system, notice, rev)
		if err != nil {
			return nil, err
		}
		if r.Paused != nil || r.Stopped != nil || r.Bursts != bursts || r.Verb == alert.Retract || st.Notices[notice].Superseded(rev) {
			return nil, errNothingToDo
		}
		return alert.Paused{Rev: rev, Reason: reason}, nil
	}))
}

// ConfirmPlan lets a plan go that was held because its audience differs from
// the one approved (R12).
func (d *Desk) ConfirmPlan(ctx context.Context, who alert.Actor, notice string, rev int) error {
	if err := need(who, alert.RoleApprover); err != nil {
		return err
	}
	return d.steer(ctx, who, notice, rev, func(st *alert.State, r *alert.Revision) (alert.Fact, error) {
		id := alert.PlanID(notice, rev)
		if p := st.Plans[id]; p == nil || p.Held == "" || st.Confirmed[id] {
			return nil, errNothingToDo
		}
		return alert.Confirmed{Rev: rev}, nil
	})
}

// steer appends what an officer does to a running fan-out. Doing it twice is
// doing it once.
func (d *Desk) steer(ctx context.Context, who alert.Actor, notice string, rev int, fact func(*alert.State, *alert.Revision) (alert.Fact, error)) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	return settled(d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		r, err := releasedRev(st, who, notice, rev)
		if err != nil {
			return nil, err
		}
		return fact(st, r)
	}))
}

func releasedRev(st *alert.State, who alert.Actor, notice string, rev int) (*alert.Revision, error) {
	n := st.Notices[notice]
	if n == nil || n.Rev(rev) == nil || n.Rev(rev).Released == nil {
		return nil, notFound("notice", "这一版没有发布过。", "That revision was not released.")
	}
	if n.Mode != who.Mode {
		return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
	}
	return n.Rev(rev), nil
}

// errNothingToDo ends an act that changes nothing.
var errNothingToDo = errors.New("it is so already")

func settled(err error) error {
	if errors.Is(err, errNothingToDo) {
		return nil
	}
	return err
}

func stopped() *alert.Problem {
	return blocked("这一版的发送已经停止，不能再继续。", "The sending of this revision was stopped for good.")
}

// reasonFor checks the words that an officer gives for a pause or a stop.
func reasonFor(reason string, needed bool) (string, error) {
	reason = strings.TrimSpace(reason)
	if needed && reason == "" {
		return "", &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明为什么停止。", EN: "Say why it is stopped."}
	}
	if _, unsafe := alert.UnsafeRune(reason); unsafe || len([]rune(reason)) > 200 {
		return "", &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "原因最多200字，不能有控制字符。", EN: "At most 200 characters, no control characters."}
	}
	return reason, nil
}
