package bench

import (
	"context"
	"iter"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/roll"
)

// crowd is a roll of made-up people in its stored form, made anew at every
// scan, so that it takes no memory beside the index.
type crowd struct {
	n    int
	keys *roll.Keys
}

func (c crowd) records() iter.Seq[alert.Record] {
	return func(yield func(alert.Record) bool) {
		seq := uint64(0)
		for s := range roll.Samples(alert.Foshan(), c.n-c.n/3, c.n/3) {
			seq++
			id := c.keys.ID(s.Channel, s.Address)
			rec := roll.Record{Joined: s.Joined, Profile: roll.AppendProfile(nil, s.Profile()), Sealed: c.keys.Seal(nil, id, s.Address)}
			if !yield(alert.Record{Subject: roll.Subject(id), Seq: seq, Data: roll.AppendRecord(nil, rec)}) {
				return
			}
		}
	}
}

// Scan implements [audience.Source].
func (c crowd) Scan(_ context.Context, _, _ string, _ uint64, fn func(alert.Record) error) (uint64, error) {
	for r := range c.records() {
		if err := fn(r); err != nil {
			return r.Seq, err
		}
	}
	return uint64(c.n), nil
}

// Follow implements [audience.Source]: nobody joins.
func (c crowd) Follow(ctx context.Context, _, _ string, _ uint64, _ func(alert.Record) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// countRounds is how often each question is asked.
const countRounds = 5

// benchCount asks what the desk asks while a notice is written: how many people
// are in the whole city, in each district, in each town, of all groups and of
// each one. What the index takes is the heap's growth, apart from NATS's own.
func benchCount(ctx context.Context, o Options) (Result, error) {
	keys, places := roll.NewKeys(), alert.Foshan()
	before := heap()
	index := audience.NewMemory(keys, places, quiet())
	if err := index.Build(ctx, crowd{o.N, keys}); err != nil {
		return nil, err
	}
	taken := heap() - before
	r, all := Result{}, []time.Duration(nil)
	defer o.measuring()()
	began := time.Now()
	for _, a := range areas(places) {
		var each []time.Duration
		for range countRounds {
			took, err := ask(ctx, index, a.codes)
			if err != nil {
				return nil, err
			}
			each = append(each, took...)
		}
		one := Result{}.spread(each)
		r[a.name+"_p50_ms"], r[a.name+"_max_ms"] = one["p50_ms"], one["max_ms"]
		all = append(all, each...)
	}
	r = timed(len(all), time.Since(began)).add(r).spread(all)
	size := index.Size()
	r["counts"], r["people"], r["profiles"] = len(all), size.People, size.Profiles
	r["index_bytes"], r["bytes_per_person"] = taken, float64(taken)/float64(max(1, size.People))
	return r, nil
}

type area struct {
	name  string
	codes []string
}

func areas(places *alert.Gazetteer) []area {
	out := []area{{"city", []string{"440600"}}, {"district", places.Districts()}, {"town", nil}}
	for _, d := range places.Districts() {
		out[2].codes = append(out[2].codes, places.Children(d)...)
	}
	return out
}

// ask counts each area for every group and for each alone.
func ask(ctx context.Context, index audience.Counts, codes []string) (took []time.Duration, err error) {
	for _, code := range codes {
		for _, groups := range [][]string{nil, {"市民"}, {"危化企业"}, {"工地", "学校"}} {
			began := time.Now()
			if _, _, err := index.Count(ctx, alert.Query{Areas: []string{code}, Groups: groups, Hazard: "11B01", Level: alert.Red}); err != nil {
				return nil, err
			}
			took = append(took, time.Since(began))
		}
	}
	return took, nil
}
