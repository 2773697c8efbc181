package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// noticesBody is the list of notices and of drafts.
type noticesBody struct {
	Drafts  []draftLine
	Notices []noticeLine
	More    int // older ones that are not shown
}

type draftLine struct {
	ID, Headline, By string
	Level            alert.Level
	Saved            time.Time
	Update           bool
}

// listed is how many notices a page lists; the rest is counted.
const listed = 100

func (c *Console) notices(w http.ResponseWriter, r *http.Request, s *seat) error {
	now := time.Now()
	drafts, err := c.myDrafts(r, s)
	if err != nil {
		return err
	}
	b := &noticesBody{}
	for _, d := range drafts {
		b.Drafts = append(b.Drafts, draftLine{d.ID, d.Content.Headline, d.By, d.Content.Level, d.Saved, d.Notice != ""})
	}
	var found []*alert.Notice
	v := &view{seat: s, Title: "通知", Nav: "notices", Live: true, Body: b}
	c.Desk.Read(func(st *alert.State) {
		v.Seq = st.Seq
		for _, id := range slices.Backward(st.NoticeIDs) {
			n := st.Notices[id]
			switch {
			case n.Mode != s.Actor.Mode:
			case len(found) < listed:
				found = append(found, copyNotice(n))
			default:
				b.More++
			}
		}
	})
	for _, n := range found {
		l, version := c.line(n, now)
		v.Version = max(v.Version, version)
		b.Notices = append(b.Notices, l)
	}
	return c.show(w, r, http.StatusOK, "notices", v)
}

// noticeBody is everything about one notice.
type noticeBody struct {
	ID         string
	Mode       alert.Mode
	State      alert.NoticeState
	InForce    bool
	Rev        *alert.Revision // the one shown
	Revs       []revLink
	Pending    *alert.Revision
	Mine       bool   // R1: this officer touched the pending text
	Statement  string // R2: what a confirmation names
	Previews   []channelPreview
	Problems   alert.Problems // what would stop the release now
	Touched    []string       // names
	Deliveries []deliveryView
	Steps      []step
	Public     string // the permanent page, once it is public
	Current    int    // revision in force, 0 for none
	MayFollow  bool
	Telling    *desk.Telling // whom an update that waits disturbs, and whom it does not
	MayRestore bool          // it was retracted: two people may publish it again
	AskFactor  bool          // a signature takes a code now
	Calls      *callsView
	Signature  *signatureView // of an emergency release

	Application *applicationView // to the city's platform
	Uncleared   *alert.Problem   // why the platform's answer keeps it back
}

type revLink struct {
	No      int
	Verb    alert.Verb
	At      time.Time
	Shown   bool
	Outcome string // Chinese, a key of the catalogue
}

func (c *Console) notice(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showNotice(w, r, s, nil, http.StatusOK)
}

// findNotice copies a notice of the session's mode out of the state.
func (c *Console) findNotice(id string, s *seat) (n *alert.Notice, plans map[string]*alert.Plan, seq uint64, err error) {
	plans = map[string]*alert.Plan{}
	c.Desk.Read(func(st *alert.State) {
		seq = st.Seq
		if found := st.Notices[id]; found != nil {
			n = copyNotice(found)
			for _, r := range n.Revisions {
				key := alert.PlanID(id, r.No)
				plans[key] = st.Plans[key]
			}
		}
	})
	if n == nil {
		return nil, nil, 0, &alert.Problem{Kind: alert.NotFound, Field: "notice", ZH: "没有这条通知。", EN: "There is no such notice."}
	}
	return n, plans, seq, sameMode(s, n.Mode)
}

func (c *Console) showNotice(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	now := time.Now()
	n, plans, seq, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	c.looked(r, s, n)
	shown := n.Latest()
	if no, err := strconv.Atoi(r.URL.Query().Get("rev")); err == nil && n.Rev(no) != nil {
		shown = n.Rev(no)
	}
	b := &noticeBody{ID: n.ID, Mode: n.Mode, State: n.State(now), InForce: n.InForce(now), Rev: shown, Pending: n.Pending(), Revs: revLinks(n, shown.No)}
	if cur := n.Current(); cur != nil {
		b.Current = cur.No
		b.MayFollow = !cur.Verb.Ends() && s.Writes()
		b.MayRestore = cur.Verb == alert.Retract && s.Writes()
		if c.PublicSite != "" {
			b.Public = c.PublicSite + "/n/" + n.ID
		}
	}
	b.Mine = b.Pending != nil && slices.Contains(b.Pending.Touched, s.ID)
	b.Application = c.applicationOf(r.Context(), n)
	if err := c.judge(r, s, b); err != nil {
		return err
	}
	if b.Telling, err = c.telling(r.Context(), n, b.Pending); err != nil {
		return err
	}
	if b.AskFactor, err = c.asksFactor(r.Context(), s); err != nil {
		return err
	}
	b.Calls, b.Signature = c.callsTo(r, n, shown), c.signature(r, s, n, shown)
	b.Deliveries = c.deliveries(n, plans)
	c.watchNewest(r.Context(), n, b.Deliveries, now)
	if b.Steps, err = c.trail(r.Context(), "notice", n.ID); err != nil {
		return err
	}
	names := map[string]string{}
	for _, id := range shown.Touched {
		b.Touched = append(b.Touched, c.nameOf(r.Context(), id, names))
	}
	_, version := c.line(n, now)
	v := &view{seat: s, Title: shown.Content.Headline, Nav: "notices", Live: true, Seq: seq, Version: version, Problems: ps, Body: b}
	return c.show(w, r, status, "notice", v)
}

// judge fills what a reviewer and an approver have to see before they decide:
// the audience now, the texts as they will be sent, what stands against it.
func (c *Console) judge(r *http.Request, s *seat, b *noticeBody) error {
	p, err := c.Desk.Preview(r.Context(), b.Mode, b.Rev.Content)
	if err != nil {
		return err
	}
	audience := p.Audience
	if b.Rev.Audience != nil {
		audience = b.Rev.Audience // what the approver signed
	}
	b.Statement = c.statement(language(r), b.Mode, &b.Rev.Content, audience)
	c.exactly(p.Texts, desk.Said{Notice: b.ID, Rev: b.Rev.No, Verb: b.Rev.Verb, Mode: b.Mode, Content: b.Rev.Content, Issued: issued(b.Rev), Code: b.Rev.Code()})
	p.Audience = audience
	b.Previews = c.previewed(language(r), b.Mode, &b.Rev.Content, p).Channels
	if b.Pending != nil && b.Pending.No == b.Rev.No {
		b.Problems = p.Problems
		if b.Uncleared = c.Desk.Uncleared(b.ID, b.Rev.No); b.Uncleared != nil {
			b.Problems = append(b.Problems, b.Uncleared)
		}
	}
	return nil
}

func issued(r *alert.Revision) time.Time {
	if r.Released == nil {
		return time.Time{}
	}
	return r.Released.At
}

func revLinks(n *alert.Notice, shown int) []revLink {
	var out []revLink
	for _, r := range n.Revisions {
		l := revLink{No: r.No, Verb: r.Verb, At: r.Submitted.At, Shown: r.No == shown, Outcome: "待审核"}
		switch {
		case r.Released != nil:
			l.Outcome = "已发布"
		case r.Returned != nil:
			l.Outcome = "已退回"
		case r.Approved != nil:
			l.Outcome = "已签发待发布"
		}
		out = append(out, l)
	}
	return out
}

// noticeAct carries out what a button asked for and shows the notice again, or
// the draft that the act opened. A no comes back on the same page.
func (c *Console) noticeAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	id, name := r.PathValue("notice"), r.PathValue("act")
	if _, _, _, err := c.findNotice(id, s); err != nil {
		return err
	}
	a := actFromForm(r.PostForm)
	var d done
	err := c.fresh(r.Context(), s.Actor, s.sess, name, a.Factor)
	if err == nil {
		d, err = c.do(r.Context(), s.Actor, name, id, a)
	}
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind != alert.NotFound {
		f := explain(err)
		c.note(r, f, err)
		if isFollow(name) {
			return c.showFollow(w, r, s, alert.Verb(name), ps, f.Status)
		}
		if decides(name) {
			return c.showApproval(w, r, s, a, ps, f.Status)
		}
		return c.showNotice(w, r, s, ps, f.Status)
	}
	if err != nil {
		return err
	}
	if d.Draft != "" && (name == "update" || name == "restore") {
		return seeOther(w, r, s.Base+"/drafts/"+d.Draft)
	}
	if name == "review" && s.Can("approver") {
		return seeOther(w, r, s.Base+"/notices/"+id+"/approve") // the next act is the same person's
	}
	return seeOther(w, r, s.Base+"/notices/"+id)
}
