package channels

import (
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

// T22: a notice is retracted while most of it is still queued and answers are
// in flight. The old text stops within two seconds, and the retraction reaches
// all those who were sent to, once each, and nobody else.
func TestT22RetractionReachesAllAndOnlyThoseSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 1600, func(b *bench, c *Config) {
			c.Rates = map[string]float64{"sms": 200}
			b.ch.took, b.ch.window = 900*time.Millisecond, 100
		})
		old := b.desk.release("sms", "n1", 1, 32, alert.Red, alert.Issue, hour())
		b.queue.put(old...)
		time.Sleep(3 * time.Second)
		b.queue.put(b.desk.release("sms", "n1", 2, 32, alert.Red, alert.Retract, hour())...)
		retracted := time.Now()
		b.until(time.Minute, "the queue is empty", b.drained)
		was, is := b.ch.perPerson("n1-1"), b.ch.perPerson("n1-2")
		for _, s := range b.ch.sends() {
			if s.text == "n1-1" && s.at.Sub(retracted) > 2*time.Second {
				t.Errorf("the old text was sent %s after the retraction", s.at.Sub(retracted))
			}
		}
		if len(was) < 300 || len(was) > 1200 {
			t.Fatalf("%d were sent the old text: the test needs some on both sides", len(was))
		}
		for id, n := range was {
			if n != 1 || is[id] != 1 {
				t.Errorf("a person had %d messages and %d retractions", n, is[id])
			}
		}
		if len(is) != len(was) {
			t.Errorf("%d were sent the notice and %d its retraction", len(was), len(is))
		}
		for _, task := range old {
			if y := b.record.tally(t, task); !y.Superseded || !y.Closed {
				t.Errorf("tally of a retracted slice: %+v", y)
			}
		}
		b.end()
	})
}

// A lift after an update follows those of both revisions, once each, also who
// left since; who was refused, left or expired has nothing to be lifted.
func TestLiftFollowsEverybodyWhoMayHoldTheNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 12, nil)
		first := b.desk.release("sms", "n1", 1, 2, alert.Yellow, alert.Issue, hour())
		second := b.desk.release("sms", "n1", 2, 1, alert.Yellow, alert.Update, hour())
		put := func(task alert.Task, who int, states ...alert.OutcomeState) {
			for i, s := range states {
				b.record.append(t, task, alert.Outcome{ID: b.desk.members[who].ID, State: s, Attempt: uint8(i + 1), At: time.Now()})
			}
		}
		put(first[0], 0, alert.StateAccepted)
		put(first[0], 1, alert.StateRefused)
		put(first[0], 2, alert.StateUnsure, alert.StateRefused) // the second copy was refused: the first may have arrived
		put(first[1], 6, alert.StateAccepted, alert.StateUndelivered)
		put(first[1], 7, alert.StateExpired)
		put(first[1], 8, alert.StateLeft)
		put(second[0], 0, alert.StateAccepted)
		put(second[0], 9, alert.StateDelivered)
		put(second[0], 1, alert.StateAccepted)
		b.desk.members[9].Left = true
		b.desk.members[6].Address = "" // erased by law
		b.queue.put(b.desk.release("sms", "n1", 3, 3, alert.Yellow, alert.Lift, hour())...)
		b.until(time.Minute, "the queue is empty", b.drained)
		got := b.ch.perPerson("n1-3")
		for _, who := range []int{0, 1, 2, 9} {
			if n := got[b.desk.members[who].ID]; n != 1 {
				t.Errorf("person %d was sent %d lifts, want 1", who, n)
			}
		}
		if len(got) != 4 {
			t.Errorf("%d people were sent the lift, want 4", len(got))
		}
		b.end()
	})
}

// Another process was sending the slice when the retraction closed it, and its
// last answers come behind the mark. They are retracted too.
func TestRetractionWaitsForWhatComesBehindTheMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 10, func(b *bench, c *Config) { c.Alone = false })
		old := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.record.append(t, old, alert.Outcome{ID: b.desk.members[0].ID, State: alert.StateAccepted, Attempt: 1, At: time.Now()})
		task := b.desk.release("sms", "n1", 2, 1, alert.Red, alert.Retract, hour())[0]
		b.queue.put(task)
		time.Sleep(20 * time.Second)
		if n := len(b.ch.sends()); n != 1 {
			t.Errorf("%d retractions before the other process wrote, want 1 at once", n)
		}
		b.record.append(t, old, alert.Outcome{ID: b.desk.members[7].ID, State: alert.StateUnsure, Attempt: 1, At: time.Now()})
		b.until(time.Minute, "the queue is empty", b.drained)
		got := b.ch.perPerson("n1-2")
		if got[b.desk.members[0].ID] != 1 || got[b.desk.members[7].ID] != 1 || len(got) != 2 {
			t.Errorf("retractions: %v", got)
		}
		if y := b.record.tally(t, task); !y.Closed || y.Expected != 2 {
			t.Errorf("tally %+v", y)
		}
		b.end()
	})
}

// Another process closes the slice that we are sending. Our next commit is
// stale: we look, stop, and what was in flight is recorded behind the mark.
func TestAStaleWorkerStopsAndItsAnswersStandBehindTheMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 100, func(b *bench, c *Config) { b.ch.took = 200 * time.Millisecond })
		task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.queue.put(task)
		time.Sleep(2*time.Second + 50*time.Millisecond)
		b.record.append(t, task, alert.Outcome{State: alert.StateClosed, At: time.Now()})
		closed := time.Now()
		b.until(time.Minute, "the queue is empty", b.drained)
		sends := b.ch.sends()
		if d := sends[len(sends)-1].at.Sub(closed); d > time.Second {
			t.Errorf("sent %s after the slice was closed", d)
		}
		got := map[alert.RecipientID]bool{}
		behind := false
		for _, o := range b.record.outcomes(t, task) {
			if o.State == alert.StateClosed {
				behind = true
				continue
			}
			got[o.ID] = true
		}
		if !behind || len(got) != len(sends) {
			t.Errorf("%d sent, %d recorded", len(sends), len(got))
		}
		if y := b.record.tally(t, task); !y.Superseded {
			t.Errorf("tally %+v", y)
		}
		b.end()
	})
}
