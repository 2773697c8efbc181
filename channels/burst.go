package channels

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// Burst says when refusals are so many that a person should look before more
// people are tried (W17): at least Least among the last Window answers of one
// channel, and more than Percent of them. A few in a hundred are everyday: dead
// numbers, people who blocked the account. Each pause before doubles all three,
// so that an officer who resumed is not asked again for the same thing; when
// Percent would reach a hundred nothing is paused any more.
type Burst struct {
	Window  int // 500
	Least   int // 50
	Percent int // 20; 100 never pauses
}

func (b Burst) withDefaults() Burst {
	if b.Window <= 0 {
		b.Window = 500
	}
	if b.Least <= 0 {
		b.Least = 50
	}
	if b.Percent <= 0 {
		b.Percent = 20
	}
	return b
}

// after is the burst that is needed after so many pauses.
func (b Burst) after(pauses int) Burst {
	pauses = min(pauses, 16) // doubled far enough
	return Burst{Window: b.Window << pauses, Least: b.Least << pauses, Percent: b.Percent << pauses}
}

// gauge measures the refusals of one revision on one channel.
type gauge struct {
	rule Burst
	refs int // sessions; guarded by gauges.mu

	mu      sync.Mutex
	last    []bool // the last answers, a ring: refused or not
	next    int
	refused int            // of them
	codes   map[string]int // of refusals, the carrier's words
	told    bool
}

// maxCodes bounds the carrier's words that are counted.
const maxCodes = 16

// note takes one answer and reports when it makes the burst full, once.
func (g *gauge) note(o *alert.Outcome) (full bool) {
	refused := o.State == alert.StateRefused
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.last) < g.rule.Window {
		g.last = append(g.last, refused)
	} else {
		if g.last[g.next] {
			g.refused--
		}
		g.last[g.next] = refused
		g.next = (g.next + 1) % len(g.last)
	}
	if !refused {
		return false
	}
	g.refused++
	if _, known := g.codes[o.Code]; known || len(g.codes) < maxCodes {
		g.codes[o.Code]++
	}
	if g.told || g.refused < g.rule.Least || g.refused*100 <= g.rule.Percent*len(g.last) {
		return false
	}
	g.told = true
	return true
}

// again lets the gauge report once more.
func (g *gauge) again() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = false
}

// words say what was seen, in Chinese and English, without a person in it.
func (g *gauge) words(channel string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	code, most := "", 0
	for c, n := range g.codes {
		if n > most || n == most && c < code {
			code, most = c, n
		}
	}
	if code == "" {
		code = "–"
	}
	share := g.refused * 100 / max(1, len(g.last))
	return fmt.Sprintf("%s：最近 %d 次发送中有 %d 次被拒绝（%d%%），最多的回答是 %s，已自动暂停 / %s: %d of the last %d were refused (%d%%), most often with %s; paused automatically",
		channel, len(g.last), g.refused, share, code, channel, g.refused, len(g.last), share, code)
}

// gauges holds the gauges of a channel's revisions.
type gauges struct {
	rule Burst

	mu  sync.Mutex
	all map[string]*gauge
}

// maxGauges bounds what is kept of revisions that nobody is sending.
const maxGauges = 64

// of returns the gauge of a revision after so many pauses; the caller calls
// done. A retraction has none: it is never paused but by a person.
func (gs *gauges) of(w *Work) *gauge {
	rule := gs.rule.after(w.Bursts)
	if w.Plan.Verb == alert.Retract || rule.Percent >= 100 {
		return nil
	}
	key := fmt.Sprintf("%s-%d", alert.PlanID(w.Plan.Notice, w.Plan.Rev), w.Bursts)
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g := gs.all[key]
	if g == nil {
		if len(gs.all) >= maxGauges {
			for k, old := range gs.all {
				if old.refs == 0 {
					delete(gs.all, k)
				}
			}
		}
		g = &gauge{rule: rule, codes: map[string]int{}}
		gs.all[key] = g
	}
	g.refs++
	return g
}

func (gs *gauges) done(g *gauge) {
	if g == nil {
		return
	}
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g.refs--
}

// burst tells of a burst and has the revision paused. When the pause cannot be
// recorded sending goes on, and the next refusals try again: a warning that is
// held up by our own trouble is worse than one that is refused.
func (ln *lane) burst(g *gauge, w *Work) {
	words := g.words(ln.name)
	ln.log.Error("a burst of refusals", "notice", w.Plan.Notice, "rev", w.Plan.Rev, "words", words)
	ln.eng.metrics.bursts.WithLabelValues(ln.name).Inc()
	ln.eng.conf.Alarm(Alarm{Channel: ln.name, Kind: AlarmBurst, Text: words})
	if ln.eng.conf.Pause == nil {
		return
	}
	ln.pausing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), pauseWithin)
		defer cancel()
		if err := ln.eng.conf.Pause(ctx, w.Plan.Notice, w.Plan.Rev, w.Bursts, words); err != nil {
			ln.log.Error("the fan-out could not be paused", "notice", w.Plan.Notice, "rev", w.Plan.Rev, "err", err)
			g.again()
		}
	})
}

const pauseWithin = 5 * time.Second
