package web

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// BenchmarkEventToPage measures from the journal's append of a release to its
// bytes read at the other end of open streams over loopback, the page being
// swapped on the way. first and last are the readers'. They share the process:
// with many of them the scheduler runs all writers before it looks for what can
// be read, so "first" is then an upper bound. Pages are rendered between rounds,
// as they are between real events.
func BenchmarkEventToPage(b *testing.B) {
	for _, open := range []int{1, 1000} {
		b.Run(fmt.Sprintf("open=%d", open), func(b *testing.B) { eventToPage(b, open, 0) })
	}
	b.Run("open=1,past=1000", func(b *testing.B) { eventToPage(b, 1, 1000) })
}

func eventToPage(b *testing.B, readers, past int) {
	d := newDesk(b, alert.Live)
	for i := range past {
		id := "past" + strconv.Itoa(i)
		d.release(id, typhoon())
		d.follow(id, alert.Lift, "结束。")
	}
	r := open(b, d, nil)
	r.settled()
	var left atomic.Int64
	var first atomic.Int64 // since the start of the round, ns
	var begun atomic.Int64
	done := make(chan time.Duration, 1)
	start := time.Now()
	for range readers {
		go func(c *net.TCPConn) {
			lines := bufio.NewReaderSize(c, 2048)
			for {
				line, err := lines.ReadSlice('\n')
				if err != nil && err != bufio.ErrBufferFull {
					return // closed at the end
				}
				if !bytes.HasPrefix(line, []byte("event: ")) {
					continue
				}
				took := time.Since(start) - time.Duration(begun.Load())
				first.CompareAndSwap(0, int64(took))
				if left.Add(-1) == 0 {
					done <- took
				}
			}
		}(r.dialStream(b))
	}
	eventually(b, "all streams are open", func() bool { return r.metric("mingluo_web_streams") == float64(readers) })
	var firsts, lasts []time.Duration
	for i := 0; b.Loop(); i++ {
		id := "n" + strconv.Itoa(i%20)
		rev, hash := d.submit(id, typhoon())
		d.say("x", id, alert.Approved{Rev: rev, Hash: hash})
		left.Store(int64(readers))
		first.Store(0)
		begun.Store(int64(time.Since(start)))
		d.say("x", id, alert.Released{Rev: rev, Hash: hash})
		lasts = append(lasts, <-done)
		firsts = append(firsts, time.Duration(first.Load()))
		for _, d := range r.site.snap.Load().hot {
			if err := d.prepare(); err != nil {
				b.Fatal(err)
			}
		}
	}
	for name, all := range map[string][]time.Duration{"first": firsts, "last": lasts} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds()), name+"-p50-µs")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), name+"-p99-µs")
	}
}

func (r *rig) dialStream(b testing.TB) *net.TCPConn {
	c, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	if _, err := fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		b.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// BenchmarkPage measures a prepared page and a 304 through the handler.
func BenchmarkPage(b *testing.B) {
	d := newDesk(b, alert.Live)
	d.release("n1", typhoon())
	r := open(b, d, nil)
	r.settled()
	for name, header := range map[string][]string{"plain": {"Accept-Encoding", "identity"}, "gzip": {"Accept-Encoding", "gzip"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if status, _, _ := r.get("/n/n1", header...); status != 200 {
					b.Fatal(status)
				}
			}
		})
	}
}

// BenchmarkRender measures what a change of a notice costs to draw, once.
func BenchmarkRender(b *testing.B) {
	d := newDesk(b, alert.Live)
	d.release("n1", typhoon())
	r := open(b, d, nil)
	r.settled()
	en := r.site.snap.Load().dir.notice("n1")
	for b.Loop() {
		if _, err := r.site.pages.notice("zh", en); err != nil {
			b.Fatal(err)
		}
	}
}
