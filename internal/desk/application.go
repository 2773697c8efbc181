package desk

import (
	"context"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Lengths of what is typed about an application, in characters.
const (
	maxRef  = 60
	maxNote = 200
)

// Apply records that the application to the city's platform was prepared for
// exactly the revision that was looked at. form and capSHA are its papers.
func (d *Desk) Apply(ctx context.Context, who alert.Actor, a alert.ApplicationMade) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	if strings.TrimSpace(a.Form) == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "form", ZH: "请填写申请表。", EN: "Fill in the application form."}
	}
	return d.act(ctx, who, a.Notice, func(st *alert.State) (alert.Fact, error) {
		_, r, err := pending(st, who, a.Notice, a.Rev)
		if err != nil {
			return nil, err
		}
		if err := bound(r, a.Hash); err != nil {
			return nil, err
		}
		if !r.Content.NeedsApplication() {
			return nil, blocked("这条通知的发布依据不是市平台申请，不需要申请。", "This notice is not released on application to the city's platform: none is needed.")
		}
		old := st.Applications[a.Notice]
		if old != nil && old.Rev == a.Rev && (old.Open() || old.State() == alert.ApplicationAccepted) {
			return nil, &alert.Problem{Kind: alert.Conflict, ZH: "已经申请过，请等待或查看答复。", EN: "An application was made already."}
		}
		return a, nil
	})
}

// HandOver records when, how and to whom the application was handed.
func (d *Desk) HandOver(ctx context.Context, who alert.Actor, notice string, h alert.ApplicationHanded) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	if h.Way.ZH() == "" {
		return &alert.Problem{Kind: alert.Invalid, Rule: "R15", Field: "way", ZH: "请选择怎样递交的。", EN: "Say how it was handed over."}
	}
	if h.At.IsZero() {
		h.At = d.Now()
	}
	h.At = h.At.UTC()
	if err := short(&h.To, "to", maxRef); err != nil {
		return err
	}
	return d.onApplication(ctx, who, notice, func(_ *alert.State, a *alert.Application) (alert.Fact, error) {
		switch {
		case a.State() != alert.ApplicationPrepared:
			return nil, conflicted(a)
		case h.At.After(d.Now().Add(time.Minute)):
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "at", ZH: "递交时间还没有到。", EN: "The time of handing over has not come yet."}
		case h.At.Before(a.Made.At.Truncate(time.Minute)): // forms know minutes only
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "at", ZH: "递交时间早于备好申请的时间。", EN: "It cannot have been handed over before it was prepared."}
		}
		return h, nil
	})
}

// AnswerApplication records the platform's answer: accepted with the id that it
// returned, or refused with its reason.
func (d *Desk) AnswerApplication(ctx context.Context, who alert.Actor, notice string, f alert.ApplicationAnswered) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	if err := short(&f.Ref, "ref", maxRef); err != nil {
		return err
	}
	if err := short(&f.Note, "note", maxNote); err != nil {
		return err
	}
	switch {
	case f.Granted && f.Ref == "":
		return &alert.Problem{Kind: alert.Invalid, Field: "ref", ZH: "请填写平台返回的编号。", EN: "Give the id that the platform returned."}
	case !f.Granted && f.Note == "":
		return &alert.Problem{Kind: alert.Invalid, Field: "note", ZH: "请写明平台为什么没有受理。", EN: "Say why the platform did not accept it."}
	}
	return d.onApplication(ctx, who, notice, func(st *alert.State, a *alert.Application) (alert.Fact, error) {
		if a.State() != alert.ApplicationWaits {
			return nil, conflicted(a)
		}
		for _, other := range st.Applications {
			if f.Granted && other.ID != a.ID && other.Mode == a.Mode && other.Answer != nil && other.Answer.Ref == f.Ref {
				return nil, &alert.Problem{Kind: alert.Conflict, Field: "ref", ZH: "这个编号已经记在另一条通知（" + other.ID + "）上，请核对。", EN: "That id stands at another notice already (" + other.ID + "): check it."}
			}
		}
		return f, nil
	})
}

// WithdrawApplication takes an application back, also an accepted one, as long
// as the notice was not released under it.
func (d *Desk) WithdrawApplication(ctx context.Context, who alert.Actor, notice, reason string) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	if err := short(&reason, "reason", maxNote); err != nil {
		return err
	}
	if reason == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明为什么撤回申请。", EN: "Say why the application is withdrawn."}
	}
	return d.onApplication(ctx, who, notice, func(st *alert.State, a *alert.Application) (alert.Fact, error) {
		if n := st.Notices[notice]; n != nil && n.Rev(a.Rev) != nil && n.Rev(a.Rev).Released != nil {
			return nil, blocked("通知已经按这份申请发布，不能再撤回申请；可以更正、解除或撤回通知。", "The notice was released under it: correct, lift or retract the notice.")
		}
		if !a.Open() && a.State() != alert.ApplicationAccepted {
			return nil, conflicted(a)
		}
		return alert.ApplicationWithdrawn{Reason: reason}, nil
	})
}

func (d *Desk) onApplication(ctx context.Context, who alert.Actor, notice string, decide func(*alert.State, *alert.Application) (alert.Fact, error)) error {
	return d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		a := st.Applications[notice]
		if a == nil {
			return nil, notFound("application", "没有这份申请。", "There is no such application.")
		}
		if a.Mode != who.Mode {
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
		}
		return decide(st, a)
	})
}

func conflicted(a *alert.Application) *alert.Problem {
	return &alert.Problem{Kind: alert.Conflict, Field: "state", ZH: "这份申请现在是“" + a.State().ZH() + "”，请再看一遍。", EN: "The application is " + string(a.State()) + " now: look again."}
}

// short trims a typed line and refuses one that is too long or unsafe.
func short(s *string, field string, limit int) error {
	*s = strings.TrimSpace(*s)
	_, unsafe := alert.UnsafeRune(*s)
	if unsafe || strings.ContainsAny(*s, "\n\t") || len([]rune(*s)) > limit {
		return &alert.Problem{Kind: alert.Invalid, Field: field, ZH: "太长，或含有换行和不可见的字符。", EN: "Too long, or with line breaks or invisible characters."}
	}
	return nil
}

// Uncleared says why a revision may not go out yet: it is released on
// application to the city's platform, and the platform has not accepted exactly
// this text. nil when nothing stands against it.
func (d *Desk) Uncleared(notice string, rev int) (p *alert.Problem) {
	d.Read(func(st *alert.State) {
		if n := st.Notices[notice]; n != nil && n.Rev(rev) != nil {
			p = uncleared(st, notice, n.Rev(rev))
		}
	})
	return p
}

func uncleared(st *alert.State, notice string, r *alert.Revision) *alert.Problem {
	a := st.Applications[notice]
	if !r.Content.NeedsApplication() || a.Covers(r) {
		return nil
	}
	p := &alert.Problem{Kind: alert.Blocked, Field: "application"}
	switch {
	case a == nil:
		p.ZH, p.EN = "须先向市平台申请，受理以后才能发布：还没有备好申请。", "The city's platform has to accept it first: no application was prepared."
	case a.Hash != r.Hash:
		p.ZH, p.EN = "市平台的申请是另一版文字的，这一版要重新申请。", "The application is about another revision: apply for this one."
	default:
		p.ZH, p.EN = "市平台还没有受理（"+a.State().ZH()+"），不能发布。", "The city's platform has not accepted it: the application is "+string(a.State())+"."
	}
	return p
}
