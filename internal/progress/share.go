package progress

import (
	"time"

	"mingluo/internal/alert"
)

// shareKey names one channel's share of one released revision.
type shareKey struct {
	notice  string
	rev     int
	channel string
}

func keyOf(t alert.Task) shareKey { return shareKey{t.Notice, t.Rev, t.Channel} }

// share holds what the share's slices have come to. A nil share has none.
type share struct {
	slices map[[2]uint16]kept
	closed int // slices that need no task any more
}

func (s *share) get(sl alert.Slice) (kept, bool) {
	if s == nil {
		return kept{}, false
	}
	k, ok := s.slices[[2]uint16{sl.Lo, sl.Hi}]
	return k, ok
}

func (s *share) put(sl alert.Slice, k kept) {
	at := [2]uint16{sl.Lo, sl.Hi}
	if s.slices[at].closed {
		s.closed--
	}
	if k.closed {
		s.closed++
	}
	s.slices[at] = k
}

// kept is a tally without what only its writer needs: a city's years of
// fan-outs are a million of these, some 150 bytes each.
type kept struct {
	expected, repeats    int32
	chased, held         int32 // see alert.Tally
	attempt              int32
	counts               []count
	first, last, nextTry instant
	whole                bool // every recipient is settled
	closed               bool // whole, or ended by a correction
	superseded           bool // ended by a correction
}

type count struct {
	state string
	n     int
}

func (k *kept) count(state string) int {
	for _, c := range k.counts {
		if c.state == state {
			return c.n
		}
	}
	return 0
}

// instant is a time in nanoseconds since 1970, 0 for none.
type instant int64

func instantOf(t time.Time) instant {
	if t.IsZero() {
		return 0
	}
	return instant(t.UnixNano())
}

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

// share returns a task's share. The tracker's lock is held, here and in keep.
func (t *Tracker) share(task alert.Task) *share {
	key := keyOf(task)
	s := t.shares[key]
	if s == nil {
		s = &share{slices: map[[2]uint16]kept{}}
		t.shares[key] = s
	}
	return s
}

func (t *Tracker) keep(v *alert.Tally) kept {
	k := kept{expected: int32(v.Expected), repeats: int32(v.Repeats), chased: int32(v.Chased), held: int32(v.Held), attempt: int32(v.Attempt), first: instantOf(v.First), last: instantOf(v.Last), nextTry: instantOf(v.NextTry),
		whole: v.Closed, closed: v.Closed || v.Superseded, superseded: v.Superseded, counts: make([]count, 0, len(v.Counts))}
	for state, n := range v.Counts {
		if t.names[state] == "" {
			t.names[state] = state
		}
		k.counts = append(k.counts, count{t.names[state], n})
	}
	return k
}
