package shared

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Get implements [Cache].
func (r *Redis) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := checkName(key); err != nil {
		return nil, false, fmt.Errorf("get from the cache: %w", err)
	}
	v, err := r.c.Get(ctx, r.prefix+"cache:"+key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("get %s from the cache: %w", key, err)
	}
	return v, true, nil
}

// Set implements [Cache].
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkSet(key, value, ttl); err != nil {
		return fmt.Errorf("set in the cache: %w", err)
	}
	if err := r.c.Set(ctx, r.prefix+"cache:"+key, value, ttl).Err(); err != nil {
		return fmt.Errorf("set %s in the cache: %w", key, err)
	}
	return nil
}

// Remember implements [Lookup].
func (r *Redis) Remember(ctx context.Context, channel string, sent []Sent) error {
	for len(sent) > 0 {
		n := min(len(sent), lookupBatch)
		_, err := r.c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, s := range sent[:n] {
				p.Set(ctx, r.prefix+lookupKey(channel, s.MessageID), s.At[:], LookupAge)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("remember %d messages of %s: %w", n, channel, err)
		}
		sent = sent[n:]
	}
	return nil
}

// Find implements [Lookup].
func (r *Redis) Find(ctx context.Context, channel string, messageIDs []string) (map[string]Place, error) {
	found := make(map[string]Place, len(messageIDs))
	for len(messageIDs) > 0 {
		n := min(len(messageIDs), lookupBatch)
		answers := make([]*redis.StringCmd, n)
		_, err := r.c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, id := range messageIDs[:n] {
				answers[i] = p.Get(ctx, r.prefix+lookupKey(channel, id))
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("find %d messages of %s: %w", n, channel, err)
		}
		for i, a := range answers {
			var at Place
			if v := a.Val(); a.Err() == nil && len(v) == len(at) {
				copy(at[:], v)
				found[messageIDs[i]] = at
			} else if a.Err() != nil && !errors.Is(a.Err(), redis.Nil) {
				return nil, fmt.Errorf("find a message of %s: %w", channel, a.Err())
			}
		}
		messageIDs = messageIDs[n:]
	}
	return found, nil
}
