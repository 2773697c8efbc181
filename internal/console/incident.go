package console

import (
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

var errNoIncident = &alert.Problem{Kind: alert.NotFound, Field: "incident", ZH: "没有这起事件。", EN: "There is no such incident."}

type incidentsBody struct{ Incidents []incidentLine }

type incidentLine struct {
	ID, Title, Place string
	Level            alert.IncidentLevel
	Occurred         time.Time
	Closed           bool
	Clocks           []clockView
}

func (c *Console) incidents(w http.ResponseWriter, r *http.Request, s *seat) error {
	now, all := time.Now(), c.Desk.Duties()
	b := &incidentsBody{}
	v := &view{seat: s, Title: "突发事件", Nav: "incidents", Live: true, Body: b}
	c.Desk.Read(func(st *alert.State) {
		v.Seq = st.Seq
		for _, id := range slices.Backward(st.IncidentID) {
			inc := st.Incidents[id]
			if inc.Mode != s.Actor.Mode {
				continue
			}
			f := inc.Now()
			l := incidentLine{ID: id, Title: f.Title, Place: f.Place, Level: f.Level(), Occurred: f.Occurred, Closed: inc.Closed != nil}
			l.Clocks = clocksOf(st, inc, all, now)
			b.Incidents = append(b.Incidents, l)
		}
	})
	return c.show(w, r, http.StatusOK, "incidents", v)
}

func clocksOf(st *alert.State, inc *alert.Incident, all []alert.Duty, now time.Time) (out []clockView) {
	for _, d := range all {
		if d.Incident == inc.ID {
			out = append(out, clock(st, inc, d, now))
		}
	}
	return out
}

// incidentBody is one incident: the facts as known, its clocks, its log.
type incidentBody struct {
	ID        string // "" for a new one
	Facts     alert.IncidentFacts
	Level     alert.IncidentLevel
	Times     map[string]string
	Reason    string
	Districts []districtChoice
	Levels    []alert.IncidentLevel
	Clocks    []clockView
	Log       []alert.FactsEntry
	Held      []alert.Conference
	Kinds     []alert.IncidentKind
	Done      []doneLine
	Not       []alert.Duty // rules that never applied, with the reason
	Closed    *alert.Decision
	Answers   []answerLink
	Steps     []step
	Now       string // for forms
}

type answerLink struct {
	Notice, Headline string
	At               time.Time
}

func (c *Console) newIncident(w http.ResponseWriter, r *http.Request, s *seat) error {
	now := time.Now()
	f := alert.IncidentFacts{Received: now}
	return c.showIncidentForm(w, r, s, "", f, nil, http.StatusOK)
}

func (c *Console) showIncidentForm(w http.ResponseWriter, r *http.Request, s *seat, id string, f alert.IncidentFacts, ps alert.Problems, status int) error {
	b := c.incidentView(id, f)
	b.Reason = r.PostForm.Get("reason")
	for _, name := range []string{"occurred", "received", "classified", "as_of"} {
		if _, typed := r.PostForm[name]; typed {
			b.Times[name] = r.PostForm.Get(name)
		}
	}
	return c.show(w, r, status, "incidentform", &view{seat: s, Title: "记录事件", Nav: "incidents", Problems: ps, Body: b})
}

func (c *Console) incidentView(id string, f alert.IncidentFacts) *incidentBody {
	return &incidentBody{
		ID: id, Facts: f, Level: f.Level(), Districts: c.districtChoices([]string{f.Area}),
		Kinds:  alert.IncidentKinds,
		Levels: []alert.IncidentLevel{alert.Ordinary, alert.Larger, alert.Major, alert.Grave},
		Times:  map[string]string{"occurred": toForm(f.Occurred), "received": toForm(f.Received), "classified": toForm(f.Classified), "as_of": toForm(f.AsOf)},
		Now:    toForm(time.Now()),
	}
}

// recordIncident opens an incident.
func (c *Console) recordIncident(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.takeFacts(w, r, s, "")
}

func (c *Console) takeFacts(w http.ResponseWriter, r *http.Request, s *seat, id string) error {
	f, ps := incidentFromForm(r.PostForm)
	var err error
	if len(ps) == 0 {
		if id, err = c.Desk.RecordIncident(r.Context(), s.Actor, id, f, r.PostForm.Get("reason")); err == nil {
			return seeOther(w, r, s.Base+"/incidents/"+id)
		}
		ps = alert.AsProblems(err)
	}
	if ps == nil {
		return err
	}
	fail := explain(ps)
	c.note(r, fail, ps)
	return c.showIncidentForm(w, r, s, r.PathValue("incident"), f, ps, fail.Status)
}

func (c *Console) incident(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showIncident(w, r, s, nil, http.StatusOK)
}

func (c *Console) showIncident(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	id := r.PathValue("incident")
	now, all := time.Now(), c.Desk.Duties()
	var b *incidentBody
	v := &view{seat: s, Nav: "incidents", Live: true, Problems: ps}
	mode := s.Actor.Mode
	c.Desk.Read(func(st *alert.State) {
		v.Seq = st.Seq
		inc := st.Incidents[id]
		if inc == nil {
			return
		}
		mode = inc.Mode
		b = c.incidentView(id, *inc.Now())
		b.Log, b.Held, b.Closed = slices.Clone(inc.Log), slices.Clone(inc.Conferences), inc.Closed
		b.Clocks = clocksOf(st, inc, all, now)
		b.Done = doneLines(inc, b.Clocks)
		for _, d := range st.Answers(id) {
			b.Answers = append(b.Answers, answerLink{d.Reason, st.Notices[d.Reason].Current().Content.Headline, d.At})
		}
	})
	if b == nil {
		return errNoIncident
	}
	if err := sameMode(s, mode); err != nil {
		return err
	}
	var err error
	if b.Steps, err = c.trail(r.Context(), "incident", id); err != nil {
		return err
	}
	v.Title, v.Body = b.Facts.Title, b
	b.Not = c.Desk.NotDuties(id)
	if r.URL.Query().Get("edit") != "" && b.Closed == nil {
		return c.show(w, r, status, "incidentform", v)
	}
	return c.show(w, r, status, "incident", v)
}

// incidentAct carries out what a button on an incident's page asked for.
func (c *Console) incidentAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	id, f := r.PathValue("incident"), &reader{Values: r.PostForm}
	var err error
	switch r.PathValue("act") {
	case "record":
		return c.takeFacts(w, r, s, id)
	case "conference":
		held := alert.ConferenceHeld{At: f.time("at"), Place: f.text("place"), Link: f.text("link")}
		if err = f.problems.Err(); err == nil {
			err = c.Desk.HoldConference(r.Context(), s.Actor, id, held)
		}
	case "done":
		err = c.recordDone(r, s, id, f)
	case "close":
		err = c.Desk.CloseIncident(r.Context(), s.Actor, id, f.text("reason"))
	case "acknowledge":
		err = c.Desk.Acknowledge(r.Context(), s.Actor, id, f.text("milestone"))
	default:
		err = errNoAct
	}
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind != alert.NotFound {
		fail := explain(err)
		c.note(r, fail, err)
		return c.showIncident(w, r, s, ps, fail.Status)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/incidents/"+id)
}
