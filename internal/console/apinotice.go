package console

import (
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/progress"
)

// noticeAnswer is a notice as the API gives it. The newest revision's number
// and hash are what an act has to name.
type noticeAnswer struct {
	Notice    string           `json:"notice"`
	Mode      alert.Mode       `json:"mode"`
	State     string           `json:"state"`
	StateZH   string           `json:"state_zh"`
	InForce   bool             `json:"in_force"`
	Rev       int              `json:"rev"`
	Hash      string           `json:"hash"`
	Current   int              `json:"current,omitempty"` // the revision in force
	Level     alert.Level      `json:"level"`
	Headline  string           `json:"headline"`
	Revisions []revisionAnswer `json:"revisions,omitempty"`
	// Telling is whom an update that waits disturbs, and whom it does not.
	Telling *desk.Telling `json:"telling,omitempty"`
}

type revisionAnswer struct {
	Rev       int             `json:"rev"`
	Verb      alert.Verb      `json:"verb"`
	Hash      string          `json:"hash"`
	Code      string          `json:"code"`
	Content   alert.Content   `json:"content"`
	Touched   []string        `json:"touched"`
	Submitted alert.Decision  `json:"submitted"`
	Returned  *alert.Decision `json:"returned,omitempty"`
	Reviewed  *alert.Decision `json:"reviewed,omitempty"`
	Approved  *alert.Decision `json:"approved,omitempty"`
	Audience  map[string]int  `json:"audience,omitempty"` // as the approver saw it
	Released  *alert.Decision `json:"released,omitempty"`
	Paused    *alert.Decision `json:"paused,omitempty"`
	Stopped   *alert.Decision `json:"stopped,omitempty"`
}

func answerNotice(n *alert.Notice, now time.Time, whole bool) noticeAnswer {
	last, state := n.Latest(), n.State(now)
	out := noticeAnswer{
		Notice: n.ID, Mode: n.Mode, State: string(state), StateZH: state.ZH(), InForce: n.InForce(now),
		Rev: last.No, Hash: last.Hash, Level: last.Content.Level, Headline: last.Content.Headline,
	}
	if cur := n.Current(); cur != nil {
		out.Current = cur.No
	}
	for _, r := range n.Revisions {
		if whole {
			out.Revisions = append(out.Revisions, revisionAnswer{r.No, r.Verb, r.Hash, r.Code(), r.Content, r.Touched, r.Submitted, r.Returned, r.Reviewed, r.Approved, r.Audience, r.Released, r.Paused, r.Stopped})
		}
	}
	return out
}

func otherMode() *alert.Problem {
	return &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开：这一条属于另一种模式。", EN: "Drill and live are apart: this belongs to the other mode."}
}

// apiNotices lists the notices of the caller's mode, newest first; ?in_force=1
// only those that people should act on now.
func (c *Console) apiNotices(r *apiRequest) (int, any, error) {
	now, only := time.Now(), r.URL.Query().Get("in_force") == "1"
	out := []noticeAnswer{}
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.NoticeIDs) {
			if n := st.Notices[id]; n.Mode == r.Who.Mode && (!only || n.InForce(now)) {
				out = append(out, answerNotice(n, now, false))
			}
		}
	})
	return http.StatusOK, noticeList{out}, nil
}

func (c *Console) apiFind(r *apiRequest) (n *alert.Notice, err error) {
	err = &alert.Problem{Kind: alert.NotFound, Field: "notice", ZH: "没有这条通知。", EN: "There is no such notice."}
	c.Desk.Read(func(st *alert.State) {
		found := st.Notices[r.PathValue("notice")]
		switch {
		case found == nil:
		case found.Mode != r.Who.Mode:
			err = otherMode()
		default:
			n, err = copyNotice(found), nil
		}
	})
	return n, err
}

func (c *Console) apiNotice(r *apiRequest) (int, any, error) {
	n, err := c.apiFind(r)
	if err != nil {
		return 0, nil, err
	}
	out := answerNotice(n, time.Now(), true)
	out.Telling, err = c.telling(r.Context(), n, n.Pending())
	return http.StatusOK, out, err
}

// apiProgress gives the tallies of every released revision, newest first.
func (c *Console) apiProgress(r *apiRequest) (int, any, error) {
	n, err := c.apiFind(r)
	if err != nil {
		return 0, nil, err
	}
	out := []progress.Progress{}
	for _, rev := range slices.Backward(n.Released()) {
		if p, ok := c.Progress.Of(n.ID, rev.No); ok {
			out = append(out, p)
		}
	}
	return http.StatusOK, progressAnswer{n.ID, out}, nil
}

func (c *Console) apiTrail(r *apiRequest) (int, any, error) {
	n, err := c.apiFind(r)
	if err != nil {
		return 0, nil, err
	}
	steps, err := c.trail(r.Context(), "notice", n.ID)
	return http.StatusOK, trailAnswer{n.ID, steps}, err
}

// apiAct carries out one act on a notice: return, review, approve, release,
// update, lift, retract, correct, pause, resume, stop, confirm.
func (c *Console) apiAct(r *apiRequest) (int, any, error) {
	var a act
	if err := readJSON(r.Body, &a); err != nil {
		return 0, nil, err
	}
	if _, err := c.apiFind(r); err != nil {
		return 0, nil, err
	}
	if a.Rev == 0 && !slices.Contains([]string{"update", "restore"}, r.PathValue("act")) {
		return 0, nil, &alert.Problem{Kind: alert.Invalid, Field: "rev", ZH: "请写明 rev：您看到的是哪一版。", EN: "Give rev: which revision you looked at."}
	}
	if err := c.fresh(r.Context(), r.Who, nil, r.PathValue("act"), a.Factor); err != nil {
		return 0, nil, err
	}
	d, err := c.do(r.Context(), r.Who, r.PathValue("act"), r.PathValue("notice"), a)
	if err != nil {
		return 0, nil, err
	}
	if n, err := c.apiFind(r); err == nil {
		d.State = string(n.State(time.Now()))
	}
	return http.StatusOK, d, nil
}
