package roll

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// shelf is where the second copy of the roll lies: snapshots, and the logs of
// what changed since.
type shelf struct {
	dir   string // logs, and what is in the making
	snaps string // snapshots
	keys  *Keys
}

const (
	snapPrefix, snapSuffix = "roll-", ".snap"
	logPrefix, logSuffix   = "changes-", ".log"
	stamp                  = "20060102T150405.000Z"
)

// A file's name says its ROLL sequence and when it was made, so that sorted names
// are in order of age.
func fileName(prefix, suffix string, seq uint64, made time.Time) string {
	return fmt.Sprintf("%s%020d-%s%s", prefix, seq, made.UTC().Format(stamp), suffix)
}

func (s *shelf) open() error {
	for _, dir := range []string{s.dir, s.snaps} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("the roll's second copy: %w", err)
		}
	}
	return nil
}

// named lists the files of a kind by the time of their making, oldest first.
func named(dir, prefix, suffix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the roll's second copy: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), suffix) && e.Type().IsRegular() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return strings.Compare(made(a), made(b)) })
	return paths, nil
}

// made is the part of a name that says when, and what else there is.
func made(path string) string {
	_, when, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(filepath.Base(path), logPrefix), snapPrefix), "-")
	return when
}

func (s *shelf) logs() ([]string, error)      { return named(s.dir, logPrefix, logSuffix) }
func (s *shelf) snapshots() ([]string, error) { return named(s.snaps, snapPrefix, snapSuffix) }

// create writes a file whole or not at all: under another name, synced, and then
// put in its place. write may keep the file open for more.
func create(path string, write func(f *os.File) error) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".making-*") // mode 0600
	if err != nil {
		return nil, err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}

// clean removes what a process that died left in the making.
func (s *shelf) clean() error {
	var errs []error
	for _, dir := range []string{s.dir, s.snaps} {
		left, err := filepath.Glob(filepath.Join(dir, ".making-*"))
		errs = append(errs, err)
		for _, path := range left {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

// startLog makes a log of changes in which is everything behind the sequence from,
// carry first; t is how the buckets are at the sequence at.
func (s *shelf) startLog(born, now time.Time, from, at uint64, t *Table, carry [][]byte) (*changeLog, error) {
	l := &changeLog{path: filepath.Join(s.dir, fileName(logPrefix, logSuffix, from, now)), seq: at}
	var err error
	l.file, err = create(l.path, func(f *os.File) (err error) {
		if l.out, err = newFrameWriter(f, s.keys, fileHead{Kind: kindChanges, Born: born, Seq: from, Made: now}); err != nil {
			return err
		}
		for _, c := range append(carry, tableFrame(at, t)) {
			if err := l.out.frame(c, false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("begin the roll's log of changes: %w", err)
	}
	return l, nil
}

// take writes a snapshot of an index and puts it on the shelf.
func (s *shelf) take(now time.Time, write func(w io.Writer) (SnapshotInfo, error)) (info SnapshotInfo, path string, err error) {
	tmp := filepath.Join(s.snaps, ".making-snapshot")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return info, "", fmt.Errorf("write a snapshot of the roll: %w", err)
	}
	defer os.Remove(tmp) // gone already when all went well
	info, err = write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return info, "", err
	}
	path = filepath.Join(s.snaps, fileName(snapPrefix, snapSuffix, info.Seq, now))
	if err := errors.Join(os.Rename(tmp, path), syncDir(s.snaps)); err != nil {
		return info, "", fmt.Errorf("write a snapshot of the roll: %w", err)
	}
	return info, path, nil
}

// prune removes all but the newest keep snapshots, and the logs that only older
// ones needed.
func (s *shelf) prune(keep int) error {
	snaps, err := s.snapshots()
	if err != nil {
		return err
	}
	var errs []error
	for len(snaps) > keep {
		errs = append(errs, os.Remove(snaps[0]))
		snaps = snaps[1:]
	}
	logs, err := s.logs()
	if err != nil || len(snaps) == 0 {
		return errors.Join(append(errs, err)...)
	}
	// A log that ends where the next begins, before the oldest snapshot, is not
	// needed: the snapshot has all of it.
	oldest := sequenceOf(snaps[0])
	for len(logs) > 1 && sequenceOf(logs[1]) <= oldest && made(logs[1]) < made(snaps[0]) {
		errs = append(errs, os.Remove(logs[0]))
		logs = logs[1:]
	}
	return errors.Join(errs...)
}

// sequenceOf reads the sequence in a file's name; 0 when there is none.
func sequenceOf(path string) uint64 {
	var seq uint64
	name := strings.TrimPrefix(strings.TrimPrefix(filepath.Base(path), logPrefix), snapPrefix)
	if _, err := fmt.Sscanf(name, "%d-", &seq); err != nil {
		return 0
	}
	return seq
}

// clear removes every snapshot and log: the second copy of a roll that is not any
// more.
func (s *shelf) clear() error {
	logs, err1 := s.logs()
	snaps, err2 := s.snapshots()
	errs := []error{err1, err2}
	for _, path := range append(logs, snaps...) {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(append(errs, syncDir(s.dir), syncDir(s.snaps))...)
}
