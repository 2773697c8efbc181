package console

import (
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// rosterAnswer is the roster as the API gives it.
type rosterAnswer struct {
	Now    []callableAnswer `json:"now"`
	Able   int              `json:"able"` // can be called and may retract
	Red    bool             `json:"red"`  // R7: fewer than two
	Shifts []shiftAnswer    `json:"shifts"`
}

type callableAnswer struct {
	Officer      string `json:"officer"`
	Name         string `json:"name"`
	Phone        string `json:"phone,omitempty"`
	OnDuty       bool   `json:"on_duty"` // else on call
	Acknowledged bool   `json:"acknowledged"`
}

type shiftAnswer struct {
	alert.Shift
	Acknowledged []string            `json:"acknowledged"`
	Changes      []alert.ShiftChange `json:"changes,omitempty"`
	Dropped      *alert.Decision     `json:"dropped,omitempty"`
}

// shiftPlan is a shift to be planned; with an id, one to be planned anew.
type shiftPlan struct {
	ID       string    `json:"id"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Officers []string  `json:"officers"`
	OnCall   []string  `json:"on_call"`
	Reason   string    `json:"reason"` // of a change
}

type shiftDrop struct {
	Reason string `json:"reason"`
}

type shiftDone struct {
	Shift string `json:"shift"`
}

// apiRoster lists who can be called now and the shifts that are not long over.
func (c *Console) apiRoster(r *apiRequest) (int, any, error) {
	people := c.colleagues(r.Context())
	m := c.Desk.Manning(usable(people), r.Who.ID)
	out := rosterAnswer{Now: []callableAnswer{}, Able: m.Able, Red: m.Red(), Shifts: []shiftAnswer{}}
	for _, k := range m.Callable {
		l := dutyOf(k, people)
		out.Now = append(out.Now, callableAnswer{l.ID, l.Name, l.Phone, l.OnDuty, l.Acknowledged})
	}
	c.Desk.Read(func(st *alert.State) {
		for _, x := range st.Shifts {
			if time.Since(x.Until) <= shownShifts {
				out.Shifts = append(out.Shifts, shiftAnswer{*x, append([]string{}, x.Acknowledged...), slices.Clip(x.Changes), x.Dropped})
			}
		}
	})
	slices.SortFunc(out.Shifts, func(a, b shiftAnswer) int { return a.From.Compare(b.From) })
	return http.StatusOK, out, nil
}

func (c *Console) apiPlanShift(r *apiRequest) (int, any, error) {
	var in shiftPlan
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	id, err := c.plan(r.Context(), r.Who, alert.Shift{ID: in.ID, From: in.From, Until: in.Until, Officers: in.Officers, OnCall: in.OnCall}, in.Reason)
	return http.StatusOK, shiftDone{id}, err
}

func (c *Console) apiDropShift(r *apiRequest) (int, any, error) {
	var in shiftDrop
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, shiftDone{r.PathValue("shift")}, c.Desk.DropShift(r.Context(), r.Who, r.PathValue("shift"), in.Reason)
}

func (c *Console) apiAcknowledgeShift(r *apiRequest) (int, any, error) {
	return http.StatusOK, shiftDone{r.PathValue("shift")}, c.Desk.AcknowledgeShift(r.Context(), r.Who, r.PathValue("shift"))
}

// grantsAnswer is the table of authority. Without a table whoever holds the
// approver's role may approve everything.
type grantsAnswer struct {
	Seq    uint64        `json:"seq"` // a change gives it back
	Set    bool          `json:"set"`
	Grants []alert.Grant `json:"grants"`
}

type grantsChange struct {
	Seq    uint64        `json:"seq"`
	Grants []alert.Grant `json:"grants"`
	Factor string        `json:"factor,omitempty"` // a fresh code of the second factor
}

func (c *Console) apiGrants(*apiRequest) (int, any, error) {
	out := grantsAnswer{Grants: []alert.Grant{}}
	table, seq := c.grantTable()
	if out.Seq = seq; table != nil {
		out.Set, out.Grants = true, append(out.Grants, table.Grants...)
	}
	return http.StatusOK, out, nil
}

// apiSetGrants replaces the table. The caller's own line stays as it was.
func (c *Console) apiSetGrants(r *apiRequest) (int, any, error) {
	var in grantsChange
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	if err := c.freshToManage(r.Context(), r.Who, nil, in.Factor); err != nil {
		return 0, nil, err
	}
	list, err := c.Accounts.List(r.Context())
	if err != nil {
		return 0, nil, err
	}
	for _, g := range in.Grants {
		if _, known := byID(list, g.Officer); !known {
			return 0, nil, errNoOfficer
		}
		if err := c.knownHazards(g.Hazards); err != nil {
			return 0, nil, err
		}
	}
	if err := c.Desk.SetGrants(r.Context(), r.Who, in.Seq, in.Grants); err != nil {
		return 0, nil, err
	}
	return c.apiGrants(r)
}
