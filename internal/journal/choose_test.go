package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// linesOf writes events as a mirror holds them.
func linesOf(t testing.TB, path string, events tale) string {
	t.Helper()
	writeFile(t, path, append(bytes.Join(events, []byte("\n")), '\n'))
	return path
}

// forkedTale is a story's first events with other ones behind them.
func forkedTale(t testing.TB, events tale, n int) tale {
	t.Helper()
	return tell(t, events, n, "another")
}

// open tries to serve a folder as it is.
func refusedBy(t *testing.T, dir string, c GuardConfig) error {
	t.Helper()
	w, err := tryWatch(t, dir, c)
	if err == nil {
		w.stop()
	}
	return err
}

// A fork is not served: both branches are named, verify says the same and changes
// nothing, and a person takes one of them. The other is kept.
func TestForkWaitsForAPerson(t *testing.T) {
	dir := t.TempDir()
	events := written(t, dir, 50)
	remove(t, filepath.Join(dir, "head.json"))
	mine := filepath.Join(dir, "mirror", mirrorName)
	other := forkedTale(t, events[:48], 6)
	linesOf(t, mine, other)

	fork, ok := errors.AsType[*ForkError](refusedBy(t, dir, GuardConfig{}))
	if !ok || fork.A.First != 49 || fork.B.First != 49 || max(fork.A.Last, fork.B.Last) != 54 || !strings.Contains(fork.Error(), mine) ||
		!strings.Contains(fork.Error(), streamName) || !strings.Contains(fork.Error(), "mingluo journal restore") {
		t.Fatalf("it says: %v", fork)
	}
	s := openStore(t, dir)
	if _, err := s.VerifyJournal(t.Context(), GuardConfig{}); !errors.As(err, &fork) {
		t.Errorf("verify says: %v", err)
	}
	chosen := linesOf(t, filepath.Join(t.TempDir(), "chosen.ndjson"), other)
	done, err := s.RestoreJournal(t.Context(), GuardConfig{}, chosen, false)
	if err != nil || done.Events != 54 {
		t.Fatalf("restore: %+v, %v", done, err)
	}
	if got := readFile(t, filepath.Join(done.Kept, "stream.ndjson")); !bytes.Equal(got, append(bytes.Join(events, []byte("\n")), '\n')) {
		t.Error("the branch that was given up is not kept")
	}
	closeStore(t, s)
	if r := served(t, dir, other); !r.OK() {
		t.Errorf("the start after that: %v", r.Damages)
	}
}

// What was signed is not given up unasked, neither by a start nor by a restore.
func TestSignedEventsAreNotGivenUpUnasked(t *testing.T) {
	dir := t.TempDir()
	far := filepath.Join(t.TempDir(), "head.json") // on another machine
	conf := GuardConfig{Heads: []string{far}}
	w := watch(t, dir, conf)
	w.story(60)
	events := tale(w.events())
	w.stop()
	// The whole folder is an older one: stream, mirror and head agree.
	linesOf(t, filepath.Join(dir, "mirror", mirrorName), events[:40])
	remove(t, filepath.Join(dir, "head.json"))
	empty(t, dir, events[:40])
	lost, ok := errors.AsType[*LostError](refusedBy(t, dir, conf))
	if !ok || lost.Seq != 60 || lost.Best != 40 || lost.Path != far {
		t.Fatalf("it says: %v", lost)
	}
	short := linesOf(t, filepath.Join(t.TempDir(), "short.ndjson"), events[:40])
	whole := linesOf(t, filepath.Join(t.TempDir(), "whole.ndjson"), events)
	s := openStore(t, dir)
	if _, err := s.RestoreJournal(t.Context(), conf, short, false); err == nil || !strings.Contains(err.Error(), "event 60") {
		t.Errorf("the short one was taken: %v", err)
	}
	if n, err := s.LastSeq(t.Context(), alert.StreamJournal); n != 40 || err != nil {
		t.Errorf("a refused restore left %d events, %v", n, err)
	}
	if _, err := s.RestoreJournal(t.Context(), conf, whole, false); err != nil {
		t.Errorf("the whole one: %v", err)
	}
	if _, err := s.RestoreJournal(t.Context(), conf, short, true); err != nil {
		t.Errorf("the short one, by a person who says so: %v", err)
	}
	closeStore(t, s)
	w = watch(t, dir, conf)
	if got := w.events(); len(got) < 40 || !bytes.Equal(bytes.Join(got[:40], nil), bytes.Join(events[:40], nil)) || w.Err() != nil {
		t.Errorf("%d events are served afterwards, %v", len(got), w.Err())
	}
	w.stop()
}

// A file that is not whole, or that nobody could fold, is not taken, whatever was
// said.
func TestRestoreTakesOnlyWholeFiles(t *testing.T) {
	dir := t.TempDir()
	events := written(t, dir, 20)
	s := openStore(t, dir)
	for name, bad := range map[string]tale{
		"empty": {}, "a hole": events.without(7), "changed": events.edited(7), "out of order": events.swapped(3, 9), "not from the beginning": events[4:],
	} {
		path := linesOf(t, filepath.Join(t.TempDir(), "f.ndjson"), bad)
		if _, err := s.RestoreJournal(t.Context(), GuardConfig{}, path, true); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := s.RestoreJournal(t.Context(), GuardConfig{}, filepath.Join(dir, "nowhere"), true); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	var b bytes.Buffer
	if c, err := s.ExportJournal(t.Context(), &b); err != nil || c.Seq() != 20 || !bytes.Equal(b.Bytes(), append(bytes.Join(events, []byte("\n")), '\n')) {
		t.Errorf("the journal afterwards: %d events, %v", c.Seq(), err)
	}
	closeStore(t, s)
	if r := served(t, dir, events); !r.OK() {
		t.Errorf("the start after that: %v", r.Damages)
	}
}

// Files of another journal are neither taken over nor overwritten.
func TestFilesOfAnotherJournalAreLeftAlone(t *testing.T) {
	elsewhere := t.TempDir()
	written(t, elsewhere, 5)
	head, mirror := filepath.Join(elsewhere, "head.json"), filepath.Join(elsewhere, "mirror", mirrorName)
	before := append(readFile(t, head), readFile(t, mirror)...)
	used := t.TempDir()
	written(t, used, 3)
	for name, c := range map[string]struct {
		dir  string
		conf GuardConfig
	}{
		"a new folder, its mirror":    {t.TempDir(), GuardConfig{Mirrors: []string{mirror}}},
		"a new folder, its head":      {t.TempDir(), GuardConfig{Heads: []string{head}}},
		"a folder in use, its head":   {used, GuardConfig{Heads: []string{head}}},
		"a folder in use, its mirror": {used, GuardConfig{Mirrors: []string{mirror}}},
	} {
		err := refusedBy(t, c.dir, c.conf)
		_, foreign := errors.AsType[*ForeignError](err)
		if !foreign {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := append(readFile(t, head), readFile(t, mirror)...); !bytes.Equal(before, after) {
		t.Error("the other journal's files were changed")
	}
}
