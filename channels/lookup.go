package channels

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// reportLag is how long after the message carriers' receipts may come.
const reportLag = 72 * time.Hour

// indexStep is how much the index forgets at once: forgetting is dropping a map.
const indexStep = reportLag / 6

// recipientTag is the second half of a recipient's id: within one slice it
// names the recipient.
type recipientTag [2]uint32

func tagOf(id alert.RecipientID) recipientTag {
	return recipientTag{binary.BigEndian.Uint32(id[8:]), binary.BigEndian.Uint32(id[12:])}
}

// place is where a message's outcome stands: 12 bytes beside the 8 of the key.
type place struct {
	slice uint32 // index into generation.slices
	tag   recipientTag
}

// receiptIndex finds the recipient behind a carrier's message id for 72 h. It
// keeps a hash of the id instead of the id. It is memory only: it is filled as
// outcomes are recorded, and rebuilt from the record at start.
type receiptIndex struct {
	seed maphash.Seed

	mu      sync.Mutex
	gens    []*generation // newest first
	waiters map[uint64][]chan struct{}
	waiting int
}

type generation struct {
	since  time.Time
	slices []string
	number map[string]uint32
	places map[uint64]place
}

func newReceiptIndex() *receiptIndex {
	return &receiptIndex{seed: maphash.MakeSeed(), waiters: map[uint64][]chan struct{}{}}
}

// hash is of the channel and the message id.
func (x *receiptIndex) hash(channel, messageID string) uint64 {
	var h maphash.Hash
	h.SetSeed(x.seed)
	h.WriteString(channel)
	h.WriteByte(0)
	h.WriteString(messageID)
	return h.Sum64()
}

// add remembers an outcome that is in the record.
func (x *receiptIndex) add(key string, o alert.Outcome) {
	if o.MessageID == "" {
		return
	}
	h := x.hash(channelOf(key), o.MessageID)
	x.mu.Lock()
	defer x.mu.Unlock()
	g := x.generation(o.At)
	if g == nil {
		return
	}
	n, ok := g.number[key]
	if !ok {
		n = uint32(len(g.slices))
		g.slices = append(g.slices, key)
		g.number[key] = n
	}
	g.places[h] = place{slice: n, tag: tagOf(o.ID)}
	for _, w := range x.waiters[h] {
		close(w)
		x.waiting--
	}
	delete(x.waiters, h)
}

// generation returns the one for an instant; nil when that is more than 72 h
// before the newest.
func (x *receiptIndex) generation(at time.Time) *generation {
	since := at.Truncate(indexStep)
	i := 0
	for i < len(x.gens) && since.Before(x.gens[i].since) {
		i++
	}
	switch {
	case i < len(x.gens) && x.gens[i].since.Equal(since):
		return x.gens[i]
	case i > 0 && x.gens[0].since.Sub(since) > reportLag:
		return nil
	}
	x.gens = slices.Insert(x.gens, i, &generation{since: since, number: map[string]uint32{}, places: map[uint64]place{}})
	for oldest := len(x.gens) - 1; x.gens[0].since.Sub(x.gens[oldest].since) > reportLag; oldest-- {
		x.gens = x.gens[:oldest]
	}
	return x.gens[i]
}

// find returns the slice's key and the recipient's tag.
func (x *receiptIndex) find(h uint64) (key string, tag recipientTag, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.look(h)
}

func (x *receiptIndex) look(h uint64) (key string, tag recipientTag, ok bool) {
	for _, g := range x.gens {
		if p, ok := g.places[h]; ok {
			return g.slices[p.slice], p.tag, true
		}
	}
	return "", recipientTag{}, false
}

// wait returns a channel that is closed when the id becomes known, nil when it
// is known already, and false when too many wait.
func (x *receiptIndex) wait(h uint64, limit int) (<-chan struct{}, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, _, ok := x.look(h); ok {
		return nil, true
	}
	if x.waiting >= limit {
		return nil, false
	}
	w := make(chan struct{})
	x.waiters[h] = append(x.waiters[h], w)
	x.waiting++
	return w, true
}

// giveUp ends a wait that was in vain.
func (x *receiptIndex) giveUp(h uint64, w <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	ws := x.waiters[h]
	for i, c := range ws {
		if c == w {
			x.waiters[h] = append(ws[:i], ws[i+1:]...)
			x.waiting--
			break
		}
	}
	if len(x.waiters[h]) == 0 {
		delete(x.waiters, h)
	}
}

// size returns how many message ids are known.
func (x *receiptIndex) size() (n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, g := range x.gens {
		n += len(g.places)
	}
	return n
}

func channelOf(key string) string {
	for i := range len(key) {
		if key[i] == '.' {
			return key[:i]
		}
	}
	return key
}
