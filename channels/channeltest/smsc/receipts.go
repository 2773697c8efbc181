package smsc

import (
	"fmt"
	"math/rand/v2"
	"time"

	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/smpp"
)

const (
	maxWaiting   = 100_000     // receipts and messages that wait for a link
	redeliver    = time.Second // after a client said that it cannot take it now
	maxRedeliver = 100         // times
	shuffleOver  = 500 * time.Millisecond
)

// receipt is a deliver_sm that is sent until it is acknowledged: a delivery
// receipt, or a message from a person.
type receipt struct {
	pdu   smpp.ShortMessage
	tries int
}

// receipt returns what plans the receipt that the submission asked for, if any.
func (l *session) receipt(f *Faults, id, phone string, m *smpp.ShortMessage, at time.Time) func(delay time.Duration) {
	none := func(time.Duration) {}
	wanted := m.RegisteredDelivery & 3
	if f.NoReceipts || wanted == smpp.ReceiptNone {
		return none
	}
	state := smpp.StateDelivered
	if l.srv.book.fails(m, l.srv.cfg.FailShare) {
		state = smpp.StateUndeliverable
	}
	if wanted == smpp.ReceiptFailure && state == smpp.StateDelivered {
		return none
	}
	from, to := append([]byte(nil), m.Dest...), append([]byte(nil), m.Source...)
	ton := m.DestTON
	times := 1
	if f.ReceiptsTwice {
		times = 2
	}
	return func(delay time.Duration) {
		if f.ReceiptsShuffled {
			delay += rand.N(shuffleOver)
		}
		for range times {
			l.srv.clock.after(delay, func() { l.srv.post(&receipt{pdu: receiptPDU(id, ton, from, to, state, at, time.Now())}) })
		}
	}
}

func receiptPDU(id string, ton byte, from, to []byte, state smpp.MessageState, submitted, done time.Time) smpp.ShortMessage {
	r := smpp.Receipt{ID: []byte(id), State: state, Stat: []byte(state.Word()), Err: []byte("000"), Done: done.AppendFormat(nil, "0601021504")}
	if state != smpp.StateDelivered {
		r.Err = []byte("001")
	}
	m := smpp.ShortMessage{SourceTON: ton, SourceNPI: 1, Source: from, DestNPI: 1, Dest: to, EsmClass: smpp.EsmReceipt,
		Text: smpp.AppendReceipt(nil, &r, submitted.AppendFormat(nil, "0601021504"))}
	m.TLVs, _ = smpp.AppendTLV(m.TLVs, smpp.TagReceiptedMessageID, append([]byte(id), 0))
	m.TLVs, _ = smpp.AppendTLV(m.TLVs, smpp.TagMessageState, []byte{byte(state)})
	return m
}

// SendReceipt says what became of the newest message to a phone: of all its
// parts.
func (s *Server) SendReceipt(phone string, state smpp.MessageState) error {
	m, ids := s.book.newest(phone)
	if len(ids) == 0 {
		return fmt.Errorf("imitation SMSC: no message is kept for that phone")
	}
	number, ton := national(phone)
	for _, id := range ids {
		s.post(&receipt{pdu: receiptPDU(id, ton, number, []byte(m.From), state, m.At, time.Now())})
	}
	return nil
}

// SendMO makes a person's phone send a text, in as many messages as it takes.
func (s *Server) SendMO(from, text string) error {
	e := gsm.Encode(text)
	if len(e.Parts) > gsm.MaxParts {
		return fmt.Errorf("imitation SMSC: a text of %d messages", len(e.Parts))
	}
	number, ton := national(from)
	coding, ref := smpp.CodingDefault, byte(rand.N(256))
	if e.Alphabet == gsm.UCS2 {
		coding = smpp.CodingUCS2
	}
	for i, body := range e.Parts {
		m := smpp.ShortMessage{SourceTON: ton, SourceNPI: 1, Source: number, DestNPI: 1, Dest: []byte(s.cfg.Number), DataCoding: coding, Text: body}
		if len(e.Parts) > 1 {
			m.EsmClass = smpp.EsmUDHI
			m.Text = append(gsm.AppendHeader(nil, ref, byte(len(e.Parts)), byte(i+1)), body...)
		}
		s.post(&receipt{pdu: m})
	}
	return nil
}

func national(phone string) (number []byte, ton byte) {
	if len(phone) > 0 && phone[0] == '+' {
		return []byte(phone[1:]), 1
	}
	return []byte(phone), 0
}

// post gives a receipt to a link that can take it, or lets it wait for one.
func (s *Server) post(r *receipt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.links {
		if l.deliver(r) {
			return
		}
	}
	if len(s.queue) >= maxWaiting {
		s.book.receiptDropped()
		return
	}
	s.queue = append(s.queue, r)
}

// drain sends what waits, as far as there is room.
func (s *Server) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) > 0 {
		sent := false
		for l := range s.links {
			if sent = l.deliver(s.queue[0]); sent {
				break
			}
		}
		if !sent {
			return
		}
		s.queue[0] = nil
		s.queue = s.queue[1:]
	}
}

// deliver sends a receipt over this link if it has room.
func (l *session) deliver(r *receipt) bool {
	l.mu.Lock()
	if !l.bound || !l.receives || len(l.unacked) >= maxUnacked {
		l.mu.Unlock()
		return false
	}
	if l.seq++; l.seq > smpp.MaxSequence {
		l.seq = 1
	}
	seq := l.seq
	m := r.pdu
	m.Sequence = seq
	out, err := smpp.AppendDeliverSM(l.out, &m)
	if err == nil {
		l.out = out
		l.unacked[seq] = r
	}
	l.mu.Unlock()
	l.wake()
	if err == nil && m.IsReceipt() {
		l.srv.book.receiptSent()
	}
	return true
}

// acknowledged takes a deliver_sm_resp.
func (l *session) acknowledged(h smpp.Header) {
	l.mu.Lock()
	r := l.unacked[h.Sequence]
	delete(l.unacked, h.Sequence)
	l.mu.Unlock()
	switch {
	case r == nil:
	case h.Status == smpp.StatusOK:
		if r.pdu.IsReceipt() {
			l.srv.book.receiptAcked()
		}
	case r.tries < maxRedeliver && h.Status != smpp.StatusReceiverPerm && h.Status != smpp.StatusReceiverReject:
		r.tries++
		l.srv.clock.after(redeliver, func() { l.srv.post(r) })
	default:
		l.srv.book.receiptDropped()
	}
	l.srv.drain()
}
