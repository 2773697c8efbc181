package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// shelf keeps the public copies on disk, one file a notice, so that the site
// can stand alone after a start with everything else down (R9). It holds nothing
// that is not on the pages, and nothing depends on it being whole: the journal
// is the record.
type shelf struct{ root *os.Root } // nil: nothing is kept

// kept is the content of one file.
type kept struct {
	Seq    uint64        `json:"seq"`
	Notice *alert.Notice `json:"notice"`
}

// maxKept bounds one file when it is read: a notice has few revisions, each
// within an event's limit.
const maxKept = 4 << 20

func openShelf(dir string) (*shelf, error) {
	if dir == "" {
		return &shelf{}, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("web: folder for the published state: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("web: folder for the published state: %w", err)
	}
	return &shelf{root}, nil
}

func (sh *shelf) close() error {
	if sh.root == nil {
		return nil
	}
	return sh.root.Close()
}

// Close gives back the folder of the published state. The site must not run any
// more.
func (s *Site) Close() error { return s.shelf.close() }

// save writes one entry. A failure is told and not returned: the site serves
// from memory.
func (sh *shelf) save(en *entry, log *slog.Logger) {
	if sh.root == nil || !plainName(en.notice.ID) {
		return
	}
	if err := sh.write(en.notice.ID+".json", kept{en.seq, en.notice}); err != nil {
		log.Warn("keep the published state", "notice", en.notice.ID, "err", err)
	}
}

// write replaces a file whole: a reader after a crash finds the old or the new.
func (sh *shelf) write(name string, k kept) error {
	b, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if old, err := sh.root.ReadFile(name); err == nil && string(old) == string(b) {
		return nil
	}
	if err := sh.root.WriteFile(name+".new", b, 0o644); err != nil {
		return err
	}
	return sh.root.Rename(name+".new", name)
}

// plainName says whether an id may be a file's name.
func plainName(id string) bool {
	return id != "" && len(id) <= 100 && !strings.ContainsAny(id, `/\:`) && !strings.HasPrefix(id, ".")
}

// load reads what was kept, first release first. Files that cannot be read are
// named in the error; the rest is good.
func (sh *shelf) load() ([]kept, error) {
	if sh.root == nil {
		return nil, nil
	}
	files, err := fs.Glob(sh.root.FS(), "*.json")
	if err != nil {
		return nil, err
	}
	var out []kept
	var bad []error
	for _, name := range files {
		k, err := sh.read(name)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", name, err))
			continue
		}
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Notice.Released()[0].Released.Seq < out[j].Notice.Released()[0].Released.Seq
	})
	return out, errors.Join(bad...)
}

func (sh *shelf) read(name string) (kept, error) {
	var k kept
	info, err := sh.root.Stat(name)
	if err != nil {
		return k, err
	}
	if info.Size() > maxKept {
		return k, fmt.Errorf("%d bytes, at most %d", info.Size(), maxKept)
	}
	b, err := sh.root.ReadFile(name)
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return k, err
	}
	if !whole(k.Notice) {
		return k, errors.New("not a public notice")
	}
	k.Notice = publicCopy(k.Notice) // also what somebody else put there goes through the gate
	return k, nil
}

func whole(n *alert.Notice) bool {
	if n == nil || n.ID == "" || !n.Mode.Valid() {
		return false
	}
	for i, r := range n.Revisions {
		if r == nil || r.No != i+1 {
			return false
		}
	}
	return publicCopy(n) != nil
}

// same reports whether another entry, read from disk, says exactly the same.
func (en *entry) same(other *entry) bool {
	return other != nil && other.seq == en.seq && reflect.DeepEqual(other.notice, en.notice)
}

// restore shows what was kept until the journal has been read.
func (s *Site) restore(now time.Time) {
	all, err := s.shelf.load()
	if err != nil {
		s.cfg.Log.Warn("read the kept published state", "err", err)
	}
	if len(all) == 0 {
		return
	}
	for _, k := range all {
		s.dir.put(s.newEntry(k.Notice, k.Seq, now))
	}
	s.swap(now)
}
