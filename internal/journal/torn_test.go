package journal

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// T12: the disk runs full in the middle of storing one act of three events, so
// that a part of it is in the journal. Nobody is told that it is done. Whoever
// starts the service again on the full disk is told why it does not start; when
// there is room, the act is whole.
func TestT12AnActIsWholeOnAFullDisk(t *testing.T) {
	disk, s, d := stoppedInAnAct(t)
	closeStore(t, s)
	refused, err := Open(t.Context(), Config{Dir: disk.Dir, AllowUnsafeStore: true, Log: silent()})
	if err == nil {
		closeStore(t, refused)
	}
	if !errors.Is(err, alert.ErrFull) || !strings.Contains(err.Error(), "an act was being stored") {
		t.Errorf("started on the full disk: %v", err)
	}
	disk.Clear()
	b := openBook(t, openStore(t, disk.Dir))
	if got, want := b.Seq(), d.head+uint64(len(d.events)); got != want {
		t.Errorf("the journal ends with event %d, want %d: the act is not whole", got, want)
	}
	if _, err := b.Do(t.Context(), always(reached(t, "after"))); err != nil {
		t.Error(err)
	}
}

// A part of an act whose rest is lost is named at the start, and the record serves.
func TestT12APartOfAnActIsNamed(t *testing.T) {
	disk, s, d := stoppedInAnAct(t)
	closeStore(t, s)
	disk.Clear()
	staged, err := filepath.Glob(filepath.Join(storeDir(s.conf), "jetstream", "*", "streams", alert.StreamJournal, "batches"))
	if err != nil || len(staged) != 1 {
		t.Fatalf("staged in %v, %v", staged, err)
	}
	if err := os.RemoveAll(staged[0]); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	s, err = Open(t.Context(), Config{Dir: disk.Dir, AllowUnsafeStore: true, Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	b := openBook(t, s)
	if b.Seq() != d.head+1 {
		t.Fatalf("the journal ends with event %d, want %d: the part that was stored", b.Seq(), d.head+1)
	}
	if _, err := b.Do(t.Context(), always(reached(t, "after"))); err != nil {
		t.Error(err)
	}
	closeStore(t, s) // nobody writes the log any more
	if !strings.Contains(said.String(), "only a part of the last act") {
		t.Errorf("nobody is told: %s", &said)
	}
}

// stoppedInAnAct is a record on a full disk, with a part of an act in its journal.
// What became of the act is not known to the one who did it.
func stoppedInAnAct(t *testing.T) (*faulttest.Disk, *Store, draft) {
	t.Helper()
	faulttest.Begin(t, "T12") // needs root
	disk := faulttest.NewDisk(t, 1<<30)
	s := openStore(t, disk.Dir)
	b := openBook(t, s)
	if _, err := b.Do(t.Context(), always(reached(t, "before"))); err != nil {
		t.Fatal(err)
	}
	d, commit := half(t, disk, b)
	short, cancel := context.WithTimeout(t.Context(), ackWait)
	defer cancel()
	defer context.AfterFunc(s.ice.current(), cancel)()
	_, unknown := s.request(short, commit)
	if seq, err := b.readBack(t.Context(), d, unknown); !errors.Is(err, alert.ErrUnknown) {
		t.Fatalf("an act that met the full disk: event %d, %v", seq, err)
	}
	if _, err := s.getOne(t.Context(), alert.StreamJournal, getRequest{Seq: d.head + 1}); err != nil {
		t.Fatalf("no part of it is there, so nothing is tried here: %v", err)
	}
	return disk, s, d
}

// half stages an act up to its last message and takes the room for most of it: the
// server writes the staged events into the journal only behind that message.
func half(t *testing.T, disk *faulttest.Disk, b *Book) (d draft, commit *nats.Msg) {
	t.Helper()
	long := strings.Repeat("x", 30<<10)
	d, err := b.decide(always(keySet(t, "1"+long), keySet(t, "2"+long), reached(t, "third")))
	if err != nil {
		t.Fatal(err)
	}
	id := b.store.nextBatch()
	for i, m := range d.msgs {
		m.Header.Set(hdrBatchID, id)
		m.Header.Set(hdrBatchSeq, strconv.Itoa(i+1))
	}
	for _, m := range d.msgs[:2] { // each is answered when it is staged
		if _, err := b.store.nc.RequestMsgWithContext(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	disk.Fill()
	disk.Spare(48 << 10)
	commit = d.msgs[2]
	commit.Header.Set(hdrBatchCommit, "1")
	return d, commit
}
