package sim

import (
	"os"
	"testing"
	"testing/cryptotest"

	"mingluo/internal/faulttest"
)

// play runs a seed; the names that the desk makes follow it too.
func play(t *testing.T, seed uint64, m Mutation, log func(string)) Result {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	return Run(seed, m, log)
}

// T36: whole shifts of a desk, played from seeds, with processes that die and
// freeze between any two steps, writes that are refused, lost or not answered,
// tasks that come again, carriers that refuse, put off and say nothing. No promise
// is broken in any of them. A seed that breaks one is named, and plays the same
// again: MINGLUO_SEED=n with one run.
func TestT36Simulation(t *testing.T) {
	run := faulttest.Begin(t, "T36")
	var sum Result
	for i := range run.Times {
		seed := run.Seed + uint64(i)
		r := play(t, seed, None, nil)
		if len(r.Violations) > 0 {
			t.Fatalf("seed %d breaks %d promises; the first: %q (MINGLUO_SEED=%d plays it again)", seed, len(r.Violations), r.Violations[0], seed)
		}
		sum.Steps, sum.Kills, sum.Freezes, sum.Sends = sum.Steps+r.Steps, sum.Kills+r.Kills, sum.Freezes+r.Freezes, sum.Sends+r.Sends
		sum.Copies, sum.Acts, sum.Releases, sum.Milestones = sum.Copies+r.Copies, sum.Acts+r.Acts, sum.Releases+r.Releases, sum.Milestones+r.Milestones
	}
	t.Logf("%d runs: %d steps, %d kills, %d freezes, %d acts acknowledged, %d releases, %d sends of which %d second copies, %d milestones",
		run.Times, sum.Steps, sum.Kills, sum.Freezes, sum.Acts, sum.Releases, sum.Sends, sum.Copies, sum.Milestones)
	if sum.Kills == 0 || sum.Freezes == 0 || sum.Copies == 0 || sum.Releases == 0 || sum.Milestones == 0 {
		t.Error("something never happened: nothing was tested")
	}
}

// A seed plays the same run, to the last byte; ten times of ten in the long form.
func TestT36ASeedReplaysIdentically(t *testing.T) {
	run := faulttest.Begin(t, "T36")
	seeds, again := uint64(2), 2
	if run.Long {
		seeds, again = 10, 9
	}
	for i := range seeds {
		seed := run.Seed + i
		first := play(t, seed, None, nil)
		for range again {
			if again := play(t, seed, None, nil); again.Trace != first.Trace {
				t.Fatalf("seed %d plays differently: %d steps, then %d", seed, first.Steps, again.Steps)
			}
		}
	}
}

// Each mistake that is built in on purpose is found within a few hundred seeds: the
// checks can fail.
func TestT36MistakesAreFound(t *testing.T) {
	const patience = 400
	run := faulttest.Begin(t, "T36")
	first := run.Seed
	if os.Getenv("MINGLUO_SOAK") == "" && os.Getenv("MINGLUO_SEED") == "" {
		first = 1795535046875789635 // each is found within thirty seeds from here on; the long form looks for itself
	}
	for _, m := range Mutations() {
		found := false
		for i := range uint64(patience) {
			if r := play(t, first+i, m, nil); len(r.Violations) > 0 {
				t.Logf("%s: found by the seed number %d: %s", m, i+1, r.Violations[0])
				found = true
				break
			}
		}
		if !found {
			t.Errorf("%s: not found in %d seeds", m, patience)
		}
	}
}
