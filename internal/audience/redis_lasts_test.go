package audience

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// growing is a roll of which only the buckets matter.
type growing struct {
	Stream
	buckets []int // by sequence, from 1
	scanned int
	asked   int
	fails   error
}

func (g *growing) LastSeq(context.Context, string) (uint64, error) {
	return uint64(len(g.buckets)), g.fails
}

func (g *growing) LastUnder(_ context.Context, filter string) (uint64, error) {
	g.asked++
	n, err := strconv.ParseUint(filter[5:9], 16, 16)
	if err != nil || filter != roll.BucketFilter(int(n)) {
		return 0, fmt.Errorf("filter %q", filter)
	}
	return g.under(int(n)), nil
}

func (g *growing) under(n int) uint64 {
	for i, b := range slices.Backward(g.buckets) {
		if b == n {
			return uint64(i + 1)
		}
	}
	return 0
}

func (g *growing) Scan(_ context.Context, _, _ string, from uint64, fn func(alert.Record) error) (uint64, error) {
	for seq := from; seq <= uint64(len(g.buckets)); seq++ {
		g.scanned++
		if err := fn(alert.Record{Subject: fmt.Sprintf("roll.%04x.p", g.buckets[seq-1]), Seq: seq}); err != nil {
			return seq, err
		}
	}
	return uint64(len(g.buckets)), g.fails
}

// How far each bucket has come is exact after every growth, be it read message by
// message or, when it was too much for that, asked for bucket by bucket.
func TestTheBucketsLastSequencesAreExact(t *testing.T) {
	g := &growing{}
	l := newLasts(g)
	rnd := rand.New(rand.NewPCG(1, 2))
	asked := []int{0, 1, 7, 500, 4095}
	for round, growth := range []int{0, 5, 300, farBehind + 1, 1, 0, 2000, farBehind, 3 * farBehind, 10} {
		for range growth {
			g.buckets = append(g.buckets, rnd.IntN(alert.Buckets))
		}
		got, at, err := l.of(t.Context(), asked)
		if err != nil || at != uint64(len(g.buckets)) {
			t.Fatalf("round %d: at %d of %d, %v", round, at, len(g.buckets), err)
		}
		for i, n := range asked {
			if want := g.under(n); got[i] != want {
				t.Fatalf("round %d: bucket %d at %d, want %d", round, n, got[i], want)
			}
		}
		asked = append(asked, rnd.IntN(alert.Buckets)) // one that was passed over, perhaps
	}
	if g.asked > 40 || g.scanned > 25_000+farBehind {
		t.Errorf("%d questions, %d messages read: it looks at more than it needs", g.asked, g.scanned)
	}
	g.fails = errors.New("no record")
	if _, _, err := l.of(t.Context(), asked); !errors.Is(err, g.fails) {
		t.Fatalf("without a record: %v", err)
	}
}
