package console

import (
	"net/http"
	"strconv"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// emergencyBody is the one page before an emergency release (紧急发布): what goes
// out, to how many, why a second person cannot be waited for.
type emergencyBody struct {
	ID, Back  string // the draft and its page
	Seq       uint64
	Content   alert.Content
	Statement string // R2
	Previews  []channelPreview
	Missing   alert.Problems
	Refused   *alert.Problem // why this officer may not
	Reason    string
	AskFactor bool
	Within    int // minutes for the countersignature
}

// emergencyBanner offers the emergency release on the page of a draft that may
// go out so, to the officer who may; "" elsewhere.
func (c *Console) emergencyBanner(r *http.Request, s *seat) []banner {
	id := r.PathValue("draft")
	if id == "" {
		id = r.URL.Query().Get("draft") // the banners alone are asked for
	}
	if id == "" || r.Method != http.MethodGet || !s.Has(alert.RoleApprover) {
		return nil
	}
	d, err := c.Desk.Draft(r.Context(), id)
	if err != nil || d.Mode != s.Actor.Mode || d.Submitted != "" || c.Desk.MayEmergency(s.Actor, &d.Content) != nil {
		return nil
	}
	at := s.Base + "/drafts/" + id + "/emergency"
	if r.URL.Path == at {
		return nil
	}
	return []banner{{Kind: "emergency", Title: d.Content.Headline, Level: d.Content.Level, URL: at}}
}

func (c *Console) emergency(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showEmergency(w, r, s, nil, http.StatusOK)
}

func (c *Console) showEmergency(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	d, err := c.Desk.Draft(r.Context(), r.PathValue("draft"))
	if err != nil {
		return err
	}
	if err := sameMode(s, d.Mode); err != nil {
		return err
	}
	if d.Submitted != "" {
		return seeOther(w, r, s.Base+"/notices/"+d.Submitted)
	}
	b := &emergencyBody{ID: d.ID, Back: s.Base + "/drafts/" + d.ID, Seq: d.Seq, Content: d.Content, Refused: c.Desk.MayEmergency(s.Actor, &d.Content),
		Reason: r.PostForm.Get("reason"), Within: int(desk.CountersignWithin / time.Minute)}
	p, err := c.Desk.Preview(r.Context(), d.Mode, d.Content)
	if err != nil {
		return err
	}
	b.Missing = p.Problems
	b.Statement = c.statement(language(r), d.Mode, &d.Content, p.Audience)
	b.Previews = c.previewed(language(r), d.Mode, &d.Content, p).Channels
	if b.AskFactor, err = c.asksFactor(r.Context(), s); err != nil {
		return err
	}
	return c.show(w, r, status, "emergency", &view{seat: s, Title: "紧急发布", Nav: "new", Problems: ps, Body: b})
}

// emergencyAct releases a draft on one officer's word.
func (c *Console) emergencyAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	seq, err := strconv.ParseUint(r.PostForm.Get("seq"), 10, 64)
	if err != nil {
		return errOldForm
	}
	notice := ""
	if err = c.fresh(r.Context(), s.Actor, s.sess, "emergency", r.PostForm.Get("factor")); err == nil {
		notice, _, err = c.Desk.EmergencyRelease(r.Context(), s.Actor, r.PathValue("draft"), seq, r.PostForm.Get("reason"))
	}
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind != alert.NotFound {
		f := explain(err)
		c.note(r, f, err)
		return c.showEmergency(w, r, s, ps, f.Status)
	}
	if err != nil {
		return err
	}
	c.Log.Warn("an emergency release by one officer", "officer", s.ID, "notice", notice)
	return seeOther(w, r, s.Base+"/notices/"+notice)
}

// emergencyDraft is the body of an emergency release over the API.
type emergencyDraft struct {
	Seq    uint64 `json:"seq"`
	Reason string `json:"reason"`
	Factor string `json:"factor"`
}

func (c *Console) apiEmergency(r *apiRequest) (int, any, error) {
	var in emergencyDraft
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	if in.Seq == 0 {
		return 0, nil, &alert.Problem{Kind: alert.Invalid, Field: "seq", ZH: "请写明 seq：您看到的是哪一次保存。", EN: "Give seq: which save you looked at."}
	}
	if _, err := c.ownMode(r); err != nil {
		return 0, nil, err
	}
	if err := c.fresh(r.Context(), r.Who, nil, "emergency", in.Factor); err != nil {
		return 0, nil, err
	}
	notice, rev, err := c.Desk.EmergencyRelease(r.Context(), r.Who, r.PathValue("draft"), in.Seq, in.Reason)
	if err != nil {
		return 0, nil, err
	}
	c.Log.Warn("an emergency release by one officer", "officer", r.Who.ID, "notice", notice)
	return http.StatusOK, done{Notice: notice, Rev: rev, State: string(alert.StateReleased)}, nil
}

// signatureView is what the page of a notice says of an emergency release.
type signatureView struct {
	Rev     *alert.Revision
	By      string // who released it
	Signed  string // who countersigned it
	Due     time.Time
	Late    bool
	MaySign bool
}

// signature is the emergency release among the revisions that still lacks its
// second signature, else the one that is shown.
func (c *Console) signature(r *http.Request, s *seat, n *alert.Notice, shown *alert.Revision) *signatureView {
	var rev *alert.Revision
	for _, x := range n.Revisions {
		if x.Emergency != nil && (x.Countersigned == nil || x == shown) {
			rev = x
		}
	}
	if rev == nil {
		return nil
	}
	names := map[string]string{}
	v := &signatureView{Rev: rev, By: c.nameOf(r.Context(), rev.Emergency.By, names), Due: rev.Emergency.At.Add(desk.CountersignWithin), MaySign: s.countersigns(rev)}
	at := time.Now()
	if rev.Countersigned != nil {
		v.Signed, at = c.nameOf(r.Context(), rev.Countersigned.By, names), rev.Countersigned.At
	}
	v.Late = at.After(v.Due)
	return v
}
