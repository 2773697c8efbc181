package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// watched is a journal with its guard at work, in a folder.
type watched struct {
	*Guard
	t     testing.TB
	store *Store
	end   func()
	anew  bool // the server went round in circles over the journal's files, and they were set aside
}

// watch opens a folder's journal as the service does. stop closes it.
func watch(t testing.TB, dir string, c GuardConfig) *watched {
	t.Helper()
	w, err := tryWatch(t, dir, c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func tryWatch(t testing.TB, dir string, c GuardConfig) (*watched, error) {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: silent()})
	stuck, anew := errors.AsType[*StuckError](err)
	if anew && stuck.Stream == alert.StreamJournal && stuck.Aside != "" {
		t.Log(err)
		s, err = Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: silent()})
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Mode = alert.Drill
	g, err := s.OpenGuarded(t.Context(), c)
	if err != nil {
		closeStore(t, s)
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	over := false
	w := &watched{Guard: g, t: t, store: s, anew: anew}
	w.end = func() {
		if over {
			return
		}
		over = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the guard ended with %v", err)
		}
		g.Book().Close()
		closeStore(t, s)
	}
	t.Cleanup(w.end)
	return w, nil
}

// stop waits until the mirrors have everything, and closes the journal.
func (w *watched) stop() {
	w.t.Helper()
	w.mirrored()
	w.end()
}

func (w *watched) mirrored() {
	w.t.Helper()
	// Ten thousand events behind a healing take more than ten seconds on a busy machine.
	within(w.t, time.Minute, "the mirrors have every event", func() bool { return w.behind() == 0 })
}

// story lets people act n times; every act's bytes are remembered by the caller.
func (w *watched) story(n int) {
	w.t.Helper()
	for i := 0; i < n; i += 100 {
		var events []alert.Event
		for j := i; j < min(n, i+100); j++ {
			events = append(events, reached(w.t, fmt.Sprintf("i%d-%d-due", w.Book().Seq(), j)))
		}
		appendAll(w.t, w.Book(), events...)
	}
}

// events returns every event's stored bytes.
func (w *watched) events() [][]byte {
	w.t.Helper()
	var all [][]byte
	if _, err := w.store.Scan(w.t.Context(), alert.StreamJournal, "", 1, func(r alert.Record) error {
		all = append(all, bytes.Clone(r.Data))
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// A journal keeps its signed head and its mirror from the first event on, and the
// next start finds them as they were left.
func TestGuardKeepsHeadAndMirror(t *testing.T) {
	dir := t.TempDir()
	far := filepath.Join(t.TempDir(), "far")
	head := filepath.Join(t.TempDir(), "head.json")
	conf := GuardConfig{Mirrors: []string{far}, Heads: []string{head}}
	w := watch(t, dir, conf)
	w.story(250)
	heads, err := readHeads(filepath.Join(dir, "head.json"))
	if newest, ok := newestHead(heads); err != nil || !ok || newest.Seq != 250 {
		t.Errorf("the head at the acknowledgement: %+v, %v", newest, err)
	}
	eventually(t, "the further head follows", func() bool {
		heads, err := readHeads(head)
		newest, _ := newestHead(heads)
		return err == nil && newest.Seq == 250
	})
	all := w.events()
	w.stop()
	for _, path := range []string{filepath.Join(dir, "mirror", mirrorName), filepath.Join(far, mirrorName)} {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(b, append(bytes.Join(all, []byte("\n")), '\n')) {
			t.Errorf("%s does not hold the journal's bytes: %v", path, err)
		}
	}

	w = watch(t, dir, conf)
	if r := w.Last(); !r.OK() || r.Seq != 250 || w.Err() != nil {
		t.Errorf("the second start: %+v, %v", r, w.Err())
	}
	w.story(10)
	r, err := w.Scrub(t.Context())
	if err != nil || !r.OK() || r.Seq != 260 {
		t.Errorf("the scrub: %+v, %v", r, err)
	}
	w.stop()
}

// While it runs, bytes change on the disk under it: the scrub finds them although
// the server has the block in memory, and heals without losing an act.
func TestScrubSeesTheDisk(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, GuardConfig{})
	w.story(300)
	before := w.events() // and the block is in the server's memory now
	w.mirrored()
	flipByte(t, blocks(t, dir, alert.StreamJournal)[0], 5000)
	r, err := w.Scrub(t.Context())
	if err != nil || r.OK() || !r.Healed || w.Err() != nil {
		t.Fatalf("the scrub: %+v, %v, %v", r, err, w.Err())
	}
	t.Logf("found: %v", r.Damages)
	after := w.events()
	if len(after) != 301 || !bytes.Equal(bytes.Join(after[:300], nil), bytes.Join(before, nil)) {
		t.Errorf("%d events afterwards, or others than before", len(after))
	}
	w.story(5)
	if r, err := w.Scrub(t.Context()); err != nil || !r.OK() {
		t.Errorf("the next scrub: %+v, %v", r, err)
	}
	w.Book().Read(func(st *alert.State) {
		if len(st.Healings) != 1 || st.Healings[0].Copy != KindStream {
			t.Errorf("the journal says of it: %+v", st.Healings)
		}
	})
}

func blocks(t testing.TB, dir, stream string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "js", "jetstream", "*", "streams", stream, "msgs", "*.blk"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no blocks of %s: %v", stream, err)
	}
	return found
}

// flipByte changes one bit of a file.
func flipByte(t testing.TB, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := []byte{0}
	_, err1 := f.ReadAt(b, at)
	b[0] ^= 1 << (at % 8)
	_, err2 := f.WriteAt(b, at)
	if err := errors.Join(err1, err2, f.Close()); err != nil {
		t.Fatal(err)
	}
}

var _ = time.Now
