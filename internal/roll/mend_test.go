package roll_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
	"mingluo/internal/roll"
)

// harm flips a bit in the newest message about a person, and takes the server's
// own index away, as a crash does.
func (h *house) harm(id alert.RecipientID) {
	h.t.Helper()
	blocks := h.blocks()
	for i := len(blocks) - 1; i >= 0; i-- {
		b, err := os.ReadFile(blocks[i])
		h.do(err)
		if at := bytes.LastIndex(b, []byte(roll.Subject(id))); at >= 0 {
			h.flip(blocks[i], int64(at+12), 0)
			index := filepath.Join(filepath.Dir(blocks[i]), "index.db")
			if err := os.Remove(index); err != nil && !os.IsNotExist(err) {
				h.t.Fatal(err)
			}
			return
		}
	}
	h.t.Fatal("the person is in no block")
}

// Somebody was erased, and somebody left, after the newest snapshot. The bit
// that flips hides just that, and what was before comes back in the stream and
// stands in the snapshot. They stay erased, and they stay away.
func TestWhoLeftOrWasErasedDoesNotComeBackWithTheHealing(t *testing.T) {
	h := newHouse(t).open()
	people := h.joins(80)
	_, _, err := h.care.Snapshot(t.Context())
	h.do(err)
	gone, left := people[7], people[8]
	h.do(h.roll.Erase(t.Context(), gone.Channel, gone.Address, time.Now()))
	h.do(h.roll.Leave(t.Context(), left.Channel, left.Address, time.Now(), time.Now().Add(time.Hour)))
	h.heard()
	want := h.everybody()
	id, err := h.roll.ID(gone.Channel, gone.Address)
	h.do(err)
	h.close()
	h.harm(id) // and what is behind it
	h.open()
	f := h.care.Status().Last
	if !f.Mended || f.Stale < 2 {
		t.Fatalf("found: %s", f.String())
	}
	same(t, h.everybody(), want)
	members, err := h.index.ByID(t.Context(), gone.Channel, []alert.RecipientID{id})
	if err != nil || !members[0].Erased || members[0].Address != "" {
		t.Errorf("the index gives out %+v, %v", members, err)
	}
	if k := h.known(); k.Mends != 1 {
		t.Errorf("the journal knows of %d mends", k.Mends)
	}
}

// A bit flips while the service runs. The hourly comparison finds who is hidden,
// and brings them back from the index.
func TestWhoIsHiddenWhileTheServiceRunsIsBroughtBack(t *testing.T) {
	h := newHouse(t).open()
	people := h.joins(80)
	want := h.everybody()
	hidden, err := h.roll.ID(people[3].Channel, people[3].Address)
	h.do(err)
	h.harm(hidden)
	deadline := time.Now().Add(30 * time.Second)
	for {
		runtime.GC() // the server keeps a block in memory as long as it is let
		f, err := h.care.Compare(t.Context())
		h.do(err)
		if f.Damaged() {
			if f.Hidden < 1 || !f.Mended {
				t.Fatalf("found: %s", f.String())
			}
			break
		}
		if time.Now().After(deadline) {
			faulttest.Skip(t, "a record that is damaged while the server runs: it did not read the block again")
		}
		time.Sleep(500 * time.Millisecond) // the server's cache has no event to wait for
	}
	same(t, h.everybody(), want)
	f, err := h.care.Compare(t.Context())
	if err != nil || f.Damaged() {
		t.Fatalf("after the healing: %s, %v", f.String(), err)
	}
	if _, _, err := h.roll.Join(t.Context(), people[3]); err != nil {
		t.Errorf("the person who was hidden cannot change their wishes: %v", err)
	}
}

// The newest snapshot is torn, the one before is not: what it lacks stands in the
// log of changes.
func TestATornSnapshotIsPassedOver(t *testing.T) {
	for name, spoil := range map[string]func(h *house, path string){
		"torn": func(h *house, path string) {
			info, err := os.Stat(path)
			h.do(err)
			h.do(os.Truncate(path, info.Size()*2/3))
		},
		"flipped": func(h *house, path string) { h.flip(path, 2000, 3) },
		"gone":    func(h *house, path string) { h.do(os.Remove(path)) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t).open()
			people := h.joins(60)
			_, _, err := h.care.Snapshot(t.Context())
			h.do(err)
			h.do(h.roll.Erase(t.Context(), people[1].Channel, people[1].Address, time.Now()))
			_, newest, err := h.care.Snapshot(t.Context())
			h.do(err)
			h.do(h.roll.Erase(t.Context(), people[2].Channel, people[2].Address, time.Now()))
			h.heard()
			want := h.everybody()
			id, err := h.roll.ID(people[5].Channel, people[5].Address)
			h.do(err)
			h.close()
			spoil(h, newest)
			h.harm(id)
			h.open()
			f := h.care.Status().Last
			if !f.Mended || strings.Contains(f.Source, filepath.Base(newest)) {
				t.Fatalf("found: %s", f.String())
			}
			same(t, h.everybody(), want)
		})
	}
}

// The whole stream is gone, with its name: nothing is served before everybody is
// back.
func TestAStreamThatIsGoneIsMadeAnewFromTheCopy(t *testing.T) {
	h := newHouse(t).open()
	h.joins(60)
	want := h.everybody()
	h.close()
	streams, err := filepath.Glob(filepath.Join(h.dir, "js/jetstream/*/streams/ROLL"))
	h.do(err)
	h.do(os.RemoveAll(streams[0]))
	h.open()
	if f := h.care.Status().Last; f.Hidden != len(want) || !f.Mended {
		t.Fatalf("found: %s", f.String())
	}
	same(t, h.everybody(), want)
}

// The copy itself is damaged while the stream is whole: that is said, nobody is
// touched, and a new copy begins.
func TestADamagedCopyOfAWholeRollIsReplaced(t *testing.T) {
	h := newHouse(t).open()
	h.joins(60)
	want := h.everybody()
	h.close()
	logs, err := filepath.Glob(filepath.Join(h.shelf(), "changes-*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	for _, path := range logs {
		info, err := os.Stat(path)
		h.do(err)
		h.flip(path, info.Size()-30, 1)
	}
	h.open()
	f := h.care.Status().Last
	if f.Damaged() || len(f.Odd) == 0 {
		t.Fatalf("found: %s", f.String())
	}
	same(t, h.everybody(), want)
	h.close()
	h.open()
	if f := h.care.Status().Last; f.Damaged() {
		t.Fatalf("found: %s", f.String())
	}
}
