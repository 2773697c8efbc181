package console

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"mingluo/internal/alert"
)

// act is one thing an officer does with a notice, from a page or from the API.
// It names the revision and, where it is bound to the text, its hash.
type act struct {
	Rev    int    `json:"rev"`
	Hash   string `json:"hash"`
	Reason string `json:"reason"`
	Note   string `json:"note"`
	// Checklist names the items of the confidentiality review that were ticked.
	Checklist []string `json:"checklist,omitempty"`
	// Factor is a fresh code of the second factor, for acts that sign.
	Factor string `json:"factor,omitempty"`
}

// done is what came of an act: the draft that a return or an update opened, or
// the revision that a correction made.
type done struct {
	Notice string `json:"notice"`
	Rev    int    `json:"rev,omitempty"`
	Draft  string `json:"draft,omitempty"`
	State  string `json:"state,omitempty"`
}

var errNoAct = &alert.Problem{Kind: alert.NotFound, Field: "act", ZH: "没有这个操作。", EN: "There is no such act."}

// do carries out an act. The desk decides whether it may be.
func (c *Console) do(ctx context.Context, who alert.Actor, name, notice string, a act) (done, error) {
	out := done{Notice: notice, Rev: a.Rev}
	var err error
	switch name {
	case "return":
		d, e := c.Desk.Return(ctx, who, notice, a.Rev, a.Reason)
		if err = e; e == nil {
			out.Draft = d.ID
		}
	case "review":
		err = c.Desk.Review(ctx, who, notice, a.Rev, a.Hash, a.Note, a.Checklist...)
	case "approve":
		err = c.Desk.Approve(ctx, who, notice, a.Rev, a.Hash)
	case "release":
		err = c.release(ctx, who, notice, a)
	case "sign": // approve and release in one: what an approver does at night
		if p := c.Desk.Uncleared(notice, a.Rev); p != nil {
			return out, p // nothing is half done: it is not approved either
		}
		if err = c.Desk.Approve(ctx, who, notice, a.Rev, a.Hash); err == nil {
			err = c.release(ctx, who, notice, a)
		}
	case "countersign":
		err = c.Desk.Countersign(ctx, who, notice, a.Rev, a.Hash, a.Note)
	case "open":
		err = c.Desk.OpenCall(ctx, who, notice, a.Rev)
	case "pause":
		err = c.Desk.Pause(ctx, who, notice, a.Rev, a.Reason)
	case "resume":
		err = c.Desk.Resume(ctx, who, notice, a.Rev)
	case "stop":
		err = c.Desk.Stop(ctx, who, notice, a.Rev, a.Reason)
	case "confirm":
		err = c.Desk.ConfirmPlan(ctx, who, notice, a.Rev)
	case "update":
		d, e := c.Desk.UpdateDraft(ctx, who, notice)
		if err = e; e == nil {
			out.Draft = d.ID
		}
	case "restore":
		d, e := c.Desk.RestoreDraft(ctx, who, notice)
		if err = e; e == nil {
			out.Draft = d.ID
		}
	case string(alert.Lift), string(alert.Retract), string(alert.Correct):
		out.Rev, err = c.followUp(ctx, who, alert.Verb(name), notice, a)
	default:
		err = errNoAct
	}
	return out, err
}

// release checks the hash as well when one is given: what is released is what
// was looked at.
func (c *Console) release(ctx context.Context, who alert.Actor, notice string, a act) error {
	if a.Hash != "" {
		same := false
		c.Desk.Read(func(st *alert.State) {
			n := st.Notices[notice]
			same = n != nil && n.Rev(a.Rev) != nil && n.Rev(a.Rev).Hash == a.Hash
		})
		if !same {
			return errLookAgain
		}
	}
	return c.Desk.Release(ctx, who, notice, a.Rev)
}

var errLookAgain = &alert.Problem{Kind: alert.Conflict, Field: "rev", ZH: "有人先一步：您看到的已不是现在这一版，请再看一遍。", EN: "Somebody was quicker: what you saw is no longer the present revision. Look again."}

// followUp corrects, lifts or retracts what the officer saw. The desk writes
// the text from the revision in force; if that is another one than the officer
// looked at, nothing is sent.
func (c *Console) followUp(ctx context.Context, who alert.Actor, verb alert.Verb, notice string, a act) (int, error) {
	current := 0
	c.Desk.Read(func(st *alert.State) {
		if n := st.Notices[notice]; n != nil && n.Current() != nil {
			current = n.Current().No
		}
	})
	if current != 0 && a.Rev != current {
		return 0, errLookAgain
	}
	return c.Desk.Follow(ctx, who, notice, verb, a.Reason)
}

// actFromForm reads an act out of a page's form.
func actFromForm(form url.Values) act {
	get := form.Get
	rev, err := strconv.Atoi(get("rev"))
	if err != nil {
		rev = 0 // no revision has this number, so the desk refuses it
	}
	return act{Rev: rev, Hash: get("hash"), Reason: strings.TrimSpace(get("reason")), Note: strings.TrimSpace(get("note")), Factor: get("factor"), Checklist: form["checklist"]}
}

// sameMode keeps drill and live apart on pages too (R4, R5).
func sameMode(s *seat, m alert.Mode) error {
	if s.Actor.Mode != m {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开：这一条属于另一种模式，请用那种模式登录。", EN: "Drill and live are apart: this belongs to the other mode. Sign in to it."}
	}
	return nil
}
