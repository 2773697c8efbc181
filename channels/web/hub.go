package web

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// hub is the shared log that all streams read. An event is formatted once, into
// bytes that never change; a reader is a position in the log. There is no queue
// per reader: nobody's slowness costs memory or anybody's time.
type hub struct {
	keep int

	mu    sync.Mutex
	log   []*line       // ascending sequences, at least the newest keep
	lost  uint64        // the newest sequence that fell off the log
	head  uint64        // the newest sequence known, public or not
	wake  chan struct{} // closed and replaced when the log grows
	open  int           // streams
	ended bool
	stop  chan struct{}
	gone  sync.WaitGroup // streams, waited for by close
}

// line is one formatted event.
type line struct {
	seq   uint64
	at    time.Time // when the site took the event
	facts facts
	rank  int    // what goes first when several are due
	text  []byte // "event: …\ndata: …\n"
	id    []byte // "id: …\n\n"
}

func newHub(keep int) *hub {
	return &hub{keep: keep, wake: make(chan struct{}), stop: make(chan struct{})}
}

// append adds a line and wakes the readers.
func (h *hub) append(l *line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, l)
	h.head = max(h.head, l.seq)
	if len(h.log) > 2*h.keep {
		cut := len(h.log) - h.keep
		h.lost = h.log[cut-1].seq
		h.log = slices.Clone(h.log[cut:]) // readers hold the old array: it is never written again
	}
	close(h.wake)
	h.wake = make(chan struct{})
}

// advance tells the hub how far the journal has come without anything public.
func (h *hub) advance(seq uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head = max(h.head, seq)
}

// reach is what a reader finds at its position.
type reach struct {
	lines []*line         // shared: not to be changed
	pos   uint64          // the reader's position after them
	gap   bool            // some that it lacks have fallen off the log
	wake  <-chan struct{} // closed when there is more
}

// since returns what follows the position, at most limit lines.
func (h *hub) since(pos uint64, limit int) reach {
	h.mu.Lock()
	defer h.mu.Unlock()
	from := sort.Search(len(h.log), func(i int) bool { return h.log[i].seq > pos })
	out := reach{lines: h.log[from:], pos: max(pos, h.head), gap: pos < h.lost, wake: h.wake}
	if len(out.lines) > limit {
		out.lines = out.lines[:limit:limit]
		out.pos = out.lines[limit-1].seq
	}
	return out
}

func (h *hub) position() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head
}

// join counts a stream in; false when there are too many or the site stops.
func (h *hub) join(limit int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended || h.open >= limit {
		return false
	}
	h.open++
	h.gone.Add(1)
	return true
}

func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	h.gone.Done()
}

// drain tells every stream to end and refuses new ones.
func (h *hub) drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.ended = true
		close(h.stop)
	}
}

// close drains and waits for the streams.
func (h *hub) close(ctx context.Context) error {
	h.drain()
	done := make(chan struct{})
	go func() { h.gone.Wait(); close(done) }() // ends with the last stream, whose writes have a deadline
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rankOf is the order of what is due at once: retractions, then red to none.
func rankOf(verb alert.Verb, level alert.Level) int {
	if verb == alert.Retract {
		return int(alert.Red) + 1
	}
	return int(level)
}

// due picks the lines that pass the filter, the most urgent notice first. The
// lines of one notice keep their order.
func due(lines []*line, f *filter) []*line {
	var out []*line
	urgent := map[string]int{}
	for _, l := range lines {
		if f.passes(&l.facts) {
			out = append(out, l)
			urgent[l.facts.notice] = max(urgent[l.facts.notice], l.rank)
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		return urgent[out[i].facts.notice] > urgent[out[j].facts.notice]
	})
	return out
}

// appendLines writes lines after one another. The id is what a reader resumes
// from, so it is only given with a line when all before it have been given too;
// where the order was changed, with the last one. A break in between then brings
// lines twice, never not at all.
func appendLines(buf []byte, lines []*line) []byte {
	if len(lines) == 0 {
		return buf
	}
	newest := slices.MaxFunc(lines, func(a, b *line) int { return int(int64(a.seq) - int64(b.seq)) })
	ordered := slices.IsSortedFunc(lines, func(a, b *line) int { return int(int64(a.seq) - int64(b.seq)) })
	for i, l := range lines {
		buf = append(buf, l.text...)
		switch {
		case ordered:
			buf = append(buf, l.id...)
		case i == len(lines)-1:
			buf = append(buf, newest.id...)
		default:
			buf = append(buf, '\n')
		}
	}
	return buf
}
