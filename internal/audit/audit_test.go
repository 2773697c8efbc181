package audit_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
	"mingluo/internal/journal"
)

// open returns an audit over a real record, with the account li.
func open(t *testing.T) (*audit.Log, *counting) {
	t.Helper()
	store, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir(), AllowUnsafeStore: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close(context.Background()) })
	c := &counting{Store: store}
	return audit.New(c, known, slog.New(slog.DiscardHandler)), c
}

func known(_ context.Context, officer string) bool { return officer == "li" }

// counting counts the writes, which are what the disk is asked for.
type counting struct {
	audit.Store
	writes, records atomic.Int64
	broken          atomic.Bool
}

func (c *counting) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	if c.broken.Load() {
		return 0, alert.ErrFull
	}
	c.writes.Add(1)
	c.records.Add(int64(len(puts)))
	return c.Store.PutBatch(ctx, puts)
}

func guess(officer, from string) audit.Entry {
	return audit.Entry{Officer: officer, From: from, Via: "page", Act: "signin", Outcome: audit.WrongSignIn}
}

func all(t *testing.T, l *audit.Log, q audit.Query) (out []audit.Entry) {
	t.Helper()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for {
		p, err := l.Find(t.Context(), q, 100)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Entries...)
		if p.Next == 0 {
			return out
		}
		q.Before = p.Next
	}
}

func sum(entries []audit.Entry) (n int) {
	for _, e := range entries {
		n += e.Count
	}
	return n
}

// A hundred thousand guesses from a thousand networks at a hundred names, half
// of which are nobody's: some thousand records, in few writes, and their counts
// add up to a hundred thousand.
func TestAFloodIsCountedAndNotWritten(t *testing.T) {
	l, store := open(t)
	const guesses = 100_000
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < guesses; i += 4 {
				l.Note(guess(fmt.Sprintf("user%d", i%100), fmt.Sprintf("203.%d.%d.7", i%4, i%251)))
			}
		})
	}
	wg.Wait()
	l.Note(guess("li", "198.51.100.9"))
	found := all(t, l, audit.Query{Act: "signin"})
	if n := sum(found); n != guesses+1 {
		t.Errorf("%d tries are told of, want %d", n, guesses+1)
	}
	if r, w := store.records.Load(), store.writes.Load(); r > 2100 || w > 30 {
		t.Errorf("%d records in %d writes", r, w)
	}
	for _, e := range found {
		if strings.HasPrefix(e.Officer, "user") {
			t.Fatalf("a name that is nobody's was kept: %+v", e)
		}
	}

	// And the flood that goes on costs almost nothing more.
	before := store.records.Load()
	for i := range guesses {
		l.Note(guess(fmt.Sprintf("more%d", i%1000), fmt.Sprintf("203.9.%d.7", i%251)))
	}
	if n := sum(all(t, l, audit.Query{})); n != 2*guesses+1 {
		t.Errorf("%d tries are told of, want %d", n, 2*guesses+1)
	}
	if r := store.records.Load() - before; r > 50 {
		t.Errorf("the second flood cost %d records", r)
	}
}

// Whoever proved to be somebody stays named, however much somebody else floods.
func TestAFloodHidesNoOfficer(t *testing.T) {
	l, _ := open(t)
	for i := range 20_000 {
		l.Note(guess("li", fmt.Sprintf("2001:db8:%x:%x::1", i, i)))
	}
	l.Note(audit.Entry{Officer: "li", Proven: true, From: "10.0.0.7", Via: "page", Act: "notices.approve", Object: "20260820-abcde", Outcome: audit.Forbidden, Rule: "R1", EN: "You wrote it."})
	found := all(t, l, audit.Query{Act: "notices"})
	if len(found) != 1 || found[0].Officer != "li" || found[0].Object != "20260820-abcde" || found[0].From != "10.0.0.7" || found[0].Rule != "R1" {
		t.Errorf("found %+v", found)
	}
	if n := sum(all(t, l, audit.Query{Outcome: audit.WrongSignIn})); n != 20_000 {
		t.Errorf("%d guesses are told of", n)
	}
}

// Each way of searching finds what it is asked for, newest first and page by
// page, and nothing else.
func TestSearching(t *testing.T) {
	l, _ := open(t)
	began := time.Now()
	for i := range 250 {
		officer, outcome := "li", audit.Done
		if i%5 == 0 {
			officer, outcome = "chen", audit.Forbidden
		}
		l.Note(audit.Entry{At: began.Add(time.Duration(i) * time.Minute), Officer: officer, Proven: true, From: "10.0.0.7", Via: "api", Act: []string{"notices.approve", "notices.retract", "drafts.save"}[i%3], Object: fmt.Sprintf("n%d", i), Outcome: outcome})
		if i%50 == 0 {
			if err := l.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		q    audit.Query
		want int
	}{
		{"everything", audit.Query{}, 250},
		{"an officer", audit.Query{Officer: "chen"}, 50},
		{"a notice", audit.Query{Object: "n7"}, 1},
		{"an act", audit.Query{Act: "notices.approve"}, 84},
		{"a kind", audit.Query{Act: "notices"}, 167},
		{"half a word is no kind", audit.Query{Act: "notice"}, 0},
		{"refused", audit.Query{Refused: true}, 50},
		{"an outcome", audit.Query{Outcome: audit.Done, Officer: "chen"}, 0},
		{"from", audit.Query{From: began.Add(200 * time.Minute)}, 50},
		{"until", audit.Query{Until: began.Add(10 * time.Minute)}, 10},
	} {
		if found := all(t, l, c.q); len(found) != c.want {
			t.Errorf("%s: %d found, want %d", c.name, len(found), c.want)
		} else if c.want > 0 {
			for i := 1; i < len(found); i++ {
				if found[i].Seq >= found[i-1].Seq {
					t.Errorf("%s: not newest first", c.name)
				}
			}
		}
	}
}

// The files hold the same; a spreadsheet takes nothing in them for a formula.
func TestExport(t *testing.T) {
	l, _ := open(t)
	l.Note(audit.Entry{Officer: "li", Proven: true, From: "10.0.0.7", Via: "page", Act: "notices.return", Object: "=1+1", Outcome: audit.Conflict, ZH: "有人先一步，\"请\"再看", EN: "Somebody\nwas quicker"})
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var table, lines bytes.Buffer
	c, err := audit.NewCSV(&table)
	if err != nil {
		t.Fatal(err)
	}
	n := audit.NewNDJSON(&lines)
	err = l.Each(t.Context(), audit.Query{}, func(e audit.Entry) error { return errors.Join(c.Write(e), n.Write(e)) })
	if err := errors.Join(err, c.Flush(), n.Flush()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][10] != "'=1+1" || rows[1][13] != `有人先一步，"请"再看` {
		t.Errorf("%v %q", err, rows)
	}
	var e audit.Entry
	if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Object != "=1+1" || e.Count != 1 {
		t.Errorf("%v %+v", err, e)
	}
}

// A record that takes nothing for a while loses no count; the audit says that it
// is failing, and when room comes back everything is there.
func TestAFullDiskLosesNoCount(t *testing.T) {
	l, store := open(t)
	store.broken.Store(true)
	for range 30 {
		l.Note(guess("li", "198.51.100.9"))
	}
	if err := l.Flush(t.Context()); !errors.Is(err, alert.ErrFull) || l.Failing() == nil {
		t.Fatalf("flush said %v", err)
	}
	l.Note(guess("li", "198.51.100.10"))
	store.broken.Store(false)
	found := all(t, l, audit.Query{})
	if sum(found) != 31 || l.Failing() != nil {
		t.Errorf("%d told of, failing %v", sum(found), l.Failing())
	}
	if found[0].From != "198.51.100.0/24" {
		t.Errorf("two addresses of one network are told as %s", found[0].From)
	}
}

// shelf keeps records in memory, so that the clock can be a bubble's.
type shelf struct {
	audit.Store
	mu   sync.Mutex
	puts []alert.Put
}

func (s *shelf) PutBatch(_ context.Context, puts []alert.Put) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts = append(s.puts, puts...)
	return uint64(len(s.puts)), nil
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.puts)
}

// A new try is on the disk within a second, one that is repeated four times a
// minute, and what is left at the end is written.
func TestWhenItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		l := audit.New(s, known, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		l.Note(guess("li", "198.51.100.9"))
		time.Sleep(time.Second)
		synctest.Wait()
		if s.count() != 1 {
			t.Fatalf("%d records after a second", s.count())
		}
		for range 600 { // ten a second
			l.Note(guess("li", "198.51.100.9"))
			time.Sleep(100 * time.Millisecond)
		}
		if n := s.count(); n < 4 || n > 6 {
			t.Errorf("%d records after a minute of the same", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		total := 0
		for _, p := range s.puts {
			var e audit.Entry
			if err := json.Unmarshal(p.Data, &e); err != nil {
				t.Fatal(err)
			}
			total += e.Count
		}
		if total != 601 {
			t.Errorf("%d tries are told of, want 601", total)
		}
	})
}
