package desk

import (
	"context"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// Submit puts a draft before the reviewers. Everything a release needs is
// checked here, so that nobody is woken for a text that cannot go out.
func (d *Desk) Submit(ctx context.Context, who alert.Actor, draft string, seq uint64) (notice string, rev int, err error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return "", 0, err
	}
	dr, err := d.openDraft(ctx, who, draft)
	if err != nil {
		return "", 0, err
	}
	if seq != 0 && seq != dr.Seq {
		return "", 0, &alert.Problem{Kind: alert.Conflict, Field: "seq", ZH: "别人刚刚改过这份草稿，请重新打开看一看再提交。", EN: "Somebody else has just saved this draft: look again before submitting."}
	}
	if ps := d.check(dr.Content, dr.Mode); ps != nil {
		return "", 0, ps
	}
	notice = dr.Notice
	if notice == "" {
		notice = dr.ID // a new notice keeps its draft's number, so a retried submission cannot make two
	}
	err = d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		f, err := submission(st, who, dr, notice)
		rev = f.Rev
		return f, err
	})
	if err != nil {
		return "", 0, err
	}
	d.closeDraft(ctx, dr, notice)
	return notice, rev, nil
}

// submission is the fact that puts a draft before the reviewers.
func submission(st *alert.State, who alert.Actor, dr *Draft, notice string) (alert.Submitted, error) {
	n, rev, verb := st.Notices[notice], 1, alert.Update
	if n != nil {
		// A crash may leave a draft open that was submitted; what became of it is in
		// the journal, and it must not go out twice.
		for _, r := range n.Revisions {
			if r.Draft == dr.ID {
				return alert.Submitted{}, submitted()
			}
		}
		if p := n.Pending(); p != nil {
			return alert.Submitted{}, &alert.Problem{Kind: alert.Conflict, ZH: "这条通知已有一个版本在审，请先处理它。", EN: "A revision of this notice is waiting already: deal with it first."}
		}
		if cur := n.Current(); cur != nil && cur.Verb.Ends() && !restores(dr, cur) {
			return alert.Submitted{}, blocked("这条通知已经解除或撤回，不能再更新；请另发一条。", "The notice was lifted or retracted: issue a new one.")
		}
		rev = len(n.Revisions) + 1
	}
	if n == nil || n.Current() == nil {
		verb = alert.Issue
	}
	return alert.Submitted{Rev: rev, Verb: verb, Content: dr.Content, Touched: touch(dr.Touched, who.ID), Draft: dr.ID}, nil
}

// closeDraft marks a draft as submitted. The submission stands already, so this
// is tidying: should it fail, a second submission is refused by the journal.
func (d *Desk) closeDraft(ctx context.Context, dr *Draft, notice string) {
	dr.Submitted, dr.Past = notice, nil
	if err := d.putDraft(ctx, dr, dr.Seq); err != nil {
		d.Log.Warn("close the submitted draft", "draft", dr.ID, "err", err)
	}
}

// Return gives a revision back with a reason; its text becomes a draft again.
func (d *Desk) Return(ctx context.Context, who alert.Actor, notice string, rev int, reason string) (*Draft, error) {
	if err := need(who, alert.RoleApprover, alert.RoleReviewer); err != nil {
		return nil, err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return nil, &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明退回的原因，作者要照它改。", EN: "Say why, so that the author can mend it."}
	}
	var r alert.Revision
	restores := 0
	err := d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		n, rv, err := pending(st, who, notice, rev)
		if err != nil {
			return nil, err
		}
		r = *rv
		if cur := n.Current(); cur != nil && cur.Verb == alert.Retract {
			restores = cur.No
		}
		return alert.Returned{Rev: rev, Reason: reason}, nil
	})
	if err != nil {
		return nil, err
	}
	author := alert.Actor{Officer: alert.Officer{ID: r.Submitted.By, Roles: []alert.Role{alert.RoleWriter}}, Mode: who.Mode}
	return d.startDraft(ctx, author, &Draft{Notice: notice, Content: r.Content, Warnings: []string{"退回原因：" + reason}, Touched: r.Touched, Restores: restores})
}

// pending returns a revision that still waits for reviewers.
func pending(st *alert.State, who alert.Actor, notice string, rev int) (*alert.Notice, *alert.Revision, error) {
	n, r, err := onRevision(st, who, notice, rev)
	switch {
	case err != nil:
		return nil, nil, err
	case r.Released != nil:
		return nil, nil, &alert.Problem{Kind: alert.Conflict, ZH: "这一版已经发布了。", EN: "This revision was released already."}
	case r.Returned != nil:
		return nil, nil, &alert.Problem{Kind: alert.Conflict, ZH: "这一版已经退回了。", EN: "This revision was returned already."}
	}
	return n, r, nil
}

// untouched is R1: whoever touched the text does not judge it.
func untouched(who alert.Actor, r *alert.Revision) error {
	if slices.Contains(r.Touched, who.ID) {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: "您改过这段文字，不能由您自己审查或签发；请另一位有权的同事来做。", EN: "You touched this text: another officer has to review and approve it."}
	}
	return nil
}

// bound is the other half of R1: the act names exactly the text it is about.
func bound(r *alert.Revision, hash string) error {
	if hash != r.Hash {
		return &alert.Problem{Kind: alert.Conflict, Rule: "R1", Field: "hash", ZH: "您看到的文字不是现在这一版，请重新打开看一看。", EN: "The text you saw is not this one: look again."}
	}
	return nil
}

// Review records the confidentiality review (保密审查) of exactly this text.
func (d *Desk) Review(ctx context.Context, who alert.Actor, notice string, rev int, hash, note string, ticked ...string) error {
	if err := need(who, alert.RoleReviewer); err != nil {
		return err
	}
	return d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		_, r, err := pending(st, who, notice, rev)
		if err != nil {
			return nil, err
		}
		if err := untouched(who, r); err != nil {
			return nil, err
		}
		if err := bound(r, hash); err != nil {
			return nil, err
		}
		if r.Reviewed != nil {
			return nil, nil
		}
		if err := alert.CheckReview(ticked); err != nil {
			return nil, err
		}
		return alert.Reviewed{Rev: rev, Hash: hash, Note: strings.TrimSpace(note), Checklist: alert.Checked()}, nil
	})
}

// Approve signs exactly this text for exactly this audience. The head count
// is taken now and bound with it: the plan is compared with it (R12).
func (d *Desk) Approve(ctx context.Context, who alert.Actor, notice string, rev int, hash string) error {
	if err := need(who, alert.RoleApprover); err != nil {
		return err
	}
	var c alert.Content
	d.Read(func(st *alert.State) {
		if n := st.Notices[notice]; n != nil && n.Rev(rev) != nil {
			c = n.Rev(rev).Content
		}
	})
	audience := map[string]int{}
	if len(c.Areas) > 0 {
		var err error
		if audience, _, err = d.count(ctx, c); err != nil {
			return err
		}
	}
	return d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		_, r, err := pending(st, who, notice, rev)
		if err != nil {
			return nil, err
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
		if err := d.mayDrillSo(st, who, &r.Content, who.Mode); err != nil {
			return nil, err
		}
		if r.Reviewed == nil {
			return nil, blocked("发布前须先完成保密审查。", "The confidentiality review comes first.")
		}
		if r.Approved != nil {
			return nil, &alert.Problem{Kind: alert.Conflict, ZH: "已经有人签发了这一版。", EN: "Somebody has approved this revision already."}
		}
		return alert.Approved{Rev: rev, Hash: hash, Audience: audience}, nil
	})
}

// Release makes an approved revision public. When it returns nil the notice
// is on disk and public; everything after it only carries it further.
func (d *Desk) Release(ctx context.Context, who alert.Actor, notice string, rev int) error {
	if err := need(who, alert.RoleApprover); err != nil {
		return err
	}
	return d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		n, r, err := pending(st, who, notice, rev)
		if err != nil {
			return nil, err
		}
		if r.Approved == nil {
			return nil, &alert.Problem{Kind: alert.Blocked, Rule: "R1", ZH: "还没有签发：须由没有改过文字的另一人签发。", EN: "It is not approved: another person who did not touch the text has to approve it."}
		}
		if err := d.mayDrillSo(st, who, &r.Content, n.Mode); err != nil {
			return nil, err
		}
		if p := uncleared(st, notice, r); p != nil {
			return nil, p
		}
		// Time passes between signature and release: an end that has gone by, or
		// anything else that no longer holds, stops it here.
		if ps := r.Content.Check(d.Gazetteer, n.Mode, d.Now()); ps != nil {
			return nil, ps
		}
		return alert.Released{Rev: rev, Hash: r.Hash}, nil
	})
}
