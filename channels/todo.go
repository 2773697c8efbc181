package channels

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// todo is a list of slices that have something to record. A slice is on it
// once.
type todo struct {
	mu   sync.Mutex
	list []*ledger
	on   map[*ledger]bool
	wake chan struct{} // capacity 1

	failing atomic.Bool // what is on it could not be recorded the last time
}

func newTodo() todo { return todo{on: map[*ledger]bool{}, wake: make(chan struct{}, 1)} }

// put wakes the loop, also when the slice is on the list already: something
// was added to it.
func (t *todo) put(l *ledger) {
	t.mu.Lock()
	if !t.on[l] {
		t.on[l] = true
		t.list = append(t.list, l)
		l.lists.Add(1)
	}
	t.mu.Unlock()
	t.poke()
}

// take empties the list; the slices count as on it until keep says otherwise.
func (t *todo) take() []*ledger {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.list
	t.list = nil
	return list
}

// share takes what goes into one commit: one slice while there are few, so that
// several commits go beside each other, and all of many.
func (t *todo) share() []*ledger {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.list); n == 0 || n > singly {
		list := t.list
		t.list = nil
		return list
	}
	list := t.list[:1:1]
	if t.list = t.list[1:]; len(t.list) > 0 {
		t.poke()
	}
	return list
}

func (t *todo) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// keep puts the slices back that are not done; done is asked under the
// slice's lock, so that nothing added meanwhile is forgotten.
func (t *todo) keep(list []*ledger, undone func(*ledger) bool) {
	for _, l := range list {
		l.mu.Lock()
		again := undone(l)
		t.mu.Lock()
		if again {
			t.list = append(t.list, l)
		} else {
			delete(t.on, l)
			l.lists.Add(-1)
		}
		t.mu.Unlock()
		l.mu.Unlock()
	}
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
