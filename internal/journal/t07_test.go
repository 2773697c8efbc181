package journal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// T07: bits flip on the disk while the service is down. JetStream starts as if
// nothing had happened, with one event hidden, or thousands. Every flip is found
// before anything is served, and healed from the mirror; the one that hurts nobody
// leaves every event as it was.
func TestT07FlippedBitsAreHealed(t *testing.T) {
	run := faulttest.Begin(t, "T07")
	dir := t.TempDir()
	w := watch(t, dir, GuardConfig{})
	w.story(run.N)
	want := w.events()
	w.stop()
	found := 0
	for i := range run.Times {
		what := flipJournal(t, run.Rand, dir, i%2 == 0)
		began := time.Now()
		w := watch(t, dir, GuardConfig{})
		r := w.Last()
		got := w.events()
		if !r.OK() {
			found++
		} else if len(got) != len(want) {
			t.Fatalf("flip %d, %s: nothing was found and %d events are served, want %d", i, what, len(got), len(want))
		}
		if len(got) < len(want) || !bytes.Equal(bytes.Join(got[:len(want)], nil), bytes.Join(want, nil)) {
			t.Fatalf("flip %d, %s: %d events are served, or others than were written (%d)", i, what, len(got), len(want))
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("flip %d, %s: it took %v", i, what, took)
		}
		if testing.Verbose() {
			t.Logf("flip %d, %s: %v", i, what, r.Damages)
		}
		want = got
		w.stop()
		if w.anew {
			t.Logf("the server that goes round in circles goes on in this process, which a service would have ended: the %d flips left are not tried", run.Times-i-1)
			break
		}
	}
	t.Logf("%d of %d flips were found before serving and healed, the others hurt no event", found, run.Times)
}

// flipJournal flips one bit of the journal's files on the disk, mostly of the
// events, and says which.
func flipJournal(t testing.TB, r *rand.Rand, dir string, keepIndex bool) string {
	t.Helper()
	stream := filepath.Dir(filepath.Dir(blocks(t, dir, alert.StreamJournal)[0]))
	index := filepath.Join(stream, "msgs", "index.db")
	what := "index.db kept"
	if !keepIndex {
		what = "index.db gone, as after a crash"
		if err := os.Remove(index); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	files := blocks(t, dir, alert.StreamJournal)
	if r.IntN(8) == 0 { // what the server knows about the stream
		files = nil
		for _, name := range []string{"meta.inf", "meta.sum", filepath.Join("msgs", "index.db")} {
			if fi, err := os.Stat(filepath.Join(stream, name)); err == nil && fi.Size() > 0 {
				files = append(files, filepath.Join(stream, name))
			}
		}
	}
	path := files[r.IntN(len(files))]
	at, bit := flipIn(t, r, path)
	return fmt.Sprintf("%s byte %d bit %d, %s", filepath.Base(path), at, bit, what)
}

// flipIn flips a random bit of a file.
func flipIn(t testing.TB, r *rand.Rand, path string) (at int64, bit int) {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	at, bit = r.Int64N(fi.Size()), r.IntN(8)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := []byte{0}
	_, err1 := f.ReadAt(b, at)
	b[0] ^= 1 << bit
	_, err2 := f.WriteAt(b, at)
	if err := errors.Join(err1, err2, f.Close()); err != nil {
		t.Fatal(err)
	}
	return at, bit
}

// T07, the outcomes: they have no second copy, so a damaged one is named by the
// scrub, never hidden, and those behind it in the same slice are still read.
func TestT07FlippedOutcomesAreNamed(t *testing.T) {
	run := faulttest.Begin(t, "T07")
	base := t.TempDir()
	slices := writeOutcomes(t, base, 20, 6)
	for i := range max(8, run.Times/4) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
		path := blocks(t, dir, alert.StreamOutcomes)[0]
		at, bit := flipIn(t, run.Rand, path)
		if i%2 == 1 {
			if err := os.Remove(filepath.Join(filepath.Dir(path), "index.db")); err != nil {
				t.Fatal(err)
			}
		}
		w := watch(t, dir, GuardConfig{})
		r, err := w.Scrub(t.Context())
		if err != nil {
			t.Fatalf("flip %d: %v", i, err)
		}
		bad := map[string]bool{}
		for _, d := range r.Slices.Damaged {
			bad[d.Slice] = true
		}
		if r.Slices.Checked != len(slices) || len(bad) == 0 {
			t.Errorf("byte %d bit %d: %d slices compared, %d damaged", at, bit, r.Slices.Checked, len(bad))
		}
		for name, whole := range slices {
			got := readSlice(t, w.store, name)
			if same := bytes.Equal(got, whole); same == bad[name] {
				t.Errorf("byte %d bit %d: slice %s is as written: %v, named as damaged: %v", at, bit, name, same, bad[name])
			}
		}
		w.stop()
	}
}

// writeOutcomes writes slices with their tallies and returns what each holds.
func writeOutcomes(t testing.TB, dir string, slices, messages int) map[string][]byte {
	t.Helper()
	s := openStore(t, dir)
	all := map[string][]byte{}
	hashes := make([][32]byte, slices)
	last := make([]uint64, slices)
	for m := range messages {
		for i := range slices {
			data := alert.AppendOutcomes(nil, []alert.Outcome{{ID: alert.RecipientID{byte(i), byte(m)}, State: alert.StateAccepted, Attempt: 1, At: time.UnixMilli(int64(m))}})
			name := fmt.Sprintf("n1.1.sms.%04x-%04x", i, i)
			seq, err := s.Put(t.Context(), alert.Put{Subject: outcomesOf(name), Data: data})
			if err != nil {
				t.Fatal(err)
			}
			all[name] = append(all[name], data...)
			hashes[i], last[i] = alert.ChainOutcomes(hashes[i], data), seq
		}
	}
	for i := range slices {
		b, err := json.Marshal(alert.Tally{OutcomesSeq: last[i], Hash: hex.EncodeToString(hashes[i][:])})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), alert.Put{Subject: fmt.Sprintf("tally.n1.1.sms.%04x-%04x", i, i), Data: b}); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	return all
}

func outcomesOf(slice string) string {
	p := strings.Split(slice, ".")
	return strings.Join([]string{"outcome", p[2], p[0], p[1], p[3]}, ".")
}

func readSlice(t testing.TB, s *Store, slice string) (all []byte) {
	t.Helper()
	if err := s.Subject(t.Context(), outcomesOf(slice), 1, func(r alert.Record) error { all = append(all, r.Data...); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}
