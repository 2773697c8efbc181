package channels

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

// mortal is a process's way to the record and the queue: it can be cut.
type mortal struct {
	Record
	Queue
	dead *atomic.Bool
}

var errDead = errors.New("the process was killed")

func (m mortal) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	if m.dead.Load() {
		return 0, errDead
	}
	return m.Record.PutBatch(ctx, puts)
}

func (m mortal) Tasks(ctx context.Context, channel string, held int, handle func(context.Context, TaskHandle)) error {
	return m.Queue.Tasks(ctx, channel, held, func(ctx context.Context, th TaskHandle) { handle(ctx, mortalHandle{th, m.dead}) })
}

type mortalHandle struct {
	TaskHandle
	dead *atomic.Bool
}

func (h mortalHandle) Progress(ctx context.Context) error {
	if h.dead.Load() {
		return errDead
	}
	return h.TaskHandle.Progress(ctx)
}

func (h mortalHandle) Ack(ctx context.Context) error {
	if h.dead.Load() {
		return errDead
	}
	return h.TaskHandle.Ack(ctx)
}

func (h mortalHandle) Nak(ctx context.Context, d time.Duration) error {
	if h.dead.Load() {
		return errDead
	}
	return h.TaskHandle.Nak(ctx, d)
}

// T02: the process is killed ten times in the middle of a fan-out. Nobody is
// missed, and of each kill at most the unrecorded are repeated, whatever the
// number of slices and the windows.
func TestT02KilledWorkersMissNobodyAndRepeatFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, slices, window, kills, unrecorded = 4000, 8, 4, 10, 24
		b := start(t, people, func(b *bench, c *Config) {
			c.Channels = []Channel{newMemChannel("idle")} // the bench's first engine only idles
			b.record.lag = 8 * time.Millisecond
			b.queue.ackWait = 30 * time.Second
		})
		b.end()
		b.queue.put(b.desk.release("sms", "n1", 1, slices, alert.Red, alert.Issue, hour())...)
		perPerson := map[alert.RecipientID]int{}
		total := 0
		for life := 0; !b.drained(); life++ {
			if life > kills+2 {
				t.Fatal("it does not end")
			}
			dead := &atomic.Bool{}
			ch := newMemChannel("sms")
			ch.dead, ch.took, ch.window = dead, 3*time.Millisecond, window
			b.restart(func(b *bench, c *Config) {
				m := mortal{b.record, b.queue, dead}
				c.Record, c.Queue, c.Channels, c.Unrecorded, c.Grace = m, m, []Channel{ch}, unrecorded, time.Millisecond
			})
			if life < kills {
				time.Sleep(time.Duration(100+37*life) * time.Millisecond)
				dead.Store(true)
			} else {
				b.until(2*time.Minute, "the queue is empty", b.drained)
			}
			b.end()
			time.Sleep(31 * time.Second) // the queue gives the tasks to another
			for id, n := range ch.perPerson("n1-1") {
				perPerson[id] += n
				total += n
			}
		}
		if len(perPerson) != people {
			t.Errorf("%d of %d people were reached", len(perPerson), people)
		}
		bound := kills * unrecorded
		if again := total - people; again < 1 || again > bound {
			t.Errorf("%d second copies after %d kills, want some and at most %d", again, kills, bound)
		}
		t.Logf("%d second copies after %d kills", total-people, kills)
	})
}

// T11: a worker whose progress is not confirmed any more stops before the queue
// gives its task to another, and does not revive.
func TestT11AWorkerWithoutLeaseDoesNotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 100, func(b *bench, c *Config) { b.ch.took = time.Second })
		b.queue.put(b.desk.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())...)
		time.Sleep(12 * time.Second) // confirmed at 0 and 10 s
		b.queue.deaf.Store(true)
		cut := time.Now()
		time.Sleep(27 * time.Second)
		b.queue.deaf.Store(false)
		b.until(10*time.Minute, "the queue is empty", b.drained)
		for _, s := range b.ch.sends() {
			if d := s.at.Sub(cut); d > 13*time.Second && d < 28*time.Second {
				t.Errorf("sent %s after the lease could not be confirmed any more", d)
			}
		}
		if n, who := len(b.ch.sends()), len(b.ch.perPerson("n1-1")); n != 100 || who != 100 {
			t.Errorf("%d sends to %d people, want 100 to 100", n, who)
		}
		b.end()
	})
}

// A process that was frozen for 45 s and wakes: the first thing its worker asks
// is denied, although a late Progress would be confirmed.
func TestT11AFrozenLeaseStaysLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newMemQueue()
		q.put(alert.Task{Channel: "sms", Notice: "n1", Rev: 1, Slice: alert.Slice{Hi: 4095}, Attempt: 1})
		h, _ := q.next("sms")
		l, letGo, err := takeLease(t.Context(), h, 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		letGo() // frozen: nothing of the process runs
		time.Sleep(14 * time.Second)
		if !l.held(time.Now()) {
			t.Error("lost after 14 s")
		}
		time.Sleep(31 * time.Second)
		if l.held(time.Now()) {
			t.Error("held after 45 s")
		}
		l.confirmed.Store(int64(time.Since(l.base)))
		if l.held(time.Now()) {
			t.Error("it came back to life")
		}
	})
}
