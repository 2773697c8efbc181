package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
)

// A restart shows the same state: officers act, the process stops and starts, and
// the fold is what it was, chain and all.
func TestRestartShowsTheSameState(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := openBook(t, s)
	appendAll(t, b, keySet(t, "one"))
	appendAll(t, b, reached(t, "i1-public-due"), reached(t, "i1-public-missed"), keySet(t, "two"))
	before := snapshot(t, b)
	closeStore(t, s)
	if err := b.Err(); !errors.Is(err, errClosed) {
		t.Errorf("a book of a closed record says %v", err)
	}

	b = openBook(t, openStore(t, dir))
	if after := snapshot(t, b); after != before {
		t.Errorf("after the restart\n%s\nbefore\n%s", after, before)
	}
	if seq := appendAll(t, b, keySet(t, "three")); seq != 5 {
		t.Errorf("the next event is number %d, want 5", seq)
	}
}

// Nothing to do is not an event, a refusal of the rules comes back as it is, and
// what could not be read back is not written.
func TestDoWritesOnlyWhatWasDecided(t *testing.T) {
	b := openBook(t, openStore(t, t.TempDir()))
	appendAll(t, b, keySet(t, "one"))
	if seq, err := b.Do(t.Context(), always()); seq != 1 || err != nil {
		t.Errorf("nothing to do: %d, %v; want the head, 1", seq, err)
	}
	no := &alert.Problem{Kind: alert.Blocked, EN: "not now"}
	if _, err := b.Do(t.Context(), func(*alert.State) ([]alert.Event, error) { return nil, no }); err != error(no) {
		t.Errorf("a rule's no came back as %v", err)
	}
	for _, bad := range []alert.Event{
		{V: 1, Kind: "key", ID: "a.b", Type: "set", Data: []byte(`{}`)},
		{V: 1, Kind: "key", ID: "*", Type: "set", Data: []byte(`{}`)},
		{V: 1, Kind: "key", ID: "roll", Type: "unheard-of", Data: []byte(`{}`)},
		event(t, "n1", alert.Released{Rev: 1}), // nobody submitted it
		{V: 99, Kind: "key", ID: "roll", Type: "set", Data: []byte(`{}`)},
		{V: 1, Kind: "key", ID: "roll", Type: "set", Data: []byte(`{"fingerprint":"` + strings.Repeat("x", alert.MaxEventBytes) + `"}`)},
	} {
		if _, err := b.Do(t.Context(), always(bad)); err == nil {
			t.Errorf("appended %s.%s of %q, version %d", bad.Kind, bad.Type, bad.ID, bad.V)
		}
	}
	if b.Seq() != 1 || b.Err() != nil {
		t.Errorf("afterwards: head %d, %v", b.Seq(), b.Err())
	}
}

// Two processes on one journal: each decides on what it has seen, one is quicker,
// the other decides anew on the newer state. Nothing is lost, nothing comes twice.
func TestTwoBooksNeverLoseAnAct(t *testing.T) {
	s := openStore(t, t.TempDir())
	books := []*Book{openBook(t, s), openBook(t, s)}
	const each = 40
	var decided atomic.Int64
	var wg sync.WaitGroup
	for n, b := range books {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("i%d-duty-%d", n, i)
				_, err := b.Do(t.Context(), func(st *alert.State) ([]alert.Event, error) {
					decided.Add(1)
					return []alert.Event{reached(t, id)}, nil
				})
				if err != nil {
					t.Errorf("book %d, act %d: %v", n, i, err)
				}
			}
		})
	}
	wg.Wait()
	for _, b := range books {
		if _, err := b.Wait(t.Context(), 2*each-1); err != nil {
			t.Fatal(err)
		}
	}
	if decided.Load() == 2*each {
		t.Log("no act was decided twice: the books did not meet")
	}
	if a, b := snapshot(t, books[0]), snapshot(t, books[1]); a != b {
		t.Errorf("two books of one journal differ:\n%s\n%s", a, b)
	}
	if n := books[0].Seq(); n != 2*each {
		t.Errorf("%d events, want %d", n, 2*each)
	}
}

// A milestone is recorded once, however many watches see it come to pass, and the
// one that was too late is told, not asked to look again.
func TestMilestoneStandsOnce(t *testing.T) {
	s := openStore(t, t.TempDir())
	first, second := openBook(t, s), openBook(t, s)
	var took, recorded atomic.Int64
	var wg sync.WaitGroup
	for _, b := range []*Book{first, second, first, second} {
		wg.Go(func() {
			switch _, err := b.Do(t.Context(), always(reached(t, "i1-public-due"))); {
			case err == nil:
				recorded.Add(1)
			case errors.Is(err, alert.ErrTaken):
				took.Add(1)
			default:
				t.Errorf("want ErrTaken, got %v", err)
			}
		})
	}
	wg.Wait()
	if recorded.Load() != 1 || took.Load() != 3 {
		t.Errorf("recorded %d times, refused %d times; want 1 and 3", recorded.Load(), took.Load())
	}
	if _, err := first.Do(t.Context(), always(reached(t, "a"), reached(t, "a"))); err == nil {
		t.Error("one act recorded a milestone twice")
	}
	// In an act with others it takes the whole act down: nothing is written.
	if _, err := first.Do(t.Context(), always(keySet(t, "x"), reached(t, "i1-public-due"))); !errors.Is(err, alert.ErrTaken) {
		t.Errorf("an act with a taken milestone: %v", err)
	}
	if first.Seq() != 1 {
		t.Errorf("head %d, want 1", first.Seq())
	}
}

// A hundred people act at once; every act is there, once, in one chain.
func TestHundredActAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := openBook(t, s)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			appendAll(t, b, reached(t, fmt.Sprintf("m%d", i)))
		})
	}
	wg.Wait()
	if b.Seq() != 100 {
		t.Fatalf("%d events, want 100", b.Seq())
	}
	b.Read(func(st *alert.State) {
		for i := range 100 {
			if _, ok := st.Milestones[fmt.Sprintf("m%d", i)]; !ok {
				t.Errorf("m%d is missing", i)
			}
		}
	})
	again := openBook(t, s) // verifies the chain
	if snapshot(t, again) != snapshot(t, b) {
		t.Error("a replay shows another state")
	}
}

// Whoever gets past the append and writes into the journal breaks the chain: a
// running book stops serving, and no new one opens.
func TestBrokenChainIsNotServed(t *testing.T) {
	wrong := map[string]func(e *alert.Event) string{
		"another hash before it": func(e *alert.Event) string { e.Prev = alert.HashEvent([]byte("x")); return eventSubject(*e) },
		"another number":         func(e *alert.Event) string { e.Seq = 7; return eventSubject(*e) },
		"another subject":        func(e *alert.Event) string { return "journal.key.other" },
		"a newer format":         func(e *alert.Event) string { e.V = 99; return eventSubject(*e) },
	}
	for name, spoil := range wrong {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			b := openBook(t, s)
			appendAll(t, b, keySet(t, "one"))
			e := keySet(t, "two")
			e.Seq = 2
			b.Read(func(st *alert.State) { e.Prev = st.Head })
			subject := spoil(&e)
			raw, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			publishRaw(t, s, subject, raw)

			eventually(t, "the book refuses", func() bool { return b.Err() != nil })
			if broken, ok := errors.AsType[*BrokenError](b.Err()); !ok || broken.Seq != 2 {
				t.Errorf("it says: %v", b.Err())
			}
			if _, err := b.Do(t.Context(), always(keySet(t, "three"))); !errors.Is(err, b.Err()) {
				t.Errorf("Do says: %v", err)
			}
			if _, err := b.Wait(t.Context(), 1); !errors.Is(err, b.Err()) {
				t.Errorf("Wait says: %v", err)
			}
			if _, err := s.OpenBook(t.Context()); err == nil {
				t.Error("a broken journal was opened")
			}
		})
	}
}

func publishRaw(t *testing.T, s *Store, subject string, data []byte) {
	t.Helper()
	if _, err := s.publish(t.Context(), []*nats.Msg{{Subject: subject, Data: data}}); err != nil {
		t.Fatal(err)
	}
}

// A mirror that begins anywhere hears every event once and in order, those before
// it asked and those after, and the bytes that it hears are the chain.
func TestTailIsCompleteAndInOrder(t *testing.T) {
	b := openBook(t, openStore(t, t.TempDir()))
	for i := range 30 {
		appendAll(t, b, reached(t, fmt.Sprintf("before%d", i)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	heard, done := uint64(10), make(chan error, 1)
	head := ""
	go func() {
		done <- b.Tail(ctx, heard, func(e alert.Event, stored []byte) error {
			if e.Seq != heard+1 || head != "" && e.Prev != head {
				return fmt.Errorf("after %d came %d", heard, e.Seq)
			}
			heard, head = e.Seq, alert.HashEvent(stored)
			if heard == 60 {
				return errEnd
			}
			return nil
		})
	}()
	for i := range 30 {
		appendAll(t, b, reached(t, fmt.Sprintf("after%d", i)))
	}
	if err := <-done; err != errEnd {
		t.Errorf("the tail ended with %v at %d", err, heard)
	}
}
