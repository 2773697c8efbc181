package channels

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

func slicesOf(notice string, n int) []alert.Task {
	var ts []alert.Task
	for i := range n {
		s := alert.Slice{Lo: uint16(i * alert.Buckets / n), Hi: uint16((i+1)*alert.Buckets/n - 1)}
		ts = append(ts, alert.Task{Channel: "sms", Notice: notice, Rev: 1, Slice: s, Attempt: 1})
	}
	return ts
}

func accepted(i, n int) alert.Outcome {
	return alert.Outcome{ID: personID(i, n), State: alert.StateAccepted, Final: true, Attempt: 1, At: time.UnixMilli(1785564000000).UTC()}
}

// One slice of sixteen was written by somebody else: the record refuses the
// batch whole; the fifteen are committed all the same, and the stale one after
// it was read again.
func TestOneStaleSliceDoesNotHoldTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 0, func(b *bench, c *Config) { b.record.lag = 5 * time.Millisecond })
		tasks := slicesOf("n1", 16)
		var ls []*ledger
		for _, task := range tasks {
			l, err := b.eng.ledgers.open(t.Context(), task)
			if err != nil {
				t.Fatal(err)
			}
			defer b.eng.ledgers.release(l)
			ls = append(ls, l)
		}
		other := alert.Outcome{ID: personID(7, 16), State: alert.StateDelivered, Final: true, Attempt: 1, At: time.Now()}
		b.record.append(t, tasks[3], other)
		for i, l := range ls {
			b.eng.recorder.add(l, accepted(i, 16), accepted(i+100, 16))
		}
		for i, l := range ls {
			if err := b.eng.recorder.flush(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			want := 2
			if i == 3 {
				want = 3
			}
			if n := len(b.record.outcomes(t, tasks[i])); n != want {
				t.Errorf("slice %d has %d outcomes, want %d", i, n, want)
			}
			if y := b.record.tally(t, tasks[i]); y.OutcomesSeq != l.at() {
				t.Errorf("tally of slice %d counts up to %d of %d", i, y.OutcomesSeq, l.at())
			}
		}
		b.end()
	})
}

// A commit without an answer was done, or was not. Either way every outcome is
// in the record once.
func TestACommitWithoutAnAnswerIsReadBack(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored=%v", stored), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, 50, func(b *bench, c *Config) {
					calls := 0
					b.record.fault = func([]alert.Put) (bool, error) {
						if calls++; calls%3 == 1 {
							return stored, fmt.Errorf("put: %w", alert.ErrUnknown)
						}
						return false, nil
					}
				})
				task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
				b.queue.put(task)
				b.until(time.Minute, "the queue is empty", b.drained)
				seen := map[alert.RecipientID]int{}
				for _, o := range b.record.outcomes(t, task) {
					seen[o.ID]++
				}
				for _, m := range b.desk.members {
					if seen[m.ID] != 1 {
						t.Errorf("%d outcomes of one person, want 1", seen[m.ID])
					}
				}
				b.end()
			})
		})
	}
}

// The disk is full: hand-overs stop at the bound of unrecorded answers, there
// is an alarm, and when there is room again everything goes on.
func TestAFullRecordHoldsTheHandOvers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		b := start(t, 200, func(b *bench, c *Config) {
			c.Unrecorded = 20
			b.record.fault = func([]alert.Put) (bool, error) {
				if full.Load() {
					return false, alert.ErrFull
				}
				return false, nil
			}
		})
		full.Store(true)
		b.queue.put(b.desk.release("sms", "n1", 1, 2, alert.Red, alert.Issue, hour())...)
		time.Sleep(30 * time.Second)
		if n := len(b.ch.sends()); n != 20 {
			t.Errorf("%d sent while nothing could be recorded, want 20 by both slices", n)
		}
		if a := <-b.alarms; a.Kind != AlarmRecord || a.Over {
			t.Errorf("alarm %+v", a)
		}
		full.Store(false)
		b.until(time.Minute, "the queue is empty", b.drained)
		if n := len(b.ch.sends()); n != 200 {
			t.Errorf("%d sent, want 200", n)
		}
		if a := <-b.alarms; !a.Over {
			t.Errorf("alarm %+v", a)
		}
		b.end()
	})
}

// The tally of a running slice is stored every second, so that the console
// moves.
func TestTheTallyOfARunningSliceIsASecondOldAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 100, func(b *bench, c *Config) { b.ch.took = 100 * time.Millisecond })
		task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.queue.put(task)
		time.Sleep(5*time.Second + 10*time.Millisecond)
		if y := b.record.tally(t, task); y.Counts["accepted"] < 38 || y.Expected != 100 || y.Closed {
			t.Errorf("after 5 s at 10 a second: %+v", y)
		}
		b.until(time.Minute, "the queue is empty", b.drained)
		if n := len(b.record.all[task.TallySubject()]); n > 13 {
			t.Errorf("%d tallies in 10 s", n)
		}
		b.end()
	})
}
