package roll

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"mingluo/internal/alert"
)

// Index is what the roll keeps in memory of itself, as far as it is compared,
// copied and mended here; audience.Memory is one.
type Index interface {
	// Cut calls fn with the digests of all buckets at one moment and the sequence
	// they belong to. Nothing is applied meanwhile.
	Cut(fn func(seq uint64, t *Table))
	// Changed returns the sequence of a bucket's newest change.
	Changed(bucket int) uint64
	// Records calls fn for everybody in a bucket, the record's sequences resolved.
	// What fn is given is good during the call only.
	Records(bucket int, fn func(id alert.RecipientID, seq uint64, rec Record) error) error
	// Correct puts a message of the roll into the index.
	Correct(ctx context.Context, r alert.Record) error
	// Applied returns how far the index has come, WaitFor waits for it.
	Applied() (seq uint64, ready bool)
	WaitFor(ctx context.Context, seq uint64) error
	// Listen has fn called for every change.
	Listen(fn func(Change))
}

// SnapshotInfo says what a snapshot holds.
type SnapshotInfo struct {
	Seq    uint64    `json:"seq"`    // everything up to this ROLL sequence, and perhaps some of what came later
	People uint64    `json:"people"` // those who left or were erased included
	Born   time.Time `json:"born"`   // when the stream was created that it is of
	Made   time.Time `json:"made"`
	Keys   string    `json:"keys"` // fingerprint of the keys that open it
	table  Table
}

// snapshotWriter writes people, bucket by bucket, into a file that says at its
// end how many there are and what they add up to.
type snapshotWriter struct {
	buf    *bufio.Writer
	out    *frameWriter
	seq    uint64
	table  Table
	bucket int
	frame  []byte // people of the bucket, encoded
	people uint64 // in it
}

// goodFrame is from how many bytes on a bucket is cut into several frames.
const goodFrame = 256 << 10

func newSnapshotWriter(w io.Writer, keys *Keys, born, made time.Time, seq uint64) (*snapshotWriter, error) {
	buf := bufio.NewWriterSize(w, 256<<10)
	out, err := newFrameWriter(buf, keys, fileHead{Kind: kindSnapshot, Born: born, Seq: seq, Made: made})
	return &snapshotWriter{buf: buf, out: out, seq: seq}, err
}

// add takes one person; canonical is [AppendRecord] of the record with its
// sequences resolved.
func (s *snapshotWriter) add(id alert.RecipientID, seq uint64, canonical []byte) error {
	if id.Bucket() != s.bucket || len(s.frame) > goodFrame {
		if err := s.flush(); err != nil {
			return err
		}
		s.bucket = id.Bucket()
	}
	s.frame = appendKnown(s.frame, id, seq, canonical)
	s.people++
	s.table[s.bucket].Add(DigestOf(id, seq, canonical))
	return nil
}

func (s *snapshotWriter) flush() error {
	if s.people == 0 {
		return nil
	}
	plain := binary.AppendUvarint([]byte{framePeople}, s.people)
	err := s.out.frame(append(plain, s.frame...), false)
	s.frame, s.people = s.frame[:0], 0
	return err
}

// end writes what it all comes to.
func (s *snapshotWriter) end() error {
	if err := s.flush(); err != nil {
		return err
	}
	return errors.Join(s.out.frame(tableFrame(s.seq, &s.table), true), s.buf.Flush())
}

// WriteSnapshot writes the whole roll as an index has it, encrypted under keys
// made from the roll's. Nothing waits for it but changes of the one bucket that
// is being read.
func WriteSnapshot(ctx context.Context, w io.Writer, keys *Keys, idx Index, born, now time.Time) (SnapshotInfo, error) {
	var seq uint64
	idx.Cut(func(at uint64, _ *Table) { seq = at })
	s, err := newSnapshotWriter(w, keys, born, now, seq)
	if err != nil {
		return SnapshotInfo{}, fmt.Errorf("write a snapshot of the roll: %w", err)
	}
	var canonical []byte
	for n := range alert.Buckets {
		if err = ctx.Err(); err == nil {
			err = idx.Records(n, func(id alert.RecipientID, seq uint64, rec Record) error {
				canonical = AppendRecord(canonical[:0], rec)
				return s.add(id, seq, canonical)
			})
		}
		if err != nil {
			return SnapshotInfo{}, fmt.Errorf("write a snapshot of the roll: %w", err)
		}
	}
	if err := s.end(); err != nil {
		return SnapshotInfo{}, fmt.Errorf("write a snapshot of the roll: %w", err)
	}
	return SnapshotInfo{Seq: seq, People: s.table.People(), Born: born, Made: now, Keys: keys.Fingerprint(), table: s.table}, nil
}

// ReadSnapshot reads a snapshot and checks all of it: every frame, the number of
// people, what they add up to. It calls fn for every person, by bucket, with the
// record as [AppendRecord] writes it, good during the call only; fn may be nil.
// Before it returns without an error nothing that fn was given can be relied on.
func ReadSnapshot(src io.Reader, keys *Keys, fn func(id alert.RecipientID, seq uint64, canonical []byte) error) (SnapshotInfo, error) {
	info, err := readSnapshot(src, keys, fn)
	if err != nil {
		return info, fmt.Errorf("read a snapshot of the roll: %w", err)
	}
	return info, nil
}

func readSnapshot(src io.Reader, keys *Keys, fn func(id alert.RecipientID, seq uint64, canonical []byte) error) (SnapshotInfo, error) {
	in, err := newFrameReader(src, keys)
	if err != nil {
		return SnapshotInfo{}, err
	}
	info := SnapshotInfo{Seq: in.head.Seq, Born: in.head.Born, Made: in.head.Made, Keys: in.head.Keys}
	if in.head.Kind != kindSnapshot {
		return info, fmt.Errorf("%w: it is of kind %q", errNotOurs, in.head.Kind)
	}
	for {
		plain, last, err := in.next()
		if err != nil {
			return info, cut(err)
		}
		if last {
			return info, info.check(plain, in)
		}
		if err := info.people(plain, fn); err != nil {
			return info, err
		}
	}
}

func (info *SnapshotInfo) people(plain []byte, fn func(id alert.RecipientID, seq uint64, canonical []byte) error) error {
	r := reader{b: plain}
	if r.byte() != framePeople {
		return fmt.Errorf("%w: a frame of another kind", errFrame)
	}
	err := r.people(func(k known) error {
		info.People++
		info.table[k.id.Bucket()].Add(DigestOf(k.id, k.seq, k.rec))
		if fn == nil {
			return nil
		}
		return fn(k.id, k.seq, k.rec)
	})
	return errors.Join(err, r.done("people"))
}

// check compares with what the snapshot says of itself at its end.
func (info *SnapshotInfo) check(plain []byte, in *frameReader) error {
	var said Table
	r := reader{b: plain}
	kind, seq := r.byte(), r.uvarint()
	r.table(&said)
	if err := r.done("table"); err != nil {
		return err
	}
	if kind != frameTable || seq != info.Seq || said != info.table {
		return fmt.Errorf("%w: it holds %d people, and says that it holds %d or others", errFrame, info.People, said.People())
	}
	if _, _, err := in.next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is more behind its end", errFrame)
	}
	return nil
}
