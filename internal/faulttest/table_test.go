package faulttest

import "testing"

func TestTheShortFormsTakeTenMinutesAtMost(t *testing.T) {
	const most = 600 // seconds
	sum, seen := 0, map[string]bool{}
	for _, r := range Table() {
		sum += r.Seconds
		if seen[r.ID] || r.About == "" || r.Seconds <= 0 || r.Short.Times <= 0 || r.Long.Times < r.Short.Times {
			t.Errorf("row %+v: want a number of its own, a sentence, a budget, and a long form that is not shorter", r)
		}
		seen[r.ID] = true
	}
	if sum > most {
		t.Errorf("the short forms take %d s, at most %d", sum, most)
	}
}

func TestASeedPlaysTheSameRunAgain(t *testing.T) {
	t.Setenv("MINGLUO_SEED", "42")
	if a, b := Begin(t, "T07").Rand.Uint64(), Begin(t, "T07").Rand.Uint64(); a != b {
		t.Errorf("%d and %d", a, b)
	}
}
