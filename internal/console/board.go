package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// boardBody is the duty board: what waits for this officer, what is in force,
// which clocks run, and whether the channels work.
type boardBody struct {
	Waiting  []waiting
	InForce  []noticeLine
	Clocks   []clockView
	Drafts   []*desk.Draft
	Channels []ChannelStatus
	Parts    []PartStatus
	Late     []lateLine
	Red      []PartStatus // those of them that a person has to see to
}

// waiting is one thing that the officer can do now.
type waiting struct {
	Kind  string // review, approve, release, confirm, remind, mine
	Word  string // Chinese, a key of the catalogue
	Title string
	Duty  alert.DutyRule // whose clock it is; zero for none
	Level alert.Level
	Since time.Time
	URL   string
	Due   time.Time // a clock that runs out; zero for none
	// urgent stands above every level: a clock runs out.
	urgent bool
}

// noticeLine is a notice in a list.
type noticeLine struct {
	ID       string
	Headline string
	Level    alert.Level
	Hazard   alert.Hazard
	State    alert.NoticeState
	InForce  bool
	Areas    []string
	At       time.Time
	Until    time.Time
	Rev      int
	Bars     []barView
	Paused   bool
	Sector   bool // for the own sector only
}

// clockView is a duty's clock. Instants come from here; a browser only counts.
type clockView struct {
	alert.Duty
	Title    string // the incident's
	Level    alert.IncidentLevel
	State    alert.DutyState
	Late     bool
	Running  bool
	Spent    int // percent of the time that is gone, 0 to 100
	Reminded []reminder
}

type reminder struct {
	ID    string
	What  alert.MilestoneWhat
	At    time.Time
	Acked *alert.Decision
	seq   uint64
}

func (c *Console) board(w http.ResponseWriter, r *http.Request, s *seat) error {
	now := time.Now()
	drafts, err := c.myDrafts(r, s)
	if err != nil {
		return err
	}
	b := &boardBody{Channels: c.Channels(), Drafts: drafts, Parts: c.parts()}
	b.Red = red(b.Parts)
	all := c.Desk.RunningDuties(now)
	var version uint64
	v := &view{seat: s, Title: "值班台", Nav: "board", Live: true, Body: b}
	var inForce []*alert.Notice
	c.Desk.Read(func(st *alert.State) {
		v.Seq = st.Seq
		for _, id := range st.Live() {
			if n := st.Notices[id]; n.Mode == s.Actor.Mode {
				b.Waiting = append(b.Waiting, s.waitsFor(st, n)...)
				if n.InForce(now) {
					inForce = append(inForce, copyNotice(n))
				}
			}
		}
		b.Clocks = s.clocks(st, all, now)
	})
	for _, n := range slices.Backward(inForce) {
		l, ver := c.line(n, now)
		version = max(version, ver)
		b.InForce = append(b.InForce, l)
	}
	v.Version = version
	items := c.inboxWaiting(s)
	c.late(s, b, inForce, items, now)
	b.Waiting = append(b.Waiting, s.inboxToDo(items)...)
	b.Waiting = append(b.Waiting, remindersOf(s, b.Clocks)...)
	slices.SortStableFunc(b.Waiting, func(x, y waiting) int { return y.rank() - x.rank() })
	return c.show(w, r, http.StatusOK, "board", v)
}

func (c *Console) parts() []PartStatus {
	if c.Parts == nil {
		return nil
	}
	parts := slices.Clone(c.Parts())
	for i := range parts {
		if c.Safe == nil && parts[i].Page == "/safe" {
			parts[i].Page = "" // seen to at the other place
		}
	}
	return parts
}

func (w waiting) rank() int {
	if w.urgent {
		return int(alert.Red) + 1
	}
	return int(w.Level)
}

// myDrafts are the open drafts of the session's mode.
func (c *Console) myDrafts(r *http.Request, s *seat) ([]*desk.Draft, error) {
	all, err := c.Desk.Drafts(r.Context())
	return slices.DeleteFunc(all, func(d *desk.Draft) bool { return d.Mode != s.Actor.Mode }), err
}

// copyNotice keeps what a page shows beyond the state's lock. Revisions are
// replaced, not changed, but for their decisions; those are copied.
func copyNotice(n *alert.Notice) *alert.Notice {
	out := &alert.Notice{ID: n.ID, Mode: n.Mode}
	for _, r := range n.Revisions {
		k := *r
		out.Revisions = append(out.Revisions, &k)
	}
	return out
}

// waitsFor lists what the officer could do with a notice. It only spares them
// a fruitless click: the desk decides.
func (s *seat) waitsFor(st *alert.State, n *alert.Notice) (out []waiting) {
	add := func(kind, word string, r *alert.Revision, since time.Time) {
		out = append(out, waiting{Kind: kind, Word: word, Title: r.Content.Headline, Level: r.Content.Level, Since: since, URL: s.Base + "/notices/" + n.ID})
	}
	if r := n.Pending(); r != nil {
		mine := slices.Contains(r.Touched, s.ID)
		switch {
		case r.Reviewed == nil && s.Has(alert.RoleReviewer) && !mine:
			add("review", "待您保密审查", r, r.Submitted.At)
		case r.Reviewed != nil && r.Approved == nil && s.Has(alert.RoleApprover) && !mine:
			add("approve", "待您签发", r, r.Submitted.At)
		case r.Approved != nil && s.Has(alert.RoleApprover) && cleared(st, n.ID, r):
			add("release", "已签发，待您发布", r, r.Approved.At)
		case mine:
			add("mine", "您提交的，等待审核", r, r.Submitted.At)
		}
	}
	out = append(out, s.applicationFor(st, n)...)
	out = append(out, s.signaturesFor(n)...)
	if r := n.Current(); r != nil && r.Paused != nil && r.Paused.By == alert.SystemActor && s.Writes() {
		add("burst", "已自动暂停，待您处理", r, r.Paused.At)
	}
	if r := n.Current(); r != nil && s.Has(alert.RoleApprover) {
		id := alert.PlanID(n.ID, r.No)
		if p := st.Plans[id]; p != nil && p.Held != "" && !st.Confirmed[id] {
			add("confirm", "分发计划待您确认", r, r.Released.At)
		}
	}
	return out
}

// farOff is when a clock need not stand on the board yet; the incident's page
// has it all the same.
const farOff = 72 * time.Hour

// clocks are the duties of the session's mode: those that run out soon, those
// missed, and those that ended in the last day.
func (s *seat) clocks(st *alert.State, all []alert.Duty, now time.Time) []clockView {
	var out []clockView
	for _, d := range all {
		inc := st.Incidents[d.Incident]
		if inc == nil || inc.Mode != s.Actor.Mode {
			continue
		}
		ended := d.Met
		if d.Void != "" && inc.Closed != nil {
			ended = inc.Closed.At
		}
		if !d.Open() && now.Sub(ended) > 24*time.Hour {
			continue
		}
		if d.Open() && d.Due.Sub(now) > farOff {
			continue
		}
		out = append(out, clock(st, inc, d, now))
	}
	return out
}

func clock(st *alert.State, inc *alert.Incident, d alert.Duty, now time.Time) clockView {
	f := inc.Now()
	v := clockView{Duty: d, Title: f.Title, Level: f.Level(), State: d.State(now), Late: d.Late(now), Running: d.Open()}
	until := now
	if !d.Met.IsZero() {
		until = d.Met
	}
	v.Spent = int(min(100, max(0, until.Sub(d.Start)*100/max(1, d.Due.Sub(d.Start)))))
	for _, m := range st.MilestonesOf(d.Incident) {
		if m.Duty == d.Key() {
			v.Reminded = append(v.Reminded, reminder{ID: m.ID, What: m.What, At: m.Event.At, Acked: m.Acked, seq: m.Event.Seq})
		}
	}
	slices.SortFunc(v.Reminded, func(a, b reminder) int { return cmp.Compare(a.seq, b.seq) })
	return v
}

// remindersOf are the newest reminders that nobody has acknowledged.
func remindersOf(s *seat, clocks []clockView) (out []waiting) {
	if !s.Writes() {
		return nil
	}
	for _, k := range clocks {
		if len(k.Reminded) == 0 || !k.Running {
			continue
		}
		if m := k.Reminded[len(k.Reminded)-1]; m.Acked == nil {
			out = append(out, waiting{Kind: "remind", Word: m.What.ZH(), Duty: k.Rule, Title: k.Title, urgent: true, Since: m.At, URL: s.Base + "/incidents/" + k.Incident})
		}
	}
	return out
}

// line is a notice in a list, with its newest fan-out.
func (c *Console) line(n *alert.Notice, now time.Time) (noticeLine, uint64) {
	r := n.Current()
	if r == nil {
		r = n.Latest()
	}
	l := noticeLine{
		ID: n.ID, Headline: r.Content.Headline, Level: r.Content.Level, Hazard: r.Content.Hazard, State: n.State(now), InForce: n.InForce(now),
		Areas: r.Content.Areas, At: r.Submitted.At, Until: r.Content.Expires, Rev: r.No, Paused: r.Paused != nil, Sector: r.Content.Scope == alert.ScopeSector,
	}
	var version uint64
	if r.Released != nil {
		l.At = r.Released.At
		if p, ok := c.Progress.Of(n.ID, r.No); ok {
			version = p.Version
			for _, ch := range p.Channels {
				l.Bars = append(l.Bars, bar(ch))
			}
		}
	}
	return l, version
}
