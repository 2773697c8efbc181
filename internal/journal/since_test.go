package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// A reading by time begins behind what is older, and brings all that is not.
func TestScanSince(t *testing.T) {
	s := openStore(t, t.TempDir())
	put := func(n int, word string) {
		if _, err := s.PutBatch(t.Context(), puts("outcome.sms."+word, n, word)); err != nil {
			t.Fatal(err)
		}
	}
	count := func(since time.Time) (n int) {
		last, err := s.ScanSince(t.Context(), alert.StreamOutcomes, "", since, func(r alert.Record) error {
			if r.At.Before(since) {
				return fmt.Errorf("%d was stored at %v", r.Seq, r.At)
			}
			n++
			return nil
		})
		if want, _ := s.LastSeq(t.Context(), alert.StreamOutcomes); err != nil || last != want {
			t.Errorf("since %v: up to %d, %v", since, last, err)
		}
		return n
	}
	if n := count(time.Now()); n != 0 {
		t.Errorf("an empty stream has %d", n)
	}
	put(300, "old")
	between := time.Now()
	put(200, "new")
	if n := count(between); n != 200 {
		t.Errorf("since between them: %d, want 200", n)
	}
	if n := count(between.Add(-time.Hour)); n != 500 {
		t.Errorf("since an hour ago: %d, want 500", n)
	}
	if n := count(time.Now().Add(3 * clockSlack)); n != 0 {
		t.Errorf("since tomorrow: %d", n)
	}
	// The place is found by the server, not by reading everything.
	if at, err := s.seqAt(t.Context(), alert.StreamOutcomes, between); err != nil || at != 301 {
		t.Errorf("the first at that instant is %d, %v; want 301", at, err)
	}
}

// A message that the server cannot read hides none of those behind it, neither in a
// whole stream nor under a filter, with gaps or without: who reads the roll must not
// lose everybody behind a damaged line.
func TestDamagedMessageHidesNoOther(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	const people = 3000
	var seqs []uint64
	for range 2 { // the second time over the first: gaps of hundreds
		last, err := s.PutBatch(t.Context(), puts("roll.0001", people, "somebody who asked to be warned"))
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, last)
	}
	closeStore(t, s)
	files := blocks(t, dir, alert.StreamRoll)
	fi, err := os.Stat(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	flipByte(t, files[len(files)-1], fi.Size()*3/4)
	if _, err := os.Stat(filepath.Join(filepath.Dir(files[0]), "index.db")); err != nil {
		t.Fatal("without its index the server cuts the block: ", err)
	}
	s, err = Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: silent()})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	for _, filter := range []string{"", "roll.0001.>"} {
		n := 0
		last, err := s.Scan(t.Context(), alert.StreamRoll, filter, 1, func(alert.Record) error { n++; return nil })
		if err != nil || n != people-1 || last != seqs[1] {
			t.Errorf("filter %q: %d of %d, up to %d, %v", filter, n, people-1, last, err)
		}
	}
}

// The same where a whole block of the disk cannot be read: those behind it are found.
func TestUnreadableBlockHidesNoOther(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if _, err := s.PutBatch(t.Context(), puts("roll.0001", 4000, strings.Repeat("x", 2400))); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	files := blocks(t, dir, alert.StreamRoll)
	if len(files) < 2 {
		t.Fatalf("%d blocks, want two", len(files))
	}
	remove(t, files[0])
	if err := os.Mkdir(files[0], 0o700); err != nil { // it can be opened, and reading it fails
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: silent()})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	var first, n uint64
	from := uint64(3300) // most of the block is passed by, to be quick
	_, err = s.Scan(t.Context(), alert.StreamRoll, "", from, func(r alert.Record) error {
		if n++; first == 0 {
			first = r.Seq
		}
		return nil
	})
	if err != nil || n == 0 || first <= from || first+n != 4001 {
		t.Errorf("%d messages from %d on, %v", n, first, err)
	}
	t.Logf("%d messages behind the block, from %d on", n, first)
}
