package sms_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"

	"mingluo/channels/sms/smpp"
)

// tap listens to what a route writes.
type tap struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (t *tap) dial(addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		return &tapped{conn, t}, err
	}
}

type tapped struct {
	net.Conn
	tap *tap
}

func (c *tapped) Write(b []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.out.Write(b)
	c.tap.mu.Unlock()
	return c.Conn.Write(b)
}

// submissions returns the submit_sm written so far.
func (t *tap) submissions(tb testing.TB) []smpp.ShortMessage {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []smpp.ShortMessage
	for b := bytes.Clone(t.out.Bytes()); len(b) > 0; {
		n, err := smpp.Length(b)
		if err != nil || n > len(b) {
			tb.Fatalf("the route wrote what is not a PDU: %v", err)
		}
		h, err := smpp.DecodeHeader(b[:n])
		if err != nil {
			tb.Fatal(err)
		}
		if h.Command == smpp.SubmitSM {
			var m smpp.ShortMessage
			if err := smpp.DecodeShortMessage(b[:n], &m); err != nil {
				tb.Fatal(err)
			}
			out = append(out, m)
		}
		b = b[n:]
	}
	return out
}
