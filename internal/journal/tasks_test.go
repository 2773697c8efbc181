package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// Tasks that are queued already are left alone, the rest is put, and all within
// few syncs.
func TestPutTasksPutsTheRest(t *testing.T) {
	s := openStore(t, t.TempDir())
	var all []string
	for i := range 1200 {
		all = append(all, fmt.Sprintf("task.sms.n1.1.%04x-%04x.1", i, i))
	}
	for _, c := range []struct {
		name     string
		subjects []string
		want     int
	}{
		{"three of them", []string{all[0], all[600], all[1199]}, 3},
		{"all", all, 1197},
		{"all again", all, 0},
		{"one twice", []string{"task.sms.n2.1.0000-0fff.1", "task.sms.n2.1.0000-0fff.1"}, 1},
	} {
		if n, err := s.PutTasks(t.Context(), c.subjects); n != c.want || err != nil {
			t.Errorf("%s: put %d, %v; want %d", c.name, n, err, c.want)
		}
	}
	if _, err := s.Put(t.Context(), alert.Put{Subject: all[0]}); !errors.Is(err, alert.ErrTaken) {
		t.Errorf("one that is queued: %v", err)
	}
}

// A task that a worker gives back comes again; an acknowledged one does not; never
// more are at work than were allowed; and Tasks waits for its handlers.
func TestTasksComeUntilAcknowledged(t *testing.T) {
	s := openStore(t, t.TempDir())
	var subjects []string
	for i := range 20 {
		subjects = append(subjects, fmt.Sprintf("task.sms.n1.1.%04x-%04x.1", i, i))
	}
	if _, err := s.PutTasks(t.Context(), subjects); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var atWork, most, acked atomic.Int64
	var mu sync.Mutex
	seen := map[string]int{}
	err := s.Tasks(ctx, "sms", 3, func(ctx context.Context, task *Task) {
		if n := atWork.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer atWork.Add(-1)
		mu.Lock()
		seen[task.Subject]++
		times := seen[task.Subject]
		mu.Unlock()
		if task.Delivered != times {
			t.Errorf("%s: delivered %d times, seen %d times", task.Subject, task.Delivered, times)
		}
		if err := task.Progress(ctx); err != nil {
			t.Error(err)
		}
		if times == 1 {
			if err := task.Nak(0); err != nil {
				t.Error(err)
			}
			return
		}
		if err := task.Ack(ctx); err != nil {
			t.Error(err)
		}
		if acked.Add(1) == int64(len(subjects)) {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || acked.Load() != 20 || atWork.Load() != 0 || most.Load() > 3 {
		t.Errorf("%d acknowledged, %d at work, %d at most, %v", acked.Load(), atWork.Load(), most.Load(), err)
	}
	if n, err := s.PutTasks(t.Context(), subjects[:1]); n != 1 || err != nil {
		t.Errorf("an acknowledged task could not be put anew: %d, %v", n, err)
	}
}

// A process that dies with tasks in hand must not make the next one wait for
// their time to run out.
func TestRestartFreesTasks(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if _, err := s.PutTasks(t.Context(), []string{"task.sms.n1.1.0000-0fff.1"}); err != nil {
		t.Fatal(err)
	}
	take := func(s *Store, ack bool) {
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		took := false
		s.Tasks(ctx, "sms", 1, func(ctx context.Context, task *Task) {
			took = true
			if ack {
				if err := task.Ack(ctx); err != nil {
					t.Error(err)
				}
			}
			cancel()
		})
		if !took {
			t.Error("the task did not come")
		}
	}
	take(s, false)
	closeStore(t, s)
	take(openStore(t, dir), true)
}
