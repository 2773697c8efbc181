package smsc

import (
	"bufio"
	"net"
	"sync"
	"time"

	"mingluo/channels/sms/smpp"
)

const (
	maxUnsent  = 4 << 20 // bytes that wait for a client that does not read
	maxUnacked = 200     // receipts on a link without an answer
)

// session is one connection of a client.
type session struct {
	srv  *Server
	conn net.Conn
	kick chan struct{}
	dead chan struct{}
	once sync.Once

	mu       sync.Mutex
	out      []byte
	spare    []byte
	seq      uint32
	unacked  map[uint32]*receipt
	bound    bool
	receives bool
	sends    bool
}

func newSession(s *Server, conn net.Conn) *session {
	return &session{srv: s, conn: conn, kick: make(chan struct{}, 1), dead: make(chan struct{}), unacked: map[uint32]*receipt{}}
}

// end closes the connection; receipts without an answer go elsewhere.
func (l *session) end() {
	l.once.Do(func() {
		close(l.dead)
		l.conn.Close()
		l.srv.mu.Lock()
		delete(l.srv.links, l)
		l.srv.mu.Unlock()
		l.mu.Lock()
		back := l.unacked
		l.unacked, l.bound, l.receives = map[uint32]*receipt{}, false, false
		l.mu.Unlock()
		for _, r := range back {
			l.srv.post(r)
		}
	})
}

// send queues bytes for the writer.
func (l *session) send(b []byte) {
	l.mu.Lock()
	l.out = append(l.out, b...)
	tooMuch := len(l.out) > maxUnsent
	l.mu.Unlock()
	if tooMuch {
		l.conn.Close()
		return
	}
	l.wake()
}

func (l *session) wake() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

func (l *session) write() {
	for {
		select {
		case <-l.kick:
		case <-l.dead:
			return
		}
		l.mu.Lock()
		chunk := l.out
		l.out = l.spare[:0]
		l.mu.Unlock()
		if len(chunk) > 0 {
			if _, err := l.conn.Write(chunk); err != nil {
				l.end()
				return
			}
		}
		l.spare = chunk[:0]
	}
}

func (l *session) read() {
	defer l.end()
	r := bufio.NewReaderSize(l.conn, smpp.MaxPDU)
	for {
		head, err := r.Peek(4)
		if err != nil {
			return
		}
		n, err := smpp.Length(head)
		if err != nil {
			l.send(smpp.AppendEmpty(nil, smpp.GenericNack, smpp.StatusInvCmdLen, 0))
			return
		}
		pdu, err := r.Peek(n)
		if err != nil {
			return
		}
		h, err := smpp.DecodeHeader(pdu)
		if err != nil || !l.handle(h, pdu) {
			return
		}
		if _, err := r.Discard(n); err != nil {
			return
		}
	}
}

// handle answers one PDU; false ends the connection.
func (l *session) handle(h smpp.Header, pdu []byte) bool {
	f := l.srv.faults.Load()
	if f.Deaf {
		return true
	}
	switch h.Command {
	case smpp.BindTransceiver, smpp.BindTransmitter, smpp.BindReceiver:
		return l.bind(f, pdu)
	case smpp.EnquireLink:
		l.send(smpp.AppendEmpty(nil, smpp.EnquireLinkResp, smpp.StatusOK, h.Sequence))
	case smpp.Unbind:
		l.goodbye(h.Sequence)
		return false
	case smpp.SubmitSM:
		return l.submit(f, h, pdu)
	case smpp.DeliverSMResp:
		l.acknowledged(h)
	case smpp.EnquireLinkResp, smpp.UnbindResp, smpp.GenericNack:
	default:
		l.send(smpp.AppendEmpty(nil, smpp.GenericNack, smpp.StatusInvCmdID, h.Sequence))
	}
	return true
}

// goodbye answers an unbind and lets the answer leave before the end.
func (l *session) goodbye(seq uint32) {
	l.mu.Lock()
	rest := append(l.out, smpp.AppendEmpty(nil, smpp.UnbindResp, smpp.StatusOK, seq)...)
	l.out = nil
	l.mu.Unlock()
	_ = l.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = l.conn.Write(rest) // a client that is gone already misses nothing
}

func (l *session) bind(f *Faults, pdu []byte) bool {
	var b smpp.Bind
	if err := smpp.DecodeBind(pdu, &b); err != nil {
		l.send(smpp.AppendEmpty(nil, smpp.GenericNack, smpp.StatusInvCmdLen, b.Sequence))
		return true
	}
	cfg, status := &l.srv.cfg, smpp.StatusOK
	switch {
	case f.Bind != 0:
		status = f.Bind
	case l.isBound():
		status = smpp.StatusAlreadyBound
	case cfg.SystemID != "" && string(b.SystemID) != cfg.SystemID:
		status = smpp.StatusInvSystemID
	case cfg.SystemID != "" && string(b.Password) != cfg.Password:
		status = smpp.StatusInvPassword
	}
	resp := smpp.BindResp{Command: b.Command.Response(), Status: status, Sequence: b.Sequence, SystemID: []byte(cfg.Name)}
	resp.TLVs, _ = smpp.AppendTLV(nil, smpp.TagScInterfaceVersion, []byte{smpp.Version34})
	out, err := smpp.AppendBindResp(nil, &resp)
	if err != nil { // a name over 15 bytes
		out = smpp.AppendEmpty(nil, resp.Command, smpp.StatusSystemError, b.Sequence)
	}
	l.send(out)
	if status != smpp.StatusOK {
		return true
	}
	l.srv.book.bound()
	l.mu.Lock()
	l.bound, l.receives, l.sends = true, b.Command != smpp.BindTransmitter, b.Command != smpp.BindReceiver
	l.mu.Unlock()
	l.srv.drain()
	return true
}

func (l *session) isBound() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bound
}

func (l *session) canSubmit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bound && l.sends
}
