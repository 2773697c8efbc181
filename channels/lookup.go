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

// indexStep is how much the index forgets at once: forgetting is dropping a
// generation.
const indexStep = reportLag / 6

// recipientTag is the last 44 bits of a recipient's id: within one slice it
// names the recipient. Of a million people in slices of two thousand two
// share one in six of a hundred thousand fan-outs, and are then not found.
type recipientTag uint64

func tagOf(id alert.RecipientID) recipientTag {
	return recipientTag(binary.BigEndian.Uint64(id[8:]) & (1<<tagBits - 1))
}

// receiptIndex finds the recipient behind a carrier's message id for 72 h. It
// keeps a hash of the id instead of the id. It is memory only: it is filled as
// outcomes are recorded, and rebuilt from the record at start.
//
// A place is a slice and a tag, not a position in the slice: positions count
// from the slice's first outcome, which may be older than what is rebuilt.
type receiptIndex struct {
	seed maphash.Seed

	mu   sync.RWMutex
	gens []*generation // newest first

	early early
}

type generation struct {
	since time.Time
	parts [indexParts]part

	mu     sync.Mutex
	slices []string
	number map[string]uint32
}

func newReceiptIndex() *receiptIndex {
	return &receiptIndex{seed: maphash.MakeSeed(), early: newEarly()}
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

// add remembers outcomes of one slice that are in the record.
func (x *receiptIndex) add(key string, outcomes ...alert.Outcome) {
	channel := channelOf(key)
	var g *generation
	var since time.Time
	var number uint32
	for i := range outcomes {
		o := &outcomes[i]
		if o.MessageID == "" {
			continue
		}
		if at := o.At.Truncate(indexStep); g == nil || !at.Equal(since) {
			if g = x.generation(at); g == nil {
				continue
			}
			since, number = at, g.numberOf(key)
		}
		h := x.hash(channel, o.MessageID)
		g.parts[h%indexParts].put(h, number, tagOf(o.ID))
		x.early.came(h)
	}
}

// generation returns the one that begins at an instant; nil when that is more
// than 72 h before the newest.
func (x *receiptIndex) generation(since time.Time) *generation {
	x.mu.RLock()
	if len(x.gens) > 0 && x.gens[0].since.Equal(since) {
		defer x.mu.RUnlock()
		return x.gens[0]
	}
	x.mu.RUnlock()
	x.mu.Lock()
	defer x.mu.Unlock()
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
	x.gens = slices.Insert(x.gens, i, &generation{since: since, number: map[string]uint32{}})
	for oldest := len(x.gens) - 1; x.gens[0].since.Sub(x.gens[oldest].since) > reportLag; oldest-- {
		x.gens = x.gens[:oldest]
	}
	return x.gens[i]
}

func (g *generation) numberOf(key string) uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, ok := g.number[key]
	if !ok {
		n = uint32(len(g.slices))
		g.slices = append(g.slices, key)
		g.number[key] = n
	}
	return n
}

func (g *generation) key(number uint32) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.slices[number]
}

// find returns the slice's key and the recipient's tag.
func (x *receiptIndex) find(h uint64) (key string, tag recipientTag, ok bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, g := range x.gens {
		if number, tag, ok := g.parts[h%indexParts].get(h); ok {
			return g.key(number), tag, true
		}
	}
	return "", 0, false
}

// size returns how many message ids are known, and in how many bytes.
func (x *receiptIndex) size() (n, bytes int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, g := range x.gens {
		for i := range g.parts {
			k, b := g.parts[i].size()
			n, bytes = n+k, bytes+b
		}
	}
	return n, bytes
}

func channelOf(key string) string {
	for i := range len(key) {
		if key[i] == '.' {
			return key[:i]
		}
	}
	return key
}
