package desk_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// A signal comes at night. The first of the roster is told at once, after five
// unseen minutes the next, then everybody else; when somebody looks it ends. A
// second process tells nobody twice.
func TestWhatCameInIsToldUntilSomebodyLooks(t *testing.T) {
	n := newNight(t)
	now := time.Now()
	n.must(func() error {
		_, err := n.PlanShift(t.Context(), approver, alert.Shift{From: now.Add(-time.Hour), Until: now.Add(8 * time.Hour), Officers: []string{"wang"}, OnCall: []string{"li"}}, "")
		return err
	}())
	var rung []string
	usher := func() *desk.Usher {
		return &desk.Usher{Book: n.book, Log: slog.New(slog.DiscardHandler),
			Officers: func(context.Context) ([]alert.Officer, error) {
				return []alert.Officer{{ID: "auditor", Roles: []alert.Role{alert.RoleAuditor}}, writer.Officer, approver.Officer, approver2.Officer}, nil
			},
			Ring: func(_ context.Context, told alert.InboxTold, o alert.Officer, it alert.InboxItem) {
				rung = append(rung, o.ID)
			}}
	}
	in := alert.InboxReceived{From: "cap", Name: "佛山市气象台", Sent: now, Content: leak()}
	in.Content.Source = &alert.Source{Sender: "44060041600000", Identifier: "a1", Sent: now}
	id, fresh, err := n.Receive(t.Context(), alert.Drill, in)
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	u, other := usher(), usher()
	round := func(after time.Duration) {
		t.Helper()
		for _, x := range []*desk.Usher{u, other} {
			if _, err := x.Round(t.Context(), now.Add(after)); err != nil {
				t.Fatal(err)
			}
		}
	}
	round(0)
	round(4 * time.Minute)
	if !slices.Equal(rung, []string{"wang"}) {
		t.Fatalf("at once %v", rung)
	}
	round(5 * time.Minute)
	round(10 * time.Minute)
	round(15 * time.Minute)
	if !slices.Equal(rung, []string{"wang", "li", "chen", "wang"}) {
		t.Fatalf("told %v", rung)
	}
	n.must(n.SeeInbox(t.Context(), writer, id))
	round(time.Hour)
	if len(rung) != 4 {
		t.Errorf("told %v after somebody looked", rung)
	}
	n.Read(func(st *alert.State) {
		if it := st.Inbox[id]; len(it.Told) != 4 || it.Told[1].Officer != "li" || it.Told[1].No != 2 {
			t.Errorf("recorded %+v", it.Told)
		}
	})
}
