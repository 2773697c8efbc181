package channels

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// storeQueue fits the real work queue to the engine, as the service does.
type storeQueue struct{ s *journal.Store }

func (q storeQueue) Tasks(ctx context.Context, channel string, held int, handle func(context.Context, TaskHandle)) error {
	return q.s.Tasks(ctx, channel, held, func(ctx context.Context, t *journal.Task) { handle(ctx, storeTask{t}) })
}

type storeTask struct{ *journal.Task }

func (t storeTask) Subject() string                                  { return t.Task.Subject }
func (t storeTask) Delivered() int                                   { return t.Task.Delivered }
func (t storeTask) Nak(_ context.Context, after time.Duration) error { return t.Task.Nak(after) }

func openStore(tb testing.TB, dir string) *journal.Store {
	tb.Helper()
	s, err := journal.Open(tb.Context(), journal.Config{Dir: dir, AllowUnsafeStore: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeStore(tb, s) })
	return s
}

func closeStore(tb testing.TB, s *journal.Store) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		tb.Error(err)
	}
}

func subjects(tasks []alert.Task) (out []string) {
	for _, t := range tasks {
		out = append(out, t.Subject())
	}
	return out
}

// T02, T22 on the real record: the process is killed in the middle of a
// fan-out and the folder opened again; then the notice is retracted. Nobody is
// missed, few are repeated, and the retraction goes to everybody once.
func TestT02TheRealRecordThroughACrashAndARetraction(t *testing.T) {
	const people, slices, window, unrecorded = 3000, 6, 8, 64
	dir := t.TempDir()
	store := openStore(t, dir)
	b := start(t, people, func(b *bench, c *Config) { c.Channels = []Channel{newMemChannel("idle")} })
	b.end()
	if _, err := store.PutTasks(t.Context(), subjects(b.desk.release("sms", "n1", 1, slices, alert.Red, alert.Issue, hour()))); err != nil {
		t.Fatal(err)
	}
	first := newMemChannel("sms")
	first.took, first.window, first.dead = 2*time.Millisecond, window, &atomic.Bool{}
	b.restart(func(b *bench, c *Config) {
		m := mortal{store, storeQueue{store}, first.dead}
		c.Record, c.Queue, c.Channels, c.Unrecorded, c.Grace = m, m, []Channel{first}, unrecorded, time.Millisecond
	})
	b.until(20*time.Second, "a third is sent", func() bool { return len(first.sends()) > people/3 })
	first.dead.Store(true)
	b.end()
	closeStore(t, store)

	store = openStore(t, dir)
	second := newMemChannel("sms")
	second.window = window
	b.restart(func(b *bench, c *Config) {
		c.Record, c.Queue, c.Channels = store, storeQueue{store}, []Channel{second}
	})
	all := func(plan string) (who map[alert.RecipientID]int, n int) {
		who = first.perPerson(plan)
		for id, k := range second.perPerson(plan) {
			who[id] += k
		}
		for _, k := range who {
			n += k
		}
		return who, n
	}
	b.until(40*time.Second, "everybody is reached", func() bool { who, _ := all("n1-1"); return len(who) == people })
	if _, n := all("n1-1"); n-people > unrecorded {
		t.Errorf("%d second copies, at most %d", n-people, unrecorded)
	} else {
		t.Logf("%d second copies", n-people)
	}
	retraction := b.desk.release("sms", "n1", 2, slices, alert.Red, alert.Retract, hour())
	if _, err := store.PutTasks(t.Context(), subjects(retraction)); err != nil {
		t.Fatal(err)
	}
	b.until(20*time.Second, "the retraction is done", func() bool {
		for _, task := range retraction {
			if !storedTally(t, store, task).Closed {
				return false
			}
		}
		return true
	})
	who, n := all("n1-2")
	if len(who) != people || n != people {
		t.Errorf("%d retractions to %d people, want %d to as many", n, len(who), people)
	}
	sum := 0
	for _, task := range retraction {
		sum += storedTally(t, store, task).Counts["accepted"]
	}
	if sum != people {
		t.Errorf("the tallies add up to %d, want %d", sum, people)
	}
	b.end()
}

func storedTally(t *testing.T, s *journal.Store, task alert.Task) alert.Tally {
	t.Helper()
	m := newMemRecord()
	if r, err := s.Get(t.Context(), task.TallySubject()); err == nil {
		m.all[task.TallySubject()] = []alert.Record{r}
	}
	return m.tally(t, task)
}

// BenchmarkRecorder commits the outcomes of sixteen slices of 1,000 in flight
// to the real store, synced; one operation is one slice with its tally.
func BenchmarkRecorder(b *testing.B) {
	store := openStore(b, b.TempDir())
	e, err := NewEngine(Config{Record: store, Channels: []Channel{newMemChannel("sms")}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { defer close(done); e.recorder.run(ctx) }()
	defer func() { cancel(); <-done }()

	const slices, each = 16, 1000
	outcomes := make([][]alert.Outcome, slices)
	for i := range slices * each {
		o := accepted(i, slices*each)
		o.MessageID = "0123456789abcdef"[:8] + string(rune('a'+i%26))
		outcomes[i/each] = append(outcomes[i/each], o)
	}
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for i := range slices {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				if err := e.recordSlice(ctx, int(n), outcomes[i]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N*each)/b.Elapsed().Seconds(), "recipients/s")
}

// recordSlice is a worker's share of the recorder's work, answers in hundreds.
func (e *Engine) recordSlice(ctx context.Context, n int, os []alert.Outcome) error {
	l, err := e.ledgers.open(ctx, alert.Task{Channel: "sms", Notice: "b", Rev: n, Slice: alert.Slice{Hi: alert.Buckets - 1}})
	if err != nil {
		return err
	}
	defer e.ledgers.release(l)
	for i := range os {
		e.recorder.add(l, os[i])
	}
	l.found(found{expected: len(os), whole: true, resting: true})
	return e.recorder.flush(ctx, l)
}
