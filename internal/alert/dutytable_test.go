package alert

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDutyTableIsChecked(t *testing.T) {
	whole := FoshanDuties()
	if err := whole.Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(r *DutyRule){
		"two of one id": func(r *DutyRule) { r.ID = "press24h" }, "no time": func(r *DutyRule) { r.Within = 0 },
		"two times": func(r *DutyRule) { r.Days = 3 }, "no basis": func(r *DutyRule) { r.Basis = " " },
		"follows nothing": func(r *DutyRule) { r.After = "nothing" }, "follows itself": func(r *DutyRule) { r.After = "info5h" },
		"bound below": func(r *DutyRule) { r.UpTo = Ordinary }, "unknown kind": func(r *DutyRule) { r.Kinds = []IncidentKind{"flood"} },
		"starts at the end and ends then": func(r *DutyRule) { r.Start = FromClosed }, "repeats each second": func(r *DutyRule) { r.Every = Span(time.Second) },
		"met by nobody": func(r *DutyRule) { r.MetBy = "" }, "a subject's dot": func(r *DutyRule) { r.ID = "info.5h" },
		"a negative day": func(r *DutyRule) { r.Within, r.Days = 0, -1 },
	} {
		bad := FoshanDuties()
		spoil(&bad.Rules[0])
		if bad.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// reported enters that a duty was done, and when that was recorded.
func (i *Incident) reported(duty string, at, recorded time.Duration) *Incident {
	seq := uint64(100 + len(i.Done))
	i.Done = append(i.Done, DutyEntry{DutyDone: DutyDone{Duty: duty, At: t0.Add(at), Evidence: "文号"}, Recorded: Decision{At: t0.Add(recorded), Seq: seq}})
	return i
}

// Reports upward: two hours from the receipt; the follow-ups begin with it and
// repeat from each one to the next, also behind one that was missed.
func TestReportsUpwardRepeatUntilTheEnd(t *testing.T) {
	inc := incidentWith(12)
	if d := clocks(inc)["up2h"]; !d.Due.Equal(t0.Add(10*time.Minute + 2*time.Hour)) {
		t.Errorf("report due %v", d.Due)
	}
	if clocks(inc)["twice"] != nil {
		t.Error("a follow-up before the first report")
	}
	inc.reported("up2h", time.Hour, time.Hour)
	if d := clocks(inc)["twice"]; d == nil || !d.Due.Equal(t0.Add(13*time.Hour)) {
		t.Errorf("first follow-up %+v", d)
	}
	inc.reported("twice", 14*time.Hour, 15*time.Hour)
	d := clocks(inc)
	now := t0.Add(26 * time.Hour)
	if d["twice"].State(now) != DutyMetLate || !d["twice-2"].Due.Equal(t0.Add(26*time.Hour)) || d["twice-2"].State(now) != DutyRunning || d["twice-3"] != nil {
		t.Errorf("second follow-up %+v", d["twice-2"])
	}
	inc.Closed = &Decision{At: t0.Add(20 * time.Hour), Reason: "处置结束"}
	if d := clocks(inc)["twice-2"]; d.State(now.Add(time.Hour)) != DutyVoid {
		t.Errorf("after the end: %v", d.State(now.Add(time.Hour)))
	}
}

// The release that meets the 5 h clock starts the next one, and each further one
// starts the next.
func TestReleasesGoOn(t *testing.T) {
	d := clocks(incidentWith(12), Decision{At: t0.Add(time.Hour)}, Decision{At: t0.Add(9 * time.Hour)})
	if d["goon"].State(t0.Add(10*time.Hour)) != DutyMet || !d["goon-2"].Due.Equal(t0.Add(33*time.Hour)) {
		t.Errorf("further releases: %+v", d)
	}
}

// Changed casualties are reported within 30 days, for road and fire within 7;
// a report before the change does not count, a change after the window neither.
func TestSupplementFollowsChangedCasualties(t *testing.T) {
	if clocks(incidentWith(1))["supplement30d"] != nil {
		t.Error("nothing changed, and a report is asked for")
	}
	changed := func() *Incident { return incidentWith(1).amended(50*time.Hour, 2) }
	d := clocks(changed())["supplement30d"]
	if d == nil || d.State(t0.Add(60*time.Hour)) != DutyRunning || !d.Due.Equal(time.Date(2026, 12, 24, 16, 0, 0, 0, time.UTC)) { // the end of 24 December in Beijing
		t.Fatalf("supplement %+v", d)
	}
	if d := clocks(changed().reported("supplement30d", 40*time.Hour, 40*time.Hour))["supplement30d"]; !d.Open() {
		t.Error("a report of before the change counts")
	}
	whole := changed().reported("supplement30d", 51*time.Hour, 51*time.Hour)
	whole.Closed = &Decision{At: t0.Add(52 * time.Hour), Reason: "结束"}
	if d := clocks(whole)["supplement30d"]; d.State(t0.Add(60*time.Hour)) != DutyMet {
		t.Error("a report of after the change does not count")
	}
	if d := clocks(whole.amended(60*time.Hour, 3))["supplement30d"]; !d.Open() {
		t.Error("another change asks for no other report, or the end of the incident ends it")
	}
	if clocks(incidentWith(1).amended(31*24*time.Hour, 2))["supplement30d"] != nil {
		t.Error("a change after 30 days asks for a report")
	}
	fire := changed()
	for i := range fire.Log {
		fire.Log[i].Facts.Kind = KindFire
	}
	if d := clocks(fire); d["supplement30d"] != nil || !d["supplement7d"].Due.Equal(time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("fire: %+v", d)
	}
}

// An entry that was corrected does not count any more; it stays in the record.
func TestACorrectedEntryDoesNotCount(t *testing.T) {
	inc := incidentWith(12).reported("up2h", time.Hour, time.Hour)
	if err := inc.addDone(DutyDone{Duty: "up2h", At: t0.Add(3 * time.Hour), Evidence: "文号", Replaces: 100, Reason: "时间写错"}, Decision{At: t0.Add(4 * time.Hour), Seq: 200}); err != nil {
		t.Fatal(err)
	}
	if d := clocks(inc)["up2h"]; d.State(t0.Add(5*time.Hour)) != DutyMetLate || len(inc.Done) != 2 || inc.Done[0].Replaced.Reason != "时间写错" {
		t.Errorf("corrected: %+v", d)
	}
	if err := inc.addDone(DutyDone{Duty: "up2h", Replaces: 200, Reason: "没有报"}, Decision{At: t0.Add(5 * time.Hour), Seq: 201}); err != nil {
		t.Fatal(err)
	}
	if d := clocks(inc)["up2h"]; !d.Open() {
		t.Error("a withdrawn entry counts")
	}
	if inc.addDone(DutyDone{Duty: "up2h", Replaces: 200, Reason: "再改"}, Decision{Seq: 202}) == nil {
		t.Error("an entry was corrected twice")
	}
}

// A table keeps every clock of before: it is in force for what is recorded after
// it; the people to be reminded are those of today.
func TestAnotherTableMovesNoClockOfThePast(t *testing.T) {
	s, shipped := NewState(), FoshanDuties()
	old, young := incidentWith(12), incidentWith(12)
	old.Log[0].Seq, young.Log[0].Seq, young.ID = 1, 9, "j"
	next := FoshanDuties()
	next.Rules[0].Within, next.Rules[0].Owner = Span(3*time.Hour), "chen"
	for _, f := range []Fact{DutyTableProposed{Version: 1, Table: next, Reason: "试"}, DutyTableDecided{Version: 1, Hash: next.Hash()}} {
		if _, err := s.dutyTables.apply(f, Decision{By: "wang", Seq: 5}); err != nil {
			t.Fatal(err)
		}
	}
	before, after := s.DutiesOf(old, &shipped), s.DutiesOf(young, &shipped)
	find := func(ds []Duty) (out Duty) {
		for _, d := range ds {
			if d.Rule.ID == "info5h" {
				out = d
			}
		}
		return out
	}
	if d := find(before); !d.Due.Equal(t0.Add(5*time.Hour)) || d.Rule.Owner != "chen" {
		t.Errorf("old incident: %+v", d)
	}
	if d := find(after); !d.Due.Equal(t0.Add(3 * time.Hour)) {
		t.Errorf("new incident: %+v", d)
	}
	if _, err := s.dutyTables.apply(DutyTableDecided{Version: 1, Hash: next.Hash()}, Decision{}); err == nil {
		t.Error("decided on twice")
	}
}

// Whatever is read as a table and passes the check derives clocks without a
// panic, the same each time, and never an unreadable key.
func FuzzDutyTable(f *testing.F) {
	whole, err := json.Marshal(FoshanDuties())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, 12, int64(3600))
	f.Add([]byte(`{"rules":[{"id":"a","zh":"甲","en":"a","within":"1s","every":"1m","start":"closed","outlives":true,"from":"unclassified","basis":"无","met_by":"release"}]}`), 0, int64(1))
	f.Fuzz(func(t *testing.T, raw []byte, deaths int, second int64) {
		var table DutyTable
		if json.Unmarshal(raw, &table) != nil || table.Check() != nil {
			return
		}
		inc := incidentWith(3).amended(time.Hour, deaths).reported("up2h", time.Hour, 2*time.Hour)
		inc.Closed = &Decision{At: t0.Add(40 * time.Hour), Reason: "结束"}
		now := t0.Add(time.Duration(second%(1<<30)) * time.Second)
		answers := []Decision{{At: t0.Add(time.Hour)}, {At: t0.Add(8 * time.Hour)}}
		one, two := Deadlines(inc, answers, &table), Deadlines(inc, answers, &table)
		for i := range one {
			if one[i].Key() != two[i].Key() || !one[i].Due.Equal(two[i].Due) || !safeToken(one[i].Key()) {
				t.Fatalf("two derivations differ: %+v %+v", one[i], two[i])
			}
			if next, ok := one[i].Next(now); ok && !next.After(now) {
				t.Fatalf("the next instant %v is not after %v", next, now)
			}
			for _, m := range one[i].Milestones(now) {
				if m.Planned.After(now) {
					t.Fatalf("%s is early: %v at %v", m.ID(), m.Planned, now)
				}
			}
		}
	})
}
