package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats-server/v2/server/archive"
	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

// Snapshot says what a copy of a stream holds.
type Snapshot struct {
	Stream   string    `json:"stream"`
	Born     time.Time `json:"born"`     // when the stream was created
	First    uint64    `json:"first"`    // the first message's sequence; 0 when there are none
	Last     uint64    `json:"last"`     // the stream's last sequence; its message may be gone
	Messages uint64    `json:"messages"` // in the copy; of a subject that changed meanwhile it may hold two
	Bytes    int64     `json:"bytes"`    // of their subjects and contents
	Head     string    `json:"head,omitempty"`
	// Missing counts the sequences of a stream that nobody can delete from and
	// that cannot be read any more.
	Missing uint64 `json:"missing,omitempty"`
}

// SnapshotStreams lists the streams that a copy of the record needs, in the
// order in which they have to be copied while the service runs: the journal
// first, so that no plan names a part of the roll beyond the copy; tallies before
// the outcomes that they name. The queue of tasks is not among them: what is to
// be done follows from the plans and the tallies; nor are the sessions: nobody is
// signed in by a backup.
func SnapshotStreams() []string {
	order := []string{alert.StreamJournal, alert.StreamRoll, alert.StreamTallies}
	first := map[string]bool{}
	for _, name := range order {
		first[name] = true
	}
	for _, d := range streamTable() {
		if !d.queue && !d.brief && !first[d.name] {
			order = append(order, d.name)
		}
	}
	return order
}

// calm bounds how long a snapshot waits for a moment in which nothing was
// written while it looked. Bulk loads write a batch every 20 ms and leave such
// moments between them.
const calm = 30 * time.Second

// Snapshot writes a stream as it is, while it is being written: the server's own
// archive format (a record per message: subject, time, sequence, header,
// content) in S2 compression, ended by an empty record.
//
// It does not use the server's snapshot call. In nats-server 2.15 that reads the
// messages up to a sequence noted at the beginning, and a stream that keeps the
// newest message of a subject deletes the older one meanwhile: a subscription
// that changed during the snapshot would be in it neither as it was nor as it is.
// Here reading goes on until nothing was written between one look and the next,
// so every subject that is there at the end is in the copy with its newest
// message.
//
// The journal's chain is checked on the way; a broken one is a [*BrokenError].
func (s *Store) Snapshot(ctx context.Context, stream string, w io.Writer) (Snapshot, error) {
	snap, err := s.snapshot(ctx, stream, w)
	if err != nil {
		return snap, fmt.Errorf("copy %s: %w", stream, err)
	}
	return snap, nil
}

func (s *Store) snapshot(ctx context.Context, stream string, w io.Writer) (Snapshot, error) {
	st, err := s.js.Stream(ctx, stream)
	if err != nil {
		return Snapshot{}, err
	}
	c := newCopier(stream, w)
	c.Born = st.CachedInfo().Created
	if err := s.drain(ctx, c); err != nil {
		return c.Snapshot, errors.Join(err, c.enc.Close())
	}
	now, err := s.js.Stream(ctx, stream)
	if err == nil && !now.CachedInfo().Created.Equal(c.Born) {
		err = errors.New("it was made anew while it was read")
	}
	if err == nil {
		err = c.end()
	}
	return c.Snapshot, errors.Join(err, c.enc.Close())
}

// drain reads to the end until the end stands still.
func (s *Store) drain(ctx context.Context, c *copier) error {
	var until time.Time
	for from := uint64(1); ; from = c.Last + 1 {
		last, err := s.LastSeq(ctx, c.Stream)
		if err != nil {
			return err
		}
		if c.Last = last; from > last {
			return nil
		}
		if err := s.scanTo(ctx, c.Stream, "", from, last, c.add); err != nil {
			return err
		}
		switch now := time.Now(); {
		case until.IsZero():
			until = now.Add(calm)
		case now.After(until):
			return fmt.Errorf("it is written faster than it can be read, for %v now: try again later", calm)
		}
	}
}

// copier writes messages as an archive.
type copier struct {
	Snapshot
	enc  *s2.Writer
	out  *archive.Writer
	next uint64 // the journal's next event
}

func newCopier(stream string, w io.Writer) *copier {
	enc := s2.NewWriter(w, s2.WriterConcurrency(1)) // the service is at work beside it
	c := &copier{Snapshot: Snapshot{Stream: stream}, enc: enc, out: archive.NewWriter(enc), next: 1}
	if stream == alert.StreamJournal {
		c.Head = alert.GenesisHash
	}
	return c
}

func (c *copier) add(r alert.Record) error {
	if c.Head != "" {
		if err := c.link(r); err != nil {
			return err
		}
	}
	if c.First == 0 {
		c.First = r.Seq
	}
	c.Messages++
	c.Bytes += int64(len(r.Subject) + len(r.Data))
	return writeRecord(c.out, r)
}

// link checks the next event's place in the chain.
func (c *copier) link(r alert.Record) error {
	e, err := alert.DecodeEvent(r.Data)
	if err == nil {
		err = follows(c.next-1, c.Head, r.Seq, r.Subject, e)
	}
	if err != nil {
		return &BrokenError{Seq: r.Seq, Why: err}
	}
	c.next, c.Head = r.Seq+1, alert.HashEvent(r.Data)
	return nil
}

// end writes the empty record that tells a whole archive from a cut one.
func (c *copier) end() error {
	if d, ok := defOf(c.Stream); ok && d.proof && c.Messages > 0 {
		c.Missing = c.Last - c.First + 1 - c.Messages
	}
	if c.Stream == alert.StreamJournal && c.next != c.Last+1 {
		return &BrokenError{Seq: c.next, Why: errMissing}
	}
	return c.out.WriteHeader(&archive.Header{})
}

func defOf(stream string) (streamDef, bool) {
	for _, d := range streamTable() {
		if d.name == stream {
			return d, true
		}
	}
	return streamDef{}, false
}

// tombstone is the header of a message that says that there is nothing. Of the
// headers it is the only one that means anything once a message is stored; the
// expectations and the batch's id are for the moment of storing.
const tombstone = "NATS/1.0\r\n" + hdrDeleted + ": 1\r\n\r\n"

func writeRecord(out *archive.Writer, r alert.Record) error {
	h := archive.Header{Name: r.Subject, Timestamp: r.At.UnixNano(), Sequence: r.Seq, PayloadSize: int64(len(r.Data))}
	if r.Deleted {
		h.HeaderSize = int64(len(tombstone))
	}
	if err := out.WriteHeader(&h); err != nil {
		return err
	}
	if r.Deleted {
		if _, err := io.WriteString(out, tombstone); err != nil {
			return err
		}
	}
	_, err := out.Write(r.Data)
	return err
}

// ReadSnapshot calls fn for every message of a stream's copy, in order. The
// record's data is only good during the call. A copy without its end, or with a
// message that no stream of ours can hold, is an error.
func ReadSnapshot(src io.Reader, fn func(alert.Record) error) error {
	in := archive.NewReader(s2.NewReader(src, s2.ReaderMaxBlockSize(4<<20)))
	var buf []byte
	var last uint64
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if h.Sequence == 0 && h.Name == "" {
			return nil
		}
		size := h.HeaderSize + h.PayloadSize
		if h.Sequence <= last || h.HeaderSize < 0 || h.PayloadSize < 0 || h.PayloadSize > maxPayload || h.HeaderSize > 0 && h.HeaderSize != int64(len(tombstone)) {
			return fmt.Errorf("message %d of %d bytes cannot stand behind message %d", h.Sequence, size, last)
		}
		if err := checkSubject(h.Name); err != nil {
			return fmt.Errorf("message %d: %w", h.Sequence, err)
		}
		last = h.Sequence
		if int64(cap(buf)) < size {
			buf = make([]byte, size)
		}
		buf = buf[:size]
		if _, err := io.ReadFull(in, buf); err != nil {
			return fmt.Errorf("message %d: %w", h.Sequence, err)
		}
		r := alert.Record{Subject: h.Name, Seq: h.Sequence, At: time.Unix(0, h.Timestamp).UTC(), Data: buf[h.HeaderSize:], Deleted: h.HeaderSize > 0}
		if err := fn(r); err != nil {
			return err
		}
	}
}

// sameMessage reports whether a stored message is the copy's.
func sameMessage(stored, copied alert.Record) bool {
	return stored.Seq == copied.Seq && stored.Subject == copied.Subject && stored.Deleted == copied.Deleted &&
		stored.At.Equal(copied.At) && string(stored.Data) == string(copied.Data)
}

// config of the stream as this program makes it.
func (s *Store) streamConfig(stream string) (jetstream.StreamConfig, error) {
	d, ok := defOf(stream)
	if !ok {
		return jetstream.StreamConfig{}, fmt.Errorf("%q is no stream of the record", stream)
	}
	return d.config(s.conf.Replicas), nil
}
