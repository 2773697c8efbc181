package journal

import (
	"context"
	"sync"
)

// healings tells readers of the journal's stream that it is being made anew: for
// some seconds it is shorter than it was, and then the same again.
type healings struct {
	mu   sync.Mutex
	n    uint64
	busy chan struct{} // closed at the end; nil when there is none
}

// begin announces a healing; the caller ends it.
func (h *healings) begin() (end func()) {
	busy := make(chan struct{})
	h.mu.Lock()
	h.n++
	h.busy = busy
	h.mu.Unlock()
	return func() {
		h.mu.Lock()
		h.n++
		h.busy = nil
		h.mu.Unlock()
		close(busy)
	}
}

// count changes with every healing's beginning and end.
func (h *healings) count() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

// wait returns when no healing is going on.
func (h *healings) wait(ctx context.Context) error {
	for {
		h.mu.Lock()
		busy := h.busy
		h.mu.Unlock()
		if busy == nil {
			return nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
