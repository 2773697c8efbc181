package alert

import (
	"sort"
	"time"
)

// DutyState is where a duty stands at an instant.
type DutyState string

const (
	DutyRunning  DutyState = "open"      // the clock runs
	DutyOverdue  DutyState = "overdue"   // the due instant passed unmet: missed, and still to be done
	DutyLate     DutyState = "late"      // it arose after its due instant: no miss, still to be done
	DutyMet      DutyState = "met"       // fulfilled by the due instant
	DutyMetLate  DutyState = "met-late"  // fulfilled after it
	DutyMetAfter DutyState = "met-after" // arose after its due instant, and was fulfilled
	DutyVoid     DutyState = "void"      // it runs no more, see Void
	DutyNone     DutyState = "none"      // it never applied, see Void
)

// Duty is one running or ended clock of an incident.
type Duty struct {
	Rule     DutyRule
	No       int // of a duty that repeats: 1 for the first
	Incident string
	Start    time.Time // what the clock counts from
	Arose    time.Time // when the record first showed that it applies
	AroseSeq uint64    // the journal's event that showed it
	Due      time.Time
	Unsure   bool      // working days of a year that nobody entered were counted
	Met      time.Time // zero while open
	MetBy    string    // the notice, the conference's place or the entry's evidence
	MetSeq   uint64    // the journal's event
	MetRec   time.Time // when the fulfilment was recorded
	// AroseLate: it was past due already when it arose (a level raised late).
	// That is no miss, or nobody would record incidents.
	AroseLate bool
	Void      string    // why it runs no more, or why it never applied; Chinese
	Ended     time.Time // when it ceased to run; zero unless Void
}

// Key names the duty among those of its incident: the rule's id, and from the
// second repetition on its number.
func (d *Duty) Key() string {
	if d.No <= 1 {
		return d.Rule.ID
	}
	return d.Rule.ID + "-" + number(d.No)
}

// Open reports whether the clock still runs.
func (d *Duty) Open() bool { return d.Met.IsZero() && d.Void == "" }

// Late reports whether the due instant has passed unmet, or was met after it.
func (d *Duty) Late(now time.Time) bool {
	if d.AroseLate {
		return false
	}
	if !d.Met.IsZero() {
		return d.Met.After(d.Due)
	}
	if d.Void != "" {
		return d.Ended.After(d.Due) // missed before it ended: closing takes no miss away
	}
	return now.After(d.Due)
}

// State is where the duty stands at now.
func (d *Duty) State(now time.Time) DutyState {
	switch {
	case d.Arose.IsZero():
		return DutyNone
	case !d.Met.IsZero() && !d.Met.After(d.Due):
		return DutyMet
	case !d.Met.IsZero() && d.AroseLate:
		return DutyMetAfter
	case !d.Met.IsZero():
		return DutyMetLate
	case d.Void != "":
		return DutyVoid
	case d.AroseLate:
		return DutyLate
	case now.After(d.Due):
		return DutyOverdue
	}
	return DutyRunning
}

// Deadlines derives an incident's duties from the recorded facts alone. It is
// pure: the same facts give the same duties on every node at any time.
// Duties that never applied are left out; order is by due instant.
func Deadlines(inc *Incident, answers []Decision, table *DutyTable) []Duty {
	var out []Duty
	for i := range table.Rules {
		out = append(out, derive(inc, answers, table, &table.Rules[i])...)
	}
	sort.SliceStable(out, func(i, k int) bool { return out[i].Due.Before(out[k].Due) })
	return out
}

// NotApplying returns the rules of the table that never applied to the
// incident, each with the reason.
func NotApplying(inc *Incident, answers []Decision, table *DutyTable) (out []Duty) {
	for i := range table.Rules {
		r := &table.Rules[i]
		if len(derive(inc, answers, table, r)) == 0 {
			out = append(out, Duty{Rule: *r, Incident: inc.ID, Void: whyNot(inc, answers, table, r)})
		}
	}
	return out
}

// derive returns the rule's clocks: none when it never applied, one, or as many
// as it was repeated.
func derive(inc *Incident, answers []Decision, table *DutyTable, r *DutyRule) []Duty {
	since, seq, until, why := applies(inc, r)
	if since.IsZero() {
		return nil
	}
	start := startOf(inc, r, since)
	if r.After != "" {
		first, ok := table.Rule(r.After)
		if !ok {
			return nil
		}
		met := fulfilments(inc, answers, &first)
		if len(met) == 0 {
			return nil
		}
		start = met[0].at
		if met[0].recorded.After(since) {
			since, seq = met[0].recorded, met[0].seq
		}
	}
	done := fulfilments(inc, answers, r)
	if r.After != "" { // what started it does not fulfil it
		for len(done) > 0 && !done[0].at.After(start) {
			done = done[1:]
		}
	}
	if r.OnChange {
		done = lastBehind(done, lastChange(inc, r.window(inc)))
	}
	d := Duty{Rule: *r, No: 1, Incident: inc.ID, Start: start, Arose: since, AroseSeq: seq}
	d.term(table.Calendar, r)
	var out []Duty
	for {
		d.AroseLate = d.Arose.After(d.Due)
		if len(done) > 0 {
			f := done[0]
			d.Met, d.MetBy, d.MetSeq, d.MetRec = f.at, f.by, f.seq, f.recorded
		}
		if d.Open() && !until.IsZero() {
			d.Void, d.Ended = why, until
		}
		out = append(out, d)
		if d.Met.IsZero() || r.Every == 0 || !until.IsZero() && !d.MetRec.Before(until) {
			return out
		}
		done = done[1:]
		d = Duty{Rule: *r, No: d.No + 1, Incident: inc.ID, Start: d.Met, Arose: d.MetRec, AroseSeq: d.MetSeq, Due: d.Met.Add(time.Duration(r.Every))}
	}
}

// startOf is the instant a clock counts from.
func startOf(inc *Incident, r *DutyRule, since time.Time) time.Time {
	facts := inc.Now()
	switch r.Start {
	case FromReceived:
		return facts.Received
	case FromClassified:
		if !facts.Classified.IsZero() {
			return facts.Classified
		}
		return since
	case FromClosed:
		return since
	}
	return facts.Occurred
}

// term sets when the duty is due.
func (d *Duty) term(c Calendar, r *DutyRule) {
	switch {
	case r.Days > 0:
		d.Due = startOfDay(d.Start).AddDate(0, 0, r.Days+1)
	case r.WorkDays > 0:
		var known bool
		d.Due, known = c.AddWorkDays(d.Start, r.WorkDays)
		d.Unsure = !known
	default:
		d.Due = d.Start.Add(time.Duration(r.Within))
	}
	d.Due = d.Due.UTC()
}
