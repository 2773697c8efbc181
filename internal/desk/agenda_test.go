package desk

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// The agenda gives everything at its instant and nothing before it, in order,
// however often things were moved or taken out.
func TestAgendaGivesEachThingAtItsInstant(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	var a agenda
	want := map[matter]time.Time{}
	for range 2000 {
		m := matter{notice: strconv.Itoa(rnd.IntN(200))}
		at := start.Add(time.Duration(rnd.IntN(1000)) * time.Second)
		if rnd.IntN(4) == 0 {
			at = time.Time{}
		}
		a.set(m, at)
		if delete(want, m); !at.IsZero() {
			want[m] = at
		}
	}
	for now := start; len(want) > 0; now = now.Add(time.Second) {
		for _, m := range a.due(now) {
			if want[m].After(now) || want[m].IsZero() {
				t.Fatalf("%s came at %s, wanted at %s", m.notice, now, want[m])
			}
			delete(want, m)
		}
		var next time.Time
		for _, at := range want {
			next = earlier(next, at)
		}
		if !a.next().Equal(next) {
			t.Fatalf("next is %s, want %s", a.next(), next)
		}
	}
	if got := a.due(start.AddDate(1, 0, 0)); len(got) != 0 {
		t.Errorf("%d things are left", len(got))
	}
}
