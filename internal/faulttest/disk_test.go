package faulttest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A disk that runs full refuses the next byte and takes it again afterwards; one
// whose power is cut keeps what was synced and forgets what was not.
func TestADiskThatFillsAndLosesItsPower(t *testing.T) {
	d := NewDisk(t, 64<<20)
	path := func(name string) string { return filepath.Join(d.Dir, name) }
	d.Fill()
	if err := os.WriteFile(path("refused"), bytes.Repeat([]byte("x"), 8192), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a write on a full disk: %v", err)
	}
	d.Clear()
	for _, name := range []string{"synced", "not"} {
		f, err := os.Create(path(name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
		if name == "synced" {
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		f.Close()
	}
	d.Cut()
	if err := os.WriteFile(path("late"), []byte("x"), 0o600); err == nil {
		t.Error("it was written after the cut")
	}
	d.Plug()
	if b, err := os.ReadFile(path("synced")); string(b) != "synced" {
		t.Errorf("what was synced reads %q, %v", b, err)
	}
	if b, err := os.ReadFile(path("not")); string(b) == "not" {
		t.Errorf("what was not synced survived (%v): the cut is none", err)
	}
}
