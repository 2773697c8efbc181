package roll

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"mingluo/internal/alert"
)

// heard collects what an index hears, until it is written to the log of changes.
// Hearing never waits for the disk.
type heard struct {
	mu      sync.Mutex
	frames  [][]byte // encoded, each small enough for a frame
	now     heardFrame
	size    int // bytes in frames
	lost    bool
	deaf    bool
	waiting chan struct{} // capacity 1: there is something
}

// heardFrame is a frame in the making.
type heardFrame struct {
	seq     uint64
	count   uint64
	people  []byte
	touched map[int]Digest
}

const (
	heardFrameBytes = 1 << 20
	// heardBytes bounds what waits for the disk: half a million changes. If a disk
	// stands still for longer, the log ends and a new one begins with a snapshot.
	heardBytes = 64 << 20
)

func newHeard() *heard {
	return &heard{now: heardFrame{touched: map[int]Digest{}}, waiting: make(chan struct{}, 1)}
}

// hear takes one change.
func (h *heard) hear(c Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deaf || h.lost {
		return
	}
	h.now.add(c.ID, c.Seq, c.Record)
	h.now.touched[c.ID.Bucket()] = c.After
	if len(h.now.people) > heardFrameBytes {
		h.close()
	}
	select {
	case h.waiting <- struct{}{}:
	default:
	}
}

func (f *heardFrame) add(id alert.RecipientID, seq uint64, rec []byte) {
	f.seq = max(f.seq, seq)
	f.count++
	f.people = appendKnown(f.people, id, seq, rec)
}

func (f *heardFrame) encode() []byte {
	out := binary.AppendUvarint([]byte{frameChanges}, f.seq)
	out = append(binary.AppendUvarint(out, f.count), f.people...)
	out = binary.AppendUvarint(out, uint64(len(f.touched)))
	for n, d := range f.touched {
		out = appendDigest(binary.AppendUvarint(out, uint64(n)), d)
	}
	return out
}

// close ends the frame in the making; the lock is held.
func (h *heard) close() {
	if h.now.count == 0 {
		return
	}
	frame := h.now.encode()
	h.frames = append(h.frames, frame)
	h.size += len(frame)
	if h.size > heardBytes {
		h.lost, h.frames, h.size = true, nil, 0
	}
	h.now.seq, h.now.count, h.now.people = 0, 0, h.now.people[:0]
	clear(h.now.touched)
}

// take returns what was heard; lost when there was too much of it.
func (h *heard) take() (frames [][]byte, lost bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.close()
	frames, h.frames, h.size = h.frames, nil, 0
	return frames, h.lost
}

// reset begins anew, deaf or not.
func (h *heard) reset(deaf bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.close()
	h.frames, h.size, h.lost, h.deaf = nil, 0, false, deaf
}

// changeLog is an open log of changes: the digests of all buckets at a sequence,
// then every change from there on, with the digests behind it.
type changeLog struct {
	file *os.File
	out  *frameWriter
	path string
	seq  uint64 // up to which it is on the disk
}

// append writes frames and syncs.
func (l *changeLog) append(frames [][]byte) error {
	for _, f := range frames {
		if err := l.out.frame(f, false); err != nil {
			return fmt.Errorf("write the roll's log of changes: %w", err)
		}
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("write the roll's log of changes: %w", err)
	}
	for _, f := range frames {
		r := reader{b: f}
		r.byte()
		l.seq = max(l.seq, r.uvarint())
	}
	return nil
}

// logEnd is what a log of changes says when it was read to its end.
type logEnd struct {
	head  fileHead
	seq   uint64 // everything from head.Seq up to this one is in it
	table Table  // as the buckets were at seq
	torn  bool   // it ends within a frame, as after a crash
	bad   int    // damaged frames that were passed over: the table may be older than seq
}

// readLog reads a log of changes, calling fn for every change; fn may be nil.
func readLog(src io.Reader, keys *Keys, fn func(known) error) (logEnd, error) {
	in, err := newFrameReader(src, keys)
	if err != nil {
		return logEnd{}, err
	}
	end := logEnd{head: in.head, seq: in.head.Seq}
	if in.head.Kind != kindChanges {
		return end, fmt.Errorf("%w: it is of kind %q", errNotOurs, in.head.Kind)
	}
	for {
		plain, _, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			return end, nil
		case errors.Is(err, errTorn):
			end.torn = true
			return end, nil
		case errors.Is(err, errFrame):
			end.bad++
			continue
		case err != nil:
			return end, err
		}
		if err := end.read(plain, fn); err != nil {
			return end, err
		}
	}
}

func (e *logEnd) read(plain []byte, fn func(known) error) error {
	r := reader{b: plain}
	kind, seq := r.byte(), r.uvarint()
	switch kind {
	case frameTable:
		r.table(&e.table)
	case frameChanges:
		err := r.people(func(k known) error {
			if fn == nil {
				return nil
			}
			return fn(k)
		})
		if err != nil {
			return err
		}
		r.table(&e.table)
	default:
		r.bad = true
	}
	e.seq = max(e.seq, seq)
	return r.done("changes")
}
