package console

import (
	"context"
	"net/http"
	"time"

	"mingluo/internal/alert"
)

// reportBody is the account of one notice that the desk files in the morning:
// what was said, by whom, when, to how many. Everything in it is read from the
// record; nothing is written for it.
type reportBody struct {
	ID       string
	Headline string
	Level    alert.Level
	State    alert.NoticeState
	Signal   *alert.Source

	Application *applicationView // to the city's platform
	Public      string
	Revs        []reportRev
	Steps       []step
	Seq         uint64 // the journal's newest event when it was made
	Head        string // and its hash: the account can be checked against the record
	Made        time.Time
}

// reportRev is one submission: its text, how long each hand took, and where it
// went.
type reportRev struct {
	*alert.Revision
	Outcome  string // Chinese, a key of the catalogue
	Times    []reportTime
	Calls    *callsView
	Delivery *deliveryView
}

// reportTime is an instant of a revision's way, and how long after the one
// before it.
type reportTime struct {
	What  string // Chinese, a key of the catalogue
	Name  string
	At    time.Time
	After time.Duration
}

func (c *Console) reportPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, plans, _, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	now := time.Now()
	last := n.Latest()
	if cur := n.Current(); cur != nil {
		last = cur
	}
	b := &reportBody{ID: n.ID, Headline: last.Content.Headline, Level: last.Content.Level, State: n.State(now), Signal: n.Revisions[0].Content.Source, Made: now}
	if c.PublicSite != "" && n.Current() != nil {
		b.Public = c.PublicSite + "/n/" + n.ID
	}
	c.Desk.Read(func(st *alert.State) { b.Seq, b.Head = st.Seq, st.Head })
	b.Application = c.applicationOf(r.Context(), n)
	gone := map[int]*deliveryView{}
	for _, d := range c.deliveries(n, plans) {
		gone[d.Rev] = &d
	}
	names := map[string]string{}
	for i, l := range revLinks(n, last.No) {
		rev := n.Revisions[i]
		b.Revs = append(b.Revs, reportRev{rev, l.Outcome, c.wayOf(r.Context(), rev, names), c.callsTo(r, n, rev), gone[rev.No]})
	}
	if b.Steps, err = c.trail(r.Context(), "notice", n.ID); err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, "report", &view{seat: s, Title: "经过报告", Nav: "notices", Body: b})
}

// wayOf lists a revision's instants, from the signal that it relays to its
// release.
func (c *Console) wayOf(ctx context.Context, rev *alert.Revision, names map[string]string) []reportTime {
	var out []reportTime
	add := func(what, by string, at time.Time) {
		t := reportTime{What: what, Name: by, At: at}
		if len(out) > 0 {
			t.After = max(0, at.Sub(out[len(out)-1].At)).Round(time.Second)
		}
		out = append(out, t)
	}
	decided := func(what string, d *alert.Decision) {
		if d != nil {
			add(what, c.nameOf(ctx, d.By, names), d.At)
		}
	}
	if src := rev.Content.Source; src != nil && rev.Verb == alert.Issue {
		add("原信号发布", src.Name, src.Sent)
	}
	decided("提交审核", &rev.Submitted)
	decided("保密审查通过", rev.Reviewed)
	decided("退回", rev.Returned)
	decided("签发", rev.Approved)
	decided("紧急发布", rev.Emergency)
	decided("发布", rev.Released)
	decided("补签", rev.Countersigned)
	return out
}
