package roll_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// shy is a record that does as it is told to some batches: refuses them, loses
// their answer, or holds them up.
type shy struct {
	*journal.Store
	mu    sync.Mutex
	batch int
	next  func(batch int) error // before the batch is put; alert.ErrUnknown puts it and loses the answer
}

func (s *shy) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	s.mu.Lock()
	s.batch++
	err := s.next(s.batch)
	s.mu.Unlock()
	if err != nil && !errors.Is(err, alert.ErrUnknown) {
		return 0, err
	}
	seq, putErr := s.Store.PutBatch(ctx, puts)
	if err != nil {
		return 0, errors.Join(err, putErr)
	}
	return seq, putErr
}

// shyTown is a roll on the real record that the test can trouble.
func shyTown(t testing.TB, next func(batch int) error) (*roll.Roll, *shy) {
	t.Helper()
	_, store := onDisk(t)
	s := &shy{Store: store, next: next}
	return roll.New(s, roll.NewKeys(), alert.Foshan(), roll.Rules{Sample: true}), s
}

func importSamples(t testing.TB, r *roll.Roll, n int) (roll.Report, error) {
	t.Helper()
	return r.Import(t.Context(), noon, roll.SampleRows(alert.Foshan(), n, 0), roll.ImportOptions{})
}

// active counts who is on the roll, each once.
func active(t testing.TB, r *roll.Roll) int {
	t.Helper()
	counts, err := r.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return counts[roll.SMS].Active
}

// Every third batch is stored but its answer lost, as when a cluster's leader
// changes. The import looks before it repeats: everybody is there, nobody was
// written twice, and the report counts everybody as what they were.
func TestLostAnswersCostAnImportNothing(t *testing.T) {
	r, store := shyTown(t, func(batch int) error {
		if batch%3 == 0 {
			return alert.ErrUnknown
		}
		return nil
	})
	rep, err := importSamples(t, r, 10_000)
	if err != nil || rep.Joined != 10_000 || rep.Rows != 10_000 || rep.Line != 10_000 {
		t.Fatalf("%+v, %v", rep, err)
	}
	last, err := store.LastSeq(t.Context(), alert.StreamRoll)
	if err != nil || last != 10_000 || rep.LastSeq != last {
		t.Fatalf("the stream ends at %d, %v; the report says %d", last, err, rep.LastSeq)
	}
}

// While a file is imported its people join by themselves, change their minds and
// leave. Nobody's own act is overwritten by a batch that was read before it.
func TestPeopleWhoActDuringAnImportAreHeard(t *testing.T) {
	var r *roll.Roll
	ctx := context.WithoutCancel(t.Context())
	person := func(n int) string { return fmt.Sprintf("+86154%08d", n) }
	r, _ = shyTown(t, func(batch int) error {
		if batch != 2 {
			return nil
		}
		err := r.Leave(ctx, roll.SMS, person(1500), noon, noon.Add(time.Hour))
		return errors.Join(err, r.Erase(ctx, roll.SMS, person(2500), noon))
	})
	rep, err := importSamples(t, r, 5000)
	if err != nil || rep.Rows != 5000 || rep.Suppressed == 0 || rep.Joined+rep.Suppressed != 5000 {
		t.Fatalf("%+v, %v", rep, err)
	}
	for _, n := range []int{1500, 2500} {
		s, err := r.Find(ctx, roll.SMS, person(n))
		if err != nil || s.State == roll.Active {
			t.Errorf("person %d was brought back: %v %v", n, s.State, err)
		}
	}
}

// The disk runs full in the middle. The import says behind which line it
// stopped, everything before is in, and running it again goes on.
func TestAnImportThatCannotGoOnSaysWhereAndGoesOnLater(t *testing.T) {
	full := true
	r, _ := shyTown(t, func(batch int) error {
		if full && batch > 4 {
			return fmt.Errorf("put: %w", alert.ErrFull)
		}
		return nil
	})
	rep, err := importSamples(t, r, 20_000)
	if !errors.Is(err, alert.ErrFull) || rep.Line != 4000 || rep.Rows != 4000 || rep.Joined != 4000 || !strings.Contains(err.Error(), "line 4000") {
		t.Fatalf("%+v, %v", rep, err)
	}
	if n := active(t, r); n != 4000 {
		t.Fatalf("%d are on the roll", n)
	}
	full = false
	again, err := importSamples(t, r, 20_000)
	if err != nil || again.Unchanged != 4000 || again.Joined != 16_000 {
		t.Fatalf("again: %+v, %v", again, err)
	}
}

// Somebody gives up in the middle (Ctrl-C). Batches under way are seen through,
// so the report is exact.
func TestAnImportCalledOffIsCountedExactly(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r, _ := shyTown(t, func(int) error { return nil })
	seen := 0
	rep, err := r.Import(ctx, noon, roll.SampleRows(alert.Foshan(), 50_000, 0), roll.ImportOptions{Progress: func(p roll.Report) {
		if p.Rows <= seen || p.Line != p.Rows {
			t.Errorf("progress went from %d to %+v", seen, p)
		}
		if seen = p.Rows; seen == 5000 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) || rep.Rows < 5000 || rep.Rows > 15_000 || rep.Joined != rep.Rows {
		t.Fatalf("%+v, %v", rep, err)
	}
	if n := active(t, r); n != rep.Joined {
		t.Fatalf("%d are on the roll, the report says %d", n, rep.Joined)
	}
}

// An office lists a person once for every place they asked about. The later row
// counts, also when the rows are far apart, and it costs no batch of its own.
func TestOfTwoRowsAboutOnePersonTheLaterCounts(t *testing.T) {
	r, store := shyTown(t, func(int) error { return nil })
	towns := []string{"440604012", "440604011", "440604010"}
	rows := func(yield func(roll.Row, error) bool) {
		for i := range 6000 {
			s := roll.Subscription{Channel: roll.SMS, Address: fmt.Sprintf("154%08d", i/2), Areas: []string{towns[i%2]}}
			if i == 5999 {
				s.Address, s.Areas = "15400000000", []string{towns[2]} // the very first again
			}
			if !yield(roll.Row{Line: i + 1, Sub: s}, nil) {
				return
			}
		}
	}
	rep, err := r.Import(t.Context(), noon, rows, roll.ImportOptions{})
	if err != nil || rep.Rows != 6000 || rep.Joined != 3000 || rep.Changed != 3000 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if store.batch > 12 {
		t.Errorf("6,000 rows took %d batches", store.batch)
	}
	for n, want := range map[int]string{0: towns[2], 1: towns[1], 2998: towns[1], 2999: towns[0]} {
		s, err := r.Find(t.Context(), roll.SMS, fmt.Sprintf("154%08d", n))
		if err != nil || !slices.Equal(s.Areas, []string{want}) {
			t.Errorf("person %d wants %v (%v), the later row said %s", n, s.Areas, err, want)
		}
	}
}

// A file of nothing but wrong rows costs no more memory than any other, and
// every row of it is told, in order.
func TestRejectedRowsAreToldInOrder(t *testing.T) {
	r, _ := town(t)
	var rows iter.Seq2[roll.Row, error] = func(yield func(roll.Row, error) bool) {
		for i := range 10_000 {
			s := roll.Subscription{Channel: roll.SMS, Address: fmt.Sprintf("154%08d", i), Areas: []string{"440604"}}
			if i%4 != 0 {
				s.Areas = []string{"999999"}
			}
			if !yield(roll.Row{Line: i + 2, Sub: s}, nil) {
				return
			}
		}
	}
	last := 0
	told := 0
	rep, err := r.Import(t.Context(), noon, rows, roll.ImportOptions{Rejected: func(x roll.Rejection) error {
		if x.Line <= last || x.Problems[0].Line != x.Line {
			t.Errorf("line %d (%d) after %d", x.Line, x.Problems[0].Line, last)
		}
		last, told = x.Line, told+1
		return nil
	}})
	if err != nil || rep.Rejected != 7500 || told != 7500 || rep.Joined != 2500 {
		t.Fatalf("%+v, %v, %d told", rep, err, told)
	}
	stop := errors.New("the list's disk is full")
	_, err = r.Import(t.Context(), noon, rows, roll.ImportOptions{Rejected: func(roll.Rejection) error { return stop }})
	if !errors.Is(err, stop) {
		t.Fatalf("a list that cannot be written: %v", err)
	}
}
