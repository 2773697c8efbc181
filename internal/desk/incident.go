package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// RecordIncident opens an incident (id "") or restates the facts of one. A
// lower level or a changed instant needs a reason: both stand in the log.
func (d *Desk) RecordIncident(ctx context.Context, who alert.Actor, id string, f alert.IncidentFacts, reason string) (string, error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return "", err
	}
	now := d.Now()
	for _, s := range []*string{&f.Title, &f.Unit, &f.Place, &f.Course, &f.Measures, &f.Other, &f.Source} {
		*s = strings.TrimSpace(*s)
	}
	f.Occurred, f.Received, f.Classified = utc(f.Occurred), utc(f.Received), utc(f.Classified)
	f.AsOf = utc(f.AsOf)
	if f.Level() > alert.Unclassified && f.Classified.IsZero() {
		f.Classified = now.UTC().Truncate(time.Second)
	}
	ps := f.Check(d.Gazetteer, now)
	for field, v := range map[string]string{"title": f.Title, "unit": f.Unit, "place": f.Place, "course": f.Course, "measures": f.Measures, "other": f.Other, "source": f.Source} {
		if _, unsafe := alert.UnsafeRune(v); unsafe || len([]rune(v)) > alert.MaxDescription {
			ps = append(ps, &alert.Problem{Kind: alert.Invalid, Field: field, ZH: "太长或含有控制字符。", EN: "Too long, or contains control characters."})
		}
	}
	if err := ps.Err(); err != nil {
		return "", err
	}
	isNew := id == ""
	if isNew {
		id = newID(now)
	}
	return id, d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		inc := st.Incidents[id]
		if isNew != (inc == nil) {
			return nil, notFound("incident", "没有这起事件。", "There is no such incident.")
		}
		if inc != nil {
			if err := mayAmend(inc, who, &f, reason); err != nil {
				return nil, err
			}
		}
		return alert.Recorded{Facts: f, Reason: strings.TrimSpace(reason)}, nil
	})
}

func mayAmend(inc *alert.Incident, who alert.Actor, f *alert.IncidentFacts, reason string) error {
	if err := ofMode(inc, who); err != nil {
		return err
	}
	if inc.Closed != nil {
		return blocked("事件已经结束，不能再改。", "The incident is closed.")
	}
	old := inc.Now()
	for now, then := range map[*time.Time]time.Time{&f.Occurred: old.Occurred, &f.Received: old.Received, &f.Classified: old.Classified, &f.AsOf: old.AsOf} {
		if now.Truncate(time.Minute).Equal(then.Truncate(time.Minute)) {
			*now = then // a form knows minutes only
		}
	}
	moved := !f.Occurred.Equal(old.Occurred) || !f.Received.Equal(old.Received) || !old.Classified.IsZero() && !f.Classified.Equal(old.Classified)
	if changed := moved || f.Level() < old.Level() || f.Raised != old.Raised || f.Kind != old.Kind && f.Kind.ZH() != old.Kind.ZH(); changed && strings.TrimSpace(reason) == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "更改时间、类别或级别须写明原因；原来的记录会保留。", EN: "Say why an instant, the kind or the level changes; the old record is kept."}
	}
	return nil
}

func ofMode(inc *alert.Incident, who alert.Actor) error {
	if inc.Mode != who.Mode {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开：这起事件属于另一种模式。", EN: "Drill and live are apart: the incident belongs to the other mode."}
	}
	return nil
}

func (d *Desk) onIncident(ctx context.Context, who alert.Actor, id string, f func(*alert.State, *alert.Incident) (alert.Fact, error)) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		inc := st.Incidents[id]
		if inc == nil {
			return nil, notFound("incident", "没有这起事件。", "There is no such incident.")
		}
		if err := ofMode(inc, who); err != nil {
			return nil, err
		}
		return f(st, inc)
	})
}

// HoldConference records that a press conference took place.
func (d *Desk) HoldConference(ctx context.Context, who alert.Actor, incident string, c alert.ConferenceHeld) error {
	return d.onIncident(ctx, who, incident, func(_ *alert.State, inc *alert.Incident) (alert.Fact, error) {
		switch {
		case strings.TrimSpace(c.Place) == "":
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "place", ZH: "请写明新闻发布会的地点。", EN: "Say where it was held."}
		case c.At.IsZero() || c.At.Before(inc.Now().Occurred):
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "at", ZH: "请填写举行的时间，不能早于事件发生。", EN: "Say when it was held; not before the incident."}
		case c.At.After(d.Now().Add(time.Minute)):
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "at", ZH: "举行以后再登记：时间在将来。", EN: "Record it when it was held: the time is in the future."}
		}
		c.At = c.At.UTC()
		return c, nil
	})
}

// CloseIncident ends an incident's clocks with a reason.
func (d *Desk) CloseIncident(ctx context.Context, who alert.Actor, incident, reason string) error {
	return d.onIncident(ctx, who, incident, func(_ *alert.State, inc *alert.Incident) (alert.Fact, error) {
		if strings.TrimSpace(reason) == "" {
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明结束的原因。", EN: "Say why it is closed."}
		}
		if inc.Closed != nil {
			return nil, &alert.Problem{Kind: alert.Conflict, ZH: "事件已经结束了。", EN: "It is closed already."}
		}
		return alert.IncidentClosed{Reason: strings.TrimSpace(reason)}, nil
	})
}

// Acknowledge records that the officer saw a reminder.
func (d *Desk) Acknowledge(ctx context.Context, who alert.Actor, incident, milestone string) error {
	return d.onIncident(ctx, who, incident, func(st *alert.State, _ *alert.Incident) (alert.Fact, error) {
		m, ok := st.Milestones[milestone]
		if !ok || m.Incident != incident {
			return nil, notFound("milestone", "没有这条提醒。", "There is no such reminder.")
		}
		if m.Acked != nil {
			return nil, nil
		}
		return alert.Acknowledged{Milestone: milestone}, nil
	})
}

// Duties returns every clock of every incident, by due instant.
func (d *Desk) Duties() []alert.Duty {
	var out []alert.Duty
	d.Read(func(st *alert.State) { out = duties(st, &d.Rules, func(*alert.Incident) bool { return true }) })
	return out
}

// oldIncidents bounds how long a closed incident's clocks are looked for: the
// longest of them, with the time in which somebody should have seen the miss.
const oldIncidents = 400 * 24 * time.Hour

// RunningDuties returns the clocks of the incidents that are open, and of those
// that are closed what still runs or ended within the last day, by due instant.
func (d *Desk) RunningDuties(now time.Time) []alert.Duty {
	var out []alert.Duty
	d.Read(func(st *alert.State) {
		out = duties(st, &d.Rules, func(inc *alert.Incident) bool { return inc.Closed == nil || now.Sub(inc.Closed.At) <= oldIncidents })
		out = slices.DeleteFunc(out, func(x alert.Duty) bool {
			inc := st.Incidents[x.Incident]
			return inc.Closed != nil && !x.Open() && now.Sub(inc.Closed.At) > 24*time.Hour
		})
	})
	return out
}

// NotDuties are the rules that never applied to an incident, with the reason.
func (d *Desk) NotDuties(incident string) (out []alert.Duty) {
	d.Read(func(st *alert.State) {
		if inc := st.Incidents[incident]; inc != nil {
			out = st.NotDutiesOf(inc, &d.Rules)
		}
	})
	return out
}

func duties(st *alert.State, shipped *alert.DutyTable, want func(*alert.Incident) bool) []alert.Duty {
	var out []alert.Duty
	for _, id := range st.IncidentID {
		if want(st.Incidents[id]) {
			out = append(out, st.DutiesOf(st.Incidents[id], shipped)...)
		}
	}
	slices.SortStableFunc(out, func(a, b alert.Duty) int { return a.Due.Compare(b.Due) })
	return out
}
