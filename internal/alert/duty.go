package alert

import (
	"fmt"
	"sort"
	"time"
)

// StartInstant names which of an incident's three instants starts a clock.
type StartInstant string

const (
	FromOccurred   StartInstant = "occurred"
	FromReceived   StartInstant = "received"
	FromClassified StartInstant = "classified"
)

// DutyRule is one legal deadline as data.
type DutyRule struct {
	ID     string        `json:"id" toml:"id"`
	ZH     string        `json:"zh" toml:"zh"`
	EN     string        `json:"en" toml:"en"`
	Within time.Duration `json:"within" toml:"within"`
	// Start is where the text of the law is silent and the strictest reading
	// is the default: from the occurrence.
	Start StartInstant  `json:"start" toml:"start"`
	From  IncidentLevel `json:"from" toml:"from"` // this level and above
	Basis string        `json:"basis" toml:"basis"`
	MetBy string        `json:"met_by" toml:"met_by"` // "release" or "conference"
}

// DutyRules returns the two duties of grave and major incidents: the State
// Council General Office's rule of 2016 (国办发〔2016〕80号) asks for
// authoritative information within 5 hours at the latest and a press
// conference within 24 hours.
func DutyRules() []DutyRule {
	const basis = "国办发〔2016〕80号 实施细则；国办发〔2016〕61号"
	return []DutyRule{
		{ID: "info5h", ZH: "发布权威信息", EN: "Authoritative information", Within: 5 * time.Hour, Start: FromOccurred, From: Major, Basis: basis, MetBy: "release"},
		{ID: "press24h", ZH: "举行新闻发布会", EN: "Press conference", Within: 24 * time.Hour, Start: FromOccurred, From: Major, Basis: basis, MetBy: "conference"},
	}
}

// CheckDutyRules says what is wrong in a configured table.
func CheckDutyRules(rules []DutyRule) error {
	seen := map[string]bool{}
	for i, r := range rules {
		switch {
		case !safeToken(r.ID):
			return fmt.Errorf("duties[%d].id %q: want letters and digits", i, r.ID)
		case seen[r.ID]:
			return fmt.Errorf("duties[%d].id %q stands twice", i, r.ID)
		case r.Within <= 0:
			return fmt.Errorf("duties[%d].within: want a duration above zero, such as \"5h\"", i)
		case r.Start != FromOccurred && r.Start != FromReceived && r.Start != FromClassified:
			return fmt.Errorf("duties[%d].start %q: want occurred, received or classified", i, r.Start)
		case r.MetBy != "release" && r.MetBy != "conference":
			return fmt.Errorf("duties[%d].met_by %q: want release or conference", i, r.MetBy)
		}
		seen[r.ID] = true
	}
	return nil
}

// MilestoneWhat is what the watch records about a duty.
type MilestoneWhat string

const (
	Remind50   MilestoneWhat = "half"     // half of the time is gone
	Remind80   MilestoneWhat = "most"     // four fifths are gone
	Remind30m  MilestoneWhat = "30min"    // 30 minutes are left
	Remind10m  MilestoneWhat = "10min"    // 10 minutes are left
	Missed     MilestoneWhat = "missed"   // the due instant passed unmet
	MetInTime  MilestoneWhat = "met"      // fulfilled by the due instant
	MetLate    MilestoneWhat = "late"     // fulfilled after it
	NoticeEnds MilestoneWhat = "expired"  // a notice came to its end
	Unsigned   MilestoneWhat = "unsigned" // an emergency release was not countersigned in time
)

// ZH says it for officers.
func (w MilestoneWhat) ZH() string {
	return map[MilestoneWhat]string{
		Remind50: "时限过半", Remind80: "时限已过八成", Remind30m: "还剩30分钟", Remind10m: "还剩10分钟",
		Missed: "逾期未完成", MetInTime: "按时完成", MetLate: "逾期后完成", NoticeEnds: "到期", Unsigned: "逾期没有补签",
	}[w]
}

// Duty is one running or ended clock of an incident.
type Duty struct {
	Rule     DutyRule
	Incident string
	Start    time.Time // what the clock counts from
	Arose    time.Time // when the record first showed that it applies
	Due      time.Time
	Met      time.Time // zero while open
	MetBy    string    // the notice, or the conference's place
	MetSeq   uint64    // the journal's event
	// AroseLate: it was past due already when it arose (a level raised late).
	// That is no miss, or nobody would record incidents.
	AroseLate bool
	Void      string // why it runs no more: the incident was closed
}

// Open reports whether the clock still runs.
func (d *Duty) Open() bool { return d.Met.IsZero() && d.Void == "" }

// Late reports whether the due instant has passed unmet, or was met after it.
func (d *Duty) Late(now time.Time) bool {
	if !d.Met.IsZero() {
		return d.Met.After(d.Due)
	}
	return d.Open() && now.After(d.Due)
}

// Deadlines derives an incident's duties from the recorded facts alone. It is
// pure: the same facts give the same duties on every node at any time.
// Duties that do not apply are left out; order is by due instant.
func Deadlines(inc *Incident, answers []Decision, rules []DutyRule) []Duty {
	var out []Duty
	facts := inc.Now()
	for _, r := range rules {
		arose, reached := inc.ReachedLevel(r.From)
		if !reached {
			continue
		}
		start := facts.Occurred
		switch r.Start {
		case FromReceived:
			start = facts.Received
		case FromClassified:
			start = facts.Classified
			if start.IsZero() {
				start = arose
			}
		}
		d := Duty{Rule: r, Incident: inc.ID, Start: start, Arose: arose, Due: start.Add(r.Within)}
		d.AroseLate = arose.After(d.Due)
		d.fulfil(inc, answers)
		if d.Open() && inc.Closed != nil {
			d.Void = inc.Closed.Reason
		}
		out = append(out, d)
	}
	sort.SliceStable(out, func(i, k int) bool { return out[i].Due.Before(out[k].Due) })
	return out
}

func (d *Duty) fulfil(inc *Incident, answers []Decision) {
	if d.Rule.MetBy == "release" && len(answers) > 0 {
		d.Met, d.MetBy, d.MetSeq = answers[0].At, answers[0].Reason, answers[0].Seq
	}
	if d.Rule.MetBy == "conference" && len(inc.Conferences) > 0 {
		c := inc.Conferences[0]
		d.Met, d.MetBy, d.MetSeq = c.Held.At, c.Held.Place, c.Recorded.Seq
	}
}

// Milestones returns everything about the duty that is to be recorded by now,
// in the order it was due. A reminder whose instant lies before the duty arose
// is not given: nobody could have heeded it. Met and missed are exclusive but
// for a miss that was later made good.
func (d *Duty) Milestones(now time.Time) []Milestone {
	var out []Milestone
	add := func(what MilestoneWhat, at time.Time, by string) {
		out = append(out, Milestone{Incident: d.Incident, Duty: d.Rule.ID, What: what, Due: d.Due, Planned: at, By: by})
	}
	for _, r := range d.schedule() {
		ended := !d.Met.IsZero() && !d.Met.After(r.Planned)
		if r.Planned.After(now) || ended || d.Void != "" || r.Planned.Before(d.Arose) {
			continue
		}
		add(r.What, r.Planned, "")
	}
	if !d.Met.IsZero() && !d.Met.After(now) {
		what := MetInTime
		if d.Met.After(d.Due) {
			what = MetLate
		}
		add(what, d.Met, d.MetBy)
	}
	return out
}

// Next returns the next instant at which Milestones can change by time alone.
// A fulfilment may lie a little ahead: another machine's clock recorded it.
func (d *Duty) Next(now time.Time) (time.Time, bool) {
	if d.Void != "" || !d.Met.IsZero() && !d.Met.After(now) {
		return time.Time{}, false
	}
	for _, r := range d.schedule() {
		if r.Planned.After(now) && (d.Met.IsZero() || r.Planned.Before(d.Met)) {
			return r.Planned, true
		}
	}
	return d.Met, !d.Met.IsZero()
}

// schedule lists the reminders and the miss, by instant.
func (d *Duty) schedule() []Milestone {
	w := d.Rule.Within
	s := []Milestone{
		{What: Remind50, Planned: d.Start.Add(w / 2)},
		{What: Remind80, Planned: d.Start.Add(w / 5 * 4)},
		{What: Remind30m, Planned: d.Due.Add(-30 * time.Minute)},
		{What: Remind10m, Planned: d.Due.Add(-10 * time.Minute)},
		{What: Missed, Planned: d.Due},
	}
	sort.SliceStable(s, func(i, k int) bool { return s[i].Planned.Before(s[k].Planned) })
	return s
}

// ID returns the milestone's id, which may stand in the journal once.
func (m *Milestone) ID() string {
	if m.Notice != "" {
		return fmt.Sprintf("%s-%d-%s", m.Notice, m.Rev, m.What)
	}
	return m.Incident + "-" + m.Duty + "-" + string(m.What)
}

func safeToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
