package sms

import (
	"testing"
	"time"
)

// carrier counts submissions in fixed windows, on a clock of the test's own.
type carrier struct {
	perSlot int
	slot    time.Duration
	began   time.Time
	used    int
}

func (c *carrier) takes(now time.Time) bool {
	if s := now.Truncate(c.slot); !s.Equal(c.began) {
		c.began, c.used = s, 0
	}
	c.used++
	return c.used <= c.perSlot
}

// drive sends through a brake to a carrier that answers 5 ms later, at most
// 20,000 messages a second, and counts what was taken and refused.
func drive(b *brake, c *carrier, from time.Time, lasting time.Duration) (taken, refused int) {
	type answer struct {
		sent, at time.Time
		ok       bool
	}
	const rtt, gap = 5 * time.Millisecond, 50 * time.Microsecond
	var pending []answer
	settle := func(now time.Time) {
		for len(pending) > 0 && !pending[0].at.After(now) {
			a := pending[0]
			pending = pending[1:]
			if a.ok {
				taken++
				b.accepted(a.sent, a.at)
			} else {
				refused++
				b.throttled(a.sent, a.at)
			}
		}
	}
	for now := from; now.Before(from.Add(lasting)); now = now.Add(gap) {
		settle(now)
		if b.pause(now) > 0 || len(pending) >= 100 {
			continue
		}
		now = now.Add(b.reserve(now))
		settle(now)
		pending = append(pending, answer{sent: now, at: now.Add(rtt), ok: c.takes(now)})
	}
	return taken, refused
}

func TestBrakeFindsTheSpeedOfTheCarrier(t *testing.T) {
	for name, c := range map[string]carrier{
		"2,000 counted per second":     {perSlot: 2000, slot: time.Second},
		"2,000 counted per 100 ms":     {perSlot: 200, slot: 100 * time.Millisecond},
		"100 counted per second":       {perSlot: 100, slot: time.Second},
		"10,000 counted per 100 ms":    {perSlot: 1000, slot: 100 * time.Millisecond},
		"the contract's 1,800 is fine": {perSlot: 2000, slot: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			limit := 0.0
			if name == "the contract's 1,800 is fine" {
				limit = 1800
			}
			b := newBrake(limit)
			start := time.UnixMilli(1_700_000_000_370)
			const seconds = 30
			taken, refused := drive(b, &c, start, seconds*time.Second)
			full := int(float64(c.perSlot)/c.slot.Seconds()) * seconds
			t.Logf("took %d of %d (%.0f %%), refused %d, rate %.0f", taken, full, 100*float64(taken)/float64(full), refused, b.speed())
			if limit > 0 && refused > 0 {
				t.Errorf("%d were refused although the contract's speed was kept", refused)
			}
			if taken < full*88/100 {
				t.Errorf("the carrier would have taken %d and got %d", full, taken)
			}
			if refused > taken/10 {
				t.Errorf("%d refused for %d taken", refused, taken)
			}
		})
	}
}

func TestBrakeComesBackAfterTheCarrierTookNothing(t *testing.T) {
	b := newBrake(0)
	start := time.UnixMilli(1_700_000_000_000)
	shut := &carrier{perSlot: 0, slot: time.Second}
	if taken, refused := drive(b, shut, start, 20*time.Second); taken != 0 || refused > 1000 {
		t.Fatalf("a carrier that takes nothing was asked %d times in 20 s", refused)
	}
	if b.blocked(start.Add(20*time.Second)) < 10*time.Second {
		t.Error("the brake does not know that it is blocked")
	}
	taken, _ := drive(b, &carrier{perSlot: 2000, slot: time.Second}, start.Add(20*time.Second), 20*time.Second)
	if taken < 2000*10 {
		t.Errorf("%d in 20 s after the carrier took 2,000 a second again", taken)
	}
}

func TestBrakeIsFasterWhenTheCarrierIs(t *testing.T) {
	b := newBrake(0)
	start := time.UnixMilli(1_700_000_000_000)
	drive(b, &carrier{perSlot: 200, slot: time.Second}, start, 10*time.Second)
	if v := b.speed(); v < 100 || v > 260 {
		t.Fatalf("speed %.0f at a carrier of 200", v)
	}
	drive(b, &carrier{perSlot: 5000, slot: time.Second}, start.Add(10*time.Second), 30*time.Second)
	if v := b.speed(); v < 3000 {
		t.Errorf("speed %.0f, 30 s after the carrier went from 200 to 5,000", v)
	}
}

func TestMeterLooksBackOneSecond(t *testing.T) {
	var m meter
	start := time.UnixMilli(1_700_000_000_000)
	for i := range 100 {
		m.add(start.Add(time.Duration(i) * 20 * time.Millisecond)) // 50 a second for 2 s
	}
	if v := m.perSecond(start.Add(1990 * time.Millisecond)); v != 50 {
		t.Errorf("%v a second, want 50", v)
	}
	if v := m.perSecond(start.Add(5 * time.Second)); v != 0 {
		t.Errorf("%v a second after silence", v)
	}
}
