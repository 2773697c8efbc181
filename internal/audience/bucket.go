package audience

import (
	"encoding/binary"
	"slices"
	"sync"

	"mingluo/internal/alert"
)

// person is what a bucket keeps of one person besides the id: 32 bytes.
type person struct {
	joined  uint64 // ROLL sequence of the joining
	left    uint64 // of the leaving or erasure; 0 while active
	at      uint32 // where the sealed address begins in the arena
	profile uint32
	sealed  uint16 // its length; 0: no address is kept
}

// bucket keeps one 4,096th of the roll. Ids and the rest lie apart, so that
// looking for an id touches little memory; sealed addresses lie end to end in
// one arena instead of a million small allocations.
type bucket struct {
	mu     sync.RWMutex
	ids    []alert.RecipientID
	people []person
	arena  []byte
	waste  int // bytes of the arena that nobody points to
}

// find returns the position of an id, -1 when it is not there. A bucket of a
// roll of ten million holds 2,400: comparing eight bytes each is a microsecond.
func (b *bucket) find(id alert.RecipientID) int {
	want := binary.LittleEndian.Uint64(id[8:])
	for i := range b.ids {
		if binary.LittleEndian.Uint64(b.ids[i][8:]) == want && b.ids[i] == id {
			return i
		}
	}
	return -1
}

// set stores what became of a person; p.at and p.sealed are filled in.
func (b *bucket) set(id alert.RecipientID, p person, sealed []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.find(id)
	if i < 0 {
		i = len(b.ids)
		b.ids = append(b.ids, id)
		b.people = append(b.people, person{})
	}
	b.drop(&b.people[i])
	p.at, p.sealed = uint32(len(b.arena)), uint16(len(sealed))
	b.arena = append(b.arena, sealed...)
	b.people[i] = p
	b.compact()
}

// remove takes a person out.
func (b *bucket) remove(id alert.RecipientID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.find(id)
	if i < 0 {
		return
	}
	b.drop(&b.people[i])
	last := len(b.ids) - 1
	b.ids[i], b.people[i] = b.ids[last], b.people[last]
	b.ids, b.people = b.ids[:last], b.people[:last]
	b.compact()
}

// drop overwrites a sealed address: what was erased does not stay in memory.
func (b *bucket) drop(p *person) {
	clear(b.address(p))
	b.waste += int(p.sealed)
}

func (b *bucket) address(p *person) []byte { return b.arena[p.at : p.at+uint32(p.sealed)] }

// compact rewrites the arena when a third of it is waste.
func (b *bucket) compact() {
	if b.waste < 1<<10 || b.waste*3 < len(b.arena) {
		return
	}
	b.pack()
}

func (b *bucket) pack() {
	arena := make([]byte, 0, len(b.arena)-b.waste)
	for i := range b.people {
		p := &b.people[i]
		at := uint32(len(arena))
		arena = append(arena, b.address(p)...)
		p.at = at
	}
	b.arena, b.waste = arena, 0
}

// tighten gives back what growing has reserved.
func (b *bucket) tighten() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ids = slices.Clone(b.ids)
	b.people = slices.Clone(b.people)
	b.pack()
}

// bytes returns how much memory the bucket holds.
func (b *bucket) bytes() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return cap(b.ids)*16 + cap(b.people)*32 + cap(b.arena)
}
