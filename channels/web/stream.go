package web

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"time"

	"mingluo/internal/alert"
)

const (
	// linesPerWrite bounds one write, and with it what its deadline must carry.
	linesPerWrite = 128
	// readyWait is how long a stream waits for the journal to be read. A browser
	// gives up for good on a 503, so waiting is kinder.
	readyWait = 10 * time.Second
)

// events serves GET /events: text/event-stream of what becomes public. See
// [Site.Handler] for the parameters.
func (s *Site) events(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f, p := s.parseFilter(q, "last-event-id", "lang")
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = q.Get("last-event-id")
	}
	from, err := parseID(last)
	if p == nil && err != nil {
		p = badParam("last-event-id", "须为事件流给出的编号。", "Want an id that the stream gave.")
	}
	if p != nil {
		s.problem(w, r, http.StatusBadRequest, p)
		return
	}
	if !s.hub.join(s.cfg.MaxStreams) {
		s.met.dropped.WithLabelValues("full").Inc()
		s.problem(w, r, http.StatusServiceUnavailable, unready())
		return
	}
	defer s.hub.leave()
	s.met.streams.Inc()
	defer s.met.streams.Dec()
	if !s.awaitReady(r) {
		s.problem(w, r, http.StatusServiceUnavailable, unready())
		return
	}
	st := stream{site: s, rc: http.NewResponseController(w), w: w, filter: f}
	st.run(r, from, last != "")
}

func parseID(v string) (uint64, error) {
	if v == "" {
		return 0, nil
	}
	return strconv.ParseUint(v, 10, 63)
}

func (s *Site) awaitReady(r *http.Request) bool {
	t := time.NewTimer(readyWait)
	defer t.Stop()
	select {
	case <-s.ready:
		return true
	case <-t.C:
	case <-r.Context().Done():
	case <-s.hub.stop:
	}
	return false
}

// stream is one open connection: a position, and a buffer reused for each write.
type stream struct {
	site   *Site
	rc     *http.ResponseController
	w      http.ResponseWriter
	filter *filter
	pos    uint64 // everything up to here was given or does not pass the filter
	told   uint64 // the id that the reader has
	buf    []byte
}

func (st *stream) run(r *http.Request, from uint64, resume bool) {
	// The server's read deadline is for requests; this one was read. Without
	// this the connection would end with it.
	if err := st.rc.SetReadDeadline(time.Time{}); err != nil {
		st.site.cfg.Log.DebugContext(r.Context(), "stream: lift the read deadline", "err", err)
	}
	h := st.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	st.begin(from, resume)
	if st.write() != nil {
		return
	}
	beat := time.NewTimer(st.site.cfg.Heartbeat)
	defer beat.Stop()
	for {
		got := st.site.hub.since(st.pos, linesPerWrite)
		if got.gap {
			// It was still at one write while the whole log went by. It comes
			// back with its last id, and is told to reload.
			st.site.met.dropped.WithLabelValues("behind").Inc()
			return
		}
		if st.deliver(got) != nil {
			return
		}
		more := len(got.lines) == linesPerWrite
		if !more && !st.wait(r, got.wake, beat) {
			return
		}
	}
}

// wait returns when there may be more to give; false when the stream is over.
func (st *stream) wait(r *http.Request, wake <-chan struct{}, beat *time.Timer) bool {
	select {
	case <-wake:
		return true
	case <-beat.C:
		beat.Reset(st.site.cfg.Heartbeat)
		st.beat()
		return st.write() == nil
	case <-r.Context().Done():
		return false
	case <-st.site.hub.stop:
		// Everybody comes back, but not in the same second.
		st.buf = fmt.Appendf(st.buf[:0], "retry: %d\n: the server restarts\n\n", 1000+rand.IntN(14000))
		_ = st.write() // it ends in any case
		return false
	}
}

// begin writes the opening lines and sets the position. A reader whose position
// is not in the log, because it was away too long or speaks of another journal,
// is told to read the page anew.
func (st *stream) begin(from uint64, resume bool) {
	head := st.site.hub.position()
	st.buf = fmt.Appendf(st.buf[:0], "retry: %d\n: mingluo\n\n", 1000+rand.IntN(3000))
	st.pos, st.told = head, from
	if !resume {
		return
	}
	if from > head || st.site.hub.since(from, 1).gap {
		st.buf = fmt.Appendf(st.buf, "event: reset\ndata: {\"seq\":%d,\"url\":%q}\nid: %d\n\n", head, st.site.cfg.BaseURL+"/api/public/v1/notices", head)
		st.told = head
		return
	}
	st.pos = from
}

func (st *stream) deliver(got reach) error {
	st.pos = got.pos
	lines := due(got.lines, st.filter)
	if len(lines) == 0 {
		return nil
	}
	st.buf = appendLines(st.buf[:0], lines)
	if err := st.write(); err != nil {
		return err
	}
	st.told = got.pos
	now := time.Now()
	for _, l := range lines {
		st.site.met.sent.Inc()
		st.site.met.delay.Observe(now.Sub(l.at).Seconds())
	}
	return nil
}

// beat keeps proxies from closing the connection. It also moves the reader's id
// over what its filter left out, so that a late return finds it in the log.
func (st *stream) beat() {
	st.buf = append(st.buf[:0], ": \n"...)
	if st.pos > st.told {
		st.buf = fmt.Appendf(st.buf, "id: %d\n", st.pos)
		st.told = st.pos
	}
	st.buf = append(st.buf, '\n')
}

// write sends the buffer. A reader that does not take it in time is dropped.
func (st *stream) write() error {
	if err := st.rc.SetWriteDeadline(time.Now().Add(st.site.cfg.WriteTimeout)); err != nil {
		return err
	}
	_, err := st.w.Write(st.buf)
	if err == nil {
		err = st.rc.Flush()
	}
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		st.site.met.dropped.WithLabelValues("slow").Inc()
	}
	return err
}

// eventName is the type of the event that a revision makes.
func eventName(v alert.Verb) string {
	switch v {
	case alert.Issue:
		return "release"
	case alert.Lift, alert.Retract:
		return string(v)
	}
	return "update"
}
