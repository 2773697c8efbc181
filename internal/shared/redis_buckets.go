package shared

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// headBatch is how many heads are asked for in one pipeline.
const headBatch = 512

// Heads implements [Buckets].
func (r *Redis) Heads(ctx context.Context, n int) ([]Head, error) {
	heads := make([]Head, 0, n)
	for len(heads) < n {
		from, to := len(heads), min(len(heads)+headBatch, n)
		answers := make([]*redis.SliceCmd, 0, to-from)
		_, err := r.c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for number := from; number < to; number++ {
				answers = append(answers, p.HMGet(ctx, r.prefix+bucketKey(number), editionField, seqField))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the heads of the buckets from %d: %w", from, err)
		}
		for _, a := range answers {
			heads = append(heads, headOf(a.Val()))
		}
	}
	return heads, nil
}

func headOf(answer []any) Head {
	if len(answer) != 2 {
		return Head{}
	}
	edition, _ := answer[0].(string)
	seq, _ := answer[1].(string)
	return parseHead(edition, seq)
}

// ReadBuckets implements [Buckets].
func (r *Redis) ReadBuckets(ctx context.Context, numbers []int, fn func(number int, b Bucket) error) error {
	for len(numbers) > 0 {
		n := min(len(numbers), readBatch)
		answers := make([]*redis.MapStringStringCmd, n)
		_, err := r.c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, number := range numbers[:n] {
				answers[i] = p.HGetAll(ctx, r.prefix+bucketKey(number))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read buckets from %d: %w", numbers[0], err)
		}
		for i, a := range answers {
			if err := fn(numbers[i], takeHead(a.Val())); err != nil {
				return err
			}
		}
		numbers = numbers[n:]
	}
	return nil
}

// WriteBucket implements [Buckets].
func (r *Redis) WriteBucket(ctx context.Context, number int, c Change) error {
	if err := checkChange(c); err != nil {
		return fmt.Errorf("write bucket %d: %w", number, err)
	}
	key := r.prefix + bucketKey(number)
	err := r.c.Watch(ctx, func(tx *redis.Tx) error {
		answer, err := tx.HMGet(ctx, key, editionField, seqField).Result()
		if err != nil {
			return err
		}
		if headOf(answer) != c.After {
			return ErrMoved
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { c.queue(ctx, p, key); return nil })
		return err
	}, key)
	if errors.Is(err, redis.TxFailedErr) {
		err = ErrMoved
	}
	if err != nil {
		return fmt.Errorf("write bucket %d: %w", number, err)
	}
	return nil
}

// queue puts the change's commands into a transaction.
func (c *Change) queue(ctx context.Context, p redis.Pipeliner, key string) {
	set := make([]any, 0, 2*len(c.Records)+4)
	var gone []string
	for _, rec := range c.Records {
		if rec.Value == nil {
			gone = append(gone, string(rec.ID[:]))
			continue
		}
		set = append(set, rec.ID[:], rec.Value)
	}
	if c.After.Edition != c.To.Edition {
		p.Del(ctx, key)
	} else if len(gone) > 0 {
		p.HDel(ctx, key, gone...)
	}
	set = append(set, seqField, strconv.FormatUint(c.To.Seq, 10), editionField, c.To.Edition)
	p.HSet(ctx, key, set...)
}
