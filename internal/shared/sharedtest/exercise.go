package sharedtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/shared"
)

// Store is everything that is shared.
type Store interface {
	shared.Leases
	shared.Rates
	shared.Cache
	shared.Lookup
	shared.Buckets
	Health(ctx context.Context) error
}

// Exercise holds a store to what package shared promises. forget empties it.
func Exercise(t *testing.T, s Store, forget func()) {
	for _, story := range []struct {
		name string
		tell func(*testing.T, Store)
	}{
		{"a lease has one holder, and later holders greater tokens", leases},
		{"a lease that runs out is lost", lost},
		{"what runs under a lease runs once at a time", held},
		{"a rate is kept by all together", rates},
		{"cached values last as long as they were to", cache},
		{"a receipt finds its message", lookup},
		{"a bucket holds what was written up to its sequence", buckets},
		{"a bucket that moved is not written", moved},
		{"of two writers one wins", writers},
		{"a bucket of another edition is written anew", editions},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(t, s) })
	}
	t.Run("what was forgotten is not there", func(t *testing.T) { forgotten(t, s, forget) })
}

func leases(t *testing.T, s Store) {
	ctx := t.Context()
	a, err := s.Acquire(ctx, "gong", 5*time.Second)
	if err != nil || !a.Valid() {
		t.Fatal(err)
	}
	if _, err := s.Acquire(ctx, "gong", 5*time.Second); !errors.Is(err, shared.ErrHeld) {
		t.Fatalf("a second holder: %v", err)
	}
	if _, err := s.Acquire(ctx, "drum", 5*time.Second); err != nil {
		t.Fatalf("another name: %v", err)
	}
	if err := a.Renew(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.Release(ctx); err != nil || a.Valid() {
		t.Fatalf("released: %v, valid %v", err, a.Valid())
	}
	b, err := s.Acquire(ctx, "gong", 5*time.Second)
	if err != nil || b.Token() <= a.Token() {
		t.Fatalf("token %d after %d, %v", b.Token(), a.Token(), err)
	}
	if err := a.Renew(ctx); !errors.Is(err, shared.ErrLost) {
		t.Fatalf("the first holder renews: %v", err)
	}
	if err := a.Release(ctx); err != nil {
		t.Fatalf("giving back what was lost: %v", err)
	}
	if err := b.Renew(ctx); err != nil {
		t.Fatalf("the second holder lost it to the first: %v", err)
	}
	for _, name := range []string{"", "a b", "{x}", strings.Repeat("n", 101)} {
		if _, err := s.Acquire(ctx, name, time.Second); err == nil || errors.Is(err, shared.ErrHeld) {
			t.Errorf("a lease %q: %v", name, err)
		}
	}
}

func lost(t *testing.T, s Store) {
	a, err := s.Acquire(t.Context(), "short", 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	var b *shared.Lease
	Eventually(t, "it runs out", func() bool { b, err = s.Acquire(t.Context(), "short", 5*time.Second); return err == nil })
	if a.Valid() || b.Token() <= a.Token() {
		t.Fatalf("the first is valid: %v; token %d after %d", a.Valid(), b.Token(), a.Token())
	}
	if err := a.Renew(t.Context()); !errors.Is(err, shared.ErrLost) {
		t.Fatalf("renewed: %v", err)
	}
}

func held(t *testing.T, s Store) {
	const ttl = 300 * time.Millisecond
	var inside, runs atomic.Int32
	var tokens []uint64
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			err := shared.Hold(t.Context(), s, "once", ttl, func(_ context.Context, token uint64) error {
				if inside.Add(1) != 1 {
					t.Error("two at a time")
				}
				tokens = append(tokens, token) // guarded by what is tested
				runs.Add(1)
				inside.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	if runs.Load() != 3 || !slices.IsSorted(tokens) {
		t.Fatalf("%d runs with the tokens %v", runs.Load(), tokens)
	}
	took, err := s.Acquire(t.Context(), "taken", ttl)
	if err != nil {
		t.Fatal(err)
	}
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	if err := shared.Hold(waiting, s, "taken", ttl, nil); err == nil {
		t.Fatal("it ran without the lease")
	}
	if err := took.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Two machines take as much as they can for half a second.
func rates(t *testing.T, s Store) {
	const perSecond = 400
	var total atomic.Int64
	start := time.Now()
	var machines sync.WaitGroup
	for range 2 {
		machines.Go(func() {
			for time.Since(start) < 500*time.Millisecond {
				n, until, err := s.Take(t.Context(), "route", perSecond, 1000)
				if err != nil {
					t.Error(err)
					return
				}
				total.Add(int64(n))
				if n == 0 {
					time.Sleep(time.Until(until)) // what a pacer does
				}
			}
		})
	}
	machines.Wait()
	took := time.Since(start)
	most := int64(perSecond * (took.Seconds() + 0.2)) // a slice at each end is not whole
	if n := total.Load(); n > most || n < perSecond/4 {
		t.Errorf("%d granted in %v, at most %d", n, took, most)
	}
	slow := 0
	for until := time.Now(); time.Since(start) < took+450*time.Millisecond; {
		time.Sleep(time.Until(until))
		n, next, err := s.Take(t.Context(), "slow", 4, 10) // less than one a slice
		if err != nil {
			t.Fatal(err)
		}
		slow, until = slow+n, next
	}
	if slow < 1 || slow > 3 {
		t.Errorf("%d of 4 a second in 450 ms", slow)
	}
	for _, bad := range []float64{0, -1, 2e6} {
		if _, _, err := s.Take(t.Context(), "route", bad, 1); err == nil {
			t.Errorf("a rate of %g was accepted", bad)
		}
	}
}

func cache(t *testing.T, s Store) {
	ctx := t.Context()
	if _, ok, err := s.Get(ctx, "token"); ok || err != nil {
		t.Fatalf("nothing is there: %v, %v", ok, err)
	}
	if err := s.Set(ctx, "token", []byte("one"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, "token", []byte("two\x00"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := s.Get(ctx, "token"); !ok || err != nil || string(v) != "two\x00" {
		t.Fatalf("%q, %v, %v", v, ok, err)
	}
	if err := s.Set(ctx, "short", []byte("x"), 30*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "it goes", func() bool { _, ok, err := s.Get(ctx, "short"); return !ok && err == nil })
	if s.Set(ctx, "large", make([]byte, 65<<10), time.Hour) == nil || s.Set(ctx, "for ever", nil, 0) == nil {
		t.Error("a value without limits was accepted")
	}
}

func lookup(t *testing.T, s Store) {
	const n = 2500
	var sent []shared.Sent
	var ids []string
	for i := range n {
		id := fmt.Sprintf("{%d}\n某", i) // a carrier's id may be anything
		sent = append(sent, shared.Sent{MessageID: id, At: shared.Place{byte(i), byte(i >> 8), 15: 1}})
		ids = append(ids, id)
	}
	if err := s.Remember(t.Context(), "sms", sent); err != nil {
		t.Fatal(err)
	}
	found, err := s.Find(t.Context(), "sms", append(ids, "never sent"))
	if err != nil || len(found) != n || found[ids[700]] != sent[700].At {
		t.Fatalf("%d found, %v", len(found), err)
	}
	if found, err = s.Find(t.Context(), "wechat", ids[:3]); err != nil || len(found) != 0 {
		t.Fatalf("ids of another channel: %v, %v", found, err)
	}
}
