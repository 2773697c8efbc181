package channels

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

// frozen plays a process that is frozen while a carrier's answer to its fourth
// person of six is on the way, and what another process records of the slice
// meanwhile. It returns the tally after the answer came.
func frozen(t *testing.T, theirs alert.Outcome, sum alert.Tally, late alert.Outcome) (y alert.Tally) {
	t.Helper()
	const people, stuck = 6, 3
	answer := make(chan struct{})
	b := start(t, people, func(b *bench, c *Config) {
		c.Alone = false
		b.ch.answer = func(r Recipient, _ *Batch) (alert.Outcome, error) {
			if r.ID == b.desk.members[stuck].ID {
				<-answer
				return late, nil
			}
			return alert.Outcome{State: alert.StateAccepted}, nil
		}
	})
	task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
	b.queue.put(task)
	b.until(10*time.Second, "the fourth is sent to", func() bool { return len(b.ch.sends()) == stuck+1 })
	b.queue.deaf.Store(true)
	time.Sleep(20 * time.Second) // the lease is lost

	theirs.ID, theirs.At = b.desk.members[stuck].ID, time.Now()
	b.record.append(t, task, theirs)
	for _, m := range b.desk.members[stuck+1:] {
		b.record.append(t, task, alert.Outcome{ID: m.ID, State: alert.StateAccepted, Attempt: 1, Final: true, At: time.Now()})
	}
	sum.Expected, sum.Attempt = people, 1
	data, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	last := b.record.newest(task.TallySubject())
	if _, err := b.record.put([]alert.Put{{Subject: task.TallySubject(), Data: data, ExpectSubject: &last}}); err != nil {
		t.Fatal(err)
	}
	b.queue.mu.Lock()
	b.queue.items[0].done = true // by the other
	b.queue.mu.Unlock()
	close(answer)
	b.until(10*time.Second, "the late answer is counted", func() bool {
		y = b.record.tally(t, task)
		return y.OutcomesSeq == b.record.newest(task.OutcomeSubject())
	})
	b.end()
	return y
}

// T11: what a frozen process records when it wakes does not open a slice again
// that another process closed meanwhile.
func TestT11ALateAnswerLeavesAClosedSliceClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := frozen(t, alert.Outcome{State: alert.StateAccepted, Attempt: 1, Final: true}, alert.Tally{Closed: true}, alert.Outcome{State: alert.StateDelivered})
		if !y.Closed || y.Counts["delivered"] != 1 || y.Counts["accepted"] != 5 {
			t.Errorf("tally %+v", y)
		}
	})
}

// A late answer settles the one whom the other process would have tried again:
// the slice is closed, for nobody is left to come back for.
func TestT11ALateAnswerSettlesWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := time.Now().Add(20 * time.Minute).UTC()
		y := frozen(t, alert.Outcome{State: alert.StateDeferred, Attempt: 1, NotBefore: again}, alert.Tally{NextTry: again}, alert.Outcome{State: alert.StateAccepted})
		if !y.Closed || !y.NextTry.IsZero() || y.Counts["accepted"] != 6 {
			t.Errorf("tally %+v", y)
		}
	})
}

// A late send without an answer replaces a deferral, so that somebody has to look
// again: the tally names an instant for the watch.
func TestT11ALateSendWithoutAnAnswerIsLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := time.Now().Add(20 * time.Minute).UTC()
		y := frozen(t, alert.Outcome{State: alert.StateDeferred, Attempt: 1, NotBefore: again}, alert.Tally{NextTry: again}, alert.Outcome{State: alert.StateUnsure})
		if y.Closed || y.NextTry.IsZero() || y.NextTry.After(time.Now()) || y.Counts["unsure"] != 1 {
			t.Errorf("tally %+v", y)
		}
	})
}

// A late first send without an answer does not open again who was given up as
// unsure after the second; one that was refused to the other process and accepted
// from us counts as holding the notice.
func TestT11AnOldAttemptOpensNothingAndIsKnownToHaveArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := frozen(t, alert.Outcome{State: alert.StateUnsure, Attempt: 2, Final: true}, alert.Tally{Closed: true}, alert.Outcome{State: alert.StateDelivered})
		if !y.Closed || y.Held != 6 {
			t.Errorf("tally %+v", y)
		}
		y = frozen(t, alert.Outcome{State: alert.StateRefused, Attempt: 1, Final: true}, alert.Tally{Closed: true}, alert.Outcome{State: alert.StateAccepted})
		if !y.Closed || y.Held != 6 || y.Counts["refused"] != 1 {
			t.Errorf("tally %+v", y)
		}
	})
	final := standing{state: alert.StateUnsure, attempt: 2, final: true}
	if final.givesWay(&alert.Outcome{State: alert.StateUnsure, Attempt: 1}) {
		t.Error("an older attempt opened who was final")
	}
}

// A process ended between outcomes and their tally. The next one counts them,
// also of a slice that needs no task any more.
func TestWhatWasRecordedAndNotCountedIsCountedAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 4, nil)
		task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.queue.put(task)
		b.until(10*time.Second, "the queue is empty", b.drained)
		b.end()
		b.record.append(t, task, alert.Outcome{ID: b.desk.members[2].ID, State: alert.StateDelivered, Attempt: 1, Final: true, At: time.Now()})
		if y := b.record.tally(t, task); y.Counts["delivered"] != 0 {
			t.Fatalf("tally %+v", y)
		}
		b.restart(nil)
		b.until(10*time.Second, "it is counted", func() bool { return b.record.tally(t, task).Counts["delivered"] == 1 })
		if y := b.record.tally(t, task); !y.Closed || y.Expected != 4 {
			t.Errorf("tally %+v", y)
		}
		b.end()
	})
}
