package sms

import (
	"hash/maphash"
	"sync"
	"time"

	"mingluo/channels"
	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
)

// text is a message in one language, ready to be put into submissions.
type text struct {
	coding byte
	esm    byte
	parts  [][]byte // headers included
}

func (r *Route) text(m *channels.Message, lang string) (*text, error) {
	words, e, _, err := r.cfg.compose(m, lang)
	if err != nil {
		return nil, err
	}
	return r.encoded(words, e), nil
}

func (r *Route) encoded(words string, e gsm.Encoded) *text {
	t := &text{coding: smpp.CodingDefault, parts: e.Parts}
	if e.Alphabet == gsm.UCS2 {
		t.coding = smpp.CodingUCS2
	}
	if n := len(e.Parts); n > 1 {
		t.esm = smpp.EsmUDHI
		ref := r.refs.of(words)
		for i, body := range e.Parts {
			t.parts[i] = append(gsm.AppendHeader(make([]byte, 0, gsm.HeaderLen+len(body)), ref, byte(n), byte(i+1)), body...)
		}
	}
	return t
}

// refs gives long texts their references. A phone joins parts by sender and
// reference, so two texts to one phone must not share one while either is
// incomplete: the newest 128 texts of the route have references of their own.
// The same text keeps its reference, so that a second send of it completes a
// first that arrived in part.
type refs struct {
	mu    sync.Mutex
	seed  maphash.Seed
	next  byte
	known map[uint64]byte
	order []uint64
}

const refsKept = 128

func newRefs(first byte) *refs {
	return &refs{seed: maphash.MakeSeed(), next: first, known: map[uint64]byte{}}
}

func (r *refs) of(words string) byte {
	h := maphash.String(r.seed, words)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ref, ok := r.known[h]; ok {
		return ref
	}
	if len(r.order) == refsKept {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	r.next++
	r.known[h] = r.next
	r.order = append(r.order, h)
	return r.next
}

// message is one person's text on its way. Only the collector changes it once
// it is handed over.
type message struct {
	d        *delivery
	index    int // in the batch
	attempt  uint8
	total    int
	left     int // parts without a final answer
	accepted int
	id       string // of the last part
	refused  string // the carrier's word for good
	putOff   string // the carrier's word for now
	unsure   string // why nobody knows
	group    *group // of a long text
}

// part is one submission.
type part struct {
	m      *message
	pdu    smpp.ShortMessage
	number int // from 0
	sent   time.Time
	status smpp.Status
	id     string
	err    error
}

var _ link.Submission = (*part)(nil)

func (d *delivery) newPart(m *message, t *text, k int, number []byte) *part {
	c := &d.r.cfg
	receipt := smpp.ReceiptAlways
	if d.quiet {
		receipt = smpp.ReceiptNone
	}
	return &part{m: m, number: k, pdu: smpp.ShortMessage{
		SourceTON: c.SourceTON, SourceNPI: c.SourceNPI, Source: d.r.source,
		DestTON: 1, DestNPI: 1, Dest: number,
		EsmClass: t.esm, ValidityPeriod: d.validity, RegisteredDelivery: receipt,
		DataCoding: t.coding, Text: t.parts[k],
	}}
}

// AppendPDU implements [link.Submission].
func (p *part) AppendPDU(dst []byte, seq uint32) ([]byte, error) {
	p.pdu.Sequence = seq
	return smpp.AppendSubmitSM(dst, &p.pdu)
}

// Done implements [link.Submission]. The part of a long message is noted here,
// where the connection is read, so that a receipt behind the answer finds it.
func (p *part) Done(a link.Answer) {
	p.status, p.id, p.err = smpp.Status(a.Status), string(a.MessageID), a.Err
	if p.m.group != nil && p.err == nil && p.status == smpp.StatusOK {
		p.m.d.r.groups.add(p.m.group, p.id)
	}
	p.m.d.answers <- p
}

// dialable returns a Chinese mobile number as submissions write it, without the
// plus; false for anything else.
func dialable(address string) ([]byte, bool) {
	if len(address) != 14 || address[:4] != "+861" {
		return nil, false
	}
	for _, c := range address[4:] {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	return []byte(address[1:]), true
}
