package channels

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// maxEarly bounds, for each channel, the receipts that wait for the record of
// their message. It is below what receivers take at once, so that those who
// wait never hold up the others: in a flood of receipts for messages that are
// nobody's here, the one that waited longest gives way to the newest.
const maxEarly = 128

// early are receipts that came before the record of their message.
type early struct {
	n atomic.Int64 // how many wait

	mu      sync.Mutex
	waiting map[uint64][]*waiter
	queues  map[string]*list.List // by channel: *waiter, oldest first
}

// waiter waits for a message id. done is closed when it is known, or when the
// waiter had to give way.
type waiter struct {
	hash uint64
	done chan struct{}
	at   *list.Element
	in   *list.List
}

func newEarly() early {
	return early{waiting: map[uint64][]*waiter{}, queues: map[string]*list.List{}}
}

// wait returns a waiter for an id; its done is closed already when the id is
// known. A waiter counts before it asks, and came looks at the count after the
// id was put: nobody sleeps on.
func (e *early) wait(channel string, h uint64, known func() bool) *waiter {
	w := &waiter{hash: h, done: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n.Add(1)
	if known() {
		e.n.Add(-1)
		close(w.done)
		return w
	}
	if w.in = e.queues[channel]; w.in == nil {
		w.in = list.New()
		e.queues[channel] = w.in
	}
	if w.in.Len() >= maxEarly {
		e.wake(w.in.Front().Value.(*waiter))
	}
	w.at = w.in.PushBack(w)
	e.waiting[h] = append(e.waiting[h], w)
	return w
}

// came wakes those who wait for an id.
func (e *early) came(h uint64) {
	if e.n.Load() == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range append([]*waiter(nil), e.waiting[h]...) {
		e.wake(w)
	}
}

// giveUp ends a wait.
func (e *early) giveUp(w *waiter) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wake(w)
}

// wake takes a waiter out. The caller holds mu.
func (e *early) wake(w *waiter) {
	if w.at == nil {
		return
	}
	e.n.Add(-1)
	close(w.done)
	w.in.Remove(w.at)
	w.at = nil
	left := e.waiting[w.hash][:0]
	for _, other := range e.waiting[w.hash] {
		if other != w {
			left = append(left, other)
		}
	}
	if e.waiting[w.hash] = left; len(left) == 0 {
		delete(e.waiting, w.hash)
	}
}
