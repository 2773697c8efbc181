package roll

import (
	"crypto/sha256"
	"encoding/binary"

	"mingluo/internal/alert"
)

// Digest says what a bucket holds: how many people, and a sum over their records
// that does not depend on their order, so that it can be kept up to date record
// by record. Two rolls with the same digests hold the same.
//
// It covers of each person the id, the sequence of the record in the stream, and
// every byte of the record (with its own sequence put where 0 stood for it, see
// [Record.At]). A person's part is the first 16 bytes of SHA-256 over these; parts
// are added as two numbers mod 2^64. It is there to find damage, not forgery.
type Digest struct {
	People uint64
	Sum    [2]uint64
}

// Table is the digests of all buckets.
type Table [alert.Buckets]Digest

// DigestOf returns one person's part. canonical is [AppendRecord] of the record
// with its sequences resolved.
func DigestOf(id alert.RecipientID, seq uint64, canonical []byte) Digest {
	var in [256]byte
	b := append(in[:0], id[:]...)
	b = binary.BigEndian.AppendUint64(b, seq)
	sum := sha256.Sum256(append(b, canonical...))
	return Digest{1, [2]uint64{binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])}}
}

// Add puts what o holds to d.
func (d *Digest) Add(o Digest) {
	d.People += o.People
	d.Sum[0] += o.Sum[0]
	d.Sum[1] += o.Sum[1]
}

// Sub takes what o holds out of d.
func (d *Digest) Sub(o Digest) {
	d.People -= o.People
	d.Sum[0] -= o.Sum[0]
	d.Sum[1] -= o.Sum[1]
}

// People counts everybody.
func (t *Table) People() uint64 {
	var n uint64
	for i := range t {
		n += t[i].People
	}
	return n
}

// digestBytes is the longest stored form: the count as uvarint, then the sum.
const digestBytes = binary.MaxVarintLen64 + 16

func appendDigest(dst []byte, d Digest) []byte {
	dst = binary.AppendUvarint(dst, d.People)
	dst = binary.BigEndian.AppendUint64(dst, d.Sum[0])
	return binary.BigEndian.AppendUint64(dst, d.Sum[1])
}

func (r *reader) digest() Digest {
	d := Digest{People: r.uvarint()}
	b := r.take(16)
	if r.bad {
		return Digest{}
	}
	d.Sum = [2]uint64{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	return d
}

// take returns the next n bytes, which alias the input.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// Change is one message of the roll as an index took it.
type Change struct {
	ID      alert.RecipientID
	Seq     uint64
	Deleted bool
	Record  []byte // [AppendRecord] with the sequences resolved; nil when deleted
	After   Digest // of the bucket
}
