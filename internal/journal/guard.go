package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// GuardConfig says which copies of the journal are kept beside the stream.
type GuardConfig struct {
	Mode alert.Mode // of the events that record a healing

	// Heads and Mirrors are further files, best on other disks or machines, beside
	// DIR/head.json and DIR/mirror/journal.ndjson. A mirror may be named by its
	// folder. One that cannot be written is alarmed and delays nobody.
	Heads   []string
	Mirrors []string

	// Scrub is how often all copies are read from the disk and compared; 0 is an
	// hour.
	Scrub time.Duration

	Registry prometheus.Registerer // nil: no metrics
	Log      *slog.Logger          // nil: the store's
}

// Guard watches over the journal: before the [Book] serves it compares the stream
// with the mirrors and the signed heads, and heals what is damaged; while it runs
// it keeps mirrors and heads up to date and compares again every hour.
//
// Three kinds of copies speak for each other. The stream is what everybody reads.
// A mirror holds the same bytes in a file. A signed head says which event was the
// last. What counts is the longest chain that is whole from event 1 and contains
// every signed head; its events may come from several damaged copies. Two chains
// that differ behind the signed heads are a [*ForkError], a signed event that no
// copy has is a [*LostError], and then nothing is served.
type Guard struct {
	store *Store
	conf  GuardConfig
	log   *slog.Logger
	key   *headKey
	book  *Book
	m     *guardMetrics

	mirrors []*mirror // the first is DIR/mirror
	heads   []*headFile

	scrubbing sync.Mutex // one look at a time
	slices    sliceScrub

	mu      sync.Mutex
	problem error // what is damaged and not healed
	last    Report
}

// OpenGuarded compares the journal's copies, heals what is damaged, and returns
// the guard with its book. [Guard.Run] has to run while the book is used.
//
// Errors: [*ForkError], [*LostError], [*ForeignError]; a [*BrokenError] for a
// journal that is whole and still cannot be folded by this program, and for a
// damaged one of an external NATS, which only a person heals.
func (s *Store) OpenGuarded(ctx context.Context, c GuardConfig) (_ *Guard, err error) {
	g, err := s.newGuard(ctx, c, serving)
	if err != nil {
		return nil, err
	}
	if err := g.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), g.closeFiles())
	}
	return g, nil
}

// purpose is what a guard is made for.
type purpose int

const (
	serving  purpose = iota
	lookOnly         // nothing is made, not even a key
	takeOver         // a person chose: files of another journal may be there
)

func (s *Store) newGuard(ctx context.Context, c GuardConfig, why purpose) (*Guard, error) {
	g := &Guard{store: s, conf: c, log: c.Log}
	if g.log == nil {
		g.log = s.log
	}
	if g.conf.Scrub <= 0 {
		g.conf.Scrub = time.Hour
	}
	g.m = newGuardMetrics(g, c.Registry)
	if err := g.openKey(ctx, why); err != nil {
		return nil, err
	}
	for _, path := range append([]string{filepath.Join(s.conf.Dir, "head.json")}, c.Heads...) {
		g.heads = append(g.heads, &headFile{path: path, key: g.key})
	}
	for _, path := range append([]string{filepath.Join(s.conf.Dir, "mirror")}, c.Mirrors...) {
		g.mirrors = append(g.mirrors, &mirror{path: mirrorPath(path)})
	}
	// The configuration may name new files; this folder's own were there before.
	was := !g.key.made && !s.conf.Restoring // a restored key comes before its head and its mirror
	g.heads[0].expected, g.mirrors[0].expected = was, was
	return g, nil
}

// mirrorPath is the file for a setting that names a file or its folder.
func mirrorPath(path string) string {
	if filepath.Ext(path) == ".ndjson" {
		return path
	}
	return filepath.Join(path, mirrorName)
}

// openKey opens the key, or makes one: at the first start, or when it was lost
// beside a head that it signed.
func (g *Guard) openKey(ctx context.Context, why purpose) (err error) {
	dir := g.store.conf.Dir
	_, err = os.Stat(keyPath(dir))
	fresh := errors.Is(err, fs.ErrNotExist)
	var lost []string
	if fresh && why == lookOnly {
		g.key = &headKey{made: true, any: true}
		return nil
	}
	if fresh {
		if err := g.adopt(ctx); err != nil && why == serving {
			return err
		}
		heads, _ := readHeads(filepath.Join(dir, "head.json")) // what is damaged is told later
		for _, h := range heads {
			lost = append(lost, h.Key)
		}
	}
	if g.key, err = openHeadKey(dir, lost); err != nil {
		return err
	}
	if len(lost) > 0 {
		g.log.Error("the journal's key was missing and is made anew; heads signed with the old one go on counting",
			"old", lost[0], "new", g.key.fingerprint())
	}
	return nil
}

// adopt refuses a folder that has no journal and no key while files elsewhere hold
// one: a new installation must not take over another's journal unasked.
func (g *Guard) adopt(ctx context.Context) error {
	last, err := g.store.LastSeq(ctx, alert.StreamJournal)
	if err != nil || last > 0 {
		return err
	}
	if fi, err := os.Stat(mirrorPath(filepath.Join(g.store.conf.Dir, "mirror"))); err == nil && fi.Size() > 0 {
		return nil // this folder's own
	}
	for _, path := range g.conf.Mirrors {
		if fi, err := os.Stat(mirrorPath(path)); err == nil && fi.Size() > 0 {
			return &ForeignError{Path: mirrorPath(path), Why: "it holds events, but this data folder is new"}
		}
	}
	for _, path := range g.conf.Heads {
		if _, err := os.Stat(path); err == nil {
			return &ForeignError{Path: path, Why: "it speaks of a journal, but this data folder is new"}
		}
	}
	return nil
}

// Book is the journal that is guarded.
func (g *Guard) Book() *Book { return g.book }

// Err returns what is damaged at the moment, nil when nothing is.
func (g *Guard) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.problem
}

// Last returns the newest look's report.
func (g *Guard) Last() Report {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// note keeps a look's result for health and metrics.
func (g *Guard) note(r Report, problem error) {
	g.mu.Lock()
	g.last, g.problem = r, problem
	g.mu.Unlock()
	g.m.looked(r, problem)
}

func (g *Guard) closeFiles() error {
	var errs []error
	for _, m := range g.mirrors {
		errs = append(errs, m.close())
	}
	for _, h := range g.heads {
		errs = append(errs, h.close(g.stands))
	}
	return errors.Join(errs...)
}
