package channels

import (
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

// What a channel reports is completed and, where it says what it may not,
// corrected; nothing is put off past the notice's end.
func TestReportsAreCompleted(t *testing.T) {
	now := time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)
	until := now.Add(time.Hour)
	first, second := Recipient{ID: personID(1, 2), Attempt: 1}, Recipient{ID: personID(1, 2), Attempt: 2, Repeat: true}
	for _, c := range []struct {
		name   string
		r      Recipient
		in     alert.Outcome
		state  alert.OutcomeState
		final  bool
		before time.Time
	}{
		{"accepted", first, alert.Outcome{State: alert.StateAccepted}, alert.StateAccepted, true, time.Time{}},
		{"the first silence is not the last word", first, alert.Outcome{State: alert.StateUnsure}, alert.StateUnsure, false, time.Time{}},
		{"the second is", second, alert.Outcome{State: alert.StateUnsure}, alert.StateUnsure, true, time.Time{}},
		{"deferred", first, alert.Outcome{State: alert.StateDeferred, NotBefore: now.Add(time.Minute)}, alert.StateDeferred, false, now.Add(time.Minute)},
		{"deferred without when", first, alert.Outcome{State: alert.StateDeferred}, alert.StateDeferred, false, now.Add(time.Second)},
		{"deferred past the end", first, alert.Outcome{State: alert.StateDeferred, NotBefore: until}, alert.StateExpired, true, time.Time{}},
		{"deferred past the end, and the first copy may have arrived", second, alert.Outcome{State: alert.StateDeferred, NotBefore: until}, alert.StateUnsure, true, time.Time{}},
		{"a state that no channel reports", first, alert.Outcome{State: alert.StateClosed}, alert.StateUnsure, false, time.Time{}},
	} {
		o := complete(c.in, &c.r, now, until)
		if o.State != c.state || o.Final != c.final || !o.NotBefore.Equal(c.before) || o.ID != c.r.ID || o.Attempt != c.r.Attempt || o.Repeat != c.r.Repeat || o.At != now {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
}

// A second try that was put off leaves the first one unsure.
func TestAPostponedSecondTryStaysUnsure(t *testing.T) {
	l := newLedger(alert.Task{Channel: "sms"}, nil)
	now := time.Now()
	id := personID(1, 2)
	l.apply(alert.Outcome{ID: id, State: alert.StateUnsure, Attempt: 1, At: now})
	l.apply(alert.Outcome{ID: id, State: alert.StateDeferred, Attempt: 2, At: now, NotBefore: now.Add(time.Minute)})
	people := []Member{{ID: id, Address: "+8613800000001"}}
	if s := l.sift(people, now, alert.StateNone, false); len(s.open) != 0 || !s.waiting {
		t.Errorf("at once: %+v", s)
	}
	s := l.sift(people, now.Add(2*time.Minute), alert.StateNone, false)
	if len(s.open) != 1 || !s.open[0].Repeat || s.open[0].Attempt != 3 {
		t.Errorf("after a minute: %+v", s)
	}
	if got := l.counts[alert.StateUnsure]; got != 1 {
		t.Errorf("%d unsure", got)
	}
}

// Two processes share the queue and the record: everybody is told once.
func TestTwoProcessesTellEverybodyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := func(b *bench, c *Config) {
			b.record.lag, b.ch.took = 8*time.Millisecond, 5*time.Millisecond
			c.Alone, c.Held = false, 4
		}
		b := start(t, 2000, share)
		other := *b
		other.ch = newMemChannel("sms")
		other.restart(share)
		b.queue.put(b.desk.release("sms", "n1", 1, 20, alert.Red, alert.Issue, hour())...)
		b.until(time.Minute, "the queue is empty", b.drained)
		one, two := b.ch.perPerson("n1-1"), other.ch.perPerson("n1-1")
		if len(one) == 0 || len(two) == 0 || len(one)+len(two) != 2000 || len(b.ch.sends())+len(other.ch.sends()) != 2000 {
			t.Errorf("%d and %d were told, with %d and %d sends", len(one), len(two), len(b.ch.sends()), len(other.ch.sends()))
		}
		other.end()
		b.end()
	})
}

// A carrier that is busy for the rest of the day: the slice is given to the
// watch instead of lying in the queue.
func TestABatchPutOffForLongIsDeferred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 10, func(b *bench, c *Config) {
			b.ch.answer = func(r Recipient, _ *Batch) (o alert.Outcome, err error) {
				if r.ID[11] > 4 {
					return o, &Retry{After: 30 * time.Minute, Err: alert.ErrFull}
				}
				return alert.Outcome{State: alert.StateAccepted}, nil
			}
		})
		task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.queue.put(task)
		b.until(time.Minute, "the task is done", b.drained)
		y := b.record.tally(t, task)
		if y.Counts["accepted"] != 5 || y.Counts["deferred"] != 5 || y.Closed || time.Until(y.NextTry).Round(time.Minute) != 30*time.Minute {
			t.Errorf("tally %+v", y)
		}
		b.ch.answer = nil
		time.Sleep(time.Until(y.NextTry))
		task.Attempt = 2
		b.queue.put(task)
		b.until(time.Minute, "the follow-up is done", b.drained)
		for _, s := range b.ch.sends()[6:] {
			if s.r.Attempt != 1 {
				t.Errorf("attempt %d of one who was not tried", s.r.Attempt)
			}
		}
		if y := b.record.tally(t, task); y.Counts["accepted"] != 10 || !y.Closed {
			t.Errorf("tally %+v", y)
		}
		b.end()
	})
}
