// Package bench is the one door to every measurement of the service. Each
// bench runs the product's own path and returns one flat JSON object under
// plain names: name, n, seconds, per_second, and what else it measures
// (…_ms are milliseconds, …_bytes bytes).
//
// A bench measures and never judges: whether a figure is good is said on the
// performance page, beside the machine it came from. It works in a folder of
// its own, which is gone when it ends, and reads plain clocks in the process
// that does the work.
package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Result is one measurement, ready for JSON.
type Result map[string]any

// Options are what a bench may be told; the zero value is every bench's own.
type Options struct {
	N       int    // how much
	Carrier string // fanout: "instant" (accepts at once) or "smpp" (imitation carriers)
	History int    // append, start: notices of the past in the journal
	From    int    // growth: the first size; 0 is 10,000
	Out     string // growth: the picture's file, ending in .svg; the data goes beside it
	Dir     string // where the bench's folder is made; "" is the system's temporary folder

	// Apart runs a bench of a growth in a process of its own; nil: in this one.
	Apart func(ctx context.Context, name string, o Options) (Result, error)
	// Say is told how a growth gets on; nil: nobody is.
	Say func(string)
	// Measuring is called when the measured part begins, and what it returns
	// when that ends: a profile then shows nothing else. Nil: nothing.
	Measuring func() (end func())
}

func (o Options) measuring() (end func()) {
	if o.Measuring == nil {
		return func() {}
	}
	return o.Measuring()
}

// Bench is one measurement by name.
type Bench struct {
	Name, About string
	N           int // how much is done by default
	run         func(ctx context.Context, o Options) (Result, error)
}

// All lists the benches.
func All() []Bench {
	return []Bench{
		{"import", "people from CSV into the roll, and the same bytes in bare batches", 100_000, benchImport},
		{"start", "start to ready with so many people on the roll and one notice sent to them; -history", 100_000, benchStart},
		{"count", "audience counts of city, districts and towns by group, from memory", 100_000, benchCount},
		{"desk", "what an officer waits for: board, compose, a notice, the preview, with so many people on the roll", 100_000, benchDesk},
		{"append", "release to acknowledged append, one after the other; -history", 200, benchRelease},
		{"fanout", "release to every outcome settled on disk; -carrier instant or smpp", 100_000, benchFanout},
		{"page", "release to the bytes on an open page", 20, benchPage},
		{"fold", "events of a journal folded, from their bytes and from the store", 100_000, benchFold},
		{"slice", "subscriptions filtered for slices", 100_000, benchSlice},
		{"growth", "import, start, count, fanout and fold at every power of ten up to n, drawn; -from, -o", 1_000_000, benchGrowth},
		{"smpp-encode", "submit_sm encoded", 2_000_000, benchEncode},
	}
}

// Run runs a bench.
func Run(ctx context.Context, name string, o Options) (Result, error) {
	for _, b := range All() {
		if b.Name != name {
			continue
		}
		if o.N <= 0 {
			o.N = b.N
		}
		r, err := b.run(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("bench %s: %w", name, err)
		}
		r["name"], r["n"] = name, o.N
		return r, nil
	}
	return nil, fmt.Errorf("no bench %q", name)
}

// timed is the common part of a result.
func timed(n int, took time.Duration) Result {
	return Result{"seconds": took.Seconds(), "per_second": float64(n) / took.Seconds()}
}

// spread adds percentiles of single durations.
func (r Result) spread(ds []time.Duration) Result {
	slices.Sort(ds)
	at := func(p float64) float64 { return ms(ds[min(len(ds)-1, int(float64(len(ds))*p))]) }
	r["p50_ms"], r["p99_ms"], r["max_ms"] = at(0.5), at(0.99), ms(ds[len(ds)-1])
	return r
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// add takes over another result's fields.
func (r Result) add(more Result) Result {
	maps.Copy(r, more)
	return r
}
