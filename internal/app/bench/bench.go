// Package bench is the one door to every measurement of the service. Each
// bench runs the product's own path and returns one flat JSON object under
// plain names: name, n, seconds, per_second, and what else it measures
// (…_ms are milliseconds, …_bytes bytes).
//
// A bench measures and never judges: whether a figure is good is said on the
// performance page, beside the machine it came from.
package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Result is one measurement, ready for JSON.
type Result map[string]any

// Bench is one measurement by name.
type Bench struct {
	Name, About string
	N           int // how much is done by default
	run         func(ctx context.Context, n int) (Result, error)
}

// All lists the benches.
func All() []Bench {
	return []Bench{
		{"append", "release to acknowledged append, one after the other", 200, benchRelease},
		{"fanout", "release to the last of two thirds SMS and one third WeChat, imitation carriers", 3000, benchFanout},
		{"page", "release to the bytes on an open page", 20, benchPage},
		{"fold", "events of a journal applied to the state", 100_000, benchFold},
		{"slice", "subscriptions filtered for slices", 100_000, benchSlice},
		{"smpp-encode", "submit_sm encoded", 2_000_000, benchEncode},
	}
}

// Run runs a bench; n 0 is its default.
func Run(ctx context.Context, name string, n int) (Result, error) {
	for _, b := range All() {
		if b.Name != name {
			continue
		}
		if n <= 0 {
			n = b.N
		}
		r, err := b.run(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("bench %s: %w", name, err)
		}
		r["name"], r["n"] = name, n
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
	at := func(p float64) float64 {
		return float64(ds[min(len(ds)-1, int(float64(len(ds))*p))].Microseconds()) / 1000
	}
	r["p50_ms"], r["p99_ms"], r["max_ms"] = at(0.5), at(0.99), float64(ds[len(ds)-1].Microseconds())/1000
	return r
}
