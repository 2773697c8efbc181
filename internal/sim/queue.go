package sim

import (
	"slices"
	"strings"
	"time"
)

const (
	ackWait = 30 * time.Second
	// ackLag is how long an acknowledgement may be lost by a crash of the server:
	// JetStream writes it late.
	ackLag = 200 * time.Millisecond
)

// queue is the work queue: one message a subject, given out until acknowledged.
type queue struct {
	w     *world
	tasks []*queued
	acked []*queued // a moment ago; a crash of the embedded server brings them back
}

type queued struct {
	subject   string
	due       time.Time // when it may be given out (again)
	holder    *process
	delivered int
	ackedAt   time.Time
}

// handle is one delivery of a task.
type handle struct {
	q  *queue
	t  *queued
	no int
}

func (q *queue) put(subjects []string) (n int) {
	subjects = slices.Sorted(slices.Values(subjects)) // the real ones come in any order
	for _, s := range subjects {
		if !slices.ContainsFunc(q.tasks, func(t *queued) bool { return t.subject == s }) {
			q.tasks = append(q.tasks, &queued{subject: s, due: q.w.now})
			n++
		}
	}
	return n
}

// take gives out the oldest task of a channel that is due.
func (q *queue) take(channel string, p *process) *handle {
	for _, t := range q.tasks {
		if strings.HasPrefix(t.subject, "task."+channel+".") && !t.due.After(q.w.now) {
			t.delivered++
			t.holder, t.due = p, q.w.now.Add(ackWait)
			q.w.say("%s takes %s, time %d", p.name, t.subject, t.delivered)
			return &handle{q: q, t: t, no: t.delivered}
		}
	}
	return nil
}

// ready reports whether there is a task to be taken now; next is when there will
// be one that is known already.
func (q *queue) ready(channel string) bool {
	at, ok := q.next(channel)
	return ok && !at.After(q.w.now)
}

func (q *queue) next(channel string) (at time.Time, ok bool) {
	for _, t := range q.tasks {
		if strings.HasPrefix(t.subject, "task."+channel+".") && (!ok || t.due.Before(at)) {
			at, ok = t.due, true
		}
	}
	return at, ok
}

// progress asks for more time; false when it is not heard of.
func (h *handle) progress() bool {
	if h.no == h.t.delivered && slices.Contains(h.q.tasks, h.t) {
		h.t.due = h.q.w.now.Add(ackWait)
	}
	return true // a late one is confirmed too
}

// ack ends a task, also one that was given to another meanwhile.
func (h *handle) ack() {
	if i := slices.Index(h.q.tasks, h.t); i >= 0 {
		h.q.tasks = slices.Delete(h.q.tasks, i, i+1)
		h.t.ackedAt = h.q.w.now
		h.q.acked = append(h.q.acked, h.t)
		h.q.w.say("%s is done", h.t.subject)
	}
}

func (h *handle) nak(delay time.Duration) {
	if h.no == h.t.delivered {
		h.t.due, h.t.holder = h.q.w.now.Add(delay), nil
	}
}

// crash is the end of a process. An embedded server goes with it: acknowledgements
// of the last moment come back, and nobody holds a task any more.
func (q *queue) crash(p *process, embedded bool) {
	if !embedded {
		return
	}
	for _, t := range q.acked {
		known := slices.ContainsFunc(q.tasks, func(o *queued) bool { return o.subject == t.subject })
		if q.w.now.Sub(t.ackedAt) < ackLag && !known {
			q.tasks = append(q.tasks, t)
		}
	}
	q.acked = nil
	for _, t := range q.tasks {
		t.holder, t.due = nil, q.w.now
	}
}
