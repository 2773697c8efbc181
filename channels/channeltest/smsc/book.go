package smsc

import (
	"bytes"
	"hash/fnv"
	"io"
	"sync"
	"time"

	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/smpp"
)

// Message is a message as a phone would show it: all parts joined.
type Message struct {
	At    time.Time `json:"at"` // arrival of the last part
	From  string    `json:"from"`
	Text  string    `json:"text"`
	Parts int       `json:"parts"`
}

// Counts is the centre's account since it was made, or since the snapshot that
// it was restored from.
type Counts struct {
	Submissions     int64            `json:"submissions"` // submit_sm taken: parts
	Messages        int64            `json:"messages"`    // whole messages
	Addresses       int64            `json:"addresses"`   // distinct, of whole messages
	Doubled         int64            `json:"doubled"`     // whole messages of a text that the number had received already
	Refused         map[string]int64 `json:"refused"`     // submissions by status
	Receipts        int64            `json:"receipts"`    // sent, repeats included
	ReceiptsAcked   int64            `json:"receipts_acked"`
	ReceiptsDropped int64            `json:"receipts_dropped"`
	Binds           int64            `json:"binds"`
	Cuts            int64            `json:"cuts"`   // links cut as a fault
	Beyond          bool             `json:"beyond"` // more distinct numbers than can be told apart
}

const (
	maxDistinct = 1 << 20 // addresses and texts told apart, each
	maxPartial  = 10_000  // unfinished long messages
)

// book keeps the account.
type book struct {
	keepPerPhone, keepMessages int

	mu        sync.Mutex
	counts    Counts
	nextID    uint64
	whole     int64 // messages that a receipt may be asked for, for fails
	addresses map[uint64]struct{}
	texts     map[uint64]struct{} // address and text
	partial   map[partKey]*partial
	oldest    []partKey // of partial, in order of arrival
	phones    map[string]*phone
	arrivals  []string // phone of each kept message, oldest first
}

type partKey struct {
	from, phone string
	place       gsm.Place // with Seq 0
}

type partial struct {
	texts []string
	ids   []string
	have  int
}

type phone struct {
	messages []Message
	ids      []string // of the newest message's parts
}

func newBook(cfg Config) *book {
	return &book{
		keepPerPhone: cfg.KeepPerPhone, keepMessages: cfg.KeepMessages,
		counts:    Counts{Refused: map[string]int64{}},
		addresses: map[uint64]struct{}{}, texts: map[uint64]struct{}{},
		partial: map[partKey]*partial{}, phones: map[string]*phone{},
	}
}

// take records an accepted submission and returns its id.
func (b *book) take(phone string, m *smpp.ShortMessage, now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.Submissions++
	b.nextID++
	id := messageID(b.nextID)
	from, body := string(m.Source), m.Body()
	if m.EsmClass&smpp.EsmUDHI != 0 {
		place, joined, rest, _ := gsm.CutHeader(body)
		body = rest
		if joined && place.Total > 1 {
			b.part(from, phone, place, m.DataCoding, rest, id, now)
			return id
		}
	}
	b.complete(phone, Message{At: now, From: from, Text: decode(m.DataCoding, body), Parts: 1}, []string{id})
	return id
}

// part keeps one part until all are there.
func (b *book) part(from, phone string, place gsm.Place, coding byte, body []byte, id string, now time.Time) {
	seq := int(place.Seq) - 1
	place.Seq = 0
	key := partKey{from, phone, place}
	p := b.partial[key]
	if p == nil {
		b.dropOldestPartial()
		p = &partial{texts: make([]string, place.Total), ids: make([]string, place.Total)}
		b.partial[key] = p
		b.oldest = append(b.oldest, key)
	}
	if p.ids[seq] == "" {
		p.have++
	}
	p.ids[seq] = id
	p.texts[seq] = decode(coding, body)
	if p.have < len(p.ids) {
		return
	}
	delete(b.partial, key)
	var text bytes.Buffer
	for _, t := range p.texts {
		text.WriteString(t)
	}
	b.complete(phone, Message{At: now, From: from, Text: text.String(), Parts: len(p.ids)}, p.ids)
}

func (b *book) dropOldestPartial() {
	for len(b.oldest) > 0 && (len(b.partial) >= maxPartial || b.partial[b.oldest[0]] == nil) {
		delete(b.partial, b.oldest[0])
		b.oldest = b.oldest[1:]
	}
}

// complete counts a whole message and keeps it for the phones.
func (b *book) complete(number string, m Message, ids []string) {
	b.counts.Messages++
	if b.note(b.addresses, number) {
		b.counts.Addresses++
	}
	if !b.note(b.texts, number, m.Text) {
		b.counts.Doubled++
	}
	p := b.phones[number]
	if p == nil {
		p = &phone{}
		b.phones[number] = p
	}
	p.messages, p.ids = append(p.messages, m), ids
	if len(p.messages) > b.keepPerPhone {
		p.messages = append(p.messages[:0], p.messages[1:]...)
		return // its place among the arrivals is the dropped one's
	}
	b.arrivals = append(b.arrivals, number)
	if len(b.arrivals) > b.keepMessages {
		b.forget(b.arrivals[0])
		b.arrivals = b.arrivals[1:]
	}
}

func (b *book) forget(number string) {
	p := b.phones[number]
	if p.messages = p.messages[1:]; len(p.messages) == 0 {
		delete(b.phones, number)
	}
}

// note remembers words by their hash and reports whether they are new.
func (b *book) note(seen map[uint64]struct{}, words ...string) bool {
	h := fnv.New64a() // stable, since snapshots hold the hashes
	for _, w := range words {
		_, _ = io.WriteString(h, w)
		_, _ = h.Write([]byte{0})
	}
	if _, ok := seen[h.Sum64()]; ok {
		return false
	}
	if len(seen) >= maxDistinct {
		b.counts.Beyond = true
		return true
	}
	seen[h.Sum64()] = struct{}{}
	return true
}

// fails decides whether the receipt says that the message did not arrive. Of a
// long message the last part decides, so that the share is one of messages; the
// failures are spread evenly.
func (b *book) fails(m *smpp.ShortMessage, share float64) bool {
	if m.EsmClass&smpp.EsmUDHI != 0 {
		if place, joined, _, ok := gsm.CutHeader(m.Body()); ok && joined && place.Seq != place.Total {
			return false
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.whole++
	return int64(float64(b.whole)*share) > int64(float64(b.whole-1)*share)
}

func (b *book) add(n *int64) {
	b.mu.Lock()
	*n++
	b.mu.Unlock()
}

func (b *book) bound()          { b.add(&b.counts.Binds) }
func (b *book) wasCut()         { b.add(&b.counts.Cuts) }
func (b *book) receiptSent()    { b.add(&b.counts.Receipts) }
func (b *book) receiptAcked()   { b.add(&b.counts.ReceiptsAcked) }
func (b *book) receiptDropped() { b.add(&b.counts.ReceiptsDropped) }

func (b *book) refused(s smpp.Status) {
	b.mu.Lock()
	b.counts.Refused[s.Code()]++
	b.mu.Unlock()
}

func (b *book) newest(number string) (Message, []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.phones[number]
	if p == nil {
		return Message{}, nil
	}
	return p.messages[len(p.messages)-1], p.ids
}
