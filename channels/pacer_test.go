package channels

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/alert"
)

func TestClassesAreInTheOrderOfDanger(t *testing.T) {
	work := func(v alert.Verb, l alert.Level, m alert.Mode) *Work {
		return &Work{Plan: alert.Plan{Verb: v, Mode: m, Query: alert.Query{Level: l}}}
	}
	order := []*Work{
		work(alert.Retract, alert.Blue, alert.Live), work(alert.Issue, alert.Red, alert.Live), work(alert.Issue, alert.Orange, alert.Live),
		work(alert.Update, alert.Yellow, alert.Live), work(alert.Lift, alert.Blue, alert.Live), work(alert.Issue, alert.White, alert.Live),
		work(alert.Issue, alert.NoLevel, alert.Live), work(alert.Correct, alert.Red, alert.Drill), work(alert.Issue, alert.Red, alert.Drill),
		work(alert.Issue, alert.NoLevel, alert.Drill),
	}
	for i := 1; i < len(order); i++ {
		if a, b := classOf(order[i-1]), classOf(order[i]); a >= b {
			t.Errorf("%d: class %d does not come before %d", i, a, b)
		}
	}
}

// The rate holds in every stretch of a second, from the first hand-over and
// after a pause, with many slices asking at once.
func TestTheRateIsKeptWithoutBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pacer{}
		p.setRate(50)
		defer p.close()
		var mu sync.Mutex
		var times []time.Time
		ask := func(n int) {
			var wg sync.WaitGroup
			for range 16 {
				tr := p.enter(3, n)
				wg.Go(func() {
					for range n {
						p.take(t.Context(), tr, nil)
						mu.Lock()
						times = append(times, time.Now())
						mu.Unlock()
					}
					p.leave(tr)
				})
			}
			wg.Wait()
		}
		start := time.Now()
		ask(10)
		if d := time.Since(start); d < 3100*time.Millisecond || d > 3300*time.Millisecond {
			t.Errorf("160 at 50 a second took %s", d)
		}
		time.Sleep(10 * time.Second)
		ask(5)
		for i, from := range times {
			n := 0
			for _, at := range times[i:] {
				if at.Sub(from) < 100*time.Millisecond {
					n++
				}
			}
			if n > 6 {
				t.Fatalf("%d within a tenth of a second at 50 a second", n)
			}
		}
	})
}

// While a red slice has people left, a blue one waits, also without any rate;
// it goes when the red one has handed over its last, or gave up.
func TestTheLowerClassWaitsForTheLastOfTheHigher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pacer{}
		defer p.close()
		blue, red := p.enter(4, 10), p.enter(1, 2)
		got := make(chan bool)
		go func() { got <- p.take(t.Context(), blue, nil) }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("blue did not wait for red")
		default:
		}
		p.take(t.Context(), red, nil)
		p.take(t.Context(), red, nil)
		if !<-got {
			t.Error("blue was not granted")
		}
		// A slice of the higher class that ends early lets the others go.
		again := p.enter(0, 5)
		go func() { got <- p.take(t.Context(), blue, nil) }()
		synctest.Wait()
		p.leave(again)
		if !<-got {
			t.Error("blue was not granted")
		}
		// One that gives up leaves no hole in the line.
		p.setRate(1)
		p.take(t.Context(), blue, nil)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { got <- p.take(ctx, blue, nil) }()
		synctest.Wait()
		other := p.enter(4, 1)
		go func() { got <- p.take(t.Context(), other, nil) }()
		synctest.Wait()
		cancel()
		if <-got {
			t.Error("a permit was granted to one that gave up")
		}
		if !<-got {
			t.Error("the next in line was forgotten")
		}
	})
}

// BenchmarkPermit is one hand-over's question on a channel without a rate and
// with no other slice at work: the bound is a microsecond.
func BenchmarkPermit(b *testing.B) {
	d := newDesk(1)
	d.release("sms", "n1", 1, 1, alert.Red, alert.Issue, hour())
	e, err := NewEngine(Config{Record: newMemRecord(), Notices: d, Channels: []Channel{newMemChannel("sms")}, Unrecorded: math.MaxInt})
	if err != nil {
		b.Fatal(err)
	}
	ln := e.lanes[0]
	s := &session{lane: ln, ledger: newLedger(alert.Task{Channel: "sms"}, nil), lease: &lease{half: time.Hour, base: time.Now()},
		notice: "n1", rev: 1, until: hour(), stop: make(chan struct{}), turn: ln.pacer.enter(1, b.N)}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.permit(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFilterOpen sifts a slice of 1,000 of whom 900 are settled.
func BenchmarkFilterOpen(b *testing.B) {
	d := newDesk(1000)
	l := newLedger(alert.Task{Channel: "sms"}, nil)
	for i := range 900 {
		l.apply(accepted(i, 1000))
	}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if s := l.sift(d.members, now, alert.StateNone, false); len(s.open) != 100 {
			b.Fatalf("%d open", len(s.open))
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "recipients/s")
}
