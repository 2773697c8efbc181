package link_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
)

// gateway is the carrier's end of connections that live in memory, so that its
// tests can run on the time of a synctest bubble. Each PDU that comes is given
// to the test's answer function; what that returns is sent back.
type gateway struct {
	t      *testing.T
	answer func(h smpp.Header, pdu []byte) []byte

	mu    sync.Mutex
	dials []time.Time
	conns []net.Conn
	heard []smpp.Header
}

func (g *gateway) dial(context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dials = append(g.dials, time.Now())
	g.conns = append(g.conns, theirs)
	go g.serve(theirs)
	return ours, nil
}

func (g *gateway) serve(conn net.Conn) {
	defer conn.Close()
	out := make(chan []byte, 1000) // answers must not wait for the reader of our link
	defer close(out)
	go func() {
		for b := range out {
			if _, err := conn.Write(b); err != nil {
				conn.Close()
			}
		}
	}()
	r := bufio.NewReader(conn)
	for {
		pdu, err := readPDU(r)
		if err != nil {
			return
		}
		h, err := smpp.DecodeHeader(pdu)
		if err != nil {
			g.t.Errorf("the link sent what is not a PDU: %v", err)
			return
		}
		g.mu.Lock()
		g.heard = append(g.heard, h)
		answer := g.answer
		g.mu.Unlock()
		if b := answer(h, pdu); b != nil {
			out <- b
		}
	}
}

func readPDU(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n, err := smpp.Length(head)
	if err != nil {
		return nil, err
	}
	pdu := append(head, make([]byte, n-4)...)
	_, err = io.ReadFull(r, pdu[4:])
	return pdu, err
}

// cut breaks the newest connection.
func (g *gateway) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[len(g.conns)-1].Close()
}

// write sends bytes on the newest connection.
func (g *gateway) write(b []byte) {
	g.mu.Lock()
	conn := g.conns[len(g.conns)-1]
	g.mu.Unlock()
	_, _ = conn.Write(b)
}

// connections returns how often the link connected.
func (g *gateway) connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.dials)
}

func (g *gateway) count(c smpp.CommandID) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, h := range g.heard {
		if h.Command == c {
			n++
		}
	}
	return n
}

func (g *gateway) setAnswer(f func(h smpp.Header, pdu []byte) []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = f
}

// polite lets everybody in and answers everything.
func polite(h smpp.Header, _ []byte) []byte {
	switch h.Command {
	case smpp.BindTransceiver:
		b, _ := smpp.AppendBindResp(nil, &smpp.BindResp{Command: smpp.BindTransceiverResp, Sequence: h.Sequence, SystemID: []byte("gw")})
		return b
	case smpp.SubmitSM:
		b, _ := smpp.AppendMessageResp(nil, &smpp.MessageResp{Command: smpp.SubmitSMResp, Sequence: h.Sequence, MessageID: []byte("id")})
		return b
	case smpp.EnquireLink, smpp.Unbind:
		return smpp.AppendEmpty(nil, h.Command.Response(), 0, h.Sequence)
	}
	return nil
}

// silent lets everybody in and says nothing else, not even goodbye.
func silent(h smpp.Header, pdu []byte) []byte {
	if h.Command == smpp.BindTransceiver {
		return polite(h, pdu)
	}
	return nil
}

// quiet lives, but answers no submissions.
func quiet(h smpp.Header, pdu []byte) []byte {
	if h.Command == smpp.SubmitSM {
		return nil
	}
	return polite(h, pdu)
}

// refusing answers binds with a status.
func refusing(s smpp.Status) func(smpp.Header, []byte) []byte {
	return func(h smpp.Header, pdu []byte) []byte {
		if h.Command == smpp.BindTransceiver {
			return smpp.AppendEmpty(nil, smpp.BindTransceiverResp, s, h.Sequence)
		}
		return polite(h, pdu)
	}
}

// letter is a submission that remembers its answers.
type letter struct {
	mu      sync.Mutex
	answers []link.Answer
	ids     []string
}

func (l *letter) AppendPDU(dst []byte, seq uint32) ([]byte, error) {
	return smpp.AppendSubmitSM(dst, &smpp.ShortMessage{Sequence: seq, Dest: []byte("8613800000000"), Text: []byte("x")})
}

func (l *letter) Done(a link.Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids = append(l.ids, string(a.MessageID))
	a.MessageID = nil
	l.answers = append(l.answers, a)
}

// once returns the only answer.
func (l *letter) once(t *testing.T) link.Answer {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.answers) != 1 {
		t.Fatalf("%d answers: %v", len(l.answers), l.answers)
	}
	return l.answers[0]
}

func (l *letter) answered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.answers) > 0
}

// begin runs a link until the test ends. The stop function ends it before.
func begin(t *testing.T, g *gateway, c link.Config) (l *link.Link, stop func()) {
	t.Helper()
	g.t = t
	c.Dial, c.Protocol = g.dial, smpp.Client{SystemID: "test", Password: "secret"}
	l = link.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	return l, stop
}

func submit(t *testing.T, l *link.Link, n int) []*letter {
	t.Helper()
	letters := make([]*letter, n)
	for i := range letters {
		letters[i] = &letter{}
		if err := l.Submit(context.Background(), letters[i]); err != nil {
			t.Fatalf("submission %d: %v", i, err)
		}
	}
	return letters
}

func isLost(err error) bool { return errors.Is(err, link.ErrLost) }
