package audience

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/shared"
)

// Stream is the ROLL stream as the index in Redis reads it.
type Stream interface {
	Source
	LastSeq(ctx context.Context, stream string) (uint64, error)
	// LastUnder returns the sequence of the newest message under a filter, 0 when
	// there is none. It must not be behind.
	LastUnder(ctx context.Context, filter string) (uint64, error)
	// Under returns the newest message of each subject under these filters. It may
	// be behind.
	Under(ctx context.Context, filters []string) (map[string]alert.Record, error)
}

// RedisConfig is what the index in Redis is made of.
type RedisConfig struct {
	Buckets shared.Buckets
	Leases  shared.Leases // for [Redis.Run]
	// Lease is how long after the death of the one who writes another takes over;
	// 0 is 6 s. Meanwhile slices are mended or read from the roll.
	Lease  time.Duration
	Stream Stream
	Keys   Opener
	Places *alert.Gazetteer
	// Edition names the roll that Redis holds a copy of. It must be another one
	// after the roll was rewritten, restored or given other keys: buckets of other
	// editions are thrown away.
	Edition string
	Log     *slog.Logger
	Metrics *RedisMetrics // nil keeps the figures to ourselves
}

// Redis is the index in Redis: [Slices], for processes that do not keep
// everybody in memory. Counts come from [Memory].
//
// A bucket is taken from Redis only when it has come as far as the roll has
// under that bucket; otherwise what is missing, or all of it, is read from the
// roll. So an answer never depends on what became of Redis, only its time does:
// a slice of a thousand people among a million takes 3 ms from Redis, and 15 to
// 100 ms from the roll, the more the less of it lies in memory (BenchmarkRedis).
type Redis struct {
	reader
	conf    RedisConfig
	lasts   *lasts
	metrics *RedisMetrics
	rest    atomic.Int64 // instant (Unix ns) up to which Redis is left alone; 0 when it works
}

const (
	// redisWait bounds how long a slice waits for Redis.
	redisWait = time.Second
	// redisRest is how long Redis is left alone after an error. Then one slice tries.
	redisRest = time.Second
	// closeBehind is how many messages behind the roll a bucket may be for its
	// missing ones to be read alone. More is cheaper to read anew.
	closeBehind = 1000
	// readAtOnce is about how many people are asked of the roll at once; the record
	// answers 1,024 at most.
	readAtOnce = 256
)

// NewRedis returns the index. It answers at once, from the roll where Redis holds
// nothing yet; somebody has to call [Redis.Run].
func NewRedis(c RedisConfig) *Redis {
	c.Edition = "1/" + c.Edition // the form of the values is part of it
	if c.Lease == 0 {
		c.Lease = 6 * time.Second
	}
	if c.Metrics == nil {
		c.Metrics = NewRedisMetrics(nil)
	}
	r := &Redis{conf: c, lasts: newLasts(c.Stream), metrics: c.Metrics}
	r.reader.init(c.Keys, c.Places, c.Log)
	return r
}

var _ Slices = (*Redis)(nil)

// WaitFor implements [Slices]. What Redis does not hold yet is read from the
// roll, so this waits for the roll only.
func (r *Redis) WaitFor(ctx context.Context, seq uint64) error {
	const pause = 10 * time.Millisecond
	for seq > r.lasts.seen.Load() {
		last, err := r.conf.Stream.LastSeq(ctx, alert.StreamRoll)
		if err == nil && last >= seq {
			return nil
		}
		if err == nil {
			select {
			case <-time.After(pause):
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		return fmt.Errorf("wait for the roll to reach %d: %w", seq, err)
	}
	return nil
}

// Slice implements [Slices].
func (r *Redis) Slice(ctx context.Context, channel string, s alert.Slice, q alert.Query) ([]Member, error) {
	if s.Lo > s.Hi || s.Hi >= alert.Buckets {
		return nil, fmt.Errorf("audience of slice %s: no such buckets", s.Name())
	}
	if err := checkAreas(r.places, q.Areas); err != nil {
		return nil, err
	}
	if err := r.WaitFor(ctx, q.UpTo); err != nil {
		return nil, err
	}
	if len(q.Areas) == 0 {
		return nil, nil // R11
	}
	numbers := make([]int, 0, int(s.Hi-s.Lo)+1)
	for n := int(s.Lo); n <= int(s.Hi); n++ {
		numbers = append(numbers, n)
	}
	buckets, err := r.load(ctx, numbers)
	if err != nil {
		return nil, fmt.Errorf("audience of slice %s: %w", s.Name(), err)
	}
	only, ok := r.profiles.channelNumber(channel)
	if !ok {
		return nil, nil
	}
	qu := r.profiles.question(r.places, q) // only now are all the texts in the buckets known
	members := make([]Member, 0, max(0, min(s.Count, 1<<16))+8)
	var scratch []byte
	for _, b := range buckets {
		if b != nil {
			members, scratch = r.sliceBucket(b, qu, only, members, scratch)
		}
	}
	return members, ctx.Err()
}

// ByID implements [Slices].
func (r *Redis) ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]Member, error) {
	numbers := distinct(ids)
	buckets, err := r.load(ctx, numbers)
	if err != nil {
		return nil, fmt.Errorf("audience by id: %w", err)
	}
	byNumber := make(map[int]*bucket, len(numbers))
	for i, n := range numbers {
		if byNumber[n] = buckets[i]; buckets[i] == nil {
			byNumber[n] = &bucket{}
		}
	}
	return r.byIDs(channel, ids, func(n int) *bucket { return byNumber[n] }), ctx.Err()
}

// load returns these buckets as the roll has them now; nil for one in which
// nobody ever was.
func (r *Redis) load(ctx context.Context, numbers []int) ([]*bucket, error) {
	last, now, err := r.lasts.of(ctx, numbers)
	if err != nil {
		return nil, err
	}
	var wanted []int
	for i, n := range numbers {
		if last[i] > 0 {
			wanted = append(wanted, n)
		}
	}
	copies := r.copies(ctx, wanted)
	buckets := make([]*bucket, len(numbers))
	var missing []int // positions
	for i, n := range numbers {
		c, there := copies[n]
		switch {
		case last[i] == 0:
		case there && c.seq >= last[i]:
			r.metrics.current.Inc()
			buckets[i] = c.bucket
		case there && now-c.seq <= closeBehind:
			r.metrics.mended.Inc()
			if buckets[i], err = r.mend(ctx, n, c); err != nil {
				return nil, err
			}
		default:
			r.metrics.read.Inc()
			missing = append(missing, i)
		}
	}
	atOnce := int(min(max(readAtOnce*alert.Buckets/max(now, 1), 1), readAtOnce))
	for some := range slices.Chunk(missing, atOnce) {
		if err := r.read(ctx, some, numbers, last, buckets); err != nil {
			return nil, err
		}
	}
	return buckets, nil
}

// Coverage returns in how many buckets of the roll there ever was anybody, and
// how many of them Redis has as they are now.
func (r *Redis) Coverage(ctx context.Context) (current, used int, err error) {
	last, _, err := r.lasts.of(ctx, allBuckets())
	if err != nil {
		return 0, 0, err
	}
	heads, err := r.conf.Buckets.Heads(ctx, alert.Buckets)
	if err != nil {
		return 0, 0, err
	}
	for n, h := range heads {
		if last[n] == 0 {
			continue
		}
		used++
		if h.Edition == r.conf.Edition && h.Seq >= last[n] {
			current++
		}
	}
	return current, used, nil
}
