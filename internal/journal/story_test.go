package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// The verbs of this package's tests.

// openStore opens a record in the folder; it is closed when the test ends.
func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: quiet(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// quiet logs warnings and errors into the test's output.
func quiet(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func openBook(t testing.TB, s *Store) *Book {
	t.Helper()
	b, err := s.OpenBook(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keySet is an event that the fold takes at any time: a key's fingerprint.
func keySet(t testing.TB, fingerprint string) alert.Event {
	t.Helper()
	return event(t, "roll", alert.KeySet{Fingerprint: fingerprint})
}

func reached(t testing.TB, id string) alert.Event {
	t.Helper()
	return event(t, id, alert.Milestone{What: "due"})
}

func event(t testing.TB, id string, f alert.Fact) alert.Event {
	t.Helper()
	e, err := alert.NewEvent(time.Now(), "watch", alert.Drill, id, f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// appendAll appends the events whatever the state is.
func appendAll(t testing.TB, b *Book, events ...alert.Event) uint64 {
	t.Helper()
	seq, err := b.Do(t.Context(), always(events...))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func always(events ...alert.Event) func(*alert.State) ([]alert.Event, error) {
	return func(*alert.State) ([]alert.Event, error) { return events, nil }
}

// snapshot is the state as JSON, to compare two of them.
func snapshot(t testing.TB, b *Book) string {
	t.Helper()
	var out []byte
	b.Read(func(st *alert.State) {
		var err error
		if out, err = json.Marshal(st); err != nil {
			t.Fatal(err)
		}
	})
	return string(out)
}

// eventually polls until ok, at most 10 s.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	within(t, 10*time.Second, what, ok)
}

func within(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

func seqOf(n uint64) *uint64 { return &n }

func puts(prefix string, n int, data string) []alert.Put {
	out := make([]alert.Put, n)
	for i := range out {
		out[i] = alert.Put{Subject: fmt.Sprintf("%s.%04d", prefix, i), Data: []byte(data)}
	}
	return out
}

// silent is for tests that bring damage about: the alarms are what they look for.
func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
