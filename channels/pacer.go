package channels

import (
	"context"
	"math/bits"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// class is a place in the order of hand-overs; a lower one goes first.
type class int

const (
	classesPerMode = 7 // retraction, red, orange, yellow, blue, white, no colour
	classes        = 2 * classesPerMode
)

// classOf orders work: retractions and corrections, then red to blue, and
// everything live before any drill (R4: a drill must not delay the real thing).
// A lift goes with its level: no slower than the original (R3), but an
// all-clear does not overtake a red warning.
func classOf(w *Work) class {
	c := class(1 + alert.Red - w.Plan.Query.Level)
	if l := w.Message.Content.Level; l > w.Plan.Query.Level {
		c = class(1 + alert.Red - l)
	}
	if v := w.Plan.Verb; v == alert.Retract || v == alert.Correct {
		c = 0
	}
	if w.Plan.Mode != alert.Live {
		c += classesPerMode
	}
	return min(max(c, 0), classes-1)
}

// pacer decides, for one channel, who hands over next. The order is decided at
// each hand-over and not by the queue of tasks, so that a red notice overtakes
// a blue one that is already being sent. While a slice of a higher class has
// people left to hand over, the lower ones wait.
//
// The rate is kept without bursts: after a pause at most slack's worth goes at
// once, which is what timers cannot do better.
//
// The pacer also keeps the bound of what a crash can make the channel say twice:
// a permit is given out while fewer than most people were handed over and are
// not on disk yet. Whoever was permitted counts until his outcome is recorded.
type pacer struct {
	mu sync.Mutex
	// most is how many hand-overs may be unrecorded; 0 is no bound. One commit
	// takes about 10 ms and the next one gathers meanwhile, so that this many go
	// in some 20 ms: 10,000 let a carrier that answers at once have 500,000 a
	// second. A real one takes a few thousand a second, and a crash then finds
	// some dozens unrecorded, whatever the bound.
	most     int
	open     int           // of them, those that are now, and other outcomes on their way
	interval time.Duration // between two hand-overs; 0: no limit
	next     time.Time     // when the next is due
	want     [classes]int  // hand-overs that running slices have left
	queue    [classes][]*ticket
	busy     uint32 // bit c: want or queue of class c is not empty
	timer    *time.Timer
}

const slack = 5 * time.Millisecond

// ticket is a permit that is waited for.
type ticket struct {
	turn    *turn
	granted chan struct{}
	gone    bool
}

// turn is one slice's place with the pacer while it is being delivered.
type turn struct {
	class class
	left  int // hand-overs still to come, as far as the pacer knows
}

// setRate takes effect with the next permit; 0 is no limit.
func (p *pacer) setRate(perSecond float64) {
	var interval time.Duration
	if perSecond > 0 {
		interval = time.Duration(float64(time.Second) / perSecond)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if interval != p.interval {
		p.interval = interval
		p.dispatch()
	}
}

// enter announces a slice with n hand-overs.
func (p *pacer) enter(c class, n int) *turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &turn{class: c, left: n}
	p.want[c] += n
	p.mark(c)
	return t
}

// leave takes back what the slice did not use.
func (p *pacer) leave(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want[t.class] -= t.left
	t.left = 0
	p.mark(t.class)
	p.dispatch()
}

// take waits for the slice's next permit, until ctx or stop ends. It returns
// false when it was given up.
func (p *pacer) take(ctx context.Context, t *turn, stop <-chan struct{}) bool {
	p.mu.Lock()
	if p.busy&(1<<t.class-1) == 0 && len(p.queue[t.class]) == 0 && p.room() && p.token() {
		p.open++
		p.use(t)
		p.mu.Unlock()
		return true
	}
	k := &ticket{turn: t, granted: make(chan struct{})}
	p.queue[t.class] = append(p.queue[t.class], k)
	p.mark(t.class)
	p.dispatch()
	p.mu.Unlock()
	select {
	case <-k.granted:
		return true
	case <-stop:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-k.granted: // meanwhile, and it is not used
		p.open--
	default:
		k.gone = true // dispatch drops it
	}
	p.dispatch()
	return false
}

// room reports whether one more may be handed over before the record has
// caught up.
func (p *pacer) room() bool { return p.most == 0 || p.open < p.most }

// owe counts n outcomes that are to be recorded without a permit.
func (p *pacer) owe(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += n
}

// give gives n permits back: their outcomes are recorded, or nobody was handed
// over.
func (p *pacer) give(n int) {
	if n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open -= n
	p.dispatch()
}

// unrecorded returns how many hand-overs and other outcomes are not on disk.
func (p *pacer) unrecorded() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// token takes one if it is due.
func (p *pacer) token() bool {
	if p.interval == 0 {
		return true
	}
	now := time.Now()
	if early := now.Add(-slack); p.next.Before(early) {
		p.next = early
	}
	if p.next.After(now) {
		return false
	}
	p.next = p.next.Add(p.interval)
	return true
}

func (p *pacer) use(t *turn) {
	if t.left == 0 {
		return
	}
	t.left--
	if p.want[t.class]--; p.want[t.class] == 0 {
		p.mark(t.class)
		if p.busy != 0 {
			p.dispatch() // the lower classes may go now
		}
	}
}

func (p *pacer) mark(c class) {
	if p.want[c] > 0 || len(p.queue[c]) > 0 {
		p.busy |= 1 << c
	} else {
		p.busy &^= 1 << c
	}
}

// dispatch grants what can be granted now and sets the timer for the rest.
func (p *pacer) dispatch() {
	for p.busy != 0 {
		c := class(bits.TrailingZeros32(p.busy))
		k := p.front(c)
		if k == nil {
			if p.want[c] > 0 {
				return // that class goes next, and is not asking at the moment
			}
			p.mark(c)
			continue
		}
		if !p.room() {
			return // give comes back here
		}
		if !p.token() {
			p.wakeAt(p.next)
			return
		}
		p.queue[c] = p.queue[c][1:]
		p.open++
		close(k.granted)
		if k.turn.left > 0 {
			k.turn.left--
			p.want[c]--
		}
		p.mark(c)
	}
}

// front returns the first ticket of a class that is still waited for.
func (p *pacer) front(c class) *ticket {
	for len(p.queue[c]) > 0 && p.queue[c][0].gone {
		p.queue[c] = p.queue[c][1:]
	}
	if len(p.queue[c]) == 0 {
		p.queue[c] = nil
		return nil
	}
	return p.queue[c][0]
}

func (p *pacer) wakeAt(at time.Time) {
	d := max(time.Until(at), 0)
	if p.timer == nil {
		p.timer = time.AfterFunc(d, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.dispatch()
		})
		return
	}
	p.timer.Reset(d)
}

// close stops the timer; nobody may be waiting.
func (p *pacer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
}
