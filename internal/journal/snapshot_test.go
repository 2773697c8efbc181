package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats-server/v2/server/archive"

	"mingluo/internal/alert"
)

// A record is copied while everything in it is written: events are appended, the
// roll's subscriptions change and leave, outcomes come in. Restored into an empty
// folder it has every stream with its sequences and times, its chain holds, and
// every subject that was there when its copy ended has its newest message.
func TestARecordIsCopiedUnderLoadAndRestored(t *testing.T) {
	from := openStore(t, t.TempDir())
	book := openBook(t, from)
	const people = 3000
	seedRoll(t, from, people)
	load := startLoad(t, from, book, people)
	copies, snaps := copyAll(t, from)
	load.stop()

	dir := t.TempDir()
	into := restoreAll(t, dir, copies, snaps)
	for _, snap := range snaps {
		if err := into.Compare(t.Context(), snap, bytes.NewReader(copies[snap.Stream])); err != nil {
			t.Error(err)
		}
		if last, err := into.LastSeq(t.Context(), snap.Stream); err != nil || last != snap.Last {
			t.Errorf("%s ends with %d, %v, want %d", snap.Stream, last, err, snap.Last)
		}
	}
	again := openBook(t, into)
	again.Read(func(st *alert.State) {
		if st.Seq != snaps[0].Last || st.Head != snaps[0].Head || st.Seq < 2 {
			t.Errorf("the journal ends with event %d, %s; the copy with %d, %s", st.Seq, st.Head, snaps[0].Last, snaps[0].Head)
		}
	})
	seen := map[string]bool{}
	if _, err := into.Scan(t.Context(), alert.StreamRoll, "", 1, func(r alert.Record) error { seen[r.Subject] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(seen) != people {
		t.Errorf("%d of %d subscriptions are in the restored roll", len(seen), people)
	}
	if _, err := into.PutBatch(t.Context(), puts("roll.0001.new", 10, "x")); err != nil {
		t.Errorf("the restored record takes nothing: %v", err)
	}
}

func seedRoll(t *testing.T, s *Store, people int) {
	t.Helper()
	var all []alert.Put
	for i := range people {
		all = append(all, alert.Put{Subject: rollSubject(i), Data: []byte("as it was")})
	}
	if _, err := s.PutBatch(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func rollSubject(i int) string { return fmt.Sprintf("roll.%04d.p%d", i%50, i) }

// load writes to a record until it is stopped.
type load struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startLoad(t *testing.T, s *Store, b *Book, people int) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	loop := func(what func(i int) error) {
		l.done.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := what(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	begun := make(chan struct{}, 3)
	loop(func(i int) error {
		_, err := s.Put(t.Context(), alert.Put{Subject: rollSubject(i * 7 % people), Data: []byte("as it is"), Delete: i%5 == 0})
		if i == 0 {
			begun <- struct{}{}
		}
		return err
	})
	loop(func(i int) error {
		_, err := s.PutBatch(t.Context(), puts(fmt.Sprintf("outcome.sms.n%d.1", i), 20, "o"))
		if i == 0 {
			begun <- struct{}{}
		}
		return err
	})
	loop(func(i int) error {
		_, err := b.Do(t.Context(), func(*alert.State) ([]alert.Event, error) {
			e, err := alert.NewEvent(time.Now(), "system", alert.Drill, "roll", alert.KeySet{Fingerprint: fmt.Sprint(i)})
			return []alert.Event{e}, err
		})
		if i == 0 {
			begun <- struct{}{}
		}
		return err
	})
	for range cap(begun) {
		<-begun
	}
	return l
}

func (l *load) stop() { l.cancel(); l.done.Wait() }

func copyAll(t *testing.T, s *Store) (map[string][]byte, []Snapshot) {
	t.Helper()
	copies := map[string][]byte{}
	var snaps []Snapshot
	for _, stream := range SnapshotStreams() {
		var w bytes.Buffer
		snap, err := s.Snapshot(t.Context(), stream, &w)
		if err != nil {
			t.Fatal(err)
		}
		copies[stream], snaps = w.Bytes(), append(snaps, snap)
	}
	return copies, snaps
}

func restoreAll(t *testing.T, dir string, copies map[string][]byte, snaps []Snapshot) *Store {
	t.Helper()
	c := Config{Dir: dir, AllowUnsafeStore: true}
	r, err := OpenEmpty(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, snap := range snaps {
		if err := r.Restore(t.Context(), snap, bytes.NewReader(copies[snap.Stream])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Finish(t.Context()), EndRestore(dir)); err != nil {
		t.Fatal(err)
	}
	return openStore(t, dir)
}

// What is restored half is not opened, and what is there is not overwritten.
func TestRestoringIsForEmptyFoldersAndWholeOrNothing(t *testing.T) {
	from := openStore(t, t.TempDir())
	seedRoll(t, from, 100)
	copies, snaps := copyAll(t, from)
	if _, err := OpenEmpty(t.Context(), Config{Dir: from.conf.Dir, AllowUnsafeStore: true}); !errors.As(err, new(*NotEmptyError)) {
		t.Errorf("restoring over a record: %v", err)
	}
	dir := t.TempDir()
	r, err := OpenEmpty(t.Context(), Config{Dir: dir, AllowUnsafeStore: true})
	if err != nil {
		t.Fatal(err)
	}
	roll := snaps[1]
	cut := copies[alert.StreamRoll]
	if err := r.Restore(t.Context(), roll, bytes.NewReader(cut[:len(cut)/2])); err == nil {
		t.Error("a cut copy was restored without an error")
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true}); err == nil {
		t.Error("a folder that was restored half was opened")
	}
	if err := os.Remove(filepath.Join(dir, unfinished)); err != nil {
		t.Fatal(err)
	}
}

// A copy of an empty stream, and one whose last messages are gone.
func TestEmptyAndAgedStreamsKeepTheirSequences(t *testing.T) {
	from := openStore(t, t.TempDir())
	if _, err := from.PutBatch(t.Context(), puts("answer.sms", 30, "a")); err != nil {
		t.Fatal(err)
	}
	st, err := from.js.Stream(t.Context(), alert.StreamAnswers)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	copies, snaps := copyAll(t, from)
	into := restoreAll(t, t.TempDir(), copies, snaps)
	seq, err := into.Put(t.Context(), alert.Put{Subject: "answer.sms.next"})
	if err != nil || seq != 31 {
		t.Errorf("the next answer is %d, %v, want 31", seq, err)
	}
	if seq, err = into.Put(t.Context(), alert.Put{Subject: "draft.first"}); err != nil || seq != 1 {
		t.Errorf("the first draft is %d, %v", seq, err)
	}
}

// Why the server's own snapshot is not used: it holds the messages up to a
// sequence noted when it begins, and those of them that were overwritten before
// they were read are in it neither as they were nor as they are. When this test
// fails the server has learned it, and [Store.Snapshot] can become one call.
func TestTheServersOwnSnapshotForgetsWhatChangesMeanwhile(t *testing.T) {
	s := openStore(t, t.TempDir())
	const subjects = 200
	rnd := rand.NewChaCha8([32]byte{1})
	all := make([]alert.Put, subjects) // 8 MB that cannot be compressed: more than what is read ahead
	for i := range all {
		all[i] = alert.Put{Subject: rollSubject(i), Data: make([]byte, 40<<10)}
		rnd.Read(all[i].Data)
	}
	change := func() {
		t.Helper()
		if _, err := s.PutBatch(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	change()
	got := serverSnapshot(t, s, alert.StreamRoll, change)
	t.Logf("%d of %d subjects are in the server's snapshot", len(got), subjects)
	if len(got) == subjects {
		t.Error("the server's snapshot is whole now: use it")
	}
}

// serverSnapshot asks the server for a snapshot, lets something happen at its
// first piece, and returns the subjects in it.
func serverSnapshot(t *testing.T, s *Store, stream string, happen func()) map[string]bool {
	t.Helper()
	pieces, err := s.nc.SubscribeSync(s.nc.NewInbox())
	if err != nil {
		t.Fatal(err)
	}
	ask, err := json.Marshal(map[string]any{"deliver_subject": pieces.Subject, "chunk_size": 1024, "window_size": 1024, "no_consumers": true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.nc.Request("$JS.API.STREAM.SNAPSHOT."+stream, ask, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	for first := true; ; first = false {
		m, err := pieces.NextMsg(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Data) == 0 {
			break
		}
		if whole.Write(m.Data); first {
			happen()
		}
		if m.Reply != "" {
			if err := m.Respond(nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := map[string]bool{}
	for in := archive.NewReader(s2.NewReader(&whole)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) || err == nil && h.Sequence == 0 && h.Name == "" {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Sequence > 0 {
			got[h.Name] = true
		}
	}
}

func FuzzReadSnapshot(f *testing.F) {
	var w bytes.Buffer
	c := newCopier(alert.StreamRoll, &w)
	for i, r := range []alert.Record{{Subject: "roll.1.a", Data: []byte("x")}, {Subject: "roll.1.b", Deleted: true}} {
		r.Seq, r.At = uint64(i+1), time.Unix(1, 0)
		if err := c.add(r); err != nil {
			f.Fatal(err)
		}
	}
	if err := errors.Join(c.end(), c.enc.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(w.Bytes())
	f.Add([]byte("\xff\x06\x00\x00S2sTwO"))
	f.Fuzz(func(t *testing.T, b []byte) {
		last := uint64(0)
		_ = ReadSnapshot(bytes.NewReader(b), func(r alert.Record) error { // any error will do, no panic and no nonsense
			if r.Seq <= last || checkSubject(r.Subject) != nil || len(r.Data) > maxPayload {
				t.Errorf("read %d %q behind %d", r.Seq, r.Subject, last)
			}
			last = r.Seq
			return nil
		})
	})
}
