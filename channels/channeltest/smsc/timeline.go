package smsc

import (
	"container/heap"
	"sync"
	"time"
)

// timeline does things at their time, in one goroutine.
type timeline struct {
	mu     sync.Mutex
	due    deeds
	count  uint64
	kick   chan struct{}
	quit   chan struct{}
	closed bool
}

type deed struct {
	at    time.Time
	order uint64 // of two at the same instant the first planned goes first
	do    func()
}

// maxDeeds bounds what is planned; beyond it things are done at once.
const maxDeeds = 200_000

func newTimeline() *timeline {
	return &timeline{kick: make(chan struct{}, 1), quit: make(chan struct{})}
}

// after does something after a delay; at once, in the caller's goroutine, when
// the delay is zero or too much is planned already.
func (t *timeline) after(d time.Duration, do func()) {
	t.mu.Lock()
	if d <= 0 || len(t.due) >= maxDeeds {
		t.mu.Unlock()
		do()
		return
	}
	t.count++
	heap.Push(&t.due, deed{at: time.Now().Add(d), order: t.count, do: do})
	first := t.due[0].order == t.count
	t.mu.Unlock()
	if first {
		select {
		case t.kick <- struct{}{}:
		default:
		}
	}
}

func (t *timeline) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.quit)
	}
}

func (t *timeline) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		do, wait := t.next(time.Now())
		for _, d := range do {
			d()
		}
		if len(do) > 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-t.quit:
			return
		case <-t.kick:
		case <-timer.C:
		}
	}
}

// next returns what is due, or how long until something is.
func (t *timeline) next(now time.Time) (do []func(), wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.due) > 0 && !t.due[0].at.After(now) {
		do = append(do, heap.Pop(&t.due).(deed).do)
	}
	if len(t.due) == 0 {
		return do, time.Hour
	}
	return do, t.due[0].at.Sub(now)
}

type deeds []deed

func (d deeds) Len() int { return len(d) }
func (d deeds) Less(i, j int) bool {
	if d[i].at.Equal(d[j].at) {
		return d[i].order < d[j].order
	}
	return d[i].at.Before(d[j].at)
}
func (d deeds) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deeds) Push(x any)   { *d = append(*d, x.(deed)) }
func (d *deeds) Pop() any {
	old := *d
	x := old[len(old)-1]
	old[len(old)-1] = deed{}
	*d = old[:len(old)-1]
	return x
}
