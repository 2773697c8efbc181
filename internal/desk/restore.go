package desk

import (
	"context"
	"errors"

	"mingluo/internal/alert"
)

// RestoreDraft opens a draft that publishes again what was retracted (恢复发布):
// the last text before the retraction, ready to submit. It takes two people
// like any release, because the first haste was one person's already.
func (d *Desk) RestoreDraft(ctx context.Context, who alert.Actor, notice string) (*Draft, error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return nil, err
	}
	var c alert.Content
	retraction := 0
	var problem error
	d.Read(func(st *alert.State) {
		n := st.Notices[notice]
		switch {
		case n == nil || n.Current() == nil:
			problem = notFound("notice", "没有生效过的这条通知。", "No such notice was released.")
		case n.Mode != who.Mode:
			problem = &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
		case n.Current().Verb != alert.Retract:
			problem = blocked("这条通知没有撤回，不用恢复。", "The notice was not retracted.")
		default:
			retraction = n.Current().No
			c, problem = beforeRetraction(n)
		}
	})
	if problem != nil {
		return nil, problem
	}
	open, err := d.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	for _, dr := range open { // pressed twice is pressed once
		if dr.Notice == notice && dr.Restores == retraction && dr.Mode == who.Mode {
			return dr, nil
		}
	}
	return d.startDraft(ctx, who, &Draft{Notice: notice, Content: c, Restores: retraction})
}

// beforeRetraction is what stood before the retraction in force, with the words
// that say so.
func beforeRetraction(n *alert.Notice) (alert.Content, error) {
	released := n.Released()
	for i := len(released) - 1; i >= 0; i-- {
		if r := released[i]; !r.Verb.Follows() {
			c := r.Content
			c.Description = alert.ShowTime(n.Current().Released.At) + "的撤回作废，现恢复发布。" + c.Description
			return c, nil
		}
	}
	return alert.Content{}, errors.New("a notice was retracted that was never issued")
}

// restores reports whether the draft was opened to take back exactly this
// retraction.
func restores(dr *Draft, cur *alert.Revision) bool {
	return cur.Verb == alert.Retract && dr.Restores == cur.No
}
