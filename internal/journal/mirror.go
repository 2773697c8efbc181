package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// mirror is a file that holds the journal's events as they are stored, one a
// line: readable without this program, and chained like the stream. It is only
// ever appended to, and synced.
type mirror struct {
	path     string
	expected bool  // it was there at the last start
	gone     bool  // and is not there any more
	out      error // why it cannot be used; only of a further mirror

	mu    sync.Mutex
	file  *os.File // locked, so that no second process appends
	w     *bufio.Writer
	chain Chain // what the file holds, synced
	size  int64 // and how many bytes that is
	ahead Chain // with what is written and not synced yet
	grown int64
}

const mirrorName = "journal.ndjson"

// open takes the file, or begins it. What it holds is not looked at yet.
func (m *mirror) open() error {
	if err := makeFolder(filepath.Dir(m.path)); err != nil {
		return fmt.Errorf("open mirror: %w", err)
	}
	_, err := os.Stat(m.path)
	m.gone = m.expected && errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(m.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open mirror: %w", err)
	}
	if err := own(f); err != nil {
		return errors.Join(fmt.Errorf("open mirror %s: %w", m.path, err), f.Close())
	}
	m.mu.Lock()
	m.take(f)
	m.mu.Unlock()
	return syncDir(filepath.Dir(m.path))
}

// own takes the file's lock. A file system that has no locks is used without.
func own(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another process writes it; every process needs a mirror of its own")
	}
	return nil
}

func (m *mirror) take(f *os.File) {
	m.file, m.w = f, bufio.NewWriterSize(f, 64<<10)
	m.chain, m.size, m.ahead, m.grown = Chain{}, 0, Chain{}, 0
}

// unusable says why the mirror takes no part at the moment.
func (m *mirror) unusable() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out
}

// settle says what the file was found to hold, and cuts off what is behind it.
func (m *mirror) settle(held Chain, size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cut(held, size)
}

func (m *mirror) cut(held Chain, size int64) error {
	if err := m.file.Truncate(size); err != nil {
		return fmt.Errorf("cut mirror %s: %w", m.path, err)
	}
	if _, err := m.file.Seek(size, io.SeekStart); err != nil {
		return fmt.Errorf("cut mirror %s: %w", m.path, err)
	}
	m.w.Reset(m.file)
	m.chain, m.size, m.ahead, m.grown = held, size, held, size
	return nil
}

// errUnchained: an event that was read does not follow the ones before.
var errUnchained = errors.New("what the stream gives out is not the journal's chain")

// append writes the next event; it is on the disk after the next sync. One that
// does not follow is refused: a mirror never holds what is not whole.
func (m *mirror) append(stored []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, err := parseEntry(stored)
	if err == nil && e.seq <= m.ahead.seq {
		return nil // a healing has written it
	}
	if err == nil {
		err = m.ahead.add(&e)
	}
	if err != nil {
		return fmt.Errorf("mirror %s: %w: %w", m.path, errUnchained, err)
	}
	if err := writeLine(m.w, stored); err != nil {
		return fmt.Errorf("mirror %s: %w", m.path, err)
	}
	m.grown += int64(len(stored)) + 1
	return nil
}

func (m *mirror) sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ahead.seq == m.chain.seq {
		return nil
	}
	if err := errors.Join(m.w.Flush(), m.file.Sync()); err != nil {
		return fmt.Errorf("mirror %s: %w", m.path, err)
	}
	m.chain, m.size = m.ahead, m.grown
	return nil
}

// leave keeps the mirror out until it can be used again; nil takes it back.
func (m *mirror) leave(why error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.out = why
}

// held returns what is synced.
func (m *mirror) held() (Chain, int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.chain, m.size
}

// replace puts a new file in the place of one that is damaged; write fills it. The
// old one stays beside it with the date in its name, as evidence.
func (m *mirror) replace(now time.Time, write func(w io.Writer) (Chain, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.replaceLocked(now, write); err != nil {
		return fmt.Errorf("rebuild mirror %s: %w", m.path, err)
	}
	return nil
}

func (m *mirror) replaceLocked(now time.Time, write func(w io.Writer) (Chain, error)) error {
	f, err := createBeside(m.path)
	if err != nil {
		return err
	}
	if err := own(f.File); err != nil {
		return errors.Join(err, f.Close())
	}
	w := bufio.NewWriterSize(f, 256<<10)
	held, err := write(w)
	if err = errors.Join(err, w.Flush(), f.Sync()); err != nil {
		return errors.Join(err, f.abandon())
	}
	if err := keepDamaged(m.path, now); err != nil {
		return errors.Join(err, f.abandon())
	}
	if err := errors.Join(os.Rename(f.Name(), m.path), syncDir(filepath.Dir(m.path))); err != nil {
		return errors.Join(err, f.Close())
	}
	m.file.Close() // it is replaced
	m.take(f.File)
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	return m.cut(held, size)
}

// keptDamaged bounds how many damaged mirrors are kept beside a mirror: on a disk
// that dies they would fill it.
const keptDamaged = 3

func keepDamaged(path string, now time.Time) error {
	old, err := filepath.Glob(path + ".damaged-*")
	if err != nil {
		return err
	}
	slices.Sort(old)
	for len(old) >= keptDamaged {
		if err := os.Remove(old[0]); err != nil {
			return err
		}
		old = old[1:]
	}
	err = os.Rename(path, path+".damaged-"+now.UTC().Format("20060102T150405.000Z"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody removed it
	}
	return err
}

func (m *mirror) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == nil {
		return nil
	}
	err := errors.Join(m.w.Flush(), m.file.Sync(), m.file.Close())
	m.file, m.ahead = nil, m.chain
	return err
}
