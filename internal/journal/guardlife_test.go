package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// While the service runs somebody changes the mirror, removes it, or overwrites the
// signed head. The scrub finds each, and makes it anew without a pause.
func TestScrubMendsMirrorAndHead(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, GuardConfig{})
	w.story(120)
	w.mirrored()
	mirror, head := filepath.Join(dir, "mirror", mirrorName), filepath.Join(dir, "head.json")
	for name, spoil := range map[string]func(){
		"a changed mirror": func() {
			b := readFile(t, mirror)
			writeFile(t, mirror, bytes.Replace(b, []byte(`"mode":"drill"`), []byte(`"mode":"drilL"`), 1))
		},
		"a mirror that was cut":       func() { writeFile(t, mirror, readFile(t, mirror)[:5000]) },
		"a mirror that is gone":       func() { remove(t, mirror) },
		"a head that was overwritten": func() { writeFile(t, head, []byte("nothing\n")) },
		"a head that is gone":         func() { remove(t, head) },
	} {
		spoil()
		r, err := w.Scrub(t.Context())
		if err != nil || r.OK() || !r.Healed || w.Err() != nil {
			t.Errorf("%s: %+v, %v, %v", name, r.Damages, err, w.Err())
		}
		w.story(3)
		w.mirrored()
		if r, err := w.Scrub(t.Context()); err != nil || !r.OK() {
			t.Errorf("%s, the scrub after that: %v, %v", name, r.Damages, err)
		}
	}
	events := tale(w.events())
	w.stop()
	if b := readFile(t, mirror); !bytes.Equal(b, append(bytes.Join(events, []byte("\n")), '\n')) {
		t.Error("the mirror is not the journal in the end")
	}
	if r := served(t, dir, events); !r.OK() {
		t.Errorf("the next start: %v", r.Damages)
	}
}

// A further mirror on a disk that is not there delays nobody. When it comes it is
// filled up.
func TestAbsentMirrorDelaysNobody(t *testing.T) {
	disk := filepath.Join(t.TempDir(), "disk")
	conf := GuardConfig{Mirrors: []string{filepath.Join(disk, "mirror")}}
	w := watch(t, t.TempDir(), conf)
	w.story(30)
	r, err := w.Scrub(t.Context())
	if err != nil || !r.OK() || w.Err() != nil {
		t.Errorf("the scrub: %+v, %v", r.Damages, err)
	}
	if c := r.Copies[2]; c.OK || !strings.Contains(c.Why, "disk") {
		t.Errorf("its verdict: %+v", c)
	}
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	w.mirrored() // within one retry
	if b := readFile(t, filepath.Join(disk, "mirror", mirrorName)); bytes.Count(b, []byte("\n")) != 30 {
		t.Errorf("it holds %d events", bytes.Count(b, []byte("\n")))
	}
	w.stop()
}

// A key that was lost is made anew and succeeds the old one; a journal from before
// there were copies begins them without an alarm.
func TestLostKeyAndFirstCopies(t *testing.T) {
	dir := t.TempDir()
	events := written(t, dir, 10)
	remove(t, keyPath(dir))
	served(t, dir, events)
	if r := served(t, dir, events); !r.OK() {
		t.Errorf("the start after the key was made anew: %v", r.Damages)
	}

	dir = t.TempDir()
	s := openStore(t, dir)
	b := openBook(t, s)
	appendAll(t, b, keySet(t, "one"), keySet(t, "two"))
	closeStore(t, s)
	w := watch(t, dir, GuardConfig{})
	if r := w.Last(); !r.OK() || r.Seq != 2 {
		t.Errorf("the first start with copies: %+v", r)
	}
	w.Book().Read(func(st *alert.State) {
		if len(st.Healings) != 0 {
			t.Errorf("healed what was not damaged: %+v", st.Healings)
		}
	})
	w.stop()
}

// A process that is killed leaves nothing that the next start calls damage.
func TestKillsAreNoDamage(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		killAfter(t, dir, 30)
		w := watch(t, dir, GuardConfig{})
		if r := w.Last(); !r.OK() {
			t.Errorf("after a kill: %v", r.Damages)
		}
		w.stop()
	}
}
