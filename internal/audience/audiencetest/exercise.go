// Package audiencetest is the suite that every audience index passes.
package audiencetest

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/roll"
	"mingluo/internal/roll/rolltest"
)

// Record is what a roll is written to and an index reads: the real record, or
// its twin in rolltest.
type Record interface {
	roll.Store
	audience.Source
	LastSeq(ctx context.Context, stream string) (uint64, error)
}

// Open returns an index of the record that is kept current until the test ends.
type Open func(t *testing.T, rec Record, keys *roll.Keys, places *alert.Gazetteer) audience.Index

// World is where a suite runs.
type World struct {
	Record func(t *testing.T) Record // an empty one; nil: the twin in memory
	Index  Open
}

// Exercise holds an index to what [audience.Index] and the package promise.
func Exercise(t *testing.T, w World) {
	if w.Record == nil {
		w.Record = func(*testing.T) Record { return rolltest.New() }
	}
	for name, story := range map[string]func(*testing.T, World){
		"R11 no area is nobody, an unknown one a problem":      noArea,
		"places match when one lies in the other":              places,
		"group, hazard, level and channel all have to match":   wishes,
		"who joins after the plan is not meant":                joiners,
		"who leaves after the plan is returned as left":        leavers,
		"who was erased is known by id without an address":     erased,
		"the slices hold everybody once, with their addresses": slicesHoldEverybody,
		"an answer waits for the sequence it is asked for":     waits,
		"changed wishes count from then on":                    changes,
		"an address that cannot be opened is said to be so":    unreadable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, w)
		})
	}
}

// town is a roll with an index over it.
type town struct {
	t     *testing.T
	store Record
	keys  *roll.Keys
	roll  *roll.Roll
	index audience.Index
}

func newTown(t *testing.T, w World) *town {
	store, keys, places := w.Record(t), roll.NewKeys(), alert.Foshan()
	return &town{
		t: t, store: store, keys: keys, index: w.Index(t, store, keys, places),
		roll: roll.New(store, keys, places, roll.Rules{Sample: true}),
	}
}

func noon() time.Time { return time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC) }

// number returns the n-th phone number of the town.
func number(n int) string { return fmt.Sprintf("%s%08d", roll.SamplePhonePrefix, n) }

func (tn *town) joins(n int, areas ...string) uint64 {
	return tn.joinsWith(roll.Subscription{Channel: roll.SMS, Address: number(n), Areas: areas})
}

func (tn *town) joinsWith(s roll.Subscription) uint64 {
	tn.t.Helper()
	s.Joined = noon()
	_, seq, err := tn.roll.Join(tn.t.Context(), s)
	if err != nil {
		tn.t.Fatal(err)
	}
	tn.reaches(seq)
	return seq
}

// reaches waits until the index has come so far.
func (tn *town) reaches(seq uint64) {
	tn.t.Helper()
	ctx, cancel := context.WithTimeout(tn.t.Context(), 10*time.Second)
	defer cancel()
	if err := tn.index.WaitFor(ctx, seq); err != nil {
		tn.t.Fatal(err)
	}
}

func (tn *town) leaves(n int, keep time.Duration) {
	tn.t.Helper()
	if err := tn.roll.Leave(tn.t.Context(), roll.SMS, number(n), noon(), noon().Add(keep)); err != nil {
		tn.t.Fatal(err)
	}
	tn.catchUp()
}

func (tn *town) catchUp() {
	tn.t.Helper()
	tn.reaches(tn.last())
}

func (tn *town) last() uint64 {
	tn.t.Helper()
	seq, err := tn.store.LastSeq(tn.t.Context(), alert.StreamRoll)
	if err != nil {
		tn.t.Fatal(err)
	}
	return seq
}

func everywhere() alert.Slice { return alert.Slice{Lo: 0, Hi: alert.Buckets - 1} }

// told returns who a query selects, as "1 2 3-" with a mark for those who left.
func (tn *town) told(q alert.Query) string {
	tn.t.Helper()
	members, err := tn.index.Slice(tn.t.Context(), roll.SMS, everywhere(), q)
	if err != nil {
		tn.t.Fatal(err)
	}
	per, err := tn.index.PerBucket(tn.t.Context(), roll.SMS, q)
	if err != nil {
		tn.t.Fatal(err)
	}
	if n := sum(per); n != len(members) {
		tn.t.Errorf("PerBucket says %d people, Slice %d", n, len(members))
	}
	var names []string
	for _, m := range members {
		names = append(names, name(m))
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

func name(m audience.Member) string {
	s := strings.TrimLeft(strings.TrimPrefix(m.Address, roll.SamplePhonePrefix), "0")
	if m.Left {
		s += "-"
	}
	return s
}

func sum(per *[alert.Buckets]int) (n int) {
	for _, c := range per {
		n += c
	}
	return n
}

func (tn *town) want(what string, q alert.Query, want string) {
	tn.t.Helper()
	if got := tn.told(q); got != want {
		tn.t.Errorf("%s: told %q, want %q", what, got, want)
	}
}
