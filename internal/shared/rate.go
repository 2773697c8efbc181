package shared

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Rates divides rates among machines; [*Redis] and [*Memory] do.
type Rates interface {
	// Take asks for up to want hand-overs of a route that may do perSecond of
	// them, everybody's together. It returns how many are granted, to be used
	// before until; what is not used then is gone. Granted 0 means that this slice
	// of time is used up: ask again at until.
	//
	// One call gets a quarter of a slice at most, so that whoever asks first
	// does not leave the others without. Machines whose clocks differ by more than
	// a slice still keep the rate over a second, but not within it. On an error
	// nobody knows what the others take: use a share that is safe without asking.
	Take(ctx context.Context, name string, perSecond float64, want int) (granted int, until time.Time, err error)
}

// rateSlice is the time for which a rate is divided at once: ten questions a
// second and machine, and as long as a burst can be.
const rateSlice = 100 * time.Millisecond

// rateShares is into how many parts a slice's quota is given out at least.
const rateShares = 4

// slice is the stretch of time that a quota is for.
type slice struct {
	no    int64
	until time.Time
	quota int64
}

// sliceAt returns the slice of an instant and its whole quota. Quotas of slices
// that follow each other sum up to the rate, also when one slice's share is a
// fraction.
func sliceAt(now time.Time, perSecond float64) slice {
	no := now.UnixNano() / int64(rateSlice)
	const cycle = 36_000 // slices; an hour, so that the sums stay exact in a float64
	upTo := func(n int64) int64 { return int64(math.Floor(float64(n) * perSecond * rateSlice.Seconds())) }
	in := no % cycle
	return slice{no: no, until: time.Unix(0, (no+1)*int64(rateSlice)), quota: upTo(in+1) - upTo(in)}
}

// ask returns how many to ask for at once.
func (s slice) ask(want int) int64 {
	return max(min(int64(want), max(s.quota/rateShares, 1), s.quota), 0)
}

// grant says how many of asked are granted when the slice's asked-for sum is
// total with them.
func (s slice) grant(asked, total int64) int {
	return int(min(asked, max(s.quota-(total-asked), 0)))
}

// key names the slice; one route's slices lie beside each other.
func (s slice) key(name string) string { return "{rate:" + name + "}:" + strconv.FormatInt(s.no, 36) }

func checkRate(name string, perSecond float64) error {
	if err := checkName(name); err != nil {
		return err
	}
	if !(perSecond > 0 && perSecond <= 1e6) {
		return fmt.Errorf("rate of %g per second: want more than 0, at most a million", perSecond)
	}
	return nil
}
