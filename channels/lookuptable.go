package channels

import (
	"math/bits"
	"sync"
)

// indexParts is how many tables a generation of the receipt index is spread
// over, so that none is locked or moved for long.
const indexParts = 64

const (
	tagBits   = 44
	sliceBits = 28 // 268 million slices in half a day
)

// entry is one message id in 16 bytes: 56 bits of its hash and the upper 8 of
// the slice's number; the lower 20 and the recipient's tag. The six bits of the
// hash that chose the part come on top, so that ten million ids confuse two of
// their own once in a hundred thousand times.
type entry struct{ hash, place uint64 }

func (e entry) free() bool { return e.hash == 0 }

func pack(h uint64, slice uint32, tag recipientTag) entry {
	if h>>8 == 0 { // 0 marks a free place
		h = 1 << 8
	}
	return entry{h&^0xff | uint64(slice>>20&0xff), uint64(slice)<<tagBits | uint64(tag)}
}

func (e entry) slice() uint32     { return uint32(e.hash&0xff)<<20 | uint32(e.place>>tagBits) }
func (e entry) tag() recipientTag { return recipientTag(e.place & (1<<tagBits - 1)) }

// part is a table of entries with open addressing. An entry's place is its hash
// scaled to the length, so that entries stand in the order of their hashes and
// a larger table is filled from front to back. It grows by half when three
// quarters are taken: about 24 bytes an entry.
//
// What is put is only written down; it goes into the table when somebody looks.
// Most of a fan-out is over before its receipts come, and a place in the table
// costs a cache miss.
type part struct {
	mu      sync.Mutex
	tail    [][]entry // put and not in the table yet, in pieces that are not moved
	entries []entry
	n       int
}

func home(h uint64, length int) int {
	hi, _ := bits.Mul64(h&^0xff, uint64(length))
	return int(hi)
}

func (p *part) put(h uint64, slice uint32, tag recipientTag) {
	e := pack(h, slice, tag)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tail) == 0 || len(p.tail[len(p.tail)-1]) == tailPiece {
		p.tail = append(p.tail, make([]entry, 0, tailPiece))
	}
	last := len(p.tail) - 1
	p.tail[last] = append(p.tail[last], e)
}

const tailPiece = 256

// tidy moves what was put into the table.
func (p *part) tidy() {
	for i, piece := range p.tail {
		for _, e := range piece {
			if p.n*4 >= len(p.entries)*3 {
				p.grow()
			}
			if place(p.entries, e) {
				p.n++
			}
		}
		p.tail[i] = piece[:0]
	}
	if len(p.tail) > 1 {
		clear(p.tail[1:])
		p.tail = p.tail[:1] // receipts and acceptances come by turns: the piece is filled again
	}
}

// place puts an entry and reports whether it is new.
func place(entries []entry, e entry) bool {
	i := home(e.hash, len(entries))
	for !entries[i].free() {
		if (entries[i].hash^e.hash)>>8 == 0 {
			entries[i] = e
			return false
		}
		if i++; i == len(entries) {
			i = 0
		}
	}
	entries[i] = e
	return true
}

func (p *part) grow() {
	larger := make([]entry, max(256, len(p.entries)+len(p.entries)/2))
	for _, e := range p.entries {
		if !e.free() {
			place(larger, e)
		}
	}
	p.entries = larger
}

func (p *part) get(h uint64) (slice uint32, tag recipientTag, ok bool) {
	want := pack(h, 0, 0)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tidy()
	if len(p.entries) == 0 {
		return 0, 0, false
	}
	for i := home(want.hash, len(p.entries)); !p.entries[i].free(); {
		if e := p.entries[i]; (e.hash^want.hash)>>8 == 0 {
			return e.slice(), e.tag(), true
		}
		if i++; i == len(p.entries) {
			i = 0
		}
	}
	return 0, 0, false
}

func (p *part) size() (n, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, bytes = p.n, cap(p.entries)*16
	for _, piece := range p.tail {
		n, bytes = n+len(piece), bytes+cap(piece)*16
	}
	return n, bytes
}
