package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Applying is the desk's side of an application to the city's platform.
type Applying interface {
	Apply(ctx context.Context, who alert.Actor, a alert.ApplicationMade) error
	HandOver(ctx context.Context, who alert.Actor, notice string, h alert.ApplicationHanded) error
	AnswerApplication(ctx context.Context, who alert.Actor, notice string, a alert.ApplicationAnswered) error
	WithdrawApplication(ctx context.Context, who alert.Actor, notice, reason string) error
	Uncleared(notice string, rev int) *alert.Problem
}

// Papers writes and keeps the CAP file of an application.
type Papers struct {
	Platform string // the city's platform, as it is called
	CAP      func(n *alert.Notice, rev *alert.Revision) ([]byte, error)
	Keep     func(ctx context.Context, data []byte) (sha string, err error)
	Kept     func(ctx context.Context, sha string) ([]byte, error)
}

// applicationView is an application as pages show it.
type applicationView struct {
	alert.Application
	Rev      *alert.Revision // the revision that it is about
	Headline string
	Level    alert.Level
	Names    map[string]string
	Since    time.Time // of its present state
	Stale    bool      // another revision waits now
	Needed   bool      // the waiting revision needs one
}

// ByMade is who prepared it.
func (v *applicationView) ByMade() *alert.Decision { return &v.Made }

// Name is an officer's name.
func (v *applicationView) Name(d *alert.Decision) string { return v.Names[d.By] }

// applicationOf finds the notice's application; nil when there is none and none
// is needed.
func (c *Console) applicationOf(ctx context.Context, n *alert.Notice) *applicationView {
	v := &applicationView{Names: map[string]string{}}
	c.Desk.Read(func(st *alert.State) {
		if a := st.Applications[n.ID]; a != nil {
			v.Application = *a
		}
	})
	last := n.Latest()
	v.Needed = n.Pending() != nil && last.Content.NeedsApplication()
	if v.ID == "" && !v.Needed {
		return nil
	}
	if v.Rev = n.Rev(v.Application.Rev); v.Rev == nil {
		v.Rev = last
	}
	v.Stale = v.ID != "" && v.Needed && v.Hash != last.Hash
	v.Headline, v.Level, v.Since = v.Rev.Content.Headline, v.Rev.Content.Level, v.Made.At
	for _, d := range []*alert.Decision{&v.Made, v.HandedBy, v.Answered, v.Withdrawn, &v.Rev.Submitted, v.Rev.Reviewed, v.Rev.Approved} {
		if d != nil && d.By != "" {
			c.nameOf(ctx, d.By, v.Names)
		}
	}
	for _, d := range []*alert.Decision{v.HandedBy, v.Answered, v.Withdrawn} {
		if d != nil {
			v.Since = d.At
		}
	}
	return v
}

// applicationBody is the page of one application.
type applicationBody struct {
	*applicationView
	Notice  string
	Mode    alert.Mode
	Pending *alert.Revision
	May     map[string]bool // acts that are open to this officer now
	Ways    []alert.HandedWay
	Tried   applicationAct // what was typed in an act that was refused
	At      string         // preset of the time of handing over
}

// applicationAct is what the acts on an application take between them.
type applicationAct struct {
	Rev    int             `json:"rev"`
	Hash   string          `json:"hash"`
	Way    alert.HandedWay `json:"way"`
	At     time.Time       `json:"at"`
	To     string          `json:"to"`
	Ref    string          `json:"ref"`
	Note   string          `json:"note"`
	Reason string          `json:"reason"`
}

func (c *Console) application(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showApplication(w, r, s, applicationAct{}, nil, http.StatusOK)
}

func (c *Console) showApplication(w http.ResponseWriter, r *http.Request, s *seat, tried applicationAct, ps alert.Problems, status int) error {
	n, _, seq, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	b := &applicationBody{applicationView: c.applicationOf(r.Context(), n), Notice: n.ID, Mode: n.Mode, Pending: n.Pending(), Tried: tried, Ways: alert.HandedWays(), At: toForm(time.Now())}
	if b.applicationView == nil {
		return seeOther(w, r, s.Base+"/notices/"+n.ID)
	}
	if at := r.PostForm.Get("at"); at != "" {
		b.At = at
	}
	if s.Writes() {
		b.May = mayApply(b.applicationView)
	}
	return c.show(w, r, status, "application", &view{seat: s, Title: "市平台申请", Nav: "notices", Live: true, Seq: seq, Problems: ps, Body: b})
}

func mayApply(v *applicationView) map[string]bool {
	state, there := v.State(), v.ID != ""
	accepted := there && state == alert.ApplicationAccepted
	return map[string]bool{
		"prepare":  v.Needed && (!there || v.Stale || !v.Open() && !accepted),
		"handover": there && !v.Stale && state == alert.ApplicationPrepared,
		"answer":   there && !v.Stale && state == alert.ApplicationWaits,
		"withdraw": there && (v.Open() || accepted) && v.Rev.Released == nil,
	}
}

// applyAct carries out one act of an application: for pages and for the API.
func (c *Console) applyAct(ctx context.Context, who alert.Actor, n *alert.Notice, name string, a applicationAct) error {
	switch name {
	case "prepare":
		return c.prepare(ctx, who, n, a)
	case "handover":
		return c.Desk.HandOver(ctx, who, n.ID, alert.ApplicationHanded{Way: a.Way, At: a.At, To: a.To})
	case "accept":
		return c.Desk.AnswerApplication(ctx, who, n.ID, alert.ApplicationAnswered{Granted: true, Ref: a.Ref, Note: a.Note})
	case "refuse":
		return c.Desk.AnswerApplication(ctx, who, n.ID, alert.ApplicationAnswered{Note: a.Note})
	case "withdraw":
		return c.Desk.WithdrawApplication(ctx, who, n.ID, a.Reason)
	}
	return errNoAct
}

// prepare writes the papers of the revision that waits. The CAP file is kept
// before the record names it; a file that nobody names harms nothing.
func (c *Console) prepare(ctx context.Context, who alert.Actor, n *alert.Notice, a applicationAct) error {
	rev := n.Pending()
	if rev == nil || rev.No != a.Rev {
		return errLookAgain
	}
	made := alert.ApplicationMade{Notice: n.ID, Rev: a.Rev, Hash: a.Hash, Form: alert.FormText(c.formLines(n, rev)), Platform: c.Papers.Platform}
	if c.Papers.CAP != nil && rev.Content.NeedsApplication() {
		data, err := c.Papers.CAP(n, rev)
		if err != nil {
			return fmt.Errorf("write the application's CAP file: %w", err)
		}
		if made.CAP, err = c.Papers.Keep(ctx, data); err != nil {
			return err
		}
	}
	return c.Desk.Apply(ctx, who, made)
}

func (c *Console) formLines(n *alert.Notice, rev *alert.Revision) []alert.FormLine {
	var channels []string
	for _, ch := range rev.Content.Channels {
		channels = append(channels, channelZH(ch))
	}
	return rev.ApplicationForm(c.Gazetteer, n.ID, channels)
}

// applicationFromForm reads what an act's form holds; each has some of it.
func applicationFromForm(values url.Values) (applicationAct, alert.Problems) {
	f := &reader{Values: values}
	return applicationAct{
		Hash: f.text("hash"), Way: alert.HandedWay(f.text("way")), To: f.text("to"), Ref: f.text("ref"),
		Note: f.text("note"), Reason: f.text("reason"), At: f.time("at"), Rev: f.count("rev"),
	}, f.problems
}

func (c *Console) applicationAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, _, _, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	a, problems := applicationFromForm(r.PostForm)
	if err = problems.Err(); err == nil {
		err = c.applyAct(r.Context(), s.Actor, n, r.PathValue("act"), a)
	}
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind != alert.NotFound {
		f := explain(err)
		c.note(r, f, err)
		return c.showApplication(w, r, s, a, ps, f.Status)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/notices/"+n.ID+"/application")
}

// applicationAgain leads from the address of a refused act to its page.
func (c *Console) applicationAgain(w http.ResponseWriter, r *http.Request, s *seat) error {
	return seeOther(w, r, s.Base+"/notices/"+r.PathValue("notice")+"/application")
}

// formBody is the paper that is printed, stamped and handed over.
type formBody struct {
	*applicationView
	Notice   string
	Mode     alert.Mode
	Platform string
	Lines    []alert.FormLine
	File     string // name of the CAP file
}

// applicationForm shows the form of what was applied for, or, before it was
// prepared, what it would be.
func (c *Console) applicationForm(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, _, _, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	v := c.applicationOf(r.Context(), n)
	if v == nil {
		return seeOther(w, r, s.Base+"/notices/"+n.ID)
	}
	b := &formBody{applicationView: v, Notice: n.ID, Mode: n.Mode, Platform: v.Platform, Lines: c.formLines(n, v.Rev), File: capName(v)}
	if b.Platform == "" {
		b.Platform = c.Papers.Platform
	}
	return c.render(w, r, http.StatusOK, "applicationform", "paper", &view{seat: s, Title: "申请表", Nav: "notices", Body: b})
}

// formPairs puts the form's short lines two in a row.
func formPairs(lines []alert.FormLine) (rows [][]alert.FormLine) {
	for _, l := range lines {
		if n := len(rows) - 1; !l.Long && n >= 0 && len(rows[n]) == 1 && !rows[n][0].Long {
			rows[n] = append(rows[n], l)
			continue
		}
		rows = append(rows, []alert.FormLine{l})
	}
	return rows
}

func capName(v *applicationView) string { return fmt.Sprintf("%s-%d.cap.xml", v.ID, v.Application.Rev) }

// applicationCAP serves the file as it was kept when the application was
// prepared, whatever became of the settings since.
func (c *Console) applicationCAP(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, _, _, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	return c.serveCAP(w, r, n)
}

func (c *Console) serveCAP(w http.ResponseWriter, r *http.Request, n *alert.Notice) error {
	v := c.applicationOf(r.Context(), n)
	if v == nil || v.CAP == "" || c.Papers.Kept == nil {
		return &alert.Problem{Kind: alert.NotFound, Field: "application", ZH: "没有备好的 CAP 文件。", EN: "No CAP file was prepared."}
	}
	data, err := c.Papers.Kept(r.Context(), v.CAP)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/cap+xml")
	h.Set("Content-Disposition", `attachment; filename="`+capName(v)+`"`)
	h.Set("Cache-Control", "no-store")
	w.Write(data) // the browser is gone if this fails
	return nil
}

// applicationsBody lists the applications: those that something is still to be
// done about with their age, and the newest that were answered.
type applicationsBody struct{ Open, Past []*applicationView }

func (c *Console) applications(w http.ResponseWriter, r *http.Request, s *seat) error {
	b := &applicationsBody{}
	b.Open, b.Past = c.allApplications(r.Context(), s.Actor.Mode)
	return c.show(w, r, http.StatusOK, "applications", &view{seat: s, Title: "市平台申请", Nav: "notices", Live: true, Body: b})
}

// allApplications lists open ones, the oldest first, and past ones, the newest
// first; a notice that needs one and has none is open too.
func (c *Console) allApplications(ctx context.Context, mode alert.Mode) (open, past []*applicationView) {
	var found []*alert.Notice
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.NoticeIDs) {
			n := st.Notices[id]
			needs := n.Pending() != nil && n.Latest().Content.NeedsApplication()
			if n.Mode == mode && (needs || st.Applications[id] != nil) && len(found) < listed {
				found = append(found, copyNotice(n))
			}
		}
	})
	for _, n := range found {
		v := c.applicationOf(ctx, n)
		if v == nil {
			continue
		}
		if v.ID == "" {
			v.Since = n.Latest().Submitted.At
		}
		v.ID = n.ID
		if v.Stale || v.Made.By == "" || v.Open() {
			open = append(open, v)
		} else {
			past = append(past, v)
		}
	}
	slices.SortStableFunc(open, func(a, b *applicationView) int { return a.Since.Compare(b.Since) })
	return open, past
}

// cleared reports whether the city's platform does not stand against a release.
func cleared(st *alert.State, notice string, r *alert.Revision) bool {
	return !r.Content.NeedsApplication() || st.Applications[notice].Covers(r)
}

// applicationFor is what the board says of an application that is still to be
// made, handed over or answered.
func (s *seat) applicationFor(st *alert.State, n *alert.Notice) []waiting {
	r := n.Pending()
	if r == nil || !s.Writes() || cleared(st, n.ID, r) {
		return nil
	}
	since := r.Submitted.At
	if a := st.Applications[n.ID]; a != nil && a.HandedBy != nil && a.Hash == r.Hash {
		since = a.HandedBy.At
	}
	return []waiting{{Kind: "apply", Word: "市平台申请，还没有受理", Title: r.Content.Headline, Level: r.Content.Level, Since: since, URL: s.Base + "/notices/" + n.ID + "/application"}}
}

// Word is the state in words: a key of the catalogue.
func (v *applicationView) Word() string {
	switch {
	case v.Made.By == "":
		return "还没有备好申请"
	case v.Stale:
		return "文字改过，要重新申请"
	}
	return v.State().ZH()
}

// authorityWords is the authority with the id that the platform returned.
func authorityWords(a *applicationView, r *alert.Revision) string {
	words := []string{}
	if ref := r.Content.Authority.Ref; ref != "" {
		words = append(words, ref)
	}
	if a != nil && a.Application.Covers(r) {
		words = append(words, a.Answer.Ref)
	}
	return strings.Join(words, " · ")
}
