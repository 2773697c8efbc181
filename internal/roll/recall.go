package roll

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mingluo/internal/alert"
)

// expectation is what the newest log of changes says that the roll has to be.
type expectation struct {
	logEnd
	path string
}

// expect reads the newest log that can be read. Odd are sentences about files
// that cannot. There is none (nil) before the first log was begun.
func (s *shelf) expect() (e *expectation, odd []string, err error) {
	logs, err := s.logs()
	if err != nil {
		return nil, nil, err
	}
	for i := len(logs) - 1; i >= 0; i-- {
		end, err := s.readLogFile(logs[i], nil)
		if end.bad > 0 {
			odd = append(odd, fmt.Sprintf("%s: %d damaged parts", filepath.Base(logs[i]), end.bad))
		}
		if err == nil {
			return &expectation{logEnd: end, path: logs[i]}, odd, nil
		}
		odd = append(odd, fmt.Sprintf("%s: %v", filepath.Base(logs[i]), err))
	}
	return nil, odd, nil
}

func (s *shelf) readLogFile(path string, fn func(known) error) (logEnd, error) {
	f, err := os.Open(path)
	if err != nil {
		return logEnd{}, err
	}
	end, err := readLog(f, s.keys, fn)
	return end, errors.Join(err, f.Close())
}

// recalled is a part of the second copy.
type recalled struct {
	people map[alert.RecipientID]known
	source string   // what it was taken from
	whole  bool     // nothing is missing between the snapshot and the newest log's end
	odd    []string // what could not be read
}

// recall reads what the second copy knows of some buckets: the newest snapshot
// that can be read, and the changes behind it, as far as they are of the stream
// that was created at born.
func (s *shelf) recall(born time.Time, want func(bucket int) bool) (*recalled, error) {
	c := &recalled{people: map[alert.RecipientID]known{}, source: "the log of changes"}
	take := func(k known) error {
		if want(k.id.Bucket()) && k.seq >= c.people[k.id].seq {
			k.rec = append([]byte(nil), k.rec...)
			c.people[k.id] = k
		}
		return nil
	}
	from, err := c.snapshot(s, born, take)
	if err != nil {
		return nil, err
	}
	logs, err := s.logs()
	if err != nil {
		return nil, err
	}
	c.whole = true
	for _, path := range logs {
		if h, err := s.headOf(path); err == nil && !h.Born.Equal(born) {
			continue
		}
		end, err := s.readLogFile(path, take)
		if err != nil {
			c.odd = append(c.odd, fmt.Sprintf("%s: %v", filepath.Base(path), err))
			continue
		}
		if end.head.Seq > from || end.bad > 0 {
			c.whole = false
		}
		from = max(from, end.seq)
	}
	return c, nil
}

// snapshot reads the newest snapshot that is whole, and returns its sequence; 0
// when there is none.
func (c *recalled) snapshot(s *shelf, born time.Time, take func(known) error) (uint64, error) {
	snaps, err := s.snapshots()
	if err != nil {
		return 0, err
	}
	for i := len(snaps) - 1; i >= 0; i-- {
		clear(c.people)
		info, err := s.readSnapshotFile(snaps[i], func(id alert.RecipientID, seq uint64, rec []byte) error {
			return take(known{id, seq, rec})
		})
		switch {
		case err != nil:
			c.odd = append(c.odd, fmt.Sprintf("%s: %v", filepath.Base(snaps[i]), err))
		case info.Born.Equal(born):
			c.source = filepath.Base(snaps[i]) + " and the log of changes"
			return info.Seq, nil
		}
	}
	clear(c.people)
	return 0, nil
}

func (s *shelf) readSnapshotFile(path string, fn func(id alert.RecipientID, seq uint64, canonical []byte) error) (SnapshotInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return SnapshotInfo{}, err
	}
	info, err := ReadSnapshot(f, s.keys, fn)
	return info, errors.Join(err, f.Close())
}

// headOf reads a file's head.
func (s *shelf) headOf(path string) (fileHead, error) {
	f, err := os.Open(path)
	if err != nil {
		return fileHead{}, err
	}
	defer f.Close()
	in, err := newFrameReader(f, s.keys)
	if err != nil {
		return fileHead{}, err
	}
	return in.head, nil
}
