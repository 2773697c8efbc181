package journal

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// T12: somebody else's file takes the whole disk, to the last byte, while
// officers act and a fan-out records its outcomes. The officer is refused within
// a second, health is red within five, and once there is room everything goes on
// by itself, although JetStream froze the streams that it was writing to. What was
// acknowledged is there, what was refused is not, now and after a restart.
func TestT12TheDiskRunsFull(t *testing.T) {
	run := faulttest.Begin(t, "T12")
	disk := faulttest.NewDisk(t, 1<<30)
	s := openStore(t, disk.Dir)
	b := openBook(t, s)
	var said ledgerOfActs
	for round := range run.Times {
		enough := len(said.acked) + 2 + run.Rand.IntN(40)
		stop := make(chan struct{})
		var load sync.WaitGroup
		load.Go(func() { said.act(t, b, round, stop) })
		load.Go(func() { said.record(t, s, round, stop) })
		said.wait(t, enough) // somewhere in the load
		disk.Fill()
		filled := time.Now()
		refused := refusedAct(t, b)
		eventually(t, "health is red", func() bool { return s.Health(t.Context()) != nil })
		if took := time.Since(filled); took > 5*time.Second {
			t.Errorf("health turned red after %v", took)
		}
		close(stop)
		load.Wait()
		freezeOutcomes(t, s)
		disk.Clear()
		cleared := time.Now()
		eventually(t, "acts are taken again", func() bool {
			_, err := b.Do(t.Context(), always(reached(t, fmt.Sprintf("again%d", round))))
			return err == nil
		})
		said.acked = append(said.acked, fmt.Sprintf("again%d", round))
		eventually(t, "outcomes too, and health is green", func() bool {
			_, err := s.Put(t.Context(), alert.Put{Subject: "outcome.again"})
			return err == nil && s.Health(t.Context()) == nil
		})
		t.Logf("refused in %v, serving %v after there was room", refused.Round(time.Microsecond), time.Since(cleared).Round(time.Millisecond))
	}
	said.check(t, s, b)
	closeStore(t, s)
	s = openStore(t, disk.Dir)
	said.check(t, s, openBook(t, s))
}

// refusedAct acts on the full disk and returns how long the officer waited.
func refusedAct(t *testing.T, b *Book) time.Duration {
	t.Helper()
	began := time.Now()
	_, err := b.Do(t.Context(), always(keySet(t, "on a full disk")))
	took := time.Since(began)
	if !errors.Is(err, alert.ErrFull) || took > time.Second {
		t.Errorf("an act on a full disk: %v after %v", err, took)
	}
	return took
}

// freezeOutcomes is the write that was on its way when the last byte went: it
// meets the full disk inside JetStream, which then freezes the stream.
func freezeOutcomes(t *testing.T, s *Store) {
	t.Helper()
	began := time.Now()
	_, err := s.publish(t.Context(), []*nats.Msg{{Subject: "outcome.late", Data: []byte(strings.Repeat("x", 64<<10)), Header: nats.Header{}}})
	if took := time.Since(began); !errors.Is(err, alert.ErrUnknown) || took > time.Second {
		t.Errorf("a write that met the full disk: %v after %v", err, took)
	}
	if err := s.Health(t.Context()); !errors.Is(err, alert.ErrFull) {
		t.Errorf("health of a frozen record: %v", err)
	}
}

// ledgerOfActs is what the record said to those who wrote to it.
type ledgerOfActs struct {
	mu              sync.Mutex
	acked, refused  []string // ids of milestones
	batches, unsure []string // subjects of batches of outcomes
	no              []string
}

// wait returns when so many acts have been acknowledged.
func (l *ledgerOfActs) wait(t *testing.T, n int) {
	t.Helper()
	eventually(t, "enough acts are acknowledged", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.acked) >= n
	})
}

const outcomesAtOnce = 40

// act appends milestones, one and three at a time, until the load ends.
func (l *ledgerOfActs) act(t *testing.T, b *Book, round int, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		var ids []string
		var events []alert.Event
		for k := range 1 + i%3 {
			ids = append(ids, fmt.Sprintf("m%d-%d-%d", round, i, k))
			events = append(events, reached(t, ids[k]))
		}
		_, err := b.Do(t.Context(), always(events...))
		l.mu.Lock()
		switch {
		case err == nil:
			l.acked = append(l.acked, ids...)
		case errors.Is(err, alert.ErrFull):
			l.refused = append(l.refused, ids...)
		case !errors.Is(err, alert.ErrUnknown):
			t.Errorf("an act: %v", err)
		}
		l.mu.Unlock()
	}
}

// record puts batches of outcomes until the load ends.
func (l *ledgerOfActs) record(t *testing.T, s *Store, round int, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		subject := fmt.Sprintf("outcome.sms.n%d.%d", round, i)
		_, err := s.PutBatch(t.Context(), puts(subject, outcomesAtOnce, strings.Repeat("x", 500)))
		l.mu.Lock()
		switch {
		case err == nil:
			l.batches = append(l.batches, subject)
		case errors.Is(err, alert.ErrFull):
			l.no = append(l.no, subject)
		case errors.Is(err, alert.ErrUnknown):
			l.unsure = append(l.unsure, subject)
		default:
			t.Errorf("a batch of outcomes: %v", err)
		}
		l.mu.Unlock()
	}
}

// check compares what was said with what is there.
func (l *ledgerOfActs) check(t *testing.T, s *Store, b *Book) {
	t.Helper()
	b.Read(func(st *alert.State) {
		for _, id := range l.acked {
			if _, ok := st.Milestones[id]; !ok {
				t.Errorf("act %s was acknowledged and is gone", id)
			}
		}
		for _, id := range l.refused {
			if _, ok := st.Milestones[id]; ok {
				t.Errorf("act %s was refused and is there", id)
			}
		}
	})
	count := map[string]int{}
	last, err := s.Scan(t.Context(), alert.StreamOutcomes, "", 1, func(r alert.Record) error {
		count[r.Subject[:strings.LastIndex(r.Subject, ".")]]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for want, subjects := range map[int][]string{outcomesAtOnce: l.batches, 0: l.no} {
		for _, subject := range subjects {
			if count[subject] != want {
				t.Errorf("of %s %d outcomes are there, want %d", subject, count[subject], want)
			}
		}
	}
	for _, subject := range l.unsure {
		// A part may be there (torn.go): each outcome is true by itself. Never more.
		if n := count[subject]; n > outcomesAtOnce {
			t.Errorf("of %s %d outcomes are there, %d were put", subject, n, outcomesAtOnce)
		}
	}
	t.Logf("%d acts and %d batches acknowledged, %d and %d refused, %d batches without an answer; %d events, %d outcomes in the record",
		len(l.acked), len(l.batches), len(l.refused), len(l.no), len(l.unsure), b.Seq(), last)
}
