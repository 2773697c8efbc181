package journal

import (
	"fmt"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// A part of the roll is read by its filter, however many subjects it has: the
// server answers 1,024 at once at most.
func TestReadingUnderAFilter(t *testing.T) {
	s := openStore(t, t.TempDir())
	ctx := t.Context()
	const many = 2500
	var puts []alert.Put
	for i := range many {
		puts = append(puts, alert.Put{Subject: fmt.Sprintf("roll.0001.p%d", i), Data: []byte("old")})
	}
	puts = append(puts, alert.Put{Subject: "roll.0001.p7", Data: []byte("new")}, alert.Put{Subject: "roll.0001.p8", Delete: true},
		alert.Put{Subject: "roll.0002.q", Data: []byte("alone")})
	if _, err := s.PutBatch(ctx, puts); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]struct {
		n    int
		last uint64
	}{"roll.0001.*": {many, many + 2}, "roll.0002.*": {1, many + 3}, "roll.0003.*": {0, 0}} {
		last, err := s.LastUnder(ctx, filter)
		if err != nil || last != want.last {
			t.Errorf("last under %s: %d, %v; want %d", filter, last, err, want.last)
		}
		found, err := s.Under(ctx, []string{filter})
		if err != nil || len(found) != want.n {
			t.Errorf("under %s: %d subjects, %v; want %d", filter, len(found), err, want.n)
		}
		if want.n == many && (string(found["roll.0001.p7"].Data) != "new" || !found["roll.0001.p8"].Deleted) {
			t.Errorf("under %s: not the newest: %+v", filter, found["roll.0001.p7"])
		}
	}
	all, err := s.Under(ctx, []string{"roll.0003.*", "roll.0002.*", "roll.0001.*"})
	if err != nil || len(all) != many+1 || string(all["roll.0002.q"].Data) != "alone" {
		t.Errorf("under all of them: %d subjects, %v", len(all), err)
	}
	if _, err := s.LastUnder(ctx, "elsewhere.>"); err == nil {
		t.Error("a subject of no stream was answered")
	}
	born, err := s.Born(ctx, alert.StreamRoll)
	if err != nil || time.Since(born) > time.Minute || time.Since(born) < 0 {
		t.Errorf("the roll was created at %v, %v", born, err)
	}
}
