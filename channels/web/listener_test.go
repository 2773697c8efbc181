package web

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

// event is one message as a reader of the stream gets it.
type event struct{ name, data, id string }

// listener is an open stream.
type listener struct {
	t    testing.TB
	res  *http.Response
	buf  *bufio.Reader
	last string // the id it would resume from
}

func (r *rig) listen(query string, header ...string) *listener {
	r.t.Helper()
	req, err := http.NewRequest("GET", r.base+"/events"+query, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	l := &listener{t: r.t, res: res, buf: bufio.NewReader(res.Body)}
	r.t.Cleanup(l.close)
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(res.Body)
		r.t.Fatalf("GET /events%s: status %d: %s", query, res.StatusCode, b)
	}
	if e, err := l.read(); err != nil || e.name != "" { // the opening lines
		r.t.Fatalf("opening of the stream: %+v, %v", e, err)
	}
	return l
}

func (l *listener) close() { _ = l.res.Body.Close() }

// next returns the next event, comments left out.
func (l *listener) next() event {
	l.t.Helper()
	for {
		e, err := l.read()
		if err != nil {
			l.t.Fatalf("read stream: %v", err)
		}
		if e.name != "" {
			return e
		}
	}
}

// read reads one block, as a browser would.
func (l *listener) read() (event, error) {
	var e event
	for {
		s, err := l.buf.ReadString('\n')
		if err != nil {
			return e, err
		}
		s = strings.TrimSuffix(s, "\n")
		if s == "" {
			e.id = l.last
			return e, nil
		}
		name, value, _ := strings.Cut(s, ": ")
		switch name {
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "id":
			l.last = value
		}
	}
}
