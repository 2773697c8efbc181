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

// TestTheApproverIsCalled plays a night in which nobody picks up at first: the
// roster is called one after the other, the author never, nobody twice before
// everybody was called once, and it ends with the signature.
func TestTheApproverIsCalled(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	now := time.Now().UTC()
	other := alert.Actor{Officer: alert.Officer{ID: "qian", Roles: []alert.Role{alert.RoleApprover}}, Mode: alert.Drill}
	officers := []alert.Officer{writer.Officer, approver.Officer, approver2.Officer, other.Officer, admin.Officer}
	if _, err := n.PlanShift(ctx, admin, alert.Shift{From: now.Add(-time.Hour), Until: now.Add(time.Hour), Officers: []string{"wang", "chen"}, OnCall: []string{"li"}}, ""); err != nil {
		t.Fatal(err)
	}
	var rung []string
	caller := &desk.Caller{
		Book: n.book, Gazetteer: alert.Foshan(), Log: slog.New(slog.DiscardHandler),
		Officers: func(context.Context) ([]alert.Officer, error) { return officers, nil },
		Means:    func(alert.Officer) []string { return []string{"console", "sms"} },
		Ring: func(_ context.Context, c alert.Called, o alert.Officer, _ *alert.Notice) []alert.Rung {
			rung = append(rung, o.ID)
			return []alert.Rung{{Means: "sms", State: "accepted"}}
		},
	}
	round := func(at time.Time) time.Time {
		t.Helper()
		next, err := caller.Round(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	if next := round(now); !next.IsZero() || rung != nil {
		t.Fatalf("nothing waits, but %v is called, next %v", rung, next)
	}
	notice, rev, hash := n.submitted(writer, leak())
	at := time.Now().UTC()
	for range 3 { // again and again within the interval changes nothing
		at = at.Add(time.Second)
		round(at)
	}
	if !slices.Equal(rung, []string{"wang"}) {
		t.Fatalf("first the one on duty who may approve: %v", rung)
	}
	for range 3 {
		at = at.Add(3*time.Minute + time.Second)
		round(at)
	}
	if want := []string{"wang", "li", "qian", "wang"}; !slices.Equal(rung, want) {
		t.Fatalf("%v, want %v", rung, want)
	}
	n.Now = func() time.Time { return at }
	if err := n.OpenCall(ctx, approver2, notice, rev); err != nil {
		t.Fatal(err)
	}
	round(at.Add(4 * time.Minute))
	if len(rung) != 4 {
		t.Errorf("somebody looks at it, but %v was called", rung[4:])
	}
	n.Read(func(st *alert.State) {
		calls := st.Calls[alert.PlanID(notice, rev)]
		if len(calls) != 4 || calls[3].Opened == nil || calls[0].Opened != nil || !slices.Equal(calls[0].Means, []string{"console", "sms"}) || len(calls[0].Rung) != 1 || calls[0].Rung[0].State != "accepted" {
			t.Errorf("%+v", calls)
		}
	})
	n.must(n.Review(ctx, approver, notice, rev, hash, "", alert.Checked()...))
	n.must(n.Approve(ctx, approver2, notice, rev, hash))
	if next := round(at.Add(time.Hour)); !next.IsZero() || len(rung) != 4 {
		t.Errorf("it is signed, but %v was called, next %v", rung[4:], next)
	}
}
