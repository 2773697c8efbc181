package channels

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

// memQueue gives out tasks as JetStream does: in order, again after ackWait
// without progress, again at once or later after a Nak.
type memQueue struct {
	ackWait time.Duration
	deaf    atomic.Bool // no Progress gets through

	mu    sync.Mutex
	items []*memTask
	wake  chan struct{}
}

type memTask struct {
	q         *memQueue
	subject   string
	delivered int
	due       time.Time // not given out before
	held      bool
	deadline  time.Time
	done      bool
}

// memHandle is one delivery of a task.
type memHandle struct {
	*memTask
	n int
}

func newMemQueue() *memQueue {
	return &memQueue{ackWait: 30 * time.Second, wake: make(chan struct{}, 1)}
}

func (q *memQueue) put(tasks ...alert.Task) {
	q.mu.Lock()
	for _, t := range tasks {
		q.items = append(q.items, &memTask{q: q, subject: t.Subject()})
	}
	q.mu.Unlock()
	q.poke()
}

func (q *memQueue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *memQueue) left() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.items {
		if !t.done {
			n++
		}
	}
	return n
}

// next returns a task, or how long until one may be due.
func (q *memQueue) next(channel string) (h *memHandle, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	wait = 1000 * time.Hour
	for _, t := range q.items {
		task, _ := alert.ParseTask(t.subject)
		if t.done || task.Channel != channel {
			continue
		}
		if t.held && now.Before(t.deadline) {
			wait = min(wait, t.deadline.Sub(now))
			continue
		}
		if now.Before(t.due) {
			wait = min(wait, t.due.Sub(now))
			continue
		}
		t.held, t.deadline = true, now.Add(q.ackWait)
		t.delivered++
		return &memHandle{memTask: t, n: t.delivered}, 0
	}
	return nil, wait
}

func (q *memQueue) Tasks(ctx context.Context, channel string, held int, handle func(context.Context, TaskHandle)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, held)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		var h *memHandle
		for h == nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var wait time.Duration
			if h, wait = q.next(channel); h == nil {
				timer := time.NewTimer(wait)
				select {
				case <-q.wake:
				case <-timer.C:
				case <-ctx.Done():
				}
				timer.Stop()
			}
		}
		q.poke() // another process may be waiting for the next
		wg.Go(func() {
			defer func() { <-slots }()
			handle(ctx, h)
		})
	}
}

func (h *memHandle) Subject() string { return h.subject }
func (h *memHandle) Delivered() int  { return h.n }

func (h *memHandle) Progress(context.Context) error {
	if h.q.deaf.Load() {
		return errors.New("no answer")
	}
	h.q.mu.Lock()
	defer h.q.mu.Unlock()
	h.deadline = time.Now().Add(h.q.ackWait) // JetStream takes it from an old delivery too
	return nil
}

func (h *memHandle) Ack(context.Context) error {
	h.q.mu.Lock()
	defer h.q.mu.Unlock()
	h.done = true
	return nil
}

func (h *memHandle) Nak(_ context.Context, delay time.Duration) error {
	h.q.mu.Lock()
	defer h.q.mu.Unlock()
	if h.n == h.delivered {
		h.held, h.due = false, time.Now().Add(delay)
	}
	h.q.poke()
	return nil
}
