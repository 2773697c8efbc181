package smsc

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// Counts returns the account.
func (s *Server) Counts() Counts {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.counts
	c.Refused = maps.Clone(c.Refused)
	return c
}

// Phones returns the numbers that messages are kept of, sorted.
func (s *Server) Phones() []string {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.phones))
}

// Messages returns the newest messages to a phone, oldest first.
func (s *Server) Messages(phone string) []Message {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.phones[phone]; p != nil {
		return slices.Clone(p.messages)
	}
	return nil
}

// Snapshot is what the centre knows, for a process that wants to show the same
// phones after a restart. It goes through JSON unharmed.
type Snapshot struct {
	Counts    Counts               `json:"counts"`
	NextID    uint64               `json:"next_id"`
	Phones    map[string][]Message `json:"phones"`
	Addresses []byte               `json:"addresses"` // hashes, 8 bytes each
	Texts     []byte               `json:"texts"`     // likewise
}

// Snapshot returns what the centre knows now. Unfinished long messages and
// receipts that wait are left out.
func (s *Server) Snapshot() Snapshot {
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	snap := Snapshot{Counts: b.counts, NextID: b.nextID, Phones: map[string][]Message{}, Addresses: packed(b.addresses), Texts: packed(b.texts)}
	snap.Counts.Refused = maps.Clone(b.counts.Refused)
	for number, p := range b.phones {
		snap.Phones[number] = slices.Clone(p.messages)
	}
	return snap
}

// Restore replaces what the centre knows. An error leaves it as it was.
func (s *Server) Restore(snap Snapshot) error {
	fresh := newBook(s.cfg)
	var err1, err2 error
	fresh.addresses, err1 = unpacked(snap.Addresses)
	fresh.texts, err2 = unpacked(snap.Texts)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("restore the imitation SMSC: damaged snapshot")
	}
	type kept struct {
		number string
		m      Message
	}
	var all []kept
	for number, ms := range snap.Phones {
		for _, m := range ms {
			all = append(all, kept{number, m})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return a.m.At.Compare(b.m.At) })
	for _, k := range all {
		fresh.complete(k.number, k.m, nil)
	}
	b := s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts, b.nextID = snap.Counts, max(snap.NextID, b.nextID)
	if b.counts.Refused = maps.Clone(snap.Counts.Refused); b.counts.Refused == nil {
		b.counts.Refused = map[string]int64{}
	}
	b.addresses, b.texts, b.phones, b.arrivals = fresh.addresses, fresh.texts, fresh.phones, fresh.arrivals
	return nil
}

func packed(set map[uint64]struct{}) []byte {
	out := make([]byte, 0, 8*len(set))
	for _, h := range slices.Sorted(maps.Keys(set)) {
		out = binary.BigEndian.AppendUint64(out, h)
	}
	return out
}

func unpacked(b []byte) (map[uint64]struct{}, error) {
	if len(b)%8 != 0 || len(b) > 8*maxDistinct {
		return nil, fmt.Errorf("%d bytes of hashes", len(b))
	}
	set := make(map[uint64]struct{}, len(b)/8)
	for ; len(b) > 0; b = b[8:] {
		set[binary.BigEndian.Uint64(b)] = struct{}{}
	}
	return set, nil
}
