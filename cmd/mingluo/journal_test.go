package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// keepJournal writes a few acts into a folder, as the service does.
func keepJournal(t *testing.T, dir string, ids ...string) {
	t.Helper()
	ctx := t.Context()
	store, err := journal.Open(ctx, journal.Config{Dir: dir, AllowUnsafeStore: true})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := store.OpenGuarded(ctx, journal.GuardConfig{Mode: alert.Drill})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- guard.Run(running) }()
	for _, id := range ids {
		_, err := guard.Book().Do(ctx, func(*alert.State) ([]alert.Event, error) {
			e, err := alert.NewEvent(time.Now(), "watch", alert.Drill, id, alert.Milestone{What: "due"})
			return []alert.Event{e}, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	mirror := filepath.Join(dir, "mirror", "journal.ndjson")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if b, err := os.ReadFile(mirror); err == nil && bytes.Count(b, []byte("\n")) >= len(ids) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the mirror never had every event")
		}
	}
	stop()
	if err := errors.Join(<-done, guard.Book().Close(), store.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}

// An operator checks the journal, writes it out, sees a changed mirror named, and
// takes the file that was written out as the journal.
func TestJournalCommands(t *testing.T) {
	dir := t.TempDir()
	keepJournal(t, dir, "a", "b", "c", "d")
	say := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"journal"}, args...), &out)
		return out.String(), err
	}
	out, err := say("verify", "-dir", dir)
	if err != nil || strings.Count(out, "✓") != 3 || strings.Contains(out, "✗") {
		t.Errorf("a whole journal: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "out.ndjson")
	if out, err = say("export", "-dir", dir, "-o", file); err != nil || !strings.Contains(out, "4 条") {
		t.Errorf("export: %v\n%s", err, out)
	}
	if _, err = say("export", "-dir", dir, "-o", file); !errors.Is(err, os.ErrExist) {
		t.Errorf("export over a file that is there: %v", err)
	}
	mirror := filepath.Join(dir, "mirror", "journal.ndjson")
	b, err := os.ReadFile(mirror)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mirror, bytes.Replace(b, []byte(`"id":"b"`), []byte(`"id":"x"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err = say("verify", "-dir", dir); err == nil || !strings.Contains(out, "event 2 (milestone.b reached)") || strings.Count(out, "✗") != 1 {
		t.Errorf("a changed mirror: %v\n%s", err, out)
	}
	if _, err = say("restore", "-dir", dir, "-from", file); err == nil {
		t.Error("restored without -yes")
	}
	if out, err = say("restore", "-dir", dir, "-from", file, "-yes"); err != nil || !strings.Contains(out, "replaced-") {
		t.Errorf("restore: %v\n%s", err, out)
	}
	if out, err = say("verify", "-dir", dir); err != nil || strings.Contains(out, "✗") {
		t.Errorf("after the restore: %v\n%s", err, out)
	}
	if out, err = say("tail", "-dir", dir, "-once"); err != nil || strings.Count(out, "\n") != 5 || !strings.Contains(out, "a person chose this journal") {
		t.Errorf("the journal says: %v\n%s", err, out)
	}
}
