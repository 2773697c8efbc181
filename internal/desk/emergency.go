package desk

import (
	"context"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// CountersignWithin is how long a second officer has to countersign an
// emergency release before it counts as missing.
const CountersignWithin = 30 * time.Minute

// EmergencyRelease is 紧急发布: one named officer submits and releases a draft
// in one act. It is off unless the configuration allows it, and it takes all
// of: the officer stands in the table of authority with that right, the text
// is nothing but a template in use that was approved for it, and the area and
// level are within the officer's line. A second officer countersigns.
func (d *Desk) EmergencyRelease(ctx context.Context, who alert.Actor, draft string, seq uint64, reason string) (notice string, rev int, err error) {
	if !d.Emergency {
		return "", 0, &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: "紧急发布没有启用，须由两人发布。", EN: "Emergency release is switched off: two people are needed."}
	}
	if err := need(who, alert.RoleApprover); err != nil {
		return "", 0, err
	}
	if reason = strings.TrimSpace(reason); reason == "" || len([]rune(reason)) > 200 {
		return "", 0, &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明为什么等不及第二个人，最多200字。", EN: "Say why a second person cannot be waited for, 200 characters at most."}
	}
	dr, err := d.openDraft(ctx, who, draft)
	if err != nil {
		return "", 0, err
	}
	if seq != 0 && seq != dr.Seq {
		return "", 0, &alert.Problem{Kind: alert.Conflict, Field: "seq", ZH: "别人刚刚改过这份草稿，请重新打开看一看。", EN: "Somebody else has just saved this draft: look again."}
	}
	if ps := d.check(dr.Content, dr.Mode); ps != nil {
		return "", 0, ps
	}
	audience, _, err := d.count(ctx, dr.Content)
	if err != nil {
		return "", 0, err
	}
	notice = dr.Notice
	if notice == "" {
		notice = dr.ID
	}
	_, err = d.Book.Do(ctx, func(st *alert.State) ([]alert.Event, error) {
		if p := d.mayReleaseAlone(st, who, &dr.Content); p != nil {
			return nil, p
		}
		f, err := submission(st, who, dr, notice)
		if err != nil {
			return nil, err
		}
		rev = f.Rev
		hash := f.Content.Hash(notice, f.Rev, f.Verb, who.Mode)
		now := d.Now()
		first, err := alert.NewEvent(now, who.ID, who.Mode, notice, f)
		if err != nil {
			return nil, err
		}
		second, err := alert.NewEvent(now, who.ID, who.Mode, notice, alert.EmergencyReleased{Rev: f.Rev, Hash: hash, Audience: audience, Reason: reason})
		return []alert.Event{first, second}, err
	})
	if err != nil {
		return "", 0, err
	}
	d.closeDraft(ctx, dr, notice)
	return notice, rev, nil
}

// MayEmergency says why the officer may not release this content alone; nil
// when he or she may.
func (d *Desk) MayEmergency(who alert.Actor, c *alert.Content) (p *alert.Problem) {
	if !d.Emergency || !who.Has(alert.RoleApprover) {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: "不能紧急发布，须由两人发布。", EN: "There is no emergency release here: two people are needed."}
	}
	d.Read(func(st *alert.State) { p = d.mayReleaseAlone(st, who, c) })
	return p
}

func (d *Desk) mayReleaseAlone(st *alert.State, who alert.Actor, c *alert.Content) *alert.Problem {
	no := func(zh, en string) *alert.Problem {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: zh, EN: en}
	}
	if g, ok := st.Grant(who.ID, d.Gazetteer); st.Grants == nil || !ok || !g.Emergency {
		return no("授权表没有给您紧急发布的权限，须由两人发布。", "The table of authority does not allow you an emergency release.")
	}
	if p := st.MayApprove(who.ID, c, d.Gazetteer); p != nil {
		return p
	}
	if d.beyondStaff(c, who.Mode) != nil {
		return no("对公众或经真实运营方的演练须由两人发布，不能紧急发布。", "A drill to the public or over a real carrier takes two people: it cannot be an emergency release.")
	}
	if c.NeedsApplication() {
		return no("经市平台申请的通知，平台受理以后才能发布，不能紧急发布。", "What needs the acceptance of the city's platform cannot be an emergency release.")
	}
	if c.Template == nil || st.Carried(c, who.Mode) == nil {
		return no("紧急发布只能用已审查的模板，不能有自由文字。", "An emergency release is made from a reviewed template only, without free text.")
	}
	if v := st.Templates[c.Template.ID].Current(); v == nil || !v.Emergency {
		return no("这个模板没有批准用于紧急发布。", "This template was not approved for emergency releases.")
	}
	return nil
}

// Countersign is the second officer's signature under an emergency release.
func (d *Desk) Countersign(ctx context.Context, who alert.Actor, notice string, rev int, hash, note string) error {
	if err := need(who, alert.RoleApprover); err != nil {
		return err
	}
	return d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		n := st.Notices[notice]
		if n == nil || n.Rev(rev) == nil || n.Rev(rev).Emergency == nil {
			return nil, notFound("notice", "这一版不是紧急发布的。", "This revision was not an emergency release.")
		}
		r := n.Rev(rev)
		switch {
		case n.Mode != who.Mode:
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
		case r.Countersigned != nil:
			return nil, nil
		case r.Emergency.By == who.ID:
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: "紧急发布的人不能给自己补签。", EN: "Whoever released it cannot countersign it."}
		}
		if err := untouched(who, r); err != nil {
			return nil, err
		}
		if err := bound(r, hash); err != nil {
			return nil, err
		}
		if p := st.MayApprove(who.ID, &r.Content, d.Gazetteer); p != nil {
			return nil, p
		}
		return alert.Countersigned{Rev: rev, Hash: hash, Note: strings.TrimSpace(note)}, nil
	})
}

// signaturesOf are the emergency releases of a notice whose second signature
// is missing: overdue ones are recorded, once, whatever became of the notice.
func signaturesOf(st *alert.State, n *alert.Notice, now time.Time) (due []milestoneEvent, next time.Time) {
	for _, r := range n.Revisions {
		if r.Emergency == nil || r.Countersigned != nil {
			continue
		}
		at := r.Emergency.At.Add(CountersignWithin)
		m := alert.Milestone{Notice: n.ID, Rev: r.No, What: alert.Unsigned, Due: at, Planned: at, By: r.Emergency.By}
		switch _, done := st.Milestones[m.ID()]; {
		case done:
		case at.After(now):
			next = earlier(next, at)
		default:
			due = append(due, milestoneEvent{m, n.Mode})
		}
	}
	return due, next
}
