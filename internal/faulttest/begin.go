package faulttest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Run is one run of a fault test.
type Run struct {
	Size
	Long bool
	Seed uint64
	Rand *rand.Rand // not for use by several goroutines
}

// Begin looks the test up, skips it where it cannot run, chooses its size and
// its seed, and prints both.
func Begin(t testing.TB, id string) *Run {
	t.Helper()
	row, ok := find(id)
	if !ok {
		t.Fatalf("%s is not in the table of fault tests", id)
	}
	if row.Root && os.Geteuid() != 0 {
		Skip(t, "%s (%s) needs root", row.ID, row.About)
	}
	r := &Run{Size: row.Short, Long: os.Getenv("MINGLUO_SOAK") == "1", Seed: seed(t)}
	switch {
	case r.Long:
		r.Size = row.Long
	case row.Seed != 0 && os.Getenv("MINGLUO_SEED") == "":
		r.Seed = row.Seed
	}
	r.Rand = rand.New(rand.NewPCG(r.Seed, 0))
	t.Logf("%s: %s; seed %d, %d times, n %d (MINGLUO_SEED=%d plays it again)", row.ID, row.About, r.Seed, r.Times, r.N, r.Seed)
	return r
}

// find returns a row by its number.
func find(id string) (Row, bool) {
	for _, r := range Table() {
		if r.ID == id {
			return r, true
		}
	}
	return Row{}, false
}

func seed(t testing.TB) uint64 {
	t.Helper()
	v := os.Getenv("MINGLUO_SEED")
	if v == "" {
		return uint64(time.Now().UnixNano())
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		t.Fatalf("MINGLUO_SEED=%s: want a number", v)
	}
	return n
}
