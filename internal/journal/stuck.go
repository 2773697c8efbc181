package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
)

// stuckLimit is how long the server may recover its store without reading a byte
// of it. nats-server 2.15.2 goes round in circles over some flipped bits, and says
// nothing; what is only large or slow is read all the while.
const stuckLimit = 30 * time.Second

// StuckError says that the server does not get through a stream's files.
type StuckError struct {
	Stream string // empty when it is not known which
	Folder string
	Aside  string // where the folder was moved to; empty when it was left
	After  time.Duration
}

func (e *StuckError) Error() string {
	if e.Stream == "" {
		return fmt.Sprintf("start embedded nats: it does not get through the files in %s: nothing was read for %v", e.Folder, e.After)
	}
	what := fmt.Sprintf("start embedded nats: it does not get through the files of stream %s in %s: nothing was read for %v, so a bit of them is damaged", e.Stream, e.Folder, e.After)
	if e.Aside == "" {
		return what + "; move the folder away or restore a backup"
	}
	return what + "; they were moved to " + e.Aside + ", and the next start makes the stream anew from its second copy"
}

// recovery is what the server says of the streams that it reads at its start.
type recovery struct {
	mu   sync.Mutex
	open map[string]bool
}

// hear takes a line of nats-server 2.15 (jetstream.go, enableJetStream). A test
// holds a start up to see that they still read so.
func (r *recovery) hear(format string, v []any) {
	name, last := "", len(v)-1
	switch {
	case strings.Contains(format, "Starting restore for stream") && len(v) == 2:
		name, _ = v[1].(string)
	case strings.Contains(format, "Restored %s messages for stream") && last == 3:
		name, _ = v[2].(string)
	}
	if name == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[string]bool{}
	}
	if last == 3 {
		delete(r.open, name)
	} else {
		r.open[name] = true
	}
}

func (r *recovery) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.open)
}

// stream returns the stream that is being read, when it is one.
func (r *recovery) stream() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) != 1 {
		return ""
	}
	for name := range r.open {
		return name
	}
	return ""
}

// standstill finds out that nothing was read for long.
type standstill struct {
	limit time.Duration
	read  func() (bytes uint64, ok bool)
	bytes uint64
	since time.Time
	next  time.Time
}

// noise is how much this process reads while nothing is recovered: its own looks
// at what it read.
const noise = 256 << 10

// lasts reports whether the limit has passed without anything read.
func (s *standstill) lasts(now time.Time) bool {
	if now.Before(s.next) {
		return false
	}
	s.next = now.Add(s.limit / 30)
	bytes, ok := s.read()
	if !ok || s.since.IsZero() || bytes > s.bytes+noise {
		s.bytes, s.since = bytes, now
		return false
	}
	return now.Sub(s.since) >= s.limit
}

// stuck makes the error, and sets a stream's folder aside that can be made anew: the
// journal from its mirror, the roll from its second copy. Nothing is deleted.
func (e *embedded) stuck(limit time.Duration) error {
	streams := filepath.Join(storeDir(e.conf), "jetstream", server.DEFAULT_GLOBAL_ACCOUNT, "streams")
	err := &StuckError{Stream: e.log.recovery.stream(), Folder: streams, After: limit}
	if err.Stream == "" {
		return err
	}
	err.Folder = filepath.Join(streams, err.Stream)
	if !hasSecondCopy(e.conf.Dir, err.Stream) {
		return err
	}
	aside := filepath.Join(e.conf.Dir, "aside", err.Stream+"-"+time.Now().UTC().Format("20060102T150405.000"))
	if mkErr := os.MkdirAll(filepath.Dir(aside), 0o700); mkErr != nil {
		return errors.Join(err, mkErr)
	}
	if mvErr := os.Rename(err.Folder, aside); mvErr != nil {
		return errors.Join(err, mvErr)
	}
	err.Aside = aside
	return errors.Join(err, syncPath(streams), syncPath(filepath.Dir(aside)))
}

// hasSecondCopy reports whether a stream's second copy lies beside the store: the
// mirror, or the shelf that the roll's care keeps.
func hasSecondCopy(dir, stream string) bool {
	place := map[string]string{alert.StreamJournal: "mirror", alert.StreamRoll: "roll"}[stream]
	if place == "" {
		return false
	}
	files, err := os.ReadDir(filepath.Join(dir, place))
	return err == nil && len(files) > 0
}
