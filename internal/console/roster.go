package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// rosterBody is the roster (值班表): who can be called now, what is planned.
type rosterBody struct {
	Now     []dutyLine
	Able    int
	Red     bool // R7
	Shifts  []shiftView
	MayPlan bool
	Plan    shiftForm
}

// dutyLine is one officer who can be called now.
type dutyLine struct {
	ID, Name, Phone string
	OnDuty          bool // else on call
	Acknowledged    bool
	Able            bool // may retract, with an account in use
}

// shiftView is one shift.
type shiftView struct {
	alert.Shift
	People  []shiftPerson
	Running bool
	Past    bool
	Log     []shiftStep // changes, and that it was dropped
	Mine    bool        // the asking officer is in it and has not acknowledged it
}

// shiftStep is what was done to a shift after it was planned.
type shiftStep struct {
	By, Reason string
	At         time.Time
	Dropped    bool
}

type shiftPerson struct {
	Name         string
	OnCall       bool
	Acknowledged bool
}

// shiftForm is the form of a shift, as it is planned or changed. Each place has
// a choice of its own, because the order is the order in which people are called.
type shiftForm struct {
	ID          string
	From, Until string
	Duty        [shiftPlaces]string
	OnCall      [shiftPlaces]string
	Reason      string
	People      []alert.Officer
}

// shiftPlaces is how many people a form has room for, on duty and on call each.
const shiftPlaces = 4

// shownShifts is for how long after its end a shift stays on the page.
const shownShifts = 24 * time.Hour

func (c *Console) roster(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showRoster(w, r, s, nil, http.StatusOK)
}

func (c *Console) showRoster(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	now, people := time.Now(), c.colleagues(r.Context())
	b := &rosterBody{MayPlan: s.Can(alert.RoleAdmin, alert.RoleApprover)}
	m := c.Desk.Manning(usable(people), s.ID)
	b.Able, b.Red = m.Able, m.Red()
	for _, k := range m.Callable {
		b.Now = append(b.Now, dutyOf(k, people))
	}
	var edited *alert.Shift
	c.Desk.Read(func(st *alert.State) {
		for _, x := range st.Shifts {
			if now.Sub(x.Until) > shownShifts {
				continue
			}
			b.Shifts = append(b.Shifts, shiftOf(x, people, s.ID, now))
			if x.ID == r.URL.Query().Get("shift") && x.Dropped == nil {
				e := *x
				edited = &e
			}
		}
	})
	slices.SortFunc(b.Shifts, func(x, y shiftView) int { return x.From.Compare(y.From) })
	b.Plan = nextShift(b.Shifts, edited, now)
	b.Plan.People = usable(people)
	if status != http.StatusOK {
		b.Plan.typed(r)
	}
	return c.show(w, r, status, "roster", &view{seat: s, Title: "值班表", Nav: "people", Live: edited == nil && status == http.StatusOK, Problems: ps, Body: b})
}

func dutyOf(k alert.Callable, people []Account) dutyLine {
	o, _ := byID(people, k.Officer)
	in := slices.ContainsFunc(people, func(a Account) bool { return a.ID == k.Officer && !a.Disabled })
	return dutyLine{ID: k.Officer, Name: o.Name, Phone: o.Phone, OnDuty: k.OnDuty, Acknowledged: k.Acknowledged,
		Able: in && (o.Has(alert.RoleWriter) || o.Has(alert.RoleApprover))}
}

func shiftOf(x *alert.Shift, people []Account, asking string, now time.Time) shiftView {
	v := shiftView{Shift: *x, Running: x.Runs(now), Past: !now.Before(x.Until)}
	step := func(d alert.Decision, dropped bool) {
		o, _ := byID(people, d.By)
		v.Log = append(v.Log, shiftStep{o.Name, d.Reason, d.At, dropped})
	}
	for _, ch := range x.Changes {
		step(ch.Decision, false)
	}
	if x.Dropped != nil {
		step(*x.Dropped, true)
	}
	add := func(ids []string, onCall bool) {
		for _, id := range ids {
			o, _ := byID(people, id)
			ack := slices.Contains(x.Acknowledged, id)
			v.People = append(v.People, shiftPerson{o.Name, onCall, ack})
			v.Mine = v.Mine || id == asking && !ack && !v.Past && x.Dropped == nil
		}
	}
	add(x.Officers, false)
	add(x.OnCall, true)
	return v
}

// nextShift is what the form begins with: the shift that is to be changed, or
// twelve hours from the end of the last one planned.
func nextShift(shifts []shiftView, edited *alert.Shift, now time.Time) shiftForm {
	if edited != nil {
		f := shiftForm{ID: edited.ID, From: toForm(edited.From), Until: toForm(edited.Until)}
		copy(f.Duty[:], edited.Officers)
		copy(f.OnCall[:], edited.OnCall)
		return f
	}
	from := now.Truncate(time.Hour)
	for _, x := range shifts {
		if x.Until.After(from) && x.Dropped == nil {
			from = x.Until
		}
	}
	return shiftForm{From: toForm(from), Until: toForm(from.Add(12 * time.Hour))}
}

// typed puts back what an officer typed into a form that was refused.
func (f *shiftForm) typed(r *http.Request) {
	if !r.PostForm.Has("from") {
		return // it was another form of the page
	}
	f.ID, f.From, f.Until, f.Reason = r.PostForm.Get("id"), r.PostForm.Get("from"), r.PostForm.Get("until"), r.PostForm.Get("reason")
	copy(f.Duty[:], r.PostForm["officers"])
	copy(f.OnCall[:], r.PostForm["on_call"])
}

// planShift plans a shift, or changes one.
func (c *Console) planShift(w http.ResponseWriter, r *http.Request, s *seat) error {
	f := &reader{Values: r.PostForm}
	x := alert.Shift{ID: f.text("id"), From: f.time("from"), Until: f.time("until"), Officers: f.list("officers"), OnCall: f.list("on_call")}
	err := f.problems.Err()
	if err == nil {
		_, err = c.plan(r.Context(), s.Actor, x, f.text("reason"))
	}
	return c.afterPeople(w, r, s, err, "/roster", c.showRoster)
}

// plan checks who is in a shift: it is no use to plan somebody who cannot sign
// in.
func (c *Console) plan(ctx context.Context, who alert.Actor, x alert.Shift, reason string) (id string, err error) {
	list, err := c.Accounts.List(ctx)
	if err != nil {
		return "", err
	}
	here := usable(list)
	seen := map[string]bool{}
	for field, ids := range map[string][]string{"officers": x.Officers, "on_call": x.OnCall} {
		if len(ids) > maxShiftPeople {
			return "", &alert.Problem{Kind: alert.TooLarge, Field: field, ZH: "一个班次最多 20 人。", EN: "A shift has 20 officers at most."}
		}
		for _, o := range ids {
			if !slices.ContainsFunc(here, func(k alert.Officer) bool { return k.ID == o }) {
				return "", &alert.Problem{Kind: alert.Invalid, Field: field, ZH: "没有这位同事，或者账号已停用：" + o, EN: "There is no such officer, or the account is disabled: " + o}
			}
			if seen[o] {
				return "", &alert.Problem{Kind: alert.Invalid, Field: field, ZH: "同一个人在班次里出现了两次：" + o, EN: "The same officer stands in the shift twice: " + o}
			}
			seen[o] = true
		}
	}
	return c.Desk.PlanShift(ctx, who, x, reason)
}

// maxShiftPeople bounds a shift, on duty and on call each.
const maxShiftPeople = 20

// acknowledgeShift says that the officer can be called.
func (c *Console) acknowledgeShift(w http.ResponseWriter, r *http.Request, s *seat) error {
	err := c.Desk.AcknowledgeShift(r.Context(), s.Actor, r.PathValue("shift"))
	return c.afterPeople(w, r, s, err, "/roster", c.showRoster)
}

// dropShift takes a shift off the roster.
func (c *Console) dropShift(w http.ResponseWriter, r *http.Request, s *seat) error {
	err := c.Desk.DropShift(r.Context(), s.Actor, r.PathValue("shift"), r.PostForm.Get("reason"))
	return c.afterPeople(w, r, s, err, "/roster", c.showRoster)
}

type again func(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error

// afterPeople leads on after an act about people, or shows the page again with
// what stood against it.
func (c *Console) afterPeople(w http.ResponseWriter, r *http.Request, s *seat, err error, page string, show again) error {
	if ps := alert.AsProblems(err); ps != nil {
		f := explain(err)
		c.note(r, f, err)
		return show(w, r, s, ps, f.Status)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+page)
}
