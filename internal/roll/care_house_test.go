package roll_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// house is a roll on disk that is looked after, as a process has it.
type house struct {
	t     *testing.T
	dir   string
	store *journal.Store
	book  *journal.Book
	keys  *roll.Keys
	roll  *roll.Roll
	care  *roll.Care
	index *audience.Memory
	stop  context.CancelFunc
	loops sync.WaitGroup

	atStep func(name string) error // of a rebuild; nil does nothing
}

func (h *house) keysPath() string { return filepath.Join(h.dir, "keys.json") }
func (h *house) shelf() string    { return filepath.Join(h.dir, "roll") }

// newHouse makes a place for a roll; open begins a process in it.
func newHouse(t *testing.T) *house {
	h := &house{t: t, dir: t.TempDir()}
	t.Cleanup(func() {
		if h.store != nil {
			h.die()
		}
	})
	return h
}

func (h *house) open() *house {
	h.t.Helper()
	if err := h.tryOpen(); err != nil {
		h.t.Fatal(err)
	}
	return h
}

// comesUp opens, also when a flipped bit sends the server's recovery round in
// circles: then the stream's folder is set aside, and the next start makes it anew.
// It reports whether that was so.
func (h *house) comesUp() (anew bool) {
	h.t.Helper()
	err := h.tryOpen()
	stuck, ok := errors.AsType[*journal.StuckError](err)
	if !ok {
		h.do(err)
		return false
	}
	h.t.Log(err)
	if stuck.Aside == "" || stuck.Stream != alert.StreamRoll {
		h.t.Fatal("the roll was not set aside")
	}
	h.do(h.tryOpen())
	return true
}

func (h *house) tryOpen() (err error) {
	ctx := context.Background()
	if h.store, err = journal.Open(ctx, journal.Config{Dir: h.dir, AllowUnsafeStore: true}); err != nil {
		return err
	}
	if h.book, err = h.store.OpenBook(ctx); err != nil {
		return err
	}
	if h.keys, err = roll.OpenKeys(h.keysPath()); err != nil {
		return err
	}
	if known := h.known(); known.Keys == "" {
		if err := h.record(ctx, alert.KeySet{Fingerprint: h.keys.Fingerprint()}); err != nil {
			return err
		}
	} else if fp := h.keys.Fingerprint(); fp != known.Keys && fp != known.KeysNext {
		return fmt.Errorf("keys %s are neither %s nor %s", fp, known.Keys, known.KeysNext)
	}
	h.roll = roll.New(h.store, h.keys, alert.Foshan(), roll.Rules{Sample: true})
	h.care, err = roll.NewCare(roll.CareConfig{
		Dir: h.shelf(), Check: time.Hour, Every: 24 * time.Hour, Ground: h.store, Roll: h.roll, Keys: h.keys, KeysPath: h.keysPath(),
		Record: h.record, Known: h.known,
	})
	if err != nil {
		return err
	}
	if h.atStep != nil {
		h.care.AtStep(h.atStep)
	}
	err = h.care.Open(ctx, func(ctx context.Context) (roll.Index, error) {
		h.index = audience.NewMemory(h.keys, alert.Foshan(), quiet())
		return h.index, h.index.Build(ctx, h.store)
	})
	if err != nil {
		return err
	}
	ctx, h.stop = context.WithCancel(ctx)
	h.loops.Go(func() {
		if err := h.index.Run(ctx, h.store); err != nil {
			h.t.Error(err)
		}
	})
	h.loops.Go(func() { _ = h.care.Run(ctx) })
	return nil
}

func (h *house) record(ctx context.Context, f alert.Fact) error {
	_, err := h.book.Do(ctx, func(*alert.State) ([]alert.Event, error) {
		e, err := alert.NewEvent(time.Now(), "system", alert.Drill, "roll", f)
		return []alert.Event{e}, err
	})
	return err
}

func (h *house) known() (known alert.RollState) {
	h.book.Read(func(st *alert.State) { known = st.RollState })
	return known
}

// close ends the process as it should end.
func (h *house) close() {
	h.t.Helper()
	h.stop()
	h.loops.Wait()
	if err := errors.Join(h.care.Close(), h.book.Close(), h.store.Close(context.Background())); err != nil {
		h.t.Fatal(err)
	}
	h.store = nil
}

// die ends it in the middle: nothing that was not written yet is written.
func (h *house) die() {
	h.t.Helper()
	if h.stop != nil {
		h.stop()
		h.loops.Wait()
		h.stop = nil
	}
	if err := h.store.Close(context.Background()); err != nil {
		h.t.Error(err)
	}
	h.store = nil
}

// joins has n sample people join at once.
func (h *house) joins(n int) []roll.Subscription {
	h.t.Helper()
	people := roll.Sample(alert.Foshan(), n, n/4)
	rows := func(yield func(roll.Row, error) bool) {
		for i, s := range people {
			if !yield(roll.Row{Line: i + 1, Sub: s}, nil) {
				return
			}
		}
	}
	rep, err := h.roll.Import(context.Background(), time.Now(), rows, roll.ImportOptions{})
	if err != nil || rep.Joined != len(people) {
		h.t.Fatal(rep, err)
	}
	h.heard()
	return people
}

// heard waits until the index and the log of changes have everything.
func (h *house) heard() {
	h.t.Helper()
	last, err := h.store.LastSeq(context.Background(), alert.StreamRoll)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.index.WaitFor(context.Background(), last); err != nil {
		h.t.Fatal(err)
	}
	if err := h.care.Flush(); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) do(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// everybody is what the roll's stream says of everybody, by id: state, wishes and
// address, whatever sequence they have.
func (h *house) everybody() map[alert.RecipientID]roll.Subscription {
	h.t.Helper()
	all := map[alert.RecipientID]roll.Subscription{}
	h.do(h.roll.Each(context.Background(), func(s roll.Subscription) error { all[s.ID] = s; return nil }))
	return all
}

func same(t *testing.T, have, want map[alert.RecipientID]roll.Subscription) {
	t.Helper()
	for id, w := range want {
		if h, there := have[id]; !there || fmt.Sprint(h) != fmt.Sprint(w) {
			t.Errorf("%s is %v (%v), want %v", id, h, there, w)
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d people, want %d", len(have), len(want))
	}
}

// blocks are the files that hold the roll's messages.
func (h *house) blocks() []string {
	h.t.Helper()
	paths, err := filepath.Glob(filepath.Join(h.dir, "js/jetstream/*/streams/ROLL/msgs/*.blk"))
	if err != nil || len(paths) == 0 {
		h.t.Fatal(paths, err)
	}
	return paths
}

// flip flips one bit of a file.
func (h *house) flip(path string, at int64, bit int) {
	h.t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	h.do(err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	h.do(err)
	b[0] ^= 1 << bit
	_, err = f.WriteAt(b[:], at)
	h.do(err)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
