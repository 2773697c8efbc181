package audience

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// lasts knows how far the roll has come under each bucket, which is what tells
// a current copy of a bucket from one that is behind. It asks the record every
// time, but for what is new only.
type lasts struct {
	src  Stream
	turn chan struct{} // held by the one who asks
	at   uint64        // ROLL sequence up to which the known ones are exact
	last [alert.Buckets]uint64
	// unknown buckets were passed over when the roll had grown too far to be read.
	unknown [alert.Buckets]bool
	seen    atomic.Uint64 // at, for those who only look
}

// farBehind is from how many new messages on asking for the buckets that are
// needed costs less than reading the messages.
const farBehind = 20_000

func newLasts(src Stream) *lasts {
	return &lasts{src: src, turn: make(chan struct{}, 1)}
}

// of returns the last sequences of these buckets, as they were at a moment of
// the call, and a ROLL sequence up to which they are exact.
func (l *lasts) of(ctx context.Context, buckets []int) ([]uint64, uint64, error) {
	now, err := l.src.LastSeq(ctx, alert.StreamRoll)
	if err != nil {
		return nil, 0, err
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if err := l.advance(ctx, now); err != nil {
		return nil, 0, err
	}
	l.seen.Store(l.at)
	found := make([]uint64, len(buckets))
	for i, n := range buckets {
		if l.unknown[n] {
			last, err := l.src.LastUnder(ctx, roll.BucketFilter(n))
			if err != nil {
				return nil, 0, err
			}
			l.last[n], l.unknown[n] = max(l.last[n], last), false
		}
		found[i] = l.last[n]
	}
	return found, l.at, nil
}

// advance takes in what is new up to now.
func (l *lasts) advance(ctx context.Context, now uint64) error {
	switch {
	case now <= l.at:
		return nil // somebody else was here meanwhile
	case now-l.at > farBehind:
		for n := range l.unknown {
			l.unknown[n] = true
		}
		l.at = now
		return nil
	}
	at, err := l.src.Scan(ctx, alert.StreamRoll, roll.Filter, l.at+1, func(r alert.Record) error {
		if n, ok := bucketOf(r.Subject); ok {
			l.last[n] = max(l.last[n], r.Seq)
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.at = max(l.at, at)
	return nil
}

// bucketOf returns the bucket that a subject says it belongs to, also when the
// rest of it cannot be read.
func bucketOf(subject string) (int, bool) {
	rest, ok := strings.CutPrefix(subject, "roll.")
	if !ok || len(rest) < 5 || rest[4] != '.' {
		return 0, false
	}
	n, err := strconv.ParseUint(rest[:4], 16, 16)
	return int(n), err == nil && n < alert.Buckets
}
