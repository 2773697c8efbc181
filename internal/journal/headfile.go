package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// slotBytes is what one of the two statements of a head file may take. Each lies
// in a disk sector of its own, also on disks with sectors of 4 KiB: a write that a
// power cut tears damages one statement, and the other is the one before.
const slotBytes = 4096

// headFile keeps the signed head at one path. Two statements take turns; the
// newer one counts. A file that is in place costs one write and one sync, less
// than the append that it follows.
type headFile struct {
	path     string
	key      *headKey
	expected bool // it was there at the last start

	mu   sync.Mutex
	file *os.File
	slot int64 // where the newest statement is
	head Head  // the newest statement; Seq 0 when there is none
}

// readHeads returns the readable statements of a head file and what was wrong
// with the rest. A file that is not there has none.
func readHeads(path string) (heads []Head, damage error) {
	b, err := readSome(path, 2*slotBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read signed head: %w", err)
	}
	for slot := range 2 {
		h, err := parseHead(cutSlot(b, slot))
		switch {
		case err == nil:
			h.path = path
			heads = append(heads, h)
		case !errors.Is(err, errBlank):
			damage = errors.Join(damage, fmt.Errorf("%s, statement %d: %w", path, slot+1, err))
		}
	}
	if len(heads) == 0 && damage == nil {
		damage = fmt.Errorf("%s: %w", path, errBlank)
	}
	return heads, damage
}

func cutSlot(b []byte, slot int) []byte {
	lo, hi := min(len(b), slot*slotBytes), min(len(b), (slot+1)*slotBytes)
	return b[lo:hi]
}

// readSome reads at most n bytes of a file, from the disk.
func readSome(path string, n int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dropCache(f)
	return io.ReadAll(io.LimitReader(f, n))
}

// newest returns the newest of the statements; false when there is none.
func newestHead(heads []Head) (Head, bool) {
	var best Head
	for _, h := range heads {
		if h.Seq > best.Seq || h.Seq == best.Seq && h.At.After(best.At) {
			best = h
		}
	}
	return best, best.Seq > 0
}

// reach makes the file say that event seq, or a later one, was the last. Of many
// who wait for it one writes, and the others find it done.
func (f *headFile) reach(seq uint64, now func() (tip Chain, mirror uint64)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.head.Seq >= seq {
		return nil
	}
	tip, mirror := now()
	return f.write(f.key.sign(tip, mirror, time.Now()))
}

// write stores a statement over the older one. The lock is held.
func (f *headFile) write(h Head) error {
	h.path = f.path
	if f.file == nil {
		return f.create(h)
	}
	b, err := slotOf(h)
	if err != nil {
		return err
	}
	slot := 1 - f.slot
	if _, err := f.file.WriteAt(b, slot*slotBytes); err != nil {
		return f.dropped(err)
	}
	if err := syncData(f.file); err != nil {
		return f.dropped(err)
	}
	f.slot, f.head = slot, h
	return nil
}

// dropped closes a file that could not be written; the next write makes it anew.
func (f *headFile) dropped(err error) error {
	err = errors.Join(fmt.Errorf("write signed head %s: %w", f.path, err), f.file.Close())
	f.file = nil
	return err
}

// create puts a whole new file in place, with the statement in both places.
func (f *headFile) create(h Head) error {
	b, err := slotOf(h)
	if err != nil {
		return err
	}
	if err := writeWhole(f.path, append(b, b...)); err != nil {
		return fmt.Errorf("write signed head: %w", err)
	}
	file, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("write signed head: %w", err)
	}
	f.file, f.slot, f.head = file, 0, h
	return nil
}

func slotOf(h Head) ([]byte, error) {
	b, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write signed head: %w", err)
	}
	if len(b) >= slotBytes {
		return nil, fmt.Errorf("write signed head: %d bytes, at most %d", len(b), slotBytes-1)
	}
	for len(b) < slotBytes-1 {
		b = append(b, ' ')
	}
	return append(b, '\n'), nil
}

// adopt goes on with a file that was read and found right.
func (f *headFile) adopt(newest Head) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := readSome(f.path, 2*slotBytes)
	if err != nil {
		return fmt.Errorf("open signed head: %w", err)
	}
	file, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open signed head: %w", err)
	}
	f.file, f.head, f.slot = file, newest, 0
	if h, err := parseHead(cutSlot(b, 1)); err == nil && h.Seq == newest.Seq && h.At.Equal(newest.At) {
		f.slot = 1
	}
	return nil
}

// renew puts the file in place anew; for one that was found damaged.
func (f *headFile) renew(tip Chain, mirror uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		f.file.Close() // it is replaced
		f.file = nil
	}
	return f.create(f.key.sign(tip, mirror, time.Now()))
}

// said returns what was last written.
func (f *headFile) said() Head {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.head
}

// close ends with a statement of how things stand.
func (f *headFile) close(now func() (tip Chain, mirror uint64)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	if tip, mirror := now(); tip.seq > f.head.Seq || tip.seq == f.head.Seq && mirror > f.head.Mirror {
		if err := f.write(f.key.sign(tip, mirror, time.Now())); err != nil {
			return err
		}
	}
	err := f.file.Close()
	f.file = nil
	return err
}
