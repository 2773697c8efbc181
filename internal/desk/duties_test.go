package desk_test

import (
	"testing"
	"time"

	"mingluo/internal/alert"
)

var (
	keeper  = alert.Actor{Officer: alert.Officer{ID: "zhao", Name: "赵", Roles: []alert.Role{alert.RoleAdmin}}, Mode: alert.Drill}
	keeper2 = alert.Actor{Officer: alert.Officer{ID: "qian", Name: "钱", Roles: []alert.Role{alert.RoleAdmin}}, Mode: alert.Drill}
)

// A report upward is entered with its evidence; a correction keeps the old entry
// and its reason, and the clock runs by the corrected instant.
func TestAReportIsEnteredAndCorrected(t *testing.T) {
	n := newNight(t)
	occurred := time.Now().Add(-4 * time.Hour)
	then := *n.Desk
	then.Now = func() time.Time { return occurred.Add(10 * time.Minute) }
	id, err := then.RecordIncident(t.Context(), writer, "", explosion(occurred), "")
	n.must(err)
	state := func() (s alert.DutyState, due time.Time) {
		for _, d := range n.Duties() {
			if d.Key() == "up2h" {
				return d.State(time.Now()), d.Due
			}
		}
		return "", due
	}
	done := alert.DutyDone{Duty: "up2h", At: occurred.Add(time.Hour)}
	refused(t, n.RecordDone(t.Context(), writer, id, done), alert.Invalid, "")
	done.Evidence = "粤应急值〔2026〕7号"
	n.must(n.RecordDone(t.Context(), writer, id, done))
	if s, _ := state(); s != alert.DutyMet {
		t.Errorf("reported in time: %s", s)
	}
	var entry uint64
	n.Read(func(st *alert.State) { entry = st.Incidents[id].Done[0].Recorded.Seq })
	late := alert.DutyDone{Duty: "up2h", At: occurred.Add(3 * time.Hour), Evidence: done.Evidence, Replaces: entry}
	refused(t, n.RecordDone(t.Context(), approver, id, late), alert.Invalid, "")
	late.Reason = "时间写错了"
	n.must(n.RecordDone(t.Context(), approver, id, late))
	refused(t, n.RecordDone(t.Context(), writer, id, late), alert.Conflict, "")
	if s, _ := state(); s != alert.DutyMetLate {
		t.Errorf("corrected to after the due instant: %s", s)
	}
	refused(t, n.RecordDone(t.Context(), writer, id, alert.DutyDone{Duty: "press24h", At: time.Now(), Evidence: "无"}), alert.NotFound, "")
}

// An administrator writes the table, another person takes it into force (R1).
func TestR1TheTableOfDutiesNeedsASecondPerson(t *testing.T) {
	n := newNight(t)
	table, version, waiting := n.DutyTable()
	if version != 0 || waiting != nil {
		t.Fatalf("version %d, waiting %v", version, waiting)
	}
	table.Rules = append([]alert.DutyRule{}, table.Rules...)
	table.Rules[0].Within = alert.Span(3 * time.Hour)
	propose := func(who alert.Actor) error {
		_, err := n.ProposeDuties(t.Context(), who, 0, table, "本市规定更严")
		return err
	}
	refused(t, propose(writer), alert.Forbidden, "")
	n.must(propose(keeper))
	refused(t, propose(keeper2), alert.Conflict, "")
	_, _, waiting = n.DutyTable()
	refused(t, n.DecideDuties(t.Context(), keeper, 1, waiting.Hash, false, ""), alert.Forbidden, "R1")
	refused(t, n.DecideDuties(t.Context(), keeper2, 1, "another", false, ""), alert.Conflict, "R1")
	if _, version, _ := n.DutyTable(); version != 0 {
		t.Error("a table is in force that nobody else looked at")
	}
	n.must(n.DecideDuties(t.Context(), keeper2, 1, waiting.Hash, false, ""))
	refused(t, n.DecideDuties(t.Context(), keeper2, 1, waiting.Hash, false, ""), alert.Conflict, "")
	if table, version, waiting := n.DutyTable(); version != 1 || waiting != nil || table.Rules[0].Within != alert.Span(3*time.Hour) {
		t.Errorf("version %d, waiting %v, %v", version, waiting, table.Rules[0].Within)
	}
}
