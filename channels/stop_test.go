package channels

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

// W17: a fan-out is stopped in the middle. Within two seconds nothing more is
// sent; whoever was not sent it is settled as stopped, also those who waited
// for a second try; and the retraction still goes to all who may have it.
func TestW17AStopSettlesTheRestAndTheRetractionFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 400, func(b *bench, c *Config) {
			b.ch.took = 100 * time.Millisecond
			b.ch.answer = func(r Recipient, _ *Batch) (alert.Outcome, error) {
				if r.ID[11]%10 == 3 {
					return alert.Outcome{State: alert.StateDeferred, NotBefore: time.Now().Add(40 * time.Minute)}, nil
				}
				return alert.Outcome{State: alert.StateAccepted}, nil
			}
		})
		tasks := b.desk.release("sms", "n1", 1, 4, alert.Red, alert.Issue, hour())
		b.queue.put(tasks...)
		time.Sleep(5 * time.Second)
		b.desk.stop("n1", 1, Stopped)
		stopped := time.Now()
		b.until(10*time.Second, "the queue is empty", b.drained)
		sum := map[string]int{}
		for _, task := range tasks {
			y := b.record.tally(t, task)
			if !y.Closed || !y.NextTry.IsZero() {
				t.Errorf("%s: %+v", task.Slice.Name(), y)
			}
			for state, n := range y.Counts {
				sum[state] += n
			}
		}
		sent := len(b.ch.sends())
		if sum["accepted"] == 0 || sum["deferred"] != 0 || sum["accepted"]+sum["stopped"] != 400 || sum["accepted"] > sent {
			t.Errorf("%v after %d sends", sum, sent)
		}
		for _, s := range b.ch.sends() {
			if d := s.at.Sub(stopped); d > 2*time.Second {
				t.Errorf("sent %s after the stop", d)
			}
		}
		b.ch.answer = nil
		b.queue.put(b.desk.release("sms", "n1", 2, 4, alert.Red, alert.Retract, hour())...)
		b.until(time.Minute, "the retraction is done", b.drained)
		if n := len(b.ch.perPerson("n1-2")); n != sum["accepted"] {
			t.Errorf("%d people got the retraction, %d have the notice", n, sum["accepted"])
		}
		b.end()
	})
}

// A stop before the first hand-over: nobody is sent anything.
func TestW17AStopBeforeTheTasksSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 40, nil)
		tasks := b.desk.release("sms", "n1", 1, 2, alert.Red, alert.Issue, hour())
		b.desk.stop("n1", 1, Stopped)
		b.queue.put(tasks...)
		b.until(10*time.Second, "the queue is empty", b.drained)
		for _, task := range tasks {
			if y := b.record.tally(t, task); y.Counts["stopped"] != 20 || !y.Closed {
				t.Errorf("%+v", y)
			}
		}
		if n := len(b.ch.sends()); n != 0 {
			t.Errorf("%d were sent it", n)
		}
		b.end()
	})
}

// pauses is a desk that records pauses and carries them out.
type pauses struct {
	mu     sync.Mutex
	desk   *desk
	words  []string
	refuse error // until it is nil
}

func (p *pauses) pause(_ context.Context, notice string, rev, bursts int, reason string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refuse; err != nil {
		p.refuse = nil
		return err
	}
	p.words = append(p.words, reason)
	p.desk.stop(notice, rev, Paused)
	return nil
}

func (p *pauses) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.words...)
}

// W17: the carrier begins to refuse every second message. The fan-out pauses by
// itself with the figures as the reason, and once: when an officer resumes, it
// takes a burst of twice the size, and after two of them nothing pauses it any
// more. A carrier that refuses one in twenty pauses nothing.
func TestW17ABurstOfRefusalsPauses(t *testing.T) {
	for _, c := range []struct {
		name   string
		oneIn  int
		verb   alert.Verb
		pauses int
	}{
		{"every second", 2, alert.Issue, 2}, // 50 % is more than 20 and 40, not than 80
		{"everybody", 1, alert.Issue, 3},
		{"one in twenty", 20, alert.Issue, 0},
		{"a retraction, everybody", 1, alert.Retract, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pauses{refuse: errors.New("the journal is busy")}
				var refusing string
				b := start(t, 4000, func(b *bench, conf *Config) {
					p.desk = b.desk
					conf.Pause = p.pause
					b.ch.took = 5 * time.Millisecond
					b.ch.answer = func(r Recipient, batch *Batch) (alert.Outcome, error) {
						i := int(r.ID[10])<<8 | int(r.ID[11])
						if alert.PlanID(batch.Message.Notice, batch.Message.Rev) == refusing && i%c.oneIn == 0 {
							return alert.Outcome{State: alert.StateRefused, Code: "0x0000000b"}, nil
						}
						return alert.Outcome{State: alert.StateAccepted}, nil
					}
				})
				rev := 1
				if refusing = "n1-1"; c.verb == alert.Retract {
					refusing = "n1-2"
					b.queue.put(b.desk.release("sms", "n1", 1, 4, alert.Red, alert.Issue, hour())...)
					b.until(time.Minute, "the notice is out", b.drained)
					rev = 2
				}
				b.queue.put(b.desk.release("sms", "n1", rev, 4, alert.Red, c.verb, hour())...)
				for n := 1; n <= c.pauses; n++ {
					b.until(time.Minute, "it pauses", func() bool { return len(p.all()) == n })
					time.Sleep(5 * time.Second)
					if b.drained() {
						t.Fatal("it went on")
					}
					b.desk.resume("n1", 1)
				}
				b.until(time.Minute, "the queue is empty", b.drained)
				words := p.all()
				if len(words) != c.pauses {
					t.Errorf("%d pauses: %q", len(words), words)
				}
				for _, w := range words {
					if !strings.Contains(w, "0x0000000b") || !strings.Contains(w, "已自动暂停") || !strings.Contains(w, "paused automatically") {
						t.Errorf("the reason is %q", w)
					}
				}
				b.end()
			})
		})
	}
}

func TestABurstGrowsWithEachPause(t *testing.T) {
	first := Burst{}.withDefaults()
	if first != (Burst{500, 50, 20}) || first.after(0) != first || first.after(1) != (Burst{1000, 100, 40}) || first.after(40).Percent < 100 {
		t.Errorf("%+v %+v %+v", first, first.after(1), first.after(40))
	}
	g := &gauge{rule: Burst{Window: 100, Least: 10, Percent: 20}, codes: map[string]int{}}
	refused, accepted := alert.Outcome{State: alert.StateRefused}, alert.Outcome{State: alert.StateAccepted}
	for range 20 { // an old burst leaves the window
		g.note(&refused)
	}
	g.again()
	for range 300 {
		if g.note(&accepted) {
			t.Fatal("an acceptance filled it")
		}
	}
	for i := range 21 {
		if full := g.note(&refused); full != (i == 20) {
			t.Errorf("after %d refusals in a hundred: %v", i+1, full)
		}
	}
}
