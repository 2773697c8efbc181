package alert

import (
	"slices"
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

// A larger incident has neither clock; a major one has both, from the
// occurrence.
func TestOnlyMajorAndGraveIncidentsStartTheClocks(t *testing.T) {
	if d := Deadlines(incidentWith(9), nil, DutyRules()); len(d) != 0 {
		t.Errorf("larger incident: %d duties, want none", len(d))
	}
	d := Deadlines(incidentWith(10), nil, DutyRules())
	if len(d) != 2 || !d[0].Due.Equal(t0.Add(5*time.Hour)) || !d[1].Due.Equal(t0.Add(24*time.Hour)) {
		t.Fatalf("major incident: %+v", d)
	}
}

// Reminders come at half time, four fifths, 30 and 10 minutes before, and the
// miss at the due instant: to the second, never early.
func TestRemindersToTheSecond(t *testing.T) {
	d := Deadlines(incidentWith(10), nil, DutyRules())[0]
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
	} {
		if got := whats(d.Milestones(t0.Add(c.after))); !slices.Equal(got, c.want) {
			t.Errorf("after %v: %v, want %v", c.after, got, c.want)
		}
	}
}

// A release that answers the incident stops the 5 h clock and not the other.
func TestAnswerStopsTheClock(t *testing.T) {
	answer := []Decision{{At: t0.Add(3 * time.Hour), Reason: "n1", Seq: 9}}
	d := Deadlines(incidentWith(12), answer, DutyRules())
	if d[0].Open() || d[0].MetBy != "n1" || !d[1].Open() {
		t.Fatalf("duties %+v", d)
	}
	got := whats(d[0].Milestones(t0.Add(30 * time.Hour)))
	if want := []MilestoneWhat{Remind50, MetInTime}; !slices.Equal(got, want) {
		t.Errorf("milestones %v, want %v", got, want)
	}
}

// Late fulfilment shows the miss and then the late answer.
func TestLateAnswerKeepsTheMiss(t *testing.T) {
	d := Deadlines(incidentWith(12), []Decision{{At: t0.Add(6 * time.Hour)}}, DutyRules())[0]
	got := whats(d.Milestones(t0.Add(7 * time.Hour)))
	if want := []MilestoneWhat{Remind50, Remind80, Remind30m, Remind10m, Missed, MetLate}; !slices.Equal(got, want) {
		t.Errorf("milestones %v, want %v", got, want)
	}
}

// A level that is raised late starts the duty late, but it counts from the
// occurrence; past due already it "arose late" and is no miss.
func TestRaisedLevelCountsFromTheOccurrence(t *testing.T) {
	d := Deadlines(incidentWith(3).amended(150*time.Minute, 12), nil, DutyRules())[0]
	if !d.Due.Equal(t0.Add(5*time.Hour)) || d.AroseLate {
		t.Errorf("raised in time: due %v, arose late %v", d.Due, d.AroseLate)
	}
	d = Deadlines(incidentWith(3).amended(6*time.Hour, 12), nil, DutyRules())[0]
	if !d.AroseLate || len(d.Milestones(t0.Add(8*time.Hour))) != 0 {
		t.Errorf("raised after the due instant: arose late %v, milestones %v", d.AroseLate, whats(d.Milestones(t0.Add(8*time.Hour))))
	}
}

// Next names the instants that time alone changes, so that the watch can sleep.
func TestNextInstant(t *testing.T) {
	d := Deadlines(incidentWith(10), nil, DutyRules())[0]
	at, ok := d.Next(t0.Add(4 * time.Hour))
	if !ok || !at.Equal(t0.Add(270*time.Minute)) {
		t.Errorf("next after 4 h: %v %v", at, ok)
	}
	if _, ok := d.Next(t0.Add(5 * time.Hour)); ok {
		t.Error("nothing changes after the miss")
	}
}

func TestDutyTableIsChecked(t *testing.T) {
	if err := CheckDutyRules(DutyRules()); err != nil {
		t.Fatal(err)
	}
	bad := DutyRules()
	bad[1].ID = bad[0].ID
	if CheckDutyRules(bad) == nil {
		t.Error("two rules of one id were taken")
	}
}

func BenchmarkDeadlines(b *testing.B) {
	inc, rules := incidentWith(12), DutyRules()
	b.ReportAllocs()
	for b.Loop() {
		Deadlines(inc, nil, rules)
	}
}
