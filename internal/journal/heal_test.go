package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// a story of a given length in a folder, closed again; its events' bytes.
func written(t testing.TB, dir string, n int) tale {
	t.Helper()
	w := watch(t, dir, GuardConfig{})
	w.story(n)
	defer w.stop()
	return w.events()
}

// served opens the folder and checks that these events are served first.
func served(t testing.TB, dir string, want tale) Report {
	t.Helper()
	w := watch(t, dir, GuardConfig{})
	defer w.stop()
	got := w.events()
	if len(got) < len(want) || !bytes.Equal(bytes.Join(got[:len(want)], nil), bytes.Join(want, nil)) {
		t.Fatalf("%d events are served, or others than were written (%d)", len(got), len(want))
	}
	if _, err := os.Stat(healingPath(dir)); err == nil {
		t.Error("the healing's file is left behind")
	}
	return w.Last()
}

// A healing may die after each of its steps: the next start goes on from what it
// finds, and no event is lost.
func TestHealingMayDieAnywhere(t *testing.T) {
	base := t.TempDir()
	want := written(t, base, 2500)
	mirror := readFile(t, filepath.Join(base, "mirror", mirrorName))
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"its file is half written": func(t *testing.T, dir string) {
			writeFile(t, healingPath(dir)+".new", mirror[:len(mirror)/3])
			flipByte(t, blocks(t, dir, alert.StreamJournal)[0], 3000)
		},
		"its file is in place": func(t *testing.T, dir string) {
			writeFile(t, healingPath(dir), mirror)
			flipByte(t, blocks(t, dir, alert.StreamJournal)[0], 3000)
		},
		"the mirror was being replaced": func(t *testing.T, dir string) {
			writeFile(t, healingPath(dir), mirror)
			remove(t, filepath.Join(dir, "mirror", mirrorName))
			writeFile(t, filepath.Join(dir, "mirror", mirrorName+".new"), mirror[:100])
			flipByte(t, blocks(t, dir, alert.StreamJournal)[0], 3000)
		},
		"the stream is deleted": func(t *testing.T, dir string) {
			writeFile(t, healingPath(dir), mirror)
			empty(t, dir, nil)
		},
		"the stream is filled in part": func(t *testing.T, dir string) {
			writeFile(t, healingPath(dir), mirror)
			empty(t, dir, want[:1000])
		},
		"the stream is whole and the file still there": func(t *testing.T, dir string) {
			writeFile(t, healingPath(dir), mirror)
		},
		"and the mirror is lost besides": func(t *testing.T, dir string) {
			writeFile(t, healingPath(dir), mirror)
			remove(t, filepath.Join(dir, "mirror", mirrorName))
			empty(t, dir, want[:2000])
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
				t.Fatal(err)
			}
			spoil(t, dir)
			if r := served(t, dir, want); r.OK() || !r.Healed {
				t.Errorf("it says: %+v", r)
			}
			if r := served(t, dir, want); !r.OK() {
				t.Errorf("the start after that found damage again: %v", r.Damages)
			}
		})
	}
}

// empty makes the stream anew with the first events only.
func empty(t testing.TB, dir string, events tale) {
	t.Helper()
	s := openStore(t, dir)
	defer closeStore(t, s)
	if err := s.recreateJournal(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := resolve([]*copyLinks{events.as("some")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.fill(t.Context(), a, 0); err != nil {
		t.Fatal(err)
	}
}

// healDir tells the test binary, started once more, that it is the process that
// heals a damaged folder and is killed.
const healDir = "MINGLUO_JOURNAL_HEAL_DIR"

// healOnce opens a folder as the service does, and ends.
func healOnce(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Dir: dir, AllowUnsafeStore: true})
	if err != nil {
		return err
	}
	_, err = s.OpenGuarded(ctx, GuardConfig{Mode: alert.Drill})
	return errors.Join(err, s.Close(ctx))
}

// The process that heals is killed, again and again, at any moment. In the end the
// journal is whole.
func TestT07KilledWhileHealing(t *testing.T) {
	run := faulttest.Begin(t, "T07")
	dir := t.TempDir()
	want := written(t, dir, run.N)
	kills := 0
	for range max(5, run.Times/5) {
		flipIn(t, run.Rand, blocks(t, dir, alert.StreamJournal)[0])
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), healDir+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		killed := time.AfterFunc(time.Duration(run.Rand.Int64N(int64(600*time.Millisecond))), func() { cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			kills++
		}
		killed.Stop()
		if files := blocksOf(dir); len(files) == 0 || size(t, files[0]) == 0 { // it was killed when there was nothing
			served(t, dir, want)
		}
	}
	served(t, dir, want)
	t.Logf("killed %d times", kills)
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi.Size()
}

func blocksOf(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "js", "jetstream", "*", "streams", alert.StreamJournal, "msgs", "*.blk")) // the pattern is right
	return found
}

// A flipped bit in the length of an event leaves a stream that shows those before it
// and remembers how many there were, so that it takes none behind those it shows. It
// is written anew from the first event.
func TestT07AStreamThatRemembersMoreThanItShows(t *testing.T) {
	dir := t.TempDir()
	want := written(t, dir, 2000)
	path := blocksOf(dir)[0]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for range 500 { // a record begins with its length, whose highest bit says that it has a header
		at += int(binary.LittleEndian.Uint32(b[at:]) &^ (1 << 31))
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := served(t, dir, want); r.OK() {
		t.Error("nothing was found")
	}
}

// While officers act, bits of the stream flip and the scrub heals it under them.
// No act is lost or refused, and those who follow the journal see every event once.
func TestHealingUnderWay(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, GuardConfig{})
	w.story(1500)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var all sync.WaitGroup
	stop := make(chan struct{})
	var acted []string
	all.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			id := fmt.Sprintf("act-%d", i)
			if _, err := w.Book().Do(ctx, always(reached(t, id))); err != nil {
				t.Errorf("%s: %v", id, err)
				return
			}
			acted = append(acted, id)
		}
	})
	heard := uint64(0)
	all.Go(func() {
		err := w.Book().Tail(ctx, 0, func(e alert.Event, _ []byte) error {
			if e.Seq != heard+1 {
				return fmt.Errorf("event %d came after %d", e.Seq, heard)
			}
			heard = e.Seq
			if e.ID == "last" {
				return errEnd
			}
			return nil
		})
		if err != errEnd {
			t.Errorf("who followed was told: %v", err)
		}
	})
	for i := range 3 {
		flipByte(t, blocks(t, dir, alert.StreamJournal)[0], int64(20_000*(i+1)))
		r, err := w.Scrub(ctx)
		if err != nil || !r.Healed || w.Err() != nil {
			t.Errorf("scrub %d: %+v, %v, %v", i, r.Damages, err, w.Err())
		}
	}
	close(stop)
	eventually(t, "the acts go on", func() bool { _, err := w.Book().Do(ctx, always(reached(t, "last"))); return err == nil })
	all.Wait()
	w.Book().Read(func(st *alert.State) {
		for _, id := range acted {
			if _, ok := st.Milestones[id]; !ok {
				t.Errorf("%s was acknowledged and is gone", id)
			}
		}
		t.Logf("%d acts, %d events, healed: %+v", len(acted), st.Seq, st.Healings)
	})
	before := tale(w.events())
	w.stop()
	if r := served(t, dir, before); !r.OK() {
		t.Errorf("the next start found %v", r.Damages)
	}
}
