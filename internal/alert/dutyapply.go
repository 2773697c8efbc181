package alert

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

func number(n int) string { return strconv.Itoa(n) }

// applies says since when the rule applies to the incident, as the record first
// showed it, by which event, and when and why it ceased to; since is zero when
// it never did. It counts from the first time although it may have ceased in
// between: else lowering and raising a level would turn a miss into a duty that
// arose late.
func applies(inc *Incident, r *DutyRule) (since time.Time, seq uint64, until time.Time, why string) {
	if r.Start == FromClosed {
		if inc.Closed == nil || !r.fits(inc.Now()) {
			return
		}
		return inc.Closed.At, inc.Closed.Seq, until, ""
	}
	for k := range inc.Log {
		e := &inc.Log[k]
		switch on := r.fits(&e.Facts) && (!r.OnChange || changedBy(inc, k, r.window(inc))); {
		case on && since.IsZero():
			since, seq = e.At, e.Seq
		case on:
			until, why = time.Time{}, ""
		case !since.IsZero() && until.IsZero():
			until, why = e.At, r.misfit(&e.Facts)
			if e.Reason != "" {
				why += "：" + e.Reason
			}
		}
	}
	if inc.Closed != nil && !r.Outlives && !since.IsZero() && until.IsZero() {
		until, why = inc.Closed.At, inc.Closed.Reason
	}
	return since, seq, until, why
}

// fits reports whether the rule is for such an incident.
func (r *DutyRule) fits(f *IncidentFacts) bool {
	l := f.Level()
	return l >= r.From && (r.UpTo == Unclassified || l <= r.UpTo) && (len(r.Kinds) == 0 || slices.Contains(r.Kinds, f.Kind.orAccident()))
}

// misfit says why the rule is not for such an incident.
func (r *DutyRule) misfit(f *IncidentFacts) string {
	l := f.Level()
	switch {
	case len(r.Kinds) > 0 && !slices.Contains(r.Kinds, f.Kind.orAccident()):
		return "不适用于" + f.Kind.ZH()
	case l < r.From:
		return fmt.Sprintf("级别为%s，%s起才适用", l.ZH(), r.From.ZH())
	case r.UpTo != Unclassified && l > r.UpTo:
		return fmt.Sprintf("级别为%s，只到%s适用", l.ZH(), r.UpTo.ZH())
	}
	return ""
}

// whyNot says why a rule never applied.
func whyNot(inc *Incident, answers []Decision, table *DutyTable, r *DutyRule) string {
	if why := r.misfit(inc.Now()); why != "" {
		return why
	}
	switch {
	case r.Start == FromClosed && inc.Closed == nil:
		return "事件结束后起算"
	case r.OnChange:
		return "伤亡人数没有变化"
	case r.After != "":
		if first, ok := table.Rule(r.After); ok && len(fulfilments(inc, answers, &first)) == 0 {
			return "“" + first.ZH + "”完成后起算"
		}
	}
	return "从未达到适用条件"
}

// window is the end of the time in which a change has to be reported.
func (r *DutyRule) window(inc *Incident) time.Time {
	d := Duty{Start: inc.Now().Occurred}
	d.term(nil, r)
	return d.Due
}

// changedBy reports whether the casualties had changed by entry k, and within
// the window.
func changedBy(inc *Incident, k int, window time.Time) bool {
	for i := 1; i <= k; i++ {
		if inc.Log[i].At.Before(window) && !sameCasualties(&inc.Log[i-1].Facts, &inc.Log[i].Facts) {
			return true
		}
	}
	return false
}

func sameCasualties(a, b *IncidentFacts) bool {
	return a.Deaths == b.Deaths && a.Missing == b.Missing && a.Injured == b.Injured
}

// lastChange is when the record last showed other casualties than before,
// within the window.
func lastChange(inc *Incident, window time.Time) (at time.Time) {
	for i := 1; i < len(inc.Log); i++ {
		if inc.Log[i].At.Before(window) && !sameCasualties(&inc.Log[i-1].Facts, &inc.Log[i].Facts) {
			at = inc.Log[i].At
		}
	}
	return at
}

// fulfilment is something that fulfils a duty.
type fulfilment struct {
	at, recorded time.Time
	by           string
	seq          uint64
}

// fulfilments are what fulfils the rule, by the instant it was done.
func fulfilments(inc *Incident, answers []Decision, r *DutyRule) (out []fulfilment) {
	switch r.MetBy {
	case ByRelease:
		for _, a := range answers {
			out = append(out, fulfilment{a.At, a.At, a.Reason, a.Seq})
		}
	case ByConference:
		for _, c := range inc.Conferences {
			out = append(out, fulfilment{c.Held.At, c.Recorded.At, c.Held.Place, c.Recorded.Seq})
		}
	case ByEntry:
		for _, e := range inc.Done {
			if e.Duty == r.ID && e.Replaced == nil && !e.Withdrawn {
				out = append(out, fulfilment{e.DutyDone.At, e.Recorded.At, e.Evidence, e.Recorded.Seq})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b fulfilment) int { return a.at.Compare(b.at) })
	return out
}

// lastBehind leaves out what was recorded before the change that it is to be a
// report of.
func lastBehind(done []fulfilment, change time.Time) (out []fulfilment) {
	for _, f := range done {
		if !f.recorded.Before(change) {
			out = append(out, f)
		}
	}
	return out
}
