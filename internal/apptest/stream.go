package apptest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Stream is an open page's stream of events. It closes with the test.
type Stream struct {
	t      testing.TB
	body   io.Closer
	reader sync.WaitGroup

	mu   sync.Mutex
	seen []Event
}

// Event is one event as an open page gets it.
type Event struct {
	Name   string // release, update, lift, retract, expire
	Seq    string
	Notice string
	Rev    int
}

// Events opens the public site's stream.
func (o *Office) Events() *Stream {
	o.t.Helper()
	r, err := http.NewRequest(http.MethodGet, o.publicURL+"/events", nil)
	if err != nil {
		o.t.Fatal(err)
	}
	resp, err := (&http.Client{}).Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		o.t.Fatalf("the stream: %s", resp.Status)
	}
	s := &Stream{t: o.t, body: resp.Body}
	s.reader.Go(func() { s.read(resp.Body) })
	o.t.Cleanup(s.Close)
	return s
}

func (s *Stream) read(body io.Reader) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	var e Event
	for lines.Scan() {
		key, v, _ := strings.Cut(lines.Text(), ":")
		switch v = strings.TrimPrefix(v, " "); key {
		case "event":
			e.Name = v
		case "id":
			e.Seq = v
		case "data":
			var d struct {
				ID  string `json:"id"`
				Rev int    `json:"rev"`
			}
			if json.Unmarshal([]byte(v), &d) == nil {
				e.Notice, e.Rev = d.ID, d.Rev
			}
		case "":
			if e.Name != "" {
				s.mu.Lock()
				s.seen = append(s.seen, e)
				s.mu.Unlock()
			}
			e = Event{}
		}
	}
}

// Seen returns the events so far.
func (s *Stream) Seen() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Event(nil), s.seen...)
}

// Wait returns the event of this name about this revision when it has come.
func (s *Stream) Wait(name string, n Notice) (found Event) {
	s.t.Helper()
	until(s.t, "the open page gets the "+name+" of "+n.ID, func() bool {
		for _, e := range s.Seen() {
			if e.Name == name && e.Notice == n.ID && e.Rev == n.Rev {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// Close ends the stream.
func (s *Stream) Close() {
	s.body.Close()
	s.reader.Wait()
}
