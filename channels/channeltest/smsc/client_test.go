package smsc

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/smpp"
)

// start starts a centre on a free port.
func start(t *testing.T, c Config) *Server {
	t.Helper()
	s := New(c)
	if err := s.Listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is an application written for these tests: one question, one answer.
type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	seq  uint32
}

func dial(t *testing.T, s *Server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t: t, conn: conn, r: bufio.NewReader(conn)}
}

func (c *client) write(b []byte, err error) {
	c.t.Helper()
	if err == nil {
		_, err = c.conn.Write(b)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// next reads one PDU; false at the connection's end.
func (c *client) next() (smpp.Header, []byte, bool) {
	c.t.Helper()
	head := make([]byte, 4)
	if _, err := io.ReadFull(c.r, head); err != nil {
		return smpp.Header{}, nil, false
	}
	n, err := smpp.Length(head)
	if err != nil {
		c.t.Fatal(err)
	}
	pdu := append(head, make([]byte, n-4)...)
	if _, err := io.ReadFull(c.r, pdu[4:]); err != nil {
		return smpp.Header{}, nil, false
	}
	h, err := smpp.DecodeHeader(pdu)
	if err != nil {
		c.t.Fatal(err)
	}
	return h, pdu, true
}

// expect reads PDUs until one of this kind.
func (c *client) expect(cmd smpp.CommandID) (smpp.Header, []byte) {
	c.t.Helper()
	for {
		h, pdu, ok := c.next()
		if !ok {
			c.t.Fatalf("the connection ended before a %s", cmd)
		}
		if h.Command == cmd {
			return h, pdu
		}
	}
}

func (c *client) bind(id, password string) smpp.Status {
	c.t.Helper()
	c.seq++
	c.write(smpp.AppendBind(nil, &smpp.Bind{Command: smpp.BindTransceiver, Sequence: c.seq, Version: smpp.Version34, SystemID: []byte(id), Password: []byte(password)}))
	h, _ := c.expect(smpp.BindTransceiverResp)
	return h.Status
}

func (c *client) post(phone string, m smpp.ShortMessage) {
	c.t.Helper()
	c.seq++
	m.Sequence, m.Source, m.DestTON, m.Dest = c.seq, []byte("10657"), 1, []byte(phone)
	c.write(smpp.AppendSubmitSM(nil, &m))
}

func (c *client) submit(phone string, m smpp.ShortMessage) (smpp.Status, string) {
	c.t.Helper()
	c.post(phone, m)
	_, pdu := c.expect(smpp.SubmitSMResp)
	var r smpp.MessageResp
	if err := smpp.DecodeMessageResp(pdu, &r); err != nil {
		c.t.Fatal(err)
	}
	return r.Status, string(r.MessageID)
}

// receipt reads the next receipt and answers it with a status.
func (c *client) receipt(answer smpp.Status) smpp.Receipt {
	c.t.Helper()
	h, pdu := c.expect(smpp.DeliverSM)
	var m smpp.ShortMessage
	if err := smpp.DecodeShortMessage(pdu, &m); err != nil {
		c.t.Fatal(err)
	}
	r, ok := smpp.ReceiptOf(&m)
	if !ok {
		c.t.Fatalf("not a receipt: %q", m.Text)
	}
	c.write(smpp.AppendMessageResp(nil, &smpp.MessageResp{Command: smpp.DeliverSMResp, Status: answer, Sequence: h.Sequence}))
	return r
}

// sms returns the submissions of a text.
func sms(text string, ref byte) []smpp.ShortMessage {
	e := gsm.Encode(text)
	var out []smpp.ShortMessage
	for i, body := range e.Parts {
		m := smpp.ShortMessage{RegisteredDelivery: smpp.ReceiptAlways, Text: body}
		if e.Alphabet == gsm.UCS2 {
			m.DataCoding = smpp.CodingUCS2
		}
		if len(e.Parts) > 1 {
			m.EsmClass = smpp.EsmUDHI
			m.Text = append(gsm.AppendHeader(nil, ref, byte(len(e.Parts)), byte(i+1)), body...)
		}
		out = append(out, m)
	}
	return out
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}
