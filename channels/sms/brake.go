package sms

import (
	"math"
	"sync"
	"time"
)

// brake keeps a route at the speed that its carrier takes. Without a contract's
// figure and without complaints it does nothing. When the carrier throttles, it
// pauses and goes on a little slower; when it complains again soon, at half the
// speed, but not slower than what the carrier took in the second before. Then it
// feels its way up: slowly near the speed that was too much, faster and faster
// beyond, since the carrier may have been made faster.
//
// Messages go evenly, not in bursts: carriers count per second or per tenth of
// one, and nobody says which.
type brake struct {
	mu      sync.Mutex
	limit   float64   // messages a second by contract; 0: not known
	rate    float64   // messages a second now; 0: no limit
	next    time.Time // when the next message is due
	until   time.Time // nothing goes before
	strikes int       // times throttled since the last acceptance
	struck  time.Time // when the last of them began
	calm    time.Time // the rate was last changed
	found   bool      // the carrier's speed is known to be near
	since   time.Time // of the first strike in a row
	taken   meter
}

const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
	// catchUp is how far behind its time a message may be sent without pushing
	// the following ones back: timers are not exact.
	catchUp    = 5 * time.Millisecond
	easeOff    = 0.95        // of the speed, or of what the carrier took
	soon       = time.Second // two complaints within it mean that the speed is far off
	slowest    = 1.0         // message a second
	feelEvery  = 500 * time.Millisecond
	feelFirst  = 0.0025 // faster in the first feelEvery; it doubles every second
	feelAtMost = 0.25
	feelSearch = 0.05 // at least, while the carrier's speed is not found
)

func newBrake(limit float64) *brake { return &brake{limit: limit, rate: limit} }

// pause returns how long nothing may be sent.
func (b *brake) pause(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.until.Sub(now))
}

// reserve takes the next place in the row and returns how long until it is due.
func (b *brake) reserve(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.feel(now)
	if b.rate == 0 {
		return max(0, b.until.Sub(now))
	}
	if early := now.Add(-catchUp); b.next.Before(early) {
		b.next = early
	}
	if b.next.Before(b.until) {
		b.next = b.until
	}
	due := b.next
	b.next = b.next.Add(time.Duration(float64(time.Second) / b.rate))
	return max(0, due.Sub(now))
}

// feel makes the route a little faster when nobody complained for a while.
func (b *brake) feel(now time.Time) {
	if b.rate == 0 || b.calm.IsZero() || b.rate == b.limit {
		return
	}
	for now.Sub(b.calm) >= feelEvery {
		b.calm = b.calm.Add(feelEvery)
		quiet := b.calm.Sub(b.struck).Seconds()
		step := min(feelFirst*math.Pow(2, quiet), feelAtMost)
		if !b.found {
			step = max(step, feelSearch)
		}
		b.rate *= 1 + step
		if b.limit > 0 && b.rate >= b.limit {
			b.rate = b.limit
			return
		}
		if b.rate > 1e6 {
			b.rate = 0
			return
		}
	}
}

// accepted notes a message that the carrier took.
func (b *brake) accepted(sent, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken.add(now)
	if sent.After(b.struck) {
		b.strikes = 0
	}
}

// throttled notes a message that was too much. What was sent before the last
// complaint says nothing new.
func (b *brake) throttled(sent, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !sent.After(b.struck) {
		return
	}
	if b.strikes == 0 {
		b.since = now
	}
	b.slowDown(now)
	b.until = now.Add(min(firstPause<<min(b.strikes, 10), lastPause))
	b.strikes++
	b.struck, b.calm = now, b.until
}

func (b *brake) slowDown(now time.Time) {
	recent := easeOff * b.taken.perSecond(now)
	switch {
	case b.rate == 0:
		if b.rate = b.taken.burst(now) / 2; b.rate == 0 {
			return // nothing was taken yet, so nothing is known: the pauses have to do
		}
		b.found = recent >= b.rate
	case now.Sub(b.struck) > soon:
		b.rate *= easeOff
		b.found = true
	default:
		b.rate /= 2
		b.found = recent >= b.rate
	}
	b.rate = max(b.rate, recent, slowest)
	if b.limit > 0 {
		b.rate = min(b.rate, b.limit)
	}
}

// blocked returns for how long the carrier has taken nothing at all; 0 when it
// takes something.
func (b *brake) blocked(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.strikes < 2 {
		return 0
	}
	return now.Sub(b.since)
}

// speed returns the present rate; 0 when there is no limit.
func (b *brake) speed() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rate
}

// meter counts in tenths of a second and looks back one second.
type meter struct {
	slots [10]int
	last  int64 // number of the newest slot
}

func (m *meter) add(now time.Time) {
	m.advance(now)
	m.slots[m.last%10]++
}

func (m *meter) perSecond(now time.Time) float64 {
	m.advance(now)
	n := 0
	for _, v := range m.slots {
		n += v
	}
	return float64(n)
}

// burst returns the speed since the oldest tenth of the last second in which
// anything was counted.
func (m *meter) burst(now time.Time) float64 {
	n := m.perSecond(now)
	for k := m.last - 9; k <= m.last; k++ {
		if m.slots[k%10] > 0 {
			return n / max(now.Sub(time.UnixMilli(100*k)).Seconds(), 0.01)
		}
	}
	return 0
}

func (m *meter) advance(now time.Time) {
	slot := now.UnixMilli() / 100
	for k := max(m.last+1, slot-9); k <= slot; k++ {
		m.slots[k%10] = 0
	}
	m.last = max(m.last, slot)
}
