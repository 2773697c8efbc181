package console

import (
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

type incidentAnswer struct {
	Incident    string              `json:"incident"`
	Mode        alert.Mode          `json:"mode"`
	Level       alert.IncidentLevel `json:"level"`
	Facts       alert.IncidentFacts `json:"facts"`
	Log         []logAnswer         `json:"log,omitempty"`
	Conferences []conferenceAnswer  `json:"conferences,omitempty"`
	Closed      *alert.Decision     `json:"closed,omitempty"`
	Done        []alert.DutyEntry   `json:"done,omitempty"`
	Duties      []dutyAnswer        `json:"duties"`
}

type logAnswer struct {
	Facts alert.IncidentFacts `json:"facts"`
	alert.Decision
}

type conferenceAnswer struct {
	alert.ConferenceHeld
	Recorded alert.Decision `json:"recorded"`
}

// dutyAnswer is one clock. Instants are UTC; Overdue counts from the server's.
type dutyAnswer struct {
	Incident string          `json:"incident"`
	Duty     string          `json:"duty"`
	ZH       string          `json:"zh"`
	EN       string          `json:"en"`
	Basis    string          `json:"basis"`
	Start    time.Time       `json:"start"`
	Due      time.Time       `json:"due"`
	State    alert.DutyState `json:"state"`
	// Arose is when the record first showed that the duty applies; after Due, it
	// arose late, which is no miss.
	Arose time.Time `json:"arose"`
	Void  string    `json:"void,omitempty"` // why it runs no more
	// Unconfirmed: the text of the basis was not seen or names no such number.
	// Unsure: working days of a year whose holidays nobody entered were counted.
	Unconfirmed bool              `json:"unconfirmed,omitempty"`
	Unsure      bool              `json:"unsure,omitempty"`
	Met         time.Time         `json:"met,omitzero"`
	MetBy       string            `json:"met_by,omitempty"`
	Milestones  []milestoneAnswer `json:"milestones"`
}

type milestoneAnswer struct {
	ID    string              `json:"id"`
	What  alert.MilestoneWhat `json:"what"`
	At    time.Time           `json:"at"`
	Acked *alert.Decision     `json:"acked,omitempty"`
}

func answerDuty(k clockView) dutyAnswer {
	d := dutyAnswer{
		Incident: k.Incident, Duty: k.Key(), Unconfirmed: k.Rule.Unconfirmed, Unsure: k.Unsure, Arose: k.Arose, Void: k.Void, ZH: k.Rule.ZH, EN: k.Rule.EN, Basis: k.Rule.Basis, Start: k.Start, Due: k.Due,
		State: k.State, Met: k.Met, MetBy: k.MetBy, Milestones: []milestoneAnswer{},
	}
	for _, m := range k.Reminded {
		d.Milestones = append(d.Milestones, milestoneAnswer{m.ID, m.What, m.At, m.Acked})
	}
	return d
}

func (c *Console) answerIncident(st *alert.State, inc *alert.Incident, all []alert.Duty, whole bool) incidentAnswer {
	f := inc.Now()
	out := incidentAnswer{Incident: inc.ID, Mode: inc.Mode, Level: f.Level(), Facts: *f, Closed: inc.Closed, Duties: []dutyAnswer{}}
	for _, k := range clocksOf(st, inc, all, time.Now()) {
		out.Duties = append(out.Duties, answerDuty(k))
	}
	if whole {
		for _, e := range inc.Log {
			out.Log = append(out.Log, logAnswer{e.Facts, e.Decision})
		}
		out.Done = slices.Clone(inc.Done)
		for _, h := range inc.Conferences {
			out.Conferences = append(out.Conferences, conferenceAnswer{h.Held, h.Recorded})
		}
	}
	return out
}

func (c *Console) apiIncidents(r *apiRequest) (int, any, error) {
	out, all := []incidentAnswer{}, c.Desk.Duties()
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.IncidentID) {
			if inc := st.Incidents[id]; inc.Mode == r.Who.Mode {
				out = append(out, c.answerIncident(st, inc, all, false))
			}
		}
	})
	return http.StatusOK, incidentList{out}, nil
}

func (c *Console) apiIncident(r *apiRequest) (int, any, error) {
	out, err := c.incidentOf(r, r.PathValue("incident"))
	return http.StatusOK, out, err
}

func (c *Console) incidentOf(r *apiRequest, id string) (out incidentAnswer, err error) {
	err = errNoIncident
	all := c.Desk.Duties()
	c.Desk.Read(func(st *alert.State) {
		switch inc := st.Incidents[id]; {
		case inc == nil:
		case inc.Mode != r.Who.Mode:
			err = otherMode()
		default:
			out, err = c.answerIncident(st, inc, all, true), nil
		}
	})
	return out, err
}

// apiRecordIncident opens an incident; its body is the facts.
func (c *Console) apiRecordIncident(r *apiRequest) (int, any, error) {
	var f alert.IncidentFacts
	if err := readJSON(r.Body, &f); err != nil {
		return 0, nil, err
	}
	id, err := c.Desk.RecordIncident(r.Context(), r.Who, "", f, "")
	if err != nil {
		return 0, nil, err
	}
	out, err := c.incidentOf(r, id)
	return http.StatusCreated, out, err
}

// apiIncidentAct is record, conference, close, acknowledge or answer.
func (c *Console) apiIncidentAct(r *apiRequest) (int, any, error) {
	var in incidentAct
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	id := r.PathValue("incident")
	if _, err := c.incidentOf(r, id); err != nil {
		return 0, nil, err
	}
	var err error
	switch r.PathValue("act") {
	case "record":
		if in.Facts == nil {
			return 0, nil, &alert.Problem{Kind: alert.Invalid, Field: "facts", ZH: "请给出 facts：现在所知的全部事实。", EN: "Give facts: everything as it is known now."}
		}
		_, err = c.Desk.RecordIncident(r.Context(), r.Who, id, *in.Facts, in.Reason)
	case "conference":
		err = c.Desk.HoldConference(r.Context(), r.Who, id, alert.ConferenceHeld{At: in.At, Place: in.Place, Link: in.Link})
	case "done":
		err = c.Desk.RecordDone(r.Context(), r.Who, id, alert.DutyDone{Duty: in.Duty, At: in.At, Evidence: in.Evidence, Replaces: in.Replaces, Reason: in.Reason})
	case "close":
		err = c.Desk.CloseIncident(r.Context(), r.Who, id, in.Reason)
	case "acknowledge":
		err = c.Desk.Acknowledge(r.Context(), r.Who, id, in.Milestone)
	case "answer":
		return c.apiAnswer(r, id)
	default:
		err = errNoAct
	}
	if err != nil {
		return 0, nil, err
	}
	out, err := c.incidentOf(r, id)
	return http.StatusOK, out, err
}

// apiAnswer opens a draft that answers the incident.
func (c *Console) apiAnswer(r *apiRequest, id string) (int, any, error) {
	n := c.blank(time.Now())
	if err := c.answering(&n, id); err != nil {
		return 0, nil, err
	}
	d, err := c.Desk.NewDraft(r.Context(), r.Who, n, nil)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, answerDraft(d), nil
}

func (c *Console) apiDuties(r *apiRequest) (int, any, error) {
	out, now, all := []dutyAnswer{}, time.Now(), c.Desk.Duties()
	c.Desk.Read(func(st *alert.State) {
		for _, d := range all {
			if inc := st.Incidents[d.Incident]; inc != nil && inc.Mode == r.Who.Mode {
				out = append(out, answerDuty(clock(st, inc, d, now)))
			}
		}
	})
	return http.StatusOK, dutyList{now.UTC(), out}, nil
}
