package audience

import (
	"context"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// Memory is what the roll compares itself with: each bucket carries its digest,
// kept up to date record by record, and every record can be made again from it.

// Listen has fn called for every change from now on, in order, before anybody is
// told that the index has come so far. after is the bucket's digest with the
// change. fn must be quick and keep nothing; nil ends it.
func (m *Memory) Listen(fn func(c roll.Change)) {
	m.applying.Lock()
	defer m.applying.Unlock()
	m.listener = fn
}

// Cut calls fn with the digests of all buckets as they are at one moment and the
// sequence that they belong to; nothing is applied meanwhile.
func (m *Memory) Cut(fn func(seq uint64, t *roll.Table)) {
	m.applying.Lock()
	defer m.applying.Unlock()
	var t roll.Table
	for i := range m.buckets {
		t[i] = m.buckets[i].digest
	}
	seq, _ := m.position.now()
	fn(max(seq, m.newest), &t)
}

// Changed returns the sequence of the newest message that a bucket has applied.
func (m *Memory) Changed(bucket int) uint64 {
	b := &m.buckets[bucket]
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.last
}

// Records calls fn for everybody in a bucket with the record as the roll has it,
// its sequences resolved, and the sequence of its message. What fn is given is
// only good during the call.
func (m *Memory) Records(bucket int, fn func(id alert.RecipientID, seq uint64, rec roll.Record) error) error {
	b := &m.buckets[bucket]
	b.mu.RLock()
	defer b.mu.RUnlock()
	for i := range b.people {
		if err := fn(b.ids[i], b.people[i].seq, m.record(b, i)); err != nil {
			return err
		}
	}
	return nil
}

// Correct puts a message of the roll into the index that it should have had.
func (m *Memory) Correct(_ context.Context, r alert.Record) error { return m.apply(r) }

// record makes the record of a bucket's i-th person again. The bucket is locked
// by the caller.
func (rd *reader) record(b *bucket, i int) roll.Record {
	p := &b.people[i]
	rec := roll.Record{State: p.state, JoinSeq: p.joined, LeaveSeq: p.left, Profile: []byte(rd.profiles.all()[p.profile].form), Sealed: b.address(p)}
	b.instants(p, &rec)
	return rec
}

// digestAt is one person's part of the bucket's digest.
func (rd *reader) digestAt(b *bucket, i int, scratch []byte) roll.Digest {
	return roll.DigestOf(b.ids[i], b.people[i].seq, roll.AppendRecord(scratch, rd.record(b, i)))
}
