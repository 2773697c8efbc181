package audience_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
	"mingluo/internal/shared"
	"mingluo/internal/shared/sharedtest"
)

// benchPeople is how many people the roll of the benchmarks has: 100,000, or
// what AUDIENCE_PEOPLE says.
func benchPeople(b *testing.B) int {
	if s := os.Getenv("AUDIENCE_PEOPLE"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 100_000
}

// bigTown is a roll of many on a real record, and a Redis beside it.
type bigTown struct {
	store  *journal.Store
	server *sharedtest.Server
	redis  *shared.Redis
	index  *audience.Redis
	keys   *roll.Keys
	last   uint64
	slices []alert.Slice
	query  alert.Query
}

func newBigTown(b *testing.B) *bigTown {
	n := benchPeople(b)
	store, err := journal.Open(b.Context(), journal.Config{Dir: b.TempDir(), AllowUnsafeStore: true, Log: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close(context.Background()) })
	bt := &bigTown{store: store, server: sharedtest.Start(b), keys: roll.NewKeys()}
	bt.redis = bt.server.Open()
	bt.index = overRedis(bt.redis, store, bt.keys)
	var puts []alert.Put
	for _, r := range people(n, bt.keys).records {
		if puts = append(puts, alert.Put{Subject: r.Subject, Data: r.Data}); len(puts) == 1000 {
			bt.put(b, puts)
			puts = puts[:0]
		}
	}
	if len(puts) > 0 {
		bt.put(b, puts)
	}
	bt.query = alert.Query{Areas: alert.Foshan().Districts(), Hazard: "11B01", Level: alert.Red, UpTo: bt.last}
	truth := audience.NewMemory(bt.keys, alert.Foshan(), quiet())
	if err := truth.Build(b.Context(), store); err != nil {
		b.Fatal(err)
	}
	per, err := truth.PerBucket(b.Context(), roll.SMS, bt.query)
	if err != nil {
		b.Fatal(err)
	}
	bt.slices = alert.CutSlices(per, 1000)
	return bt
}

func (bt *bigTown) put(b *testing.B, puts []alert.Put) {
	var err error
	if bt.last, err = bt.store.PutBatch(b.Context(), puts); err != nil {
		b.Fatal(err)
	}
}

func (bt *bigTown) waitCovered(b *testing.B) {
	for {
		current, used, err := bt.index.Coverage(b.Context())
		if err == nil && current == used {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// used is how much memory Redis says it uses.
func (bt *bigTown) used(b *testing.B) float64 {
	_, rest, _ := strings.Cut(bt.server.Order("INFO", "memory"), "used_memory:")
	n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// slice reads slices in turn and reports people per second.
func (bt *bigTown) slice(b *testing.B) {
	people, i := 0, 0
	for b.Loop() {
		members, err := bt.index.Slice(b.Context(), roll.SMS, bt.slices[i%len(bt.slices)], bt.query)
		if err != nil || len(members) == 0 {
			b.Fatal(len(members), err)
		}
		people += len(members)
		i++
	}
	b.ReportMetric(float64(people)/b.Elapsed().Seconds(), "people/s")
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(people)*1000, "µs/1000people")
}

// BenchmarkRedis builds Redis from nothing, reads slices from it and from the
// roll, and lets people come and go.
func BenchmarkRedis(b *testing.B) {
	bt := newBigTown(b)
	b.Run("slice from the roll", bt.slice) // nothing is in Redis yet
	b.Run("rebuild", func(b *testing.B) {
		for b.Loop() {
			bt.server.Flush()
			began := time.Now()
			stop := keep(b, bt.index)
			bt.waitCovered(b)
			b.ReportMetric(time.Since(began).Seconds(), "s/rebuild")
			stop()
			b.ReportMetric(bt.used(b)/float64(bt.last), "bytes/person")
		}
		b.ReportMetric(float64(bt.last)*float64(b.N)/b.Elapsed().Seconds(), "people/s")
	})
	keep(b, bt.index)
	bt.waitCovered(b)
	b.Run("slice from Redis", bt.slice)
	b.Run("apply", func(b *testing.B) {
		changed := 0
		for b.Loop() {
			var puts []alert.Put
			for i := range 1000 {
				id := bt.keys.ID(roll.SMS, fmt.Sprintf("+86154%08d", changed+i))
				rec := roll.Record{Joined: noon(), Sealed: bt.keys.Seal(nil, id, "x"), Profile: roll.AppendProfile(nil, roll.Profile{Channel: roll.SMS, Areas: []string{"440604"}})}
				puts = append(puts, alert.Put{Subject: roll.Subject(id), Data: roll.AppendRecord(nil, rec)})
			}
			bt.put(b, puts)
			changed += len(puts)
		}
		bt.waitCovered(b)
		b.ReportMetric(float64(changed)/b.Elapsed().Seconds(), "changes/s")
	})
}
