package channels

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

// A notice goes to a hundred people in four slices: each gets it once, the
// tallies say so, their hash is that of the record, and the queue is empty.
func TestEverybodyIsToldOnceAndTheTallySaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 100, nil)
		tasks := b.desk.release("sms", "n1", 1, 4, alert.Yellow, alert.Issue, hour())
		b.queue.put(tasks...)
		b.until(10*time.Second, "the queue is empty", b.drained)
		sent := b.ch.perPerson("n1-1")
		if len(sent) != 100 || len(b.ch.sends()) != 100 {
			t.Errorf("%d sends to %d people, want 100 to 100", len(b.ch.sends()), len(sent))
		}
		for _, task := range tasks {
			y := b.record.tally(t, task)
			if y.Expected != 25 || y.Counts["accepted"] != 25 || !y.Closed || y.Superseded || y.Repeats != 0 || y.First.IsZero() {
				t.Errorf("tally of %s: %+v", task.Slice.Name(), y)
			}
			var hash [32]byte
			var last uint64
			_ = b.record.Subject(t.Context(), task.OutcomeSubject(), 0, func(r alert.Record) error {
				hash, last = ChainOutcomes(hash, r.Data), r.Seq
				return nil
			})
			if y.Hash != hex.EncodeToString(hash[:]) || y.OutcomesSeq != last {
				t.Errorf("tally of %s names %d %s, the record's end is %d %x", task.Slice.Name(), y.OutcomesSeq, y.Hash, last, hash)
			}
		}
		b.end()
	})
}

// T03: the queue forgot the acknowledgement and gives every task out again:
// nobody is sent to a second time.
func TestT03ForgottenAcknowledgementsSendNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 100, nil)
		tasks := b.desk.release("sms", "n1", 1, 4, alert.Yellow, alert.Issue, hour())
		b.queue.put(tasks...)
		b.until(10*time.Second, "the queue is empty", b.drained)
		b.end()
		b.queue.put(tasks...)
		b.restart(nil)
		b.until(10*time.Second, "the queue is empty again", b.drained)
		if n := len(b.ch.sends()); n != 100 {
			t.Errorf("%d sends, want 100", n)
		}
		b.end()
	})
}

// Each kind of answer settles as it should: refused once, unsure resent
// exactly once as a repeat, deferred named in the tally for the watch.
func TestAnswersSettleOrAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := time.Now().Add(20 * time.Minute).Truncate(time.Millisecond).UTC()
		b := start(t, 40, func(b *bench, c *Config) {
			b.ch.answer = func(r Recipient, _ *Batch) (alert.Outcome, error) {
				switch r.ID[11] % 4 {
				case 1:
					return alert.Outcome{State: alert.StateRefused, Code: "0x0b"}, nil
				case 2:
					return alert.Outcome{State: alert.StateUnsure}, nil
				case 3:
					return alert.Outcome{State: alert.StateDeferred, NotBefore: later}, nil
				}
				return alert.Outcome{State: alert.StateAccepted}, nil
			}
		})
		task := b.desk.release("sms", "n1", 1, 1, alert.Yellow, alert.Issue, hour())[0]
		b.queue.put(task)
		b.until(10*time.Second, "the queue is empty", b.drained)
		y := b.record.tally(t, task)
		want := map[string]int{"accepted": 10, "refused": 10, "unsure": 10, "deferred": 10}
		if fmt.Sprint(y.Counts) != fmt.Sprint(want) || y.Closed || !y.NextTry.Equal(later) || y.Repeats != 10 {
			t.Errorf("tally %+v, want %v, open, next try at %s, 10 repeats", y, want, later)
		}
		for id, n := range b.ch.perPerson("n1-1") {
			if w := map[bool]int{true: 2, false: 1}[id[11]%4 == 2]; n != w {
				t.Errorf("person %d was sent %d messages, want %d", id[11], n, w)
			}
		}
		for _, s := range b.ch.sends() {
			if s.r.Repeat != (s.r.Attempt == 2) {
				t.Errorf("attempt %d marked repeat=%v", s.r.Attempt, s.r.Repeat)
			}
		}
		// The watch puts the follow-up; now the carrier takes them.
		time.Sleep(time.Until(later))
		b.ch.answer = nil
		task.Attempt = 2
		b.queue.put(task)
		b.until(10*time.Second, "the follow-up is done", b.drained)
		if y := b.record.tally(t, task); y.Counts["accepted"] != 20 || !y.Closed || !y.NextTry.IsZero() {
			t.Errorf("after the follow-up: %+v", y)
		}
		b.end()
	})
}

// R14: after the end nobody is sent to; who was open is expired. Who was
// deferred past the end is expired at once.
func TestR14NothingIsSentAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 60, func(b *bench, c *Config) { b.ch.took = time.Second })
		until := time.Now().Add(20*time.Second + 500*time.Millisecond)
		task := b.desk.release("sms", "n1", 1, 1, alert.Yellow, alert.Issue, until)[0]
		b.queue.put(task)
		b.until(time.Minute, "the queue is empty", b.drained)
		for _, s := range b.ch.sends() {
			if !s.at.Before(until) {
				t.Errorf("sent %s after the end", s.at.Sub(until))
			}
		}
		y := b.record.tally(t, task)
		if y.Counts["accepted"] < 15 || y.Counts["accepted"]+y.Counts["expired"] != 60 || !y.Closed {
			t.Errorf("tally %+v", y)
		}
		b.end()
	})
}

// W17: a pause stops the sends within two seconds and keeps everybody open;
// the resumption goes on with them.
func TestPauseBitesWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 320, func(b *bench, c *Config) { c.Rates = map[string]float64{"sms": 50} })
		tasks := b.desk.release("sms", "n1", 1, 16, alert.Yellow, alert.Issue, hour())
		b.queue.put(tasks...)
		time.Sleep(2 * time.Second)
		b.desk.stop("n1", 1, Paused)
		paused := time.Now()
		time.Sleep(time.Minute)
		before := len(b.ch.sends())
		if last := b.ch.sends()[before-1].at; last.Sub(paused) > 2*time.Second {
			t.Errorf("the last send came %s after the pause", last.Sub(paused))
		}
		if before < 50 || before > 250 {
			t.Errorf("%d sends at 50 a second in 2 s", before)
		}
		b.desk.stop("n1", 1, GoOn)
		b.until(time.Minute, "the queue is empty", b.drained)
		if n := len(b.ch.sends()); n != 320 {
			t.Errorf("%d sends, want 320", n)
		}
		b.end()
	})
}

// T21: sixteen blue slices are being sent on a slow route and the queue is full
// of them; the red one, put last, overtakes them.
func TestT21RedOvertakesBlue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 640, func(b *bench, c *Config) { c.Rates = map[string]float64{"sms": 100} })
		b.queue.put(b.desk.release("sms", "blue", 1, 64, alert.Blue, alert.Issue, hour())...)
		time.Sleep(time.Second)
		red := time.Now()
		b.queue.put(b.desk.release("sms", "red", 1, 4, alert.Red, alert.Issue, hour())...)
		b.until(time.Minute, "the queue is empty", b.drained)
		var first, last time.Time
		between := 0
		for _, s := range b.ch.sends() {
			switch {
			case s.text == "red-1" && first.IsZero():
				first, last = s.at, s.at
			case s.text == "red-1":
				last = s.at
			}
		}
		for _, s := range b.ch.sends() {
			if s.text == "blue-1" && s.at.After(first) && s.at.Before(last) {
				between++
			}
		}
		if first.Sub(red) > time.Second {
			t.Errorf("red began after %s", first.Sub(red))
		}
		if between > 32 {
			t.Errorf("%d blue ones went between the first and the last red", between)
		}
		if d := last.Sub(first); d > 8*time.Second {
			t.Errorf("640 red ones took %s at 100 a second", d)
		}
		b.end()
	})
}

// A failure of the batch is tried again when it says; one of the channel halts
// it: an alarm, no tasks taken, everybody stays open, and it recovers.
func TestOfWhomAFailureSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mode := make(chan error, 1)
		fail := error(&Retry{After: 3 * time.Second, Err: errors.New("busy")})
		mode <- fail
		b := start(t, 20, func(b *bench, c *Config) {
			b.ch.answer = func(Recipient, *Batch) (alert.Outcome, error) {
				err := <-mode
				mode <- err
				return alert.Outcome{State: alert.StateAccepted}, err
			}
		})
		set := func(err error) { <-mode; mode <- err }
		task := b.desk.release("sms", "n1", 1, 1, alert.Yellow, alert.Issue, hour())[0]
		b.queue.put(task)
		time.Sleep(10 * time.Second)
		if n := len(b.ch.sends()); n < 3 || n > 8 {
			t.Errorf("%d tries in 10 s, want one every 3 s", n)
		}
		set(&Halted{Reason: "账户欠费"})
		b.until(10*time.Second, "the alarm", func() bool { return len(b.alarms) > 0 })
		if a := <-b.alarms; a.Kind != AlarmHalted || a.Over || a.Text != "账户欠费" {
			t.Errorf("alarm %+v", a)
		}
		before := len(b.ch.sends())
		time.Sleep(2 * time.Minute)
		if n := len(b.ch.sends()) - before; n > 10 {
			t.Errorf("a halted channel was tried %d times in two minutes", n)
		}
		if os := b.record.outcomes(t, task); len(os) != 0 {
			t.Errorf("%d outcomes of a halted channel: nobody may be refused", len(os))
		}
		set(nil)
		b.until(2*time.Minute, "the queue is empty", b.drained)
		if y := b.record.tally(t, task); y.Counts["accepted"] != 20 {
			t.Errorf("tally %+v", y)
		}
		if a := <-b.alarms; !a.Over {
			t.Errorf("alarm %+v, want the end of the first", a)
		}
		b.end()
	})
}

// A channel that loses its connection counts as halted after a while, and as
// well again when it says so, also when there is nothing to send.
func TestUnreadyChannelIsHaltedAndBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 20, nil)
		b.ch.setHealth(Health{Route: "memory", Reason: "连接断开"})
		task := b.desk.release("sms", "n1", 1, 1, alert.Yellow, alert.Issue, hour())[0]
		b.queue.put(task)
		time.Sleep(10 * time.Second)
		if a := <-b.alarms; a.Kind != AlarmHalted || a.Text != "连接断开" {
			t.Errorf("alarm %+v", a)
		}
		if len(b.ch.sends()) != 0 {
			t.Error("an unready channel was given a slice")
		}
		b.ch.setHealth(Health{Route: "memory", Ready: true})
		b.until(10*time.Second, "the queue is empty", b.drained)
		if a := <-b.alarms; !a.Over {
			t.Errorf("alarm %+v", a)
		}
		b.end()
	})
}

// R5: the text's mode is not the plan's: nothing is sent, somebody is told.
func TestR5WrongModeIsRefusedAndAlarmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 20, nil)
		tasks := b.desk.release("sms", "n1", 1, 2, alert.Yellow, alert.Issue, hour())
		b.desk.mu.Lock()
		w := b.desk.works["n1-1"]
		w.Message.Mode = alert.Live
		b.desk.works["n1-1"] = w
		b.desk.mu.Unlock()
		b.queue.put(tasks...)
		b.until(10*time.Second, "the tasks are dropped", b.drained)
		if len(b.ch.sends()) != 0 {
			t.Error("something was sent")
		}
		if a := <-b.alarms; a.Kind != AlarmMode {
			t.Errorf("alarm %+v", a)
		}
		if len(b.alarms) != 0 {
			t.Error("one alarm for one notice is enough")
		}
		b.end()
	})
}

// Who left before the send is settled as such; who left after an unsure send
// stays unsure, so that a retraction follows.
func TestWhoLeftIsSettledAsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 20, nil)
		task := b.desk.release("sms", "n1", 1, 1, alert.Yellow, alert.Issue, hour())[0]
		b.desk.members[3].Left = true
		b.desk.members[4].Left = true
		b.record.append(t, task, alert.Outcome{ID: b.desk.members[4].ID, State: alert.StateUnsure, Attempt: 1, At: time.Now()})
		b.queue.put(task)
		b.until(10*time.Second, "the queue is empty", b.drained)
		y := b.record.tally(t, task)
		if y.Counts["left"] != 1 || y.Counts["unsure"] != 1 || y.Counts["accepted"] != 18 || !y.Closed || y.Expected != 20 {
			t.Errorf("tally %+v", y)
		}
		b.end()
	})
}

// A stop of the process waits for the answers in flight and records them; the
// next one goes on with the rest, and nobody is sent to twice.
func TestAStopLosesAndRepeatsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(b *bench, c *Config) { b.ch.took, b.ch.window = 300*time.Millisecond, 5 }
		b := start(t, 200, slow)
		b.queue.put(b.desk.release("sms", "n1", 1, 4, alert.Yellow, alert.Issue, hour())...)
		time.Sleep(time.Second)
		b.end()
		if n := len(b.ch.sends()); n == 0 || n == 200 {
			t.Fatalf("%d sent before the stop: the test needs some on both sides", n)
		}
		b.restart(slow)
		b.until(time.Minute, "the queue is empty", b.drained)
		if n, who := len(b.ch.sends()), len(b.ch.perPerson("n1-1")); n != 200 || who != 200 {
			t.Errorf("%d sends to %d people, want 200 to 200", n, who)
		}
		b.end()
	})
}
