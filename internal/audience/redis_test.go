package audience_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/audience/audiencetest"
	"mingluo/internal/roll"
	"mingluo/internal/roll/rolltest"
	"mingluo/internal/shared"
	"mingluo/internal/shared/sharedtest"
)

func TestMain(m *testing.M) {
	shared.LogTo(quiet()) // the library's one logger
	os.Exit(m.Run())
}

// twin lets the twin of the roll answer what the index in Redis asks.
type twin struct{ *rolltest.Store }

func (s twin) Under(ctx context.Context, filter string) (map[string]alert.Record, error) {
	found := map[string]alert.Record{}
	_, err := s.Scan(ctx, alert.StreamRoll, filter, 1, func(r alert.Record) error { found[r.Subject] = r; return nil })
	return found, err
}

func (s twin) LastUnder(ctx context.Context, filter string) (last uint64, err error) {
	_, err = s.Scan(ctx, alert.StreamRoll, filter, 1, func(r alert.Record) error { last = r.Seq; return nil })
	return last, err
}

func streamOf(rec audience.Source) audience.Stream {
	if s, ok := rec.(*rolltest.Store); ok {
		return twin{s}
	}
	return rec.(audience.Stream)
}

// store is what Redis is to the index.
type store interface {
	shared.Buckets
	shared.Leases
}

const edition = "test"

func overRedis(s store, src audience.Stream, keys *roll.Keys) *audience.Redis {
	return audience.NewRedis(audience.RedisConfig{
		Buckets: s, Leases: s, Stream: src, Keys: keys, Places: alert.Foshan(), Edition: edition, Log: quiet(), Lease: time.Second,
	})
}

// keep keeps Redis current until the test ends or the returned function is called.
func keep(t testing.TB, r *audience.Redis) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

// both is an index whose slices come from Redis and whose counts from memory,
// as a service with a desk and workers has it.
type both struct {
	*audience.Redis
	counts *audience.Memory
}

func (b both) Count(ctx context.Context, q alert.Query) (map[string]int, map[string]map[string]int, error) {
	return b.counts.Count(ctx, q)
}

func (b both) PerBucket(ctx context.Context, channel string, q alert.Query) (*[alert.Buckets]int, error) {
	return b.counts.PerBucket(ctx, channel, q)
}

func (b both) WaitFor(ctx context.Context, seq uint64) error {
	if err := b.Redis.WaitFor(ctx, seq); err != nil {
		return err
	}
	return b.counts.WaitFor(ctx, seq)
}

// indexOver opens an index over a new store for each story.
func indexOver(open func(t *testing.T) store) audiencetest.Open {
	return func(t *testing.T, rec audiencetest.Record, keys *roll.Keys, places *alert.Gazetteer) audience.Index {
		r := overRedis(open(t), streamOf(rec), keys)
		keep(t, r)
		return both{Redis: r, counts: follow(t, rec, keys, places)}
	}
}

func TestRedisIsAnIndex(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) store{
		"the twin of Redis":      func(*testing.T) store { return shared.NewMemory() },
		"a Redis that is broken": func(*testing.T) store { return broken{shared.NewMemory()} },
		"a Redis":                func(t *testing.T) store { return sharedtest.Start(t).Open() },
	} {
		t.Run(name, func(t *testing.T) {
			audiencetest.Exercise(t, audiencetest.World{Index: indexOver(open)})
		})
	}
}

func TestRedisIsAnIndexOfTheRealRecord(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	audiencetest.Exercise(t, audiencetest.World{
		Index:  indexOver(spaces(server.Config())),
		Record: func(t *testing.T) audiencetest.Record { return onDisk(t) },
	})
}

func TestARedisClusterIsAnIndex(t *testing.T) {
	t.Parallel()
	cluster := sharedtest.StartCluster(t)
	audiencetest.Exercise(t, audiencetest.World{Index: indexOver(spaces(cluster.Config()))})
}

// spaces opens a space of its own in one Redis for each story.
func spaces(c shared.Config) func(t *testing.T) store {
	var n atomic.Int32
	return func(t *testing.T) store {
		c := c
		c.Space = fmt.Sprintf("story%d", n.Add(1))
		r, err := shared.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r
	}
}

// broken is a Redis that answers nothing.
type broken struct{ *shared.Memory }

func (broken) Heads(context.Context, int) ([]shared.Head, error) {
	return nil, context.DeadlineExceeded
}

func (broken) ReadBuckets(context.Context, []int, func(int, shared.Bucket) error) error {
	return context.DeadlineExceeded
}

// village is a roll on a real record with the index in memory, which is taken
// for the truth, and the one in Redis.
type village struct {
	t      *testing.T
	roll   *roll.Roll
	keys   *roll.Keys
	record audiencetest.Record
	truth  *audience.Memory
	redis  *audience.Redis
	people []roll.Subscription
}

func newVillage(t *testing.T, rec audiencetest.Record, s store, sms, wechat int) *village {
	t.Helper()
	keys, places := roll.NewKeys(), alert.Foshan()
	v := &village{
		t: t, keys: keys, record: rec, people: roll.Sample(places, sms, wechat), redis: overRedis(s, streamOf(rec), keys),
		truth: follow(t, rec, keys, places), roll: roll.New(rec, keys, places, roll.Rules{Sample: true}),
	}
	if _, err := v.roll.Import(t.Context(), noon(), roll.SampleRows(places, sms, wechat), roll.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	return v
}

func noon() time.Time { return time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC) }

func (v *village) last() uint64 {
	v.t.Helper()
	seq, err := v.record.LastSeq(v.t.Context(), alert.StreamRoll)
	if err != nil {
		v.t.Fatal(err)
	}
	return seq
}

// leave lets people leave the channel, from the n-th on.
func (v *village) leave(from, count int) {
	v.t.Helper()
	for _, s := range v.people[from : from+count] {
		if err := v.roll.Leave(v.t.Context(), s.Channel, s.Address, noon(), noon().Add(time.Hour)); err != nil {
			v.t.Fatal(err)
		}
	}
}

// agrees holds the index in Redis to the one in memory, slice by slice, for
// those who are told now and for a plan made earlier.
func (v *village) agrees(what string, plan uint64) {
	v.t.Helper()
	ctx := v.t.Context()
	if err := v.truth.WaitFor(ctx, v.last()); err != nil {
		v.t.Fatal(err)
	}
	for _, upTo := range []uint64{0, plan} {
		q := alert.Query{Areas: alert.Foshan().Districts(), Hazard: "11B01", Level: alert.Red, UpTo: upTo}
		per, err := v.truth.PerBucket(ctx, roll.SMS, q)
		if err != nil {
			v.t.Fatal(err)
		}
		for _, s := range alert.CutSlices(per, 200) {
			want, err1 := v.truth.Slice(ctx, roll.SMS, s, q)
			got, err2 := v.redis.Slice(ctx, roll.SMS, s, q)
			if err1 != nil || err2 != nil {
				v.t.Fatalf("%s: slice %s: %v, %v", what, s.Name(), err1, err2)
			}
			if w, g := saying(want), saying(got); w != g || len(want) != s.Count {
				v.t.Fatalf("%s: slice %s up to %d has %d people, want %d:\n%s\n%s", what, s.Name(), upTo, len(got), len(want), g, w)
			}
			ids := []alert.RecipientID{want[0].ID, v.keys.ID(roll.SMS, "nobody"), want[len(want)-1].ID}
			wantBy, err1 := v.truth.ByID(ctx, roll.SMS, ids)
			gotBy, err2 := v.redis.ByID(ctx, roll.SMS, ids)
			if err1 != nil || err2 != nil || fmt.Sprint(wantBy) != fmt.Sprint(gotBy) {
				v.t.Fatalf("%s: by id %+v %v, want %+v %v", what, gotBy, err2, wantBy, err1)
			}
		}
	}
}

// saying says who is in a list and how they stand.
func saying(ms []audience.Member) string {
	byID := map[alert.RecipientID]string{}
	for _, m := range ms {
		byID[m.ID] += fmt.Sprintf("%+v", m)
	}
	return fmt.Sprint(byID) // a map is printed in the order of its keys
}

func (v *village) covered(what string) {
	v.t.Helper()
	sharedtest.Eventually(v.t, what+": Redis has everybody again", func() bool {
		current, used, err := v.redis.Coverage(v.t.Context())
		return err == nil && current == used && used > 0
	})
}

// T15: whatever becomes of Redis in the middle of a fan-out, the slices are what
// they would have been, who left stays left, and Redis is put right by itself.
func TestT15RedisCostsTimeAndNobodyElse(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	v := newVillage(t, onDisk(t), server.Open(), 2000, 200)
	plan := v.last()
	v.agrees("before anything is in Redis", plan)
	keep(t, v.redis)
	v.covered("built")
	v.agrees("built", plan)

	v.leave(0, 20)
	v.agrees("right after some left", plan)

	server.Kill()
	v.agrees("killed", plan)
	server.Restart()
	v.agrees("restarted empty", plan)
	v.covered("restarted")

	server.Flush()
	v.leave(20, 20) // a write to a flushed bucket must not make it look complete
	v.agrees("flushed", plan)
	v.covered("flushed")
	v.agrees("flushed and rebuilt", plan)

	server.Save()
	v.leave(40, 20)
	v.covered("more left")
	server.Kill()
	server.Restart() // as it was before they left
	v.leave(60, 5)
	v.agrees("a replica that lagged was promoted", plan)
	v.covered("promoted")
	v.agrees("promoted and mended", plan)

	server.Order("CONFIG", "SET", "maxmemory", "1")
	v.leave(65, 20)
	v.agrees("out of memory", plan)
	server.Order("CONFIG", "SET", "maxmemory", "0")
	v.covered("memory again")

	server.Freeze()
	thawed := time.AfterFunc(2*time.Second, server.Thaw)
	defer thawed.Stop()
	v.leave(85, 5)
	for start := time.Now(); time.Since(start) < 2100*time.Millisecond; {
		v.agrees("frozen", plan)
	}
	v.covered("thawed")
	v.agrees("thawed", plan)
}

// Slices are asked for while people leave and Redis is flushed again and again:
// nobody is told who had left before the question.
func TestWhoLeftIsNotToldWhateverRedisForgets(t *testing.T) {
	t.Parallel()
	m := shared.NewMemory()
	const people = 100
	v := newVillage(t, rolltest.New(), m, people, 0)
	keep(t, v.redis)
	keep(t, overRedis(lonely{m}, streamOf(v.record), v.keys)) // a second one that believes it is alone
	q := alert.Query{Areas: alert.Foshan().Districts(), Level: alert.Red}
	for i := range people - 1 {
		if i%10 == 0 {
			m.Forget()
		}
		v.leave(i, 1)
		members, err := v.redis.Slice(t.Context(), roll.SMS, alert.Slice{Hi: alert.Buckets - 1}, q)
		if err != nil || len(members) != people-1-i {
			t.Fatalf("after %d left: %d people, %v", i+1, len(members), err)
		}
	}
	v.covered("at last")
	v.agrees("at last", v.last())
}

// lonely gives every lease to everybody.
type lonely struct{ *shared.Memory }

func (lonely) Acquire(ctx context.Context, name string, ttl time.Duration) (*shared.Lease, error) {
	return shared.NewMemory().Acquire(ctx, name, ttl)
}

// What came after a copy was made is added to it, from the very next message on.
func TestACopyThatIsBehindIsMended(t *testing.T) {
	t.Parallel()
	m := shared.NewMemory()
	v := newVillage(t, rolltest.New(), m, 50, 0)
	stop := keep(t, v.redis)
	v.covered("built")
	stop()
	plan := v.last()
	v.leave(49, 1) // whose joining was the last message
	v.agrees("one left", plan)
	v.leave(10, 10)
	v.people[3].Areas = []string{"440608"}
	if _, _, err := v.roll.Join(t.Context(), v.people[3]); err != nil {
		t.Fatal(err)
	}
	v.agrees("more left, one moved", plan)
	if current, used, err := v.redis.Coverage(t.Context()); err != nil || current >= used {
		t.Fatalf("nothing was behind: %d of %d, %v", current, used, err)
	}
}

func TestBucketsThatAreOddOrOfAnotherRollAreWrittenAnew(t *testing.T) {
	t.Parallel()
	m := shared.NewMemory()
	v := newVillage(t, rolltest.New(), m, 100, 0)
	stop := keep(t, v.redis)
	v.covered("built")
	stop()
	ctx := t.Context()
	heads, err := m.Heads(ctx, alert.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	stranger := v.keys.ID(roll.SMS, "stranger")
	n := 0
	for number, h := range heads {
		if h.Seq == 0 {
			continue
		}
		c := shared.Change{After: h, To: h}
		switch n++; n % 4 {
		case 1: // a record that cannot be read
			c.Records = []shared.Record{{ID: shared.ID(bucketMate(stranger, number)), Value: []byte{1, 2, 3}}}
		case 2: // one that belongs elsewhere
			c.Records = []shared.Record{{ID: shared.ID(bucketMate(stranger, number+1)), Value: []byte{1}}}
		case 3: // another roll's, further on than ours
			c.To = shared.Head{Edition: "1/other", Seq: 1 << 40}
		}
		if err := m.WriteBucket(ctx, number, c); err != nil {
			t.Fatal(err)
		}
	}
	v.agrees("odd", v.last())
	keep(t, v.redis)
	v.covered("put right")
	v.agrees("put right", v.last())
	heads, err = m.Heads(ctx, alert.Buckets)
	for number, h := range heads {
		if err != nil || h.Edition != "1/"+edition && h.Edition != "" {
			t.Fatalf("bucket %d: %+v, %v", number, h, err)
		}
	}
}

// bucketMate returns an id that belongs to a bucket.
func bucketMate(id alert.RecipientID, number int) alert.RecipientID {
	id[0], id[1] = byte(number>>4), byte(number<<4)
	return id
}

func TestR20NoAddressIsInRedis(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	v := newVillage(t, rolltest.New(), server.Open(), 30, 30)
	keep(t, v.redis)
	v.covered("built")
	seen := 0
	for _, key := range strings.Split(server.Order("KEYS", "*"), "\n") {
		if server.Order("TYPE", key) != "hash" {
			continue
		}
		text := server.Order("HGETALL", key)
		for _, s := range v.people {
			if strings.Contains(text, s.Address) || strings.Contains(text, s.Address[3:]) {
				t.Fatalf("%s holds an address", key)
			}
		}
		seen++
	}
	if seen == 0 {
		t.Fatal("nothing was looked at")
	}
}
