package audience_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/audience/audiencetest"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
	"mingluo/internal/roll/rolltest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// follow builds an index and keeps it current until the test ends.
func follow(t *testing.T, src audience.Source, keys *roll.Keys, places *alert.Gazetteer) *audience.Memory {
	t.Helper()
	m := audience.NewMemory(keys, places, quiet())
	if err := m.Build(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := m.Run(ctx, src); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return m
}

func memory(t *testing.T, rec audiencetest.Record, keys *roll.Keys, places *alert.Gazetteer) audience.Index {
	return follow(t, rec, keys, places)
}

func TestMemoryIsAnIndex(t *testing.T) {
	audiencetest.Exercise(t, audiencetest.World{Index: memory})
}

// The same suite over the record on disk.
func TestMemoryIsAnIndexOfTheRealRecord(t *testing.T) {
	audiencetest.Exercise(t, audiencetest.World{Index: memory, Record: func(t *testing.T) audiencetest.Record { return onDisk(t) }})
}

func onDisk(t *testing.T) *journal.Store {
	t.Helper()
	s, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir(), AllowUnsafeStore: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestR11AnIndexThatIsNotBuiltDoesNotSayNobody(t *testing.T) {
	m := audience.NewMemory(roll.NewKeys(), alert.Foshan(), quiet())
	_, _, err := m.Count(t.Context(), alert.Query{Areas: []string{"440604"}})
	if ps := alert.AsProblems(err); len(ps) != 1 || ps[0].Kind != alert.Unready {
		t.Fatalf("got %v", err)
	}
	if err := m.Run(t.Context(), rolltest.New()); err == nil {
		t.Fatal("it followed before it was built")
	}
}

// A rebuilt index and one that followed from the start agree, whatever happened.
func TestAnIndexBuiltLaterAgreesWithOneThatFollowed(t *testing.T) {
	store, keys, places := rolltest.New(), roll.NewKeys(), alert.Foshan()
	followed := follow(t, store, keys, places)
	r := roll.New(store, keys, places, roll.Rules{Sample: true})
	people := roll.Sample(places, 300, 100)
	ctx := t.Context()
	for i, s := range people {
		if _, _, err := r.Join(ctx, s); err != nil {
			t.Fatal(err)
		}
		var err error
		switch i % 5 {
		case 1:
			err = r.Leave(ctx, s.Channel, s.Address, s.Joined, s.Joined.Add(time.Duration(i%3)*time.Hour))
		case 2:
			err = r.Erase(ctx, s.Channel, s.Address, s.Joined)
		case 3:
			s.Areas = []string{"440608"}
			_, _, err = r.Join(ctx, s)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	last, _ := store.LastSeq(ctx, alert.StreamRoll)
	if err := followed.WaitFor(ctx, last); err != nil {
		t.Fatal(err)
	}
	built := audience.NewMemory(keys, places, quiet())
	if err := built.Build(ctx, store); err != nil {
		t.Fatal(err)
	}
	for upTo := uint64(0); upTo <= last; upTo += 97 {
		for _, area := range append(places.Districts(), places.City(), "440604012", "440605011") {
			q := alert.Query{Areas: []string{area}, Level: alert.Yellow, UpTo: upTo}
			a, ad, err1 := followed.Count(ctx, q)
			b, bd, err2 := built.Count(ctx, q)
			if err1 != nil || err2 != nil || fmt.Sprint(a, ad) != fmt.Sprint(b, bd) {
				t.Fatalf("%+v: followed %v %v %v, built %v %v %v", q, a, ad, err1, b, bd, err2)
			}
		}
	}
	if s := followed.Size(); s.People != len(people) || followed.Damaged() != 0 {
		t.Fatalf("size %+v, damaged %d", s, followed.Damaged())
	}
}

func TestAFlippedBitCostsOnePersonAndIsCounted(t *testing.T) {
	store, keys, places := rolltest.New(), roll.NewKeys(), alert.Foshan()
	r := roll.New(store, keys, places, roll.Rules{Sample: true})
	for _, s := range roll.Sample(places, 3, 0) {
		if _, _, err := r.Join(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	id := keys.ID(roll.SMS, "x")
	for _, bad := range []alert.Put{
		{Subject: roll.Subject(id), Data: []byte{1, 2, 3}},
		{Subject: "roll.zz." + id.String(), Data: []byte{1}},
	} {
		if _, err := store.Put(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	m := audience.NewMemory(keys, places, slog.New(slog.NewTextHandler(&log, nil)))
	if err := m.Build(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	if s := m.Size(); s.People != 3 || m.Damaged() != 2 || strings.Count(log.String(), "left out") != 2 {
		t.Fatalf("%+v, %d damaged, log %s", s, m.Damaged(), log.String())
	}
	newer := alert.Put{Subject: roll.Subject(id), Data: []byte{9}}
	if _, err := store.Put(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	if err := audience.NewMemory(keys, places, quiet()).Build(t.Context(), store); !errors.Is(err, roll.ErrFormat) {
		t.Fatalf("a record of a newer program: %v", err)
	}
}

func TestR20NoAddressIsInTheLogOrInAnError(t *testing.T) {
	store, keys, places := rolltest.New(), roll.NewKeys(), alert.Foshan()
	r := roll.New(store, roll.NewKeys(), places, roll.Rules{Sample: true}) // other keys: nothing can be opened
	for _, s := range roll.Sample(places, 20, 20) {
		if _, _, err := r.Join(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	m := audience.NewMemory(keys, places, slog.New(slog.NewTextHandler(&log, nil)))
	if err := m.Build(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	members, err := m.Slice(t.Context(), roll.SMS, alert.Slice{Hi: alert.Buckets - 1}, alert.Query{Areas: []string{"440600"}})
	if err != nil || len(members) != 20 {
		t.Fatalf("%d people, %v", len(members), err)
	}
	if s := log.String(); s == "" || strings.Contains(s, roll.SamplePhonePrefix[3:]) && strings.Contains(s, "0000000") {
		t.Fatalf("log: %s", s)
	}
}

// synthetic is a source of n people that costs no disk: the stored form of the
// samples, made once.
type synthetic struct{ records []alert.Record }

func people(n int, keys *roll.Keys) synthetic {
	src := synthetic{records: make([]alert.Record, 0, n)}
	for s := range roll.Samples(alert.Foshan(), n*2/3, n-n*2/3) {
		id := keys.ID(s.Channel, s.Address)
		rec := roll.Record{Joined: s.Joined, Profile: roll.AppendProfile(nil, s.Profile()), Sealed: keys.Seal(nil, id, s.Address)}
		src.records = append(src.records, alert.Record{
			Subject: roll.Subject(id), Seq: uint64(len(src.records) + 1), Data: roll.AppendRecord(nil, rec),
		})
	}
	return src
}

func (s synthetic) Scan(_ context.Context, _, _ string, from uint64, fn func(alert.Record) error) (uint64, error) {
	for _, r := range s.records[from-1:] {
		if err := fn(r); err != nil {
			return r.Seq, err
		}
	}
	return uint64(len(s.records)), nil
}

func (s synthetic) Follow(ctx context.Context, _, _ string, _ uint64, _ func(alert.Record) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func built(b testing.TB, n int) *audience.Memory {
	b.Helper()
	keys := roll.NewKeys()
	m := audience.NewMemory(keys, alert.Foshan(), quiet())
	if err := m.Build(b.Context(), people(n, keys)); err != nil {
		b.Fatal(err)
	}
	return m
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// The goal at a million is 300 bytes a person; the heap is measured, not our
// own arithmetic.
func TestAPersonTakesLessThan300Bytes(t *testing.T) {
	const n = 30_000
	keys := roll.NewKeys()
	src := people(n, keys)
	before := heap()
	m := audience.NewMemory(keys, alert.Foshan(), quiet())
	if err := m.Build(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	each := float64(heap()-before) / n
	size := m.Size()
	t.Logf("%.0f bytes a person of heap (%.0f in buckets), %d profiles", each, float64(size.Bytes)/n, size.Profiles)
	if each > 300 {
		t.Fatalf("%.0f bytes a person, at most 300", each)
	}
	runtime.KeepAlive(src)
}

func BenchmarkBuild(b *testing.B) {
	const n = 100_000
	keys := roll.NewKeys()
	src := people(n, keys)
	for b.Loop() {
		m := audience.NewMemory(keys, alert.Foshan(), quiet())
		if err := m.Build(b.Context(), src); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "people/s")
}

func BenchmarkCount1M(b *testing.B) {
	const n = 1_000_000
	before := heap()
	m := built(b, n)
	each := float64(heap()-before) / n
	for name, q := range map[string]alert.Query{
		"town":  {Areas: []string{"440604012"}, Groups: []string{"学校"}, Level: alert.Red},
		"city":  {Areas: []string{"440600"}, Level: alert.Red},
		"upto":  {Areas: alert.Foshan().Districts(), Hazard: "11B01", Level: alert.Yellow, UpTo: n / 2},
		"group": {Areas: []string{"440605"}, Groups: []string{"应急责任人", "危化企业"}, Level: alert.Blue},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if per, _, err := m.Count(b.Context(), q); err != nil || per[roll.SMS] == 0 {
					b.Fatal(per, err)
				}
			}
			b.ReportMetric(each, "B/person")
		})
	}
}

func BenchmarkSliceFilter(b *testing.B) {
	const n = 200_000
	m := built(b, n)
	q := alert.Query{Areas: alert.Foshan().Districts(), Hazard: "11B01", Level: alert.Orange, UpTo: n}
	per, err := m.PerBucket(b.Context(), roll.SMS, q)
	if err != nil {
		b.Fatal(err)
	}
	all := alert.CutSlices(per, 1000)
	people, i := 0, 0
	for b.Loop() {
		members, err := m.Slice(b.Context(), roll.SMS, all[i%len(all)], q)
		if err != nil {
			b.Fatal(err)
		}
		people += len(members)
		i++
	}
	b.ReportMetric(float64(people)/b.Elapsed().Seconds(), "people/s")
}
