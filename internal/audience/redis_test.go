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
type twin struct {
	*rolltest.Store
	mu     sync.Mutex
	at     uint64
	bucket map[string][]string // subjects by what precedes the id
}

func newTwin(s *rolltest.Store) *twin { return &twin{Store: s, bucket: map[string][]string{}} }

func (s *twin) Under(ctx context.Context, filters []string) (map[string]alert.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.Scan(ctx, alert.StreamRoll, roll.Filter, s.at+1, func(r alert.Record) error {
		prefix := r.Subject[:len(roll.BucketFilter(0))-1]
		s.bucket[prefix] = append(s.bucket[prefix], r.Subject)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.at = max(s.at, at)
	var subjects []string
	for _, f := range filters {
		subjects = append(subjects, s.bucket[strings.TrimSuffix(f, "*")]...)
	}
	return s.Newest(ctx, subjects)
}

func (s *twin) LastUnder(ctx context.Context, filter string) (last uint64, err error) {
	found, err := s.Under(ctx, []string{filter})
	for _, r := range found {
		last = max(last, r.Seq)
	}
	return last, err
}

func streamOf(rec audience.Source) audience.Stream {
	if s, ok := rec.(*rolltest.Store); ok {
		return newTwin(s)
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
