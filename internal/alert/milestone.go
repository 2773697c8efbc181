package alert

import (
	"fmt"
	"sort"
	"time"
)

// MilestoneWhat is what the watch records about a duty.
type MilestoneWhat string

const (
	Remind50   MilestoneWhat = "half"     // half of the time is gone
	Remind80   MilestoneWhat = "most"     // four fifths are gone
	Remind1d   MilestoneWhat = "1day"     // a day is left, of more than three
	Remind30m  MilestoneWhat = "30min"    // 30 minutes are left
	Remind10m  MilestoneWhat = "10min"    // 10 minutes are left
	Missed     MilestoneWhat = "missed"   // the due instant passed unmet
	Over1h     MilestoneWhat = "over1h"   // an hour after it
	Over24h    MilestoneWhat = "over24h"  // a day after it
	AroseOver  MilestoneWhat = "arose"    // it arose when its due instant had passed already
	MetInTime  MilestoneWhat = "met"      // fulfilled by the due instant
	MetLate    MilestoneWhat = "late"     // fulfilled after it
	NoticeEnds MilestoneWhat = "expired"  // a notice came to its end
	Unsigned   MilestoneWhat = "unsigned" // an emergency release was not countersigned in time
)

// ZH says it for officers.
func (w MilestoneWhat) ZH() string {
	return map[MilestoneWhat]string{
		Remind50: "时限过半", Remind80: "时限已过八成", Remind1d: "还剩一天", Remind30m: "还剩30分钟", Remind10m: "还剩10分钟",
		Missed: "逾期未完成", Over1h: "逾期一小时", Over24h: "逾期一天", AroseOver: "定级时已过时限，请尽快补做",
		MetInTime: "按时完成", MetLate: "逾期后完成", NoticeEnds: "到期", Unsigned: "逾期没有补签",
	}[w]
}

// Reminds reports whether somebody has to be told of it.
func (w MilestoneWhat) Reminds() bool {
	switch w {
	case Remind50, Remind80, Remind1d, Remind30m, Remind10m, Missed, Over1h, Over24h, AroseOver:
		return true
	}
	return false
}

// Milestones returns everything about the duty that is to be recorded by now,
// in the order it was due. A reminder whose instant lies before the duty arose
// is not given: nobody could have heeded it; nor is one behind its end. Met and
// missed are exclusive but for a miss that was later made good.
func (d *Duty) Milestones(now time.Time) []Milestone {
	if d.Arose.IsZero() {
		return nil
	}
	var out []Milestone
	add := func(what MilestoneWhat, at time.Time, by string) {
		out = append(out, Milestone{Incident: d.Incident, Duty: d.Key(), What: what, Due: d.Due, Planned: at, By: by})
	}
	for _, r := range d.schedule() {
		ended := !d.Met.IsZero() && !d.Met.After(r.Planned) || d.Void != "" && !d.Ended.After(r.Planned)
		if r.Planned.After(now) || ended || r.Planned.Before(d.Arose) || d.AroseLate {
			continue
		}
		add(r.What, r.Planned, "")
	}
	if d.AroseLate && !d.Arose.After(now) && (d.Met.IsZero() || d.Met.After(d.Arose)) {
		add(AroseOver, d.Arose, "")
	}
	if !d.Met.IsZero() && !d.Met.After(now) {
		what := MetInTime
		if d.Late(now) {
			what = MetLate
		}
		add(what, d.Met, d.MetBy)
	}
	return out
}

// Next returns the next instant at which Milestones can change by time alone.
// A fulfilment may lie a little ahead: another machine's clock recorded it.
func (d *Duty) Next(now time.Time) (time.Time, bool) {
	if d.Void != "" || d.Arose.IsZero() || !d.Met.IsZero() && !d.Met.After(now) {
		return time.Time{}, false
	}
	for _, r := range d.schedule() {
		if !d.AroseLate && r.Planned.After(now) && (d.Met.IsZero() || r.Planned.Before(d.Met)) {
			return r.Planned, true
		}
	}
	return d.Met, !d.Met.IsZero()
}

// schedule lists the reminders, the miss and what follows it, by instant; of
// two reminders at one instant the first stands.
func (d *Duty) schedule() []Milestone {
	w := d.Due.Sub(d.Start)
	s := make([]Milestone, 0, 8)
	add := func(what MilestoneWhat, at time.Time) {
		for i := range s {
			if s[i].Planned.Equal(at) {
				return
			}
		}
		if at.After(d.Start) {
			s = append(s, Milestone{What: what, Planned: at})
		}
	}
	add(Missed, d.Due)
	add(Remind10m, d.Due.Add(-10*time.Minute))
	add(Remind30m, d.Due.Add(-30*time.Minute))
	if w > 72*time.Hour {
		add(Remind1d, d.Due.Add(-24*time.Hour))
	}
	add(Remind50, d.Start.Add(w/2))
	add(Remind80, d.Start.Add(w/5*4))
	add(Over1h, d.Due.Add(time.Hour))
	add(Over24h, d.Due.Add(24*time.Hour))
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
