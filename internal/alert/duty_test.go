package alert

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 24, 2, 40, 0, 0, time.UTC)

// incidentWith is an incident recorded a quarter of an hour after it occurred.
func incidentWith(deaths int) *Incident {
	f := IncidentFacts{Occurred: t0, Received: t0.Add(10 * time.Minute), Deaths: deaths}
	return &Incident{ID: "i", Mode: Drill, Log: []FactsEntry{{Facts: f, Decision: Decision{At: t0.Add(15 * time.Minute), Seq: 1}}}}
}

func (i *Incident) amended(at time.Duration, deaths int) *Incident {
	f := *i.Now()
	f.Deaths = deaths
	i.Log = append(i.Log, FactsEntry{Facts: f, Decision: Decision{At: t0.Add(at)}})
	return i
}

func whats(ms []Milestone) []MilestoneWhat {
	var out []MilestoneWhat
	for _, m := range ms {
		out = append(out, m.What)
	}
	return out
}

// The level is the highest of deaths, serious injuries and loss; 以上 includes
// the number (order 493 §3).
func TestLevelIsTheHighestOfThreeCriteria(t *testing.T) {
	for _, c := range []struct {
		deaths, injured int
		loss            int64
		want            IncidentLevel
	}{
		{0, 0, 0, Unclassified}, {1, 0, 0, Ordinary}, {2, 9, 9_999_999, Ordinary}, {3, 0, 0, Larger}, {0, 10, 0, Larger},
		{0, 0, 10_000_000, Larger}, {9, 49, 49_999_999, Larger}, {10, 0, 0, Major}, {0, 50, 0, Major}, {0, 0, 50_000_000, Major},
		{29, 99, 99_999_999, Major}, {30, 0, 0, Grave}, {0, 100, 0, Grave}, {0, 0, 100_000_000, Grave}, {1, 100, 0, Grave},
	} {
		f := IncidentFacts{Deaths: c.deaths, Injured: c.injured, Loss: c.loss}
		if got := f.Level(); got != c.want {
			t.Errorf("%d dead, %d injured, %d yuan: %v, want %v", c.deaths, c.injured, c.loss, got, c.want)
		}
	}
}

// clocks are the shipped table's clocks of an incident, by their keys.
func clocks(inc *Incident, answers ...Decision) map[string]*Duty {
	table, out := FoshanDuties(), map[string]*Duty{}
	for _, d := range Deadlines(inc, answers, &table) {
		out[d.Key()] = &d
	}
	return out
}

// A larger incident has neither of the two clocks of public information; a major
// one has both, from the occurrence.
func TestOnlyMajorAndGraveIncidentsStartTheClocks(t *testing.T) {
	if d := clocks(incidentWith(9)); d["info5h"] != nil || d["press24h"] != nil {
		t.Errorf("larger incident: %+v", d)
	}
	d := clocks(incidentWith(10))
	if !d["info5h"].Due.Equal(t0.Add(5*time.Hour)) || !d["press24h"].Due.Equal(t0.Add(24*time.Hour)) {
		t.Fatalf("major incident: %+v", d)
	}
}

// Why a rule does not apply is said.
func TestWhatDoesNotApplySaysWhy(t *testing.T) {
	table, why := FoshanDuties(), map[string]string{}
	for _, d := range NotApplying(incidentWith(3), nil, &table) {
		why[d.Rule.ID] = d.Void
	}
	for id, want := range map[string]string{"info5h": "重大起才适用", "info48h": "不适用于生产安全事故", "supplement30d": "没有变化", "disclose20d": "结束后起算", "daily": "逐级上报”完成后"} {
		if !strings.Contains(why[id], want) {
			t.Errorf("%s: %q, want %q", id, why[id], want)
		}
	}
}

// Reminders come at half time, four fifths, 30 and 10 minutes before, and the
// miss at the due instant: to the second, never early.
func TestRemindersToTheSecond(t *testing.T) {
	d := clocks(incidentWith(10))["info5h"]
	for _, c := range []struct {
		after time.Duration
		want  []MilestoneWhat
	}{
		{150*time.Minute - time.Second, nil},
		{150 * time.Minute, []MilestoneWhat{Remind50}},
		{4*time.Hour - time.Second, []MilestoneWhat{Remind50}},
		{4 * time.Hour, []MilestoneWhat{Remind50, Remind80}},
		{4*time.Hour + 30*time.Minute, []MilestoneWhat{Remind50, Remind80, Remind30m}},
		{4*time.Hour + 50*time.Minute, []MilestoneWhat{Remind50, Remind80, Remind30m, Remind10m}},
		{5*time.Hour - time.Second, []MilestoneWhat{Remind50, Remind80, Remind30m, Remind10m}},
		{5 * time.Hour, []MilestoneWhat{Remind50, Remind80, Remind30m, Remind10m, Missed}},
		{6*time.Hour - time.Second, []MilestoneWhat{Remind50, Remind80, Remind30m, Remind10m, Missed}},
		{29 * time.Hour, []MilestoneWhat{Remind50, Remind80, Remind30m, Remind10m, Missed, Over1h, Over24h}},
	} {
		if got := whats(d.Milestones(t0.Add(c.after))); !slices.Equal(got, c.want) {
			t.Errorf("after %v: %v, want %v", c.after, got, c.want)
		}
	}
}

// A release that answers the incident stops the 5 h clock and not the other.
func TestAnswerStopsTheClock(t *testing.T) {
	d := clocks(incidentWith(12), Decision{At: t0.Add(3 * time.Hour), Reason: "n1", Seq: 9})
	if d["info5h"].Open() || d["info5h"].MetBy != "n1" || !d["press24h"].Open() {
		t.Fatalf("duties %+v", d)
	}
	got := whats(d["info5h"].Milestones(t0.Add(30 * time.Hour)))
	if want := []MilestoneWhat{Remind50, MetInTime}; !slices.Equal(got, want) {
		t.Errorf("milestones %v, want %v", got, want)
	}
}

// Late fulfilment shows the miss and then the late answer.
func TestLateAnswerKeepsTheMiss(t *testing.T) {
	d := clocks(incidentWith(12), Decision{At: t0.Add(6 * time.Hour)})["info5h"]
	got := whats(d.Milestones(t0.Add(7 * time.Hour)))
	if want := []MilestoneWhat{Remind50, Remind80, Remind30m, Remind10m, Missed, MetLate}; !slices.Equal(got, want) {
		t.Errorf("milestones %v, want %v", got, want)
	}
}

// A level that is raised late starts the duty late, but it counts from the
// occurrence; past due already it "arose late" and is no miss.
func TestRaisedLevelCountsFromTheOccurrence(t *testing.T) {
	d := clocks(incidentWith(3).amended(150*time.Minute, 12))["info5h"]
	if !d.Due.Equal(t0.Add(5*time.Hour)) || d.AroseLate {
		t.Errorf("raised in time: due %v, arose late %v", d.Due, d.AroseLate)
	}
	d = clocks(incidentWith(3).amended(6*time.Hour, 12))["info5h"]
	now := t0.Add(80 * time.Hour)
	if got := whats(d.Milestones(now)); !d.AroseLate || !slices.Equal(got, []MilestoneWhat{AroseOver}) || d.Late(now) || d.State(now) != DutyLate {
		t.Errorf("raised after the due instant: arose late %v, milestones %v, state %v", d.AroseLate, got, d.State(now))
	}
	// Lowered and raised again, it arose when it first did: a miss stays a miss.
	d = clocks(incidentWith(12).amended(time.Hour, 2).amended(6*time.Hour, 12))["info5h"]
	if d.AroseLate || d.State(now) != DutyOverdue {
		t.Errorf("lowered and raised again: %v", d.State(now))
	}
}

// A level that is lowered ends the duty with the reason, but takes no miss away.
func TestLoweredLevelEndsTheDutyAndKeepsTheMiss(t *testing.T) {
	lowered := func(after time.Duration) *Duty {
		inc := incidentWith(12).amended(after, 2)
		inc.Log[1].Reason = "复核后更正"
		return clocks(inc)["info5h"]
	}
	now := t0.Add(30 * time.Hour)
	if d := lowered(4*time.Hour + time.Minute); d.State(now) != DutyVoid || d.Late(now) || !strings.Contains(d.Void, "复核后更正") ||
		!slices.Equal(whats(d.Milestones(now)), []MilestoneWhat{Remind50, Remind80}) {
		t.Errorf("lowered in time: %v %q %v", d.State(now), d.Void, whats(d.Milestones(now)))
	}
	if d := lowered(5*time.Hour + time.Minute); !d.Late(now) || !slices.Contains(whats(d.Milestones(now)), Missed) {
		t.Errorf("lowered after the miss: late %v, %v", d.Late(now), whats(d.Milestones(now)))
	}
}

// Next names the instants that time alone changes, so that the watch can sleep.
func TestNextInstant(t *testing.T) {
	d := clocks(incidentWith(10))["info5h"]
	at, ok := d.Next(t0.Add(4 * time.Hour))
	if !ok || !at.Equal(t0.Add(270*time.Minute)) {
		t.Errorf("next after 4 h: %v %v", at, ok)
	}
	if _, ok := d.Next(t0.Add(29 * time.Hour)); ok {
		t.Error("nothing changes a day after the miss")
	}
}

func BenchmarkDeadlines(b *testing.B) {
	inc, table := incidentWith(12), FoshanDuties()
	b.ReportAllocs()
	for b.Loop() {
		Deadlines(inc, nil, &table)
	}
}
