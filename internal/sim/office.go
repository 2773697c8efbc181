package sim

import (
	"errors"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// act is something that an officer was told is done.
type act struct {
	what    string
	at      time.Time
	missing func(st *alert.State) string // what of it is not there; empty when all is
}

// officers are the people at the desk.
func officers() []alert.Officer {
	return []alert.Officer{
		{ID: "chen", Name: "陈晓岚", Roles: []alert.Role{alert.RoleWriter}},
		{ID: "li", Name: "李志强", Roles: []alert.Role{alert.RoleReviewer, alert.RoleApprover}},
		{ID: "wang", Name: "王海燕", Roles: []alert.Role{alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover}},
		{ID: "zhou", Name: "周敏", Roles: []alert.Role{alert.RoleReviewer, alert.RoleApprover}},
	}
}

// seat is one officer at work.
type seat struct {
	w   *world
	a   *actor
	p   *process // that takes the present request
	who alert.Actor
}

const (
	maxNotices   = 3
	maxIncidents = 1
)

// openOffice seats the officers. They act at random, what is forbidden too, until
// the trouble is over; then they only do what is waited for.
func (w *world) openOffice() {
	for _, o := range officers() {
		w.begin(o.ID, nil, func(a *actor) {
			s := &seat{w: w, a: a, who: alert.Actor{Officer: o, Mode: alert.Drill}}
			for !a.over && w.now.Before(w.calm.Add(time.Hour)) {
				a.pause(time.Duration(200+w.rnd.IntN(30_000)) * time.Millisecond)
				if s.p = w.running(); s.p != nil && !a.over {
					a.via = s.p
					s.act()
					a.via = nil
				}
			}
		})
	}
}

// act is one thing that an officer does.
func (s *seat) act() {
	n, r := s.anyNotice()
	if s.w.now.After(s.w.calm) {
		s.clear()
		return
	}
	switch x := s.w.rnd.IntN(100); {
	case n == nil || x < 10:
		s.write()
	case x < 20:
		s.incident()
	case x < 60:
		s.sign(n, r)
	case x < 70:
		s.steer(n, r)
	case x < 78:
		s.follow(n)
	case x < 82:
		s.update(n)
	case x < 84 && s.w.mutation == OwnSignature:
		s.ownSignature(n, r)
	default:
		s.clear()
	}
}

// anyNotice picks a notice as the process shows it, and its newest revision.
func (s *seat) anyNotice() (*alert.Notice, *alert.Revision) {
	ids := s.p.book.state.NoticeIDs
	if len(ids) == 0 {
		return nil, nil
	}
	n := s.p.book.state.Notices[ids[s.w.rnd.IntN(len(ids))]]
	return n, n.Latest()
}

// told notes an answer. An officer who got none, or a refusal, was told nothing.
func (s *seat) told(what string, err error, missing func(st *alert.State) string) {
	s.w.say("%s: %s: %v", s.who.ID, what, err)
	if err == nil {
		s.w.acts = append(s.w.acts, act{what: fmt.Sprintf("%s by %s", what, s.who.ID), at: s.w.now, missing: missing})
		return
	}
	known := errors.Is(err, errDead) || errors.Is(err, alert.ErrUnknown) || errors.Is(err, alert.ErrFull) || errors.Is(err, alert.ErrStale) || errors.Is(err, alert.ErrNotFound)
	if len(alert.AsProblems(err)) == 0 && !known {
		s.w.violate("%s: %s fails with %v, which no officer understands", s.who.ID, what, err)
	}
}

// revision is the usual thing to look for: something about a revision.
func revision(id string, rev int, there func(r *alert.Revision) bool) func(st *alert.State) string {
	return func(st *alert.State) string {
		if n := st.Notices[id]; n == nil || n.Rev(rev) == nil || !there(n.Rev(rev)) {
			return fmt.Sprintf("it is not in the journal (%s/%d)", id, rev)
		}
		return ""
	}
}

func (s *seat) write() {
	if len(s.p.book.state.NoticeIDs) >= maxNotices {
		return
	}
	ctx := s.a.context()
	dr, err := s.p.desk.NewDraft(ctx, s.who, s.text(), nil)
	if err != nil {
		s.w.say("%s: a draft: %v", s.who.ID, err)
		return
	}
	for range 1 + s.w.rnd.IntN(2) { // the impatient press twice
		id, rev, err := s.p.desk.Submit(ctx, s.who, dr.ID, 0)
		s.told("submission of "+dr.ID, err, revision(id, rev, func(*alert.Revision) bool { return true }))
	}
}

// text is a warning that ends while the world is watched.
func (s *seat) text() alert.Content {
	now := s.w.now.UTC().Truncate(time.Second)
	c := alert.Content{
		Kind: alert.KindCaution, Category: "Safety", Event: "危险化学品泄漏", Hazard: "XCHEM", Level: alert.Orange,
		Urgency: "Immediate", Severity: "Severe", Certainty: "Observed",
		Headline: "危化品泄漏警示", Description: "一仓库发生泄漏。", Instruction: "请关好门窗，不要靠近。",
		SenderName: "佛山市应急管理局", Effective: now, Expires: now.Add(time.Duration(5+s.w.rnd.IntN(60)) * time.Minute),
		Areas: []string{"440604"}, AreaDesc: "禅城区", Channels: []string{"sms", "wechat"},
		Authority: alert.Authority{Basis: "own"}, Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
	}
	if ids := s.p.book.state.IncidentID; len(ids) > 0 && s.w.rnd.IntN(2) == 0 {
		c.Answers = ids[0]
	}
	return c
}

// sign reviews, approves or releases, sometimes what is not to be signed.
func (s *seat) sign(n *alert.Notice, r *alert.Revision) {
	ctx, hash := s.a.context(), r.Hash
	if s.w.rnd.IntN(20) == 0 {
		hash = "another text"
	}
	switch s.w.rnd.IntN(3) {
	case 0:
		s.told("review", s.p.desk.Review(ctx, s.who, n.ID, r.No, hash, "", alert.Checked()...), revision(n.ID, r.No, func(r *alert.Revision) bool { return r.Reviewed != nil }))
	case 1:
		s.told("approval", s.p.desk.Approve(ctx, s.who, n.ID, r.No, hash), revision(n.ID, r.No, func(r *alert.Revision) bool { return r.Approved != nil }))
	default:
		s.told("release", s.p.desk.Release(ctx, s.who, n.ID, r.No), revision(n.ID, r.No, func(r *alert.Revision) bool { return r.Released != nil }))
	}
}

// ownSignature is a mistake: the writer signs his own text past the desk.
func (s *seat) ownSignature(n *alert.Notice, r *alert.Revision) {
	if r.Released != nil || r.Returned != nil {
		return
	}
	_, err := s.p.book.Do(s.a.context(), func(*alert.State) ([]alert.Event, error) {
		var out []alert.Event
		for _, f := range []alert.Fact{alert.Reviewed{Rev: r.No, Hash: r.Hash}, alert.Approved{Rev: r.No, Hash: r.Hash}, alert.Released{Rev: r.No, Hash: r.Hash}} {
			e, err := alert.NewEvent(s.w.now, r.Submitted.By, n.Mode, n.ID, f)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
		return out, nil
	})
	s.w.say("%s signs his own text: %v", r.Submitted.By, err)
}

func (s *seat) steer(n *alert.Notice, r *alert.Revision) {
	ctx := s.a.context()
	switch s.w.rnd.IntN(4) {
	case 0, 1:
		err := s.p.desk.Pause(ctx, s.who, n.ID, r.No, "请等一等")
		s.told("pause", err, revision(n.ID, r.No, func(*alert.Revision) bool { return true }))
	case 2:
		err := s.p.desk.Resume(ctx, s.who, n.ID, r.No)
		s.told("resumption", err, revision(n.ID, r.No, func(*alert.Revision) bool { return true }))
	default:
		err := s.p.desk.Stop(ctx, s.who, n.ID, r.No, "不再需要")
		s.told("stop", err, revision(n.ID, r.No, func(r *alert.Revision) bool { return r.Stopped != nil }))
	}
}

func (s *seat) follow(n *alert.Notice) {
	verb := []alert.Verb{alert.Retract, alert.Retract, alert.Lift, alert.Correct}[s.w.rnd.IntN(4)]
	rev, err := s.p.desk.Follow(s.a.context(), s.who, n.ID, verb, "情况有变")
	s.told(string(verb), err, revision(n.ID, rev, func(r *alert.Revision) bool { return r.Released != nil && r.Verb == verb }))
}

func (s *seat) update(n *alert.Notice) {
	ctx := s.a.context()
	dr, err := s.p.desk.UpdateDraft(ctx, s.who, n.ID)
	if err != nil {
		s.w.say("%s: an update: %v", s.who.ID, err)
		return
	}
	id, rev, err := s.p.desk.Submit(ctx, s.who, dr.ID, dr.Seq)
	s.told("update", err, revision(id, rev, func(*alert.Revision) bool { return true }))
}

// incident records one, with its clocks, or goes on with it.
func (s *seat) incident() {
	ctx, ids := s.a.context(), s.p.book.state.IncidentID
	if len(ids) < maxIncidents {
		now := s.w.now.UTC().Truncate(time.Second)
		id, err := s.p.desk.RecordIncident(ctx, s.who, "", alert.IncidentFacts{
			Title: "某工地坍塌", Unit: "某公司", Place: "南海区", Area: "440605", Course: "坍塌。", Measures: "救援。",
			Occurred: now.Add(-time.Duration(s.w.rnd.IntN(300)) * time.Minute), Received: now, Deaths: 12,
		}, "")
		s.told("incident", err, func(st *alert.State) string {
			if st.Incidents[id] == nil {
				return "it is not in the journal"
			}
			return ""
		})
		return
	}
	if s.w.rnd.IntN(3) == 0 {
		err := s.p.desk.HoldConference(ctx, s.who, ids[0], alert.ConferenceHeld{At: s.w.now.UTC(), Place: "市民中心"})
		s.told("conference", err, func(st *alert.State) string {
			if len(st.Incidents[ids[0]].Conferences) == 0 {
				return "it is not in the journal"
			}
			return ""
		})
	}
}

// clear does what is waited for: held plans are confirmed, pauses ended.
func (s *seat) clear() {
	ctx, st := s.a.context(), s.p.book.state
	for _, rel := range st.Releases() {
		id := alert.PlanID(rel.Notice, rel.Rev)
		p, n := st.Plans[id], st.Notices[rel.Notice]
		switch {
		case p != nil && p.Held != "" && !st.Confirmed[id]:
			err := s.p.desk.ConfirmPlan(ctx, s.who, rel.Notice, rel.Rev)
			s.told("confirmation of "+id, err, func(st *alert.State) string {
				if !st.Confirmed[id] {
					return "it is not in the journal"
				}
				return ""
			})
		case n.Rev(rel.Rev).Paused != nil && s.w.now.After(s.w.calm):
			err := s.p.desk.Resume(ctx, s.who, rel.Notice, rel.Rev)
			s.told("resumption of "+id, err, revision(rel.Notice, rel.Rev, func(r *alert.Revision) bool { return r.Paused == nil }))
		default:
			continue
		}
		return
	}
}
