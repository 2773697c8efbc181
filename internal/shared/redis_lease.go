package shared

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

func (r *Redis) leaseKey(name string) string { return r.prefix + "{lease:" + name + "}" }

// Acquire implements [Leases]. The owner's word stands in the lease's key, the
// tokens are counted beside it; both change in one transaction, so a later
// holder has a greater token. Counting begins at the clock, not at one: Redis
// may forget.
func (r *Redis) Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	if err := checkLease(name, ttl); err != nil {
		return nil, fmt.Errorf("acquire lease: %w", err)
	}
	key, owner, asked := r.leaseKey(name), newOwner(), time.Now()
	var token *redis.IntCmd
	var holder *redis.StringCmd
	_, err := r.c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.SetNX(ctx, key+":n", asked.UnixMicro(), 0)
		token = p.Incr(ctx, key+":n")
		p.SetNX(ctx, key, owner, ttl)
		holder = p.Get(ctx, key) // says who won, also when the answer to a first try was lost
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("acquire lease %s: %w", name, err)
	}
	if holder.Val() != owner {
		return nil, fmt.Errorf("acquire lease %s: %w", name, ErrHeld)
	}
	return newLease(r, name, owner, uint64(token.Val()), ttl, asked), nil
}

func checkLease(name string, ttl time.Duration) error {
	if ttl < 10*time.Millisecond {
		return errors.New("a lease lasts 10 ms at least")
	}
	return checkName(name)
}

// ifOwner does something to a lease's key if it is still the owner's.
func (r *Redis) ifOwner(ctx context.Context, name, owner string, do func(p redis.Pipeliner, key string)) error {
	key := r.leaseKey(name)
	err := r.c.Watch(ctx, func(tx *redis.Tx) error {
		holder, err := tx.Get(ctx, key).Result()
		if errors.Is(err, redis.Nil) || err == nil && holder != owner {
			return ErrLost
		}
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { do(p, key); return nil })
		return err
	}, key)
	if errors.Is(err, redis.TxFailedErr) {
		return ErrLost
	}
	return err
}

func (r *Redis) renewLease(ctx context.Context, name, owner string, ttl time.Duration) error {
	return r.ifOwner(ctx, name, owner, func(p redis.Pipeliner, key string) { p.PExpire(ctx, key, ttl) })
}

func (r *Redis) releaseLease(ctx context.Context, name, owner string) error {
	return r.ifOwner(ctx, name, owner, func(p redis.Pipeliner, key string) { p.Del(ctx, key) })
}

// Take implements [Rates].
func (r *Redis) Take(ctx context.Context, name string, perSecond float64, want int) (int, time.Time, error) {
	if err := checkRate(name, perSecond); err != nil {
		return 0, time.Time{}, fmt.Errorf("take of a rate: %w", err)
	}
	s := sliceAt(time.Now(), perSecond)
	asked := s.ask(want)
	if asked == 0 {
		return 0, s.until, nil
	}
	key := r.prefix + s.key(name)
	var total *redis.IntCmd
	_, err := r.c.Pipelined(ctx, func(p redis.Pipeliner) error {
		total = p.IncrBy(ctx, key, asked)
		p.PExpire(ctx, key, 20*rateSlice)
		return nil
	})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("take of the rate %s: %w", name, err)
	}
	return s.grant(asked, total.Val()), s.until, nil
}
