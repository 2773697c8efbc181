package channels

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

func receipt(id string, s alert.OutcomeState) Receipt {
	return Receipt{Channel: "sms", MessageID: id, State: s, Code: "DELIVRD", At: time.Now()}
}

// Receipts come minutes and days later, twice, in the wrong order and after a
// restart: the state only moves forward and the tally follows.
func TestReceiptsMoveTheStateForwardOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 10, nil)
		task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.queue.put(task)
		b.until(time.Minute, "the queue is empty", b.drained)
		say := func(r Receipt) {
			t.Helper()
			if err := b.eng.Inbox().Receipt(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		say(receipt("m1", alert.StateDelivered))
		say(receipt("m1", alert.StateDelivered))
		say(receipt("m1", alert.StateUndelivered))
		say(receipt("m2", alert.StateUndelivered))
		before := len(b.record.outcomes(t, task))
		if before != 12 {
			t.Errorf("%d outcomes, want 10 acceptances and 2 receipts", before)
		}
		time.Sleep(48 * time.Hour)
		b.end()
		b.restart(nil)
		say(receipt("m3", alert.StateDelivered))
		time.Sleep(2 * time.Second)
		y := b.record.tally(t, task)
		if y.Counts["delivered"] != 2 || y.Counts["undelivered"] != 1 || y.Counts["accepted"] != 7 || !y.Closed || y.Expected != 10 {
			t.Errorf("tally %+v", y)
		}
		// After 72 h the carrier is too late.
		time.Sleep(48 * time.Hour)
		b.end()
		b.restart(nil)
		say(receipt("m4", alert.StateDelivered))
		if n := len(b.record.outcomes(t, task)); n != 13 {
			t.Errorf("%d outcomes, want 13: one came too late", n)
		}
		b.end()
	})
}

// A receipt that is quicker than our own record waits for it; one that nobody
// knows is dropped after a few seconds and is no error for the carrier.
func TestAnEarlyReceiptWaitsAndAnUnknownOneIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 1, func(b *bench, c *Config) { b.record.lag = 500 * time.Millisecond })
		task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.queue.put(task)
		time.Sleep(100 * time.Millisecond) // sent and answered; the record takes longer
		if len(b.record.outcomes(t, task)) != 0 {
			t.Error("the record was quicker than the receipt: nothing is tried here")
		}
		if err := b.eng.Inbox().Receipt(t.Context(), receipt("m1", alert.StateDelivered)); err != nil {
			t.Fatal(err)
		}
		if os := b.record.outcomes(t, task); len(os) != 2 || os[1].State != alert.StateDelivered {
			t.Errorf("outcomes %+v", os)
		}
		at := time.Now()
		if err := b.eng.Inbox().Receipt(t.Context(), receipt("nobody's", alert.StateDelivered)); err != nil {
			t.Error(err)
		}
		if d := time.Since(at); d != earlyReceipt {
			t.Errorf("an unknown receipt was waited for %s", d)
		}
		time.Sleep(time.Minute)
		at = time.Now()
		for range 1000 { // another system's, while nothing is sent here
			if err := b.eng.Inbox().Receipt(t.Context(), receipt("nobody's", alert.StateDelivered)); err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(at); d != 0 {
			t.Errorf("receipts that nobody will ever know held up others for %s", d)
		}
		if err := b.eng.Inbox().Receipt(t.Context(), receipt("m1", alert.StateExpired)); err == nil {
			t.Error("a receipt said that a message had expired here")
		}
		b.end()
	})
}

func TestTheLookUpForgetsAfterThreeDays(t *testing.T) {
	x := newReceiptIndex()
	at := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	for day := range 8 {
		for i := range 4 {
			o := accepted(i, 4)
			o.At, o.MessageID = at.AddDate(0, 0, day), strings.Repeat("x", day+1)+string(rune('a'+i))
			x.add("sms.n1.1.0000-0fff", o)
		}
	}
	if n, _ := x.size(); n != 16 {
		t.Errorf("%d known, want those of the newest day and the three before it", n)
	}
	if _, tag, ok := x.find(x.hash("sms", "xxxxxxxxa")); !ok || tag != tagOf(personID(0, 4)) {
		t.Error("the newest is not known")
	}
	if _, _, ok := x.find(x.hash("wechat", "xxxxxxxxa")); ok {
		t.Error("another channel's message of the same id is known")
	}
}

// A flood of receipts for messages that are nobody's here, while a fan-out
// runs: those of known messages are recorded at once all the same, and the one
// that comes before its message's record waits for it.
func TestAFloodOfUnknownReceiptsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 40, func(b *bench, c *Config) { b.ch.took = 200 * time.Millisecond; b.record.lag = 10 * time.Millisecond })
		b.queue.put(b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())...)
		time.Sleep(2 * time.Second)
		receivers := make(chan struct{}, 2*maxEarly) // as many as a channel has
		var all sync.WaitGroup
		var slowest atomic.Int64
		for i := range 4000 {
			receivers <- struct{}{}
			id := fmt.Sprintf("nobody's %d", i)
			known := i%400 == 0
			if known {
				id = fmt.Sprintf("m%d", 1+i/400)
			}
			all.Go(func() {
				defer func() { <-receivers }()
				at := time.Now()
				if err := b.eng.Inbox().Receipt(t.Context(), receipt(id, alert.StateDelivered)); err != nil {
					t.Error(err)
				}
				if known {
					slowest.Store(max(slowest.Load(), int64(time.Since(at))))
				}
			})
			time.Sleep(time.Millisecond)
		}
		all.Wait()
		if d := time.Duration(slowest.Load()); d > 50*time.Millisecond {
			t.Errorf("a known receipt took %s", d)
		}
		b.until(time.Minute, "the queue is empty", b.drained)
		b.end()
	})
}

// While nothing can be recorded nobody can say that a message is unknown: the
// carrier is asked to come again.
func TestAReceiptIsNotDroppedWhileTheRecordIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		b := start(t, 4, func(b *bench, c *Config) {
			b.record.fault = func([]alert.Put) (bool, error) {
				if down.Load() {
					return false, alert.ErrFull
				}
				return false, nil
			}
		})
		down.Store(true)
		b.queue.put(b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())...)
		time.Sleep(time.Second)
		if err := b.eng.Inbox().Receipt(t.Context(), receipt("m1", alert.StateDelivered)); !errors.Is(err, errStuck) {
			t.Errorf("got %v", err)
		}
		down.Store(false)
		b.until(time.Minute, "the queue is empty", b.drained)
		if err := b.eng.Inbox().Receipt(t.Context(), receipt("m1", alert.StateDelivered)); err != nil {
			t.Error(err)
		}
		b.end()
	})
}

// Two processes, one record: the receipt comes to the one that did not send.
func TestAReceiptIsFoundByAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 10, func(b *bench, c *Config) { c.Alone = false })
		other := *b
		other.queue = newMemQueue() // it takes no tasks
		other.restart(func(_ *bench, c *Config) { c.Alone = false })
		time.Sleep(time.Second)
		task := b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())[0]
		b.queue.put(task)
		b.until(time.Minute, "the queue is empty", b.drained)
		at := time.Now()
		if err := other.eng.Inbox().Receipt(t.Context(), receipt("m1", alert.StateDelivered)); err != nil {
			t.Error(err)
		}
		if d := time.Since(at); d > time.Second {
			t.Errorf("it took %s", d)
		}
		if os := b.record.outcomes(t, task); len(os) != 11 || os[10].State != alert.StateDelivered {
			t.Errorf("%d outcomes", len(os))
		}
		other.end()
		b.end()
	})
}
