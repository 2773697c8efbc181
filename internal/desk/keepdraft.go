package desk

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Past is how a draft read before a save. It is what an undo goes back to.
type Past struct {
	Content alert.Content `json:"content"`
	By      string        `json:"by"`    // who had saved it
	Saved   time.Time     `json:"saved"` // when
	Kept    time.Time     `json:"kept"`  // when it was replaced
}

const (
	// maxPast is how many steps an undo can go back.
	maxPast = 10
	// oneStep is the time within which one officer's saves are one step: a draft
	// is saved as one types, and an undo must take back more than a letter.
	oneStep = 30 * time.Second
	// roomForPast bounds what the past may take of a draft's own room.
	roomForPast = (alert.MaxEventBytes - 4096) / 2
)

// KeepDraft is [Desk.SaveDraft] for a page that saves while one types. tab is a
// word that the page made up for itself: a save whose answer was lost on the
// way is followed by another one that still names the save before, and must not
// be taken for somebody else's.
func (d *Desk) KeepDraft(ctx context.Context, who alert.Actor, id string, seq uint64, tab string, c alert.Content) (*Draft, error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return nil, err
	}
	dr, err := d.openDraft(ctx, who, id)
	if err != nil {
		return nil, err
	}
	if tab != "" && dr.Tab == tab && dr.By == who.ID {
		seq = dr.Seq
	}
	if c = clean(c); sameContent(c, dr.Content) {
		return dr, nil
	}
	now := d.Now().UTC()
	dr.remember(who.ID, c, now)
	dr.Content, dr.Saved, dr.By, dr.Tab, dr.Touched = c, now, who.ID, tab, touch(dr.Touched, who.ID)
	return dr, d.putDraft(ctx, dr, seq)
}

// StartDraft is [Desk.NewDraft] for such a page: the same page's second try
// finds the draft that its first one made.
func (d *Desk) StartDraft(ctx context.Context, who alert.Actor, tab string, c alert.Content) (*Draft, error) {
	if tab != "" {
		open, err := d.Drafts(ctx)
		if err != nil {
			return nil, err
		}
		for _, dr := range open {
			if dr.Tab == tab && dr.By == who.ID && dr.Mode == who.Mode {
				return d.KeepDraft(ctx, who, dr.ID, dr.Seq, tab, c)
			}
		}
	}
	return d.startDraft(ctx, who, &Draft{Content: c, Tab: tab})
}

// remember keeps how the draft reads now, unless this save goes on with what
// the same officer did a moment ago.
func (dr *Draft) remember(by string, next alert.Content, now time.Time) {
	last := len(dr.Past) - 1
	turned := (dr.Content.Template == nil) != (next.Template == nil)
	if last >= 0 && dr.By == by && now.Sub(dr.Past[last].Kept) < oneStep && !turned {
		return
	}
	dr.Past = append(slices.Clone(dr.Past), Past{dr.Content, dr.By, dr.Saved, now})
	dr.Past = dr.Past[max(0, len(dr.Past)-maxPast):]
	for len(dr.Past) > 1 {
		if b, err := json.Marshal(dr.Past); err == nil && len(b) <= roomForPast {
			break
		}
		dr.Past = dr.Past[1:]
	}
}

// UndoDraft takes a draft back to how it read one step before. What is undone
// was somebody's text too: who undoes it touched the text.
func (d *Desk) UndoDraft(ctx context.Context, who alert.Actor, id string, seq uint64) (*Draft, error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return nil, err
	}
	dr, err := d.openDraft(ctx, who, id)
	if err != nil {
		return nil, err
	}
	if len(dr.Past) == 0 {
		return nil, blocked("没有可以撤销的步骤。", "There is nothing to undo.")
	}
	last := dr.Past[len(dr.Past)-1]
	dr.Content, dr.Saved, dr.By, dr.Tab, dr.Touched = last.Content, d.Now().UTC(), who.ID, "", touch(dr.Touched, who.ID)
	dr.Past = slices.Clone(dr.Past[:len(dr.Past)-1])
	return dr, d.putDraft(ctx, dr, seq)
}

// UndropDraft takes back that a draft was dropped.
func (d *Desk) UndropDraft(ctx context.Context, who alert.Actor, id string) (*Draft, error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return nil, err
	}
	dr, err := d.ownDraft(ctx, who, id)
	if err != nil || dr.Dropped == nil {
		return dr, err
	}
	dr.Dropped = nil
	return dr, d.putDraft(ctx, dr, dr.Seq)
}

// TakeBack is the author's own return of a revision that was not released yet:
// the text is a draft again. An approval that it had is void.
func (d *Desk) TakeBack(ctx context.Context, who alert.Actor, notice string, rev int) (*Draft, error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return nil, err
	}
	var r alert.Revision
	restores := 0
	err := d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		n, rv, err := pending(st, who, notice, rev)
		if err != nil {
			return nil, err
		}
		if rv.Submitted.By != who.ID {
			return nil, &alert.Problem{Kind: alert.Forbidden, ZH: "只有提交的人可以收回；审核的人请用“退回”。", EN: "Only who submitted it can take it back; reviewers return it."}
		}
		r = *rv
		if cur := n.Current(); cur != nil && cur.Verb == alert.Retract {
			restores = cur.No
		}
		return alert.Returned{Rev: rev, Reason: takenBack}, nil
	})
	if err != nil {
		return nil, err
	}
	return d.startDraft(ctx, who, &Draft{Notice: notice, Content: r.Content, Touched: r.Touched, Restores: restores})
}

// takenBack stands as the reason of a return by the author.
const takenBack = "作者收回修改"
