package web

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// timed is a listener behind a server with short limits.
type timed struct {
	*listener
	opened time.Time
}

func (r *rig) listenWithLimits(limit time.Duration) timed {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	srv := r.site.Server("", nil)
	srv.ReadTimeout, srv.ReadHeaderTimeout, srv.WriteTimeout = limit, limit, limit
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	r.t.Cleanup(func() { _ = srv.Close(); <-done })
	other := &rig{desk: r.desk, site: r.site, base: "http://" + l.Addr().String()}
	return timed{other.listen(""), time.Now()}
}

// deaf opens a stream on a small socket buffer and never reads.
func (r *rig) deaf() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		r.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// Somebody who does not read is cut off once the sockets between are full.
// Everybody else gets every event meanwhile.
func TestSlowReaderIsDroppedAndOthersAreUnhurt(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), func(c *Config) { c.WriteTimeout, c.LogEvents = 150*time.Millisecond, 64 })
	r.settled()
	good := r.listen("")
	r.deaf()
	eventually(t, "two streams are open", func() bool { return r.metric("mingluo_web_streams") == 2 })
	long := strings.Repeat("某某路段积水请绕行，", 3000) // a long place, to fill the sockets sooner
	slow := func() float64 {
		return r.metric("mingluo_web_streams_dropped_total")
	}
	sent := 0
	for slow() == 0 && sent < 400 {
		c := chemical(alert.Yellow, "第"+strconv.Itoa(sent)+"条")
		c.AreaDesc = long
		r.release("n"+strconv.Itoa(sent), c)
		if e := good.next(); pushedOf(t, e).ID != "n"+strconv.Itoa(sent) {
			t.Fatalf("the good reader got %.200s", e.data)
		}
		sent++
	}
	eventually(t, "the deaf reader was dropped", func() bool { return slow() == 1 })
	eventually(t, "one stream is left", func() bool { return r.metric("mingluo_web_streams") == 1 })
	r.release("last", typhoon())
	if e := good.next(); pushedOf(t, e).ID != "last" {
		t.Fatalf("after the drop: %.200s", e.data)
	}
}

// Connections that are opened and dropped leave nothing behind.
func TestOpenedAndDropped(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), nil)
	r.settled()
	for range 200 {
		_ = r.deaf().Close()
	}
	eventually(t, "all streams are gone", func() bool { return r.metric("mingluo_web_streams") == 0 })
	if status, _, _ := r.get("/"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
}
