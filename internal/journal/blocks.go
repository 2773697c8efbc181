package journal

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/highwayhash"

	"mingluo/internal/alert"
)

// The embedded server keeps the newest block of a stream in memory, for as long as
// something is written to it every ten seconds, and answers from there: reading
// through the server does not tell what a restart would find on the disk. So the
// scrub walks the block files as well, in the form that nats-server 2.15.2 gives
// them (filestore.go, writeMsgRecordLocked), and only ever reads. A test that flips
// bits under a busy server shows when a newer server's form is another one.

// The record of one message: length 4 (high bit: it has headers), sequence 8, time
// 8, length of the subject 2, subject, [length of the headers 4, headers], message,
// checksum 8 over all but the lengths.
const (
	blockHead     = 22
	blockChecksum = 8
	blockHeaders  = 1 << 31
	blockMarks    = 1<<63 | 1<<62 // in the sequence: erased, or a mark that something was
	maxBlockBytes = 64 << 20      // the server makes them 8 MiB
)

// blockFiles lists the journal's block files in their order.
func (s *Store) blockFiles() ([]string, error) {
	dir := s.emb.server().JetStreamConfig().StoreDir
	found, err := filepath.Glob(filepath.Join(dir, "*", "streams", alert.StreamJournal, "msgs", "*.blk"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(blockNumber(a), blockNumber(b)) })
	return found, nil
}

func blockNumber(path string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".blk"))
	if err != nil {
		return -1
	}
	return n
}

// walkBlocks calls fn for the events in the block files, from the disk, up to and
// including the event end. What a restart could not read is an [*unfit].
func (s *Store) walkBlocks(end uint64, fn func(seq uint64, subject string, stored []byte) error) error {
	if end == 0 {
		return nil
	}
	files, err := s.blockFiles()
	if err != nil {
		return err
	}
	last := uint64(0)
	for _, path := range files {
		b, err := readBlock(path)
		if err != nil {
			return &unfit{last + 1, err}
		}
		w, err := newBlockWalk(path)
		if err != nil {
			return err
		}
		err = w.walk(b, func(seq uint64, subject string, stored []byte) error {
			last = seq
			if err := fn(seq, subject, stored); err != nil {
				return err
			}
			if seq == end {
				return errEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, errEnough):
			return nil
		case errors.Is(err, errBlock):
			return &unfit{last + 1, fmt.Errorf("%s: %w", filepath.Base(path), err)}
		case err != nil:
			return err
		}
	}
	return &unfit{last + 1, errors.New("the files on the disk end before it")}
}

// intact returns the events that a restart would find on the disk: of a damaged
// block those in front of the damage.
func (s *Store) intact() (map[digest]bool, error) {
	files, err := s.blockFiles()
	if err != nil {
		return nil, err
	}
	found := map[digest]bool{}
	for _, path := range files {
		w, err := newBlockWalk(path)
		if err != nil {
			return nil, err
		}
		b, err := readBlock(path)
		if err != nil {
			continue // nothing of it can be read
		}
		err = w.walk(b, func(_ uint64, _ string, stored []byte) error {
			found[digestOf(stored)] = true
			return nil
		})
		if err != nil && !errors.Is(err, errBlock) {
			return nil, err
		}
	}
	return found, nil
}

func readBlock(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dropCache(f)
	b, err := io.ReadAll(io.LimitReader(f, maxBlockBytes+1))
	if err == nil && len(b) > maxBlockBytes {
		err = fmt.Errorf("%s has more than %d bytes", filepath.Base(path), maxBlockBytes)
	}
	return b, err
}

// errBlock: a record that the server would not read.
var errBlock = errors.New("a record is damaged")

// blockWalk reads the records of one block.
type blockWalk struct{ hash *highwayhash.Digest64 }

// newBlockWalk knows the block's checksums: their key is the stream's name and the
// block's number.
func newBlockWalk(path string) (*blockWalk, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", alert.StreamJournal, blockNumber(path)))
	h, err := highwayhash.NewDigest64(key[:])
	if err != nil {
		return nil, fmt.Errorf("checksums of %s: %w", path, err)
	}
	return &blockWalk{hash: h}, nil
}

func (w *blockWalk) walk(b []byte, fn func(seq uint64, subject string, stored []byte) error) error {
	for at := 0; at < len(b); {
		r, err := w.record(b[at:])
		if err != nil {
			return fmt.Errorf("%w at byte %d: %w", errBlock, at, err)
		}
		at += r.size
		if r.seq&blockMarks != 0 || r.subject == "" {
			continue // no message: the place of one that is gone
		}
		if err := fn(r.seq, r.subject, r.data); err != nil {
			return err
		}
	}
	return nil
}

type blockRecord struct {
	size    int
	seq     uint64
	subject string
	data    []byte
}

func (w *blockWalk) record(b []byte) (r blockRecord, err error) {
	if len(b) < blockHead+blockChecksum {
		return r, errors.New("it is cut off")
	}
	le := binary.LittleEndian
	length, subject := le.Uint32(b), int(le.Uint16(b[20:]))
	headers := length&blockHeaders != 0
	r.size = int(length &^ blockHeaders)
	r.seq = le.Uint64(b[4:])
	rest := blockHead + subject
	if headers {
		rest += 4
	}
	if r.size > len(b) || rest > r.size-blockChecksum {
		return r, fmt.Errorf("its length says %d bytes", r.size)
	}
	r.subject, r.data = string(b[blockHead:blockHead+subject]), b[rest:r.size-blockChecksum]
	w.hash.Reset()
	w.hash.Write(b[4:20])
	w.hash.Write(b[blockHead : blockHead+subject])
	w.hash.Write(r.data) // the headers are still in front
	if !bytes.Equal(w.hash.Sum(nil), b[r.size-blockChecksum:r.size]) {
		return r, errors.New("its checksum does not fit")
	}
	if headers {
		n := int(le.Uint32(b[blockHead+subject:]))
		if n < 0 || n > len(r.data) {
			return r, errors.New("its headers do not fit")
		}
		r.data = r.data[n:]
	}
	return r, nil
}
