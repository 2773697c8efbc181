package roll

import (
	"encoding/binary"
	"fmt"

	"mingluo/internal/alert"
)

// What a frame holds is told by its first byte:
//
//	P people:  people
//	C changes: seq | people | table   everything up to seq, with the digests of the
//	                                  buckets that changed as they are at seq
//	T table:   seq | table            the digests of all buckets
//
// where people are their number and then id 16, sequence, length, record of each
// (length 0: the person is gone), and a table is the number of buckets and then
// number and digest of each. Numbers are uvarints.
const (
	framePeople  = 'P'
	frameChanges = 'C'
	frameTable   = 'T'
)

// Known is what is known of one person from a file.
type known struct {
	id  alert.RecipientID
	seq uint64
	rec []byte // canonical; empty when the person is gone
}

func appendKnown(dst []byte, id alert.RecipientID, seq uint64, rec []byte) []byte {
	dst = append(dst, id[:]...)
	dst = binary.AppendUvarint(dst, seq)
	dst = binary.AppendUvarint(dst, uint64(len(rec)))
	return append(dst, rec...)
}

// maxRecord bounds a stored record: profile, sealed address, numbers.
const maxRecord = maxProfile + maxSealed + 128

// people reads people and calls fn for each; what fn gets aliases the frame.
func (r *reader) people(fn func(known) error) error {
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		var k known
		copy(k.id[:], r.take(len(k.id)))
		k.seq = r.uvarint()
		k.rec = r.bytes(maxRecord)
		if r.bad {
			break
		}
		if err := fn(k); err != nil {
			return err
		}
	}
	return nil
}

func appendTable(dst []byte, t *Table) []byte {
	used := 0
	for i := range t {
		if t[i] != (Digest{}) {
			used++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(used))
	for i := range t {
		if t[i] != (Digest{}) {
			dst = appendDigest(binary.AppendUvarint(dst, uint64(i)), t[i])
		}
	}
	return dst
}

func tableFrame(seq uint64, t *Table) []byte {
	return appendTable(binary.AppendUvarint([]byte{frameTable}, seq), t)
}

// table reads digests over those that are there.
func (r *reader) table(t *Table) {
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		bucket := r.uvarint()
		d := r.digest()
		if bucket >= alert.Buckets {
			r.bad = true
		}
		if !r.bad {
			t[bucket] = d
		}
	}
}

// done says whether a frame was read to its end and well.
func (r *reader) done(what string) error {
	if r.bad || len(r.b) != 0 {
		return fmt.Errorf("%w: %s that cannot be read", errFrame, what)
	}
	return nil
}
