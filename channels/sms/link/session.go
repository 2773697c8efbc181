package link

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxSequence = 0x7FFFFFFF       // SMPP's; CMPP allows more
	readBuffer  = 64 << 10         // the largest PDU
	maxQueued   = 512 << 10        // bytes that wait to be written
	maxHolding  = 512 << 10        // bytes of incoming messages that wait for the record
	writeWithin = 30 * time.Second // a carrier that reads nothing for so long is gone
)

// slot is a submission that waits for its answer.
type slot struct {
	sub   Submission
	seq   uint32
	start uint64 // where in the stream its first byte stands
	due   time.Time
}

// session is one connection, from the first byte to the last. Three goroutines
// serve it: one reads, one writes, one keeps time.
type session struct {
	l    *Link
	conn net.Conn
	hctx context.Context // of incoming messages
	free chan struct{}   // a token per free place in the window
	dead chan struct{}   // closed at the end
	kick chan struct{}   // the writer has something to do
	in   chan PDU        // answers to login and logout
	wg   sync.WaitGroup

	answered atomic.Int64
	heard    atomic.Int64 // nanoseconds from began to the last PDU
	began    time.Time

	mu       sync.Mutex
	slots    []slot // by sequence number and mask
	mask     uint32
	seq      uint32
	inFlight int
	out      []byte // waits for the writer
	spare    []byte // the writer's other buffer
	queued   uint64 // stream position behind out
	handed   uint64 // stream position behind what the kernel was given
	parting  bool   // no more submissions
	closing  error  // end when everything is written
	ended    error  // why it ended
}

func newSession(l *Link, conn net.Conn, hctx context.Context) *session {
	size := uint32(64)
	for size < uint32(4*l.cfg.Window) {
		size *= 2
	}
	s := &session{
		l: l, conn: conn, hctx: hctx, began: time.Now(),
		free: make(chan struct{}, l.cfg.Window), dead: make(chan struct{}), kick: make(chan struct{}, 1), in: make(chan PDU, 4),
		slots: make([]slot, size), mask: size - 1,
	}
	for range l.cfg.Window {
		s.free <- struct{}{}
	}
	s.wg.Go(s.read)
	s.wg.Go(s.write)
	s.wg.Go(s.keepTime)
	return s
}

// fail ends the session and answers everything that is in flight. Only the
// first call does something.
func (s *session) fail(why error) {
	s.mu.Lock()
	if s.ended != nil {
		s.mu.Unlock()
		return
	}
	s.ended = why
	var lost, unsent []Submission
	for i := range s.slots {
		sl := &s.slots[i]
		switch {
		case sl.sub == nil:
		case sl.start >= s.handed:
			unsent = append(unsent, sl.sub)
		default:
			lost = append(lost, sl.sub)
		}
		*sl = slot{}
	}
	s.inFlight, s.out = 0, nil
	s.mu.Unlock()
	s.l.current.CompareAndSwap(s, nil) // before anybody hears of the loss and looks at the state
	close(s.dead)
	s.conn.Close()
	s.l.count.lost.Add(int64(len(lost)))
	for _, sub := range lost {
		sub.Done(Answer{Err: ErrLost})
	}
	for _, sub := range unsent {
		sub.Done(Answer{Err: ErrUnsent})
	}
}

func (s *session) wait() { s.wg.Wait() }

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// read takes PDUs from the stream until it ends.
func (s *session) read() {
	r := bufio.NewReaderSize(s.conn, readBuffer)
	for {
		pdu, err := s.next(r)
		if err != nil {
			s.fail(err)
			return
		}
		s.heard.Store(int64(time.Since(s.began)))
		s.handle(s.l.cfg.Protocol.Parse(pdu), pdu)
		if _, err := r.Discard(len(pdu)); err != nil {
			s.fail(err)
			return
		}
	}
}

func (s *session) next(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("read from the carrier: %w", err)
	}
	n, err := s.l.cfg.Protocol.Length(head)
	if err != nil {
		return nil, fmt.Errorf("the carrier sent something else than PDUs (%x): %w", head, err)
	}
	pdu, err := r.Peek(n)
	if err != nil {
		return nil, fmt.Errorf("read from the carrier: %w", err)
	}
	return pdu, nil
}

func (s *session) handle(p PDU, pdu []byte) {
	switch p.Kind {
	case Answered:
		s.answer(p)
	case LoggedIn, LoggedOut:
		select {
		case s.in <- PDU{Kind: p.Kind, Status: p.Status}:
		default: // nobody asked
		}
	case Heartbeat:
		s.reply(p, Done)
	case Logout:
		s.reply(p, Done)
		s.close(errBye)
	case Incoming:
		s.incoming(pdu, p)
	case Damaged:
		s.l.count.damaged.Add(1)
		s.reply(p, Never)
	case Acknowledged:
	default:
		s.l.count.damaged.Add(1)
		s.reply(p, NotUnderstood)
	}
}

// incoming puts a receipt or a person's message on record and replies then.
// When too many wait already the carrier is asked to come again: waiting here
// would hold up the answers behind it.
func (s *session) incoming(pdu []byte, p PDU) {
	l, size := s.l, int64(len(pdu))
	select {
	case l.incoming <- struct{}{}:
	default:
		l.count.busy.Add(1)
		s.reply(p, Later)
		return
	}
	if l.holding.Add(size) > maxHolding {
		l.holding.Add(-size)
		<-l.incoming
		l.count.busy.Add(1)
		s.reply(p, Later)
		return
	}
	l.count.incoming.Add(1)
	own := bytes.Clone(pdu)
	l.handlers.Go(func() {
		r := l.cfg.Incoming(s.hctx, own)
		s.reply(l.cfg.Protocol.Parse(own), r)
		l.holding.Add(-size)
		<-l.incoming
	})
}
