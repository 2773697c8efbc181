package journal

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// block puts a pipe in the place of a stream's index: the server's recovery waits
// for bytes that never come, as it goes round in circles over some flipped bits.
// What is returned lets it go on.
func block(t *testing.T, dir, stream string) (free func()) {
	t.Helper()
	pipe := filepath.Join(dir, "js", "jetstream", "$G", "streams", stream, "msgs", "index.db")
	if err := errors.Join(os.RemoveAll(pipe), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that its opening does not wait, only its reading
	if err != nil {
		t.Fatal(err)
	}
	return func() { held.Close() }
}

// stuckOpen opens a folder of which a stream is blocked.
func stuckOpen(t *testing.T, dir, stream string) *StuckError {
	t.Helper()
	free := block(t, dir, stream)
	s, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: silent(), stuck: time.Second})
	free()
	if err == nil {
		closeStore(t, s)
		t.Fatalf("it opens with a %s that cannot be read", stream)
	}
	stuck, ok := errors.AsType[*StuckError](err)
	if !ok || stuck.Stream != stream || filepath.Base(stuck.Folder) != stream {
		t.Fatalf("the error does not name %s: %v", stream, err)
	}
	return stuck
}

// A roll that the server does not get through is moved aside, not deleted, and the
// next start makes it anew; without a second copy it is left where it is.
func TestARollThatCannotBeReadIsSetAside(t *testing.T) {
	if _, ok := bytesRead(); !ok {
		faulttest.Skip(t, "a start that goes round in circles: it takes /proc/self/io to see that nothing is read")
	}
	bare, dir := t.TempDir(), t.TempDir()
	joined(t, bare)
	if e := stuckOpen(t, bare, alert.StreamRoll); e.Aside != "" {
		t.Errorf("set aside without a second copy: %v", e)
	}
	joined(t, dir)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "roll"), 0o700), os.WriteFile(filepath.Join(dir, "roll", "copy"), []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	e := stuckOpen(t, dir, alert.StreamRoll)
	if info, err := os.Stat(e.Aside); err != nil || !info.IsDir() {
		t.Errorf("it lies not in %q: %v", e.Aside, err)
	}
	if seq := joined(t, dir); seq != 1 {
		t.Errorf("the new roll begins with %d", seq)
	}
}

// joined opens a folder and puts somebody into its roll.
func joined(t *testing.T, dir string) (seq uint64) {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: silent()})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if seq, err = s.Put(t.Context(), alert.Put{Subject: "roll.0001.somebody", Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	return seq
}

// A journal that the server does not get through is set aside too, and healed from
// its mirror at the next start.
func TestAJournalThatCannotBeReadIsHealedFromTheMirror(t *testing.T) {
	if _, ok := bytesRead(); !ok {
		faulttest.Skip(t, "a start that goes round in circles: it takes /proc/self/io to see that nothing is read")
	}
	dir := t.TempDir()
	want := written(t, dir, 30)
	if e := stuckOpen(t, dir, alert.StreamJournal); e.Aside == "" {
		t.Fatalf("it was not set aside: %v", e)
	}
	if r := served(t, dir, want); r.OK() {
		t.Error("an empty journal was found whole")
	}
}
