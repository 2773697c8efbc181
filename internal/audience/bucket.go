package audience

import (
	"encoding/binary"
	"slices"
	"sync"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// person is what a bucket keeps of one person besides the id: 40 bytes.
type person struct {
	seq     uint64 // ROLL sequence of the record
	joined  uint64 // of the joining
	left    uint64 // of the leaving or erasure; 0 while active
	at      uint32 // where the person's part of the arena begins
	profile uint32
	sealed  uint16     // bytes of the sealed address; 0: no address is kept
	times   uint8      // bytes of the instants that lie before it
	state   roll.State // who left or was erased has left set as well
}

// bucket keeps one 4,096th of the roll. Ids and the rest lie apart, so that
// looking for an id touches little memory; instants and sealed addresses lie end
// to end in one arena instead of a million small allocations.
type bucket struct {
	mu     sync.RWMutex
	ids    []alert.RecipientID
	people []person
	arena  []byte
	waste  int         // bytes of the arena that nobody points to
	digest roll.Digest // of everybody in it; kept by [Memory] alone
	last   uint64      // ROLL sequence of the newest change; kept by [Memory] alone
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

// set stores what became of a person; p.at is filled in.
func (b *bucket) set(id alert.RecipientID, f found) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(b.find(id), id, f)
}

// put does it at a position, -1 for somebody new, and returns the position. The
// bucket is locked by the caller.
func (b *bucket) put(i int, id alert.RecipientID, f found) int {
	if i < 0 {
		i = len(b.ids)
		b.ids = append(b.ids, id)
		b.people = append(b.people, person{})
	}
	b.drop(&b.people[i])
	b.people[i] = b.keep(f)
	b.compact()
	return i
}

// keep appends a person's instants and sealed address to the arena.
func (b *bucket) keep(f found) person {
	p := f.person
	p.at, p.sealed = uint32(len(b.arena)), uint16(len(f.rec.Sealed))
	b.arena = roll.AppendInstants(b.arena, f.rec)
	p.times = uint8(uint32(len(b.arena)) - p.at)
	b.arena = append(b.arena, f.rec.Sealed...)
	return p
}

// remove takes a person out.
func (b *bucket) remove(id alert.RecipientID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.find(id); i >= 0 {
		b.cut(i)
	}
}

// cut takes the i-th person out. The bucket is locked by the caller.
func (b *bucket) cut(i int) {
	b.drop(&b.people[i])
	last := len(b.ids) - 1
	b.ids[i], b.people[i] = b.ids[last], b.people[last]
	b.ids, b.people = b.ids[:last], b.people[:last]
	b.compact()
}

// drop overwrites a sealed address: what was erased does not stay in memory.
func (b *bucket) drop(p *person) {
	clear(b.part(p))
	b.waste += len(b.part(p))
}

// part is all that the arena keeps of a person.
func (b *bucket) part(p *person) []byte { return b.arena[p.at : p.at+uint32(p.times)+uint32(p.sealed)] }

func (b *bucket) address(p *person) []byte { return b.part(p)[p.times:] }

// instants fills in a record's instants.
func (b *bucket) instants(p *person, rec *roll.Record) { roll.ReadInstants(b.part(p)[:p.times], rec) }

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
		arena = append(arena, b.part(p)...)
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
	return cap(b.ids)*16 + cap(b.people)*40 + cap(b.arena)
}
