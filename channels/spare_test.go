package channels

import (
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

// spare marks a released update as no worse news since a revision.
func (d *desk) spare(notice string, rev, from int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.works[alert.PlanID(notice, rev)]
	w.Plan.Spare = from
	d.works[alert.PlanID(notice, rev)] = w
}

// W5: an update that is no worse news overtakes its own notice on the way. Who
// holds the notice is left in peace, who did not get it yet is told the new
// text: nobody is missed, nobody is told twice. The retraction follows both.
func TestW5AQuietUpdateTellsOnlyThoseWhoHoldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 800, func(b *bench, c *Config) {
			c.Rates = map[string]float64{"sms": 100}
			b.ch.took, b.ch.window = 100*time.Millisecond, 20
		})
		b.queue.put(b.desk.release("sms", "n1", 1, 8, alert.Yellow, alert.Issue, hour())...)
		time.Sleep(3 * time.Second)
		update := b.desk.release("sms", "n1", 2, 5, alert.Yellow, alert.Update, hour())
		b.desk.spare("n1", 2, 1)
		b.queue.put(update...)
		b.until(time.Minute, "the queue is empty", b.drained)
		first, second := b.ch.perPerson("n1-1"), b.ch.perPerson("n1-2")
		if len(first) < 100 || len(second) < 100 {
			t.Fatalf("%d were told before the update and %d of it: the test needs some on both sides", len(first), len(second))
		}
		both := 0
		for _, m := range b.desk.members {
			switch first[m.ID] + second[m.ID] {
			case 0:
				t.Fatal("somebody was missed")
			case 1:
			default:
				both++
			}
		}
		if both > b.ch.window { // in flight when the slice was closed
			t.Errorf("%d people were disturbed again", both)
		}
		expected := 0
		for _, task := range update {
			y := b.record.tally(t, task)
			expected += y.Expected
			if !y.Closed || y.Chased != 0 {
				t.Errorf("tally %+v", y)
			}
		}
		if expected < len(second)-b.ch.window || expected > len(second) {
			t.Errorf("the tallies expected %d, %d were told", expected, len(second))
		}
		b.queue.put(b.desk.release("sms", "n1", 3, 3, alert.Yellow, alert.Retract, hour())...)
		b.until(time.Minute, "the queue is empty", b.drained)
		if is := b.ch.perPerson("n1-3"); len(is) != 800 {
			t.Errorf("%d of 800 were sent the retraction", len(is))
		}
		b.end()
	})
}

// Who was refused, whose message did not arrive, and who holds only what is
// older than the last worsening is told.
func TestW5WhoDoesNotHoldItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 6, nil)
		first := b.desk.release("sms", "n1", 1, 1, alert.Yellow, alert.Issue, hour())
		second := b.desk.release("sms", "n1", 2, 1, alert.Orange, alert.Update, hour())
		put := func(task alert.Task, who int, states ...alert.OutcomeState) {
			for i, s := range states {
				b.record.append(t, task, alert.Outcome{ID: b.desk.members[who].ID, State: s, Final: true, Attempt: uint8(i + 1), At: time.Now()})
			}
		}
		put(first[0], 0, alert.StateDelivered)
		put(first[0], 1, alert.StateDelivered)
		put(second[0], 1, alert.StateDelivered)
		put(second[0], 2, alert.StateRefused)
		put(second[0], 3, alert.StateAccepted, alert.StateUndelivered)
		put(second[0], 4, alert.StateUnsure)
		third := b.desk.release("sms", "n1", 3, 1, alert.Orange, alert.Update, hour())
		b.desk.spare("n1", 3, 2)
		b.queue.put(third...)
		b.until(time.Minute, "the queue is empty", b.drained)
		got := b.ch.perPerson("n1-3")
		for who, want := range []int{1, 0, 1, 1, 0, 1} {
			if n := got[b.desk.members[who].ID]; n != want {
				t.Errorf("person %d was told %d times, want %d", who, n, want)
			}
		}
		b.end()
	})
}
