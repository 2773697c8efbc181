package sms_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/sms"
	"mingluo/internal/alert"
)

// BenchmarkDeliver sends slices of 1,000 people, four at a time, over one link
// to an imitation carrier in the same process: figures are the whole machine's.
func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct {
		name   string
		parts  int
		window int
	}{{"one part, window 100", 1, 100}, {"one part, window 10", 1, 10}, {"three parts, window 100", 3, 100}} {
		b.Run(c.name, func(b *testing.B) {
			s := startSMSC(b, smsc.Config{})
			s.SetFaults(smsc.Faults{NoReceipts: true})
			r := sms.New(sms.Config{Addr: s.Addr(), SystemID: "x", Window: c.window}, nil, nil)
			ctx, stop := context.WithCancel(b.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer stop()
			wg.Go(func() { _ = r.Run(ctx, &desk{}) })
			for !r.Health().Ready {
				time.Sleep(time.Millisecond)
			}
			m := channeltest.Message(alert.Live)
			if c.parts == 1 {
				m.URL, m.Code, m.Content.Description, m.Content.Contact = "", "", "", ""
			}
			if p, err := r.Render(m, "zh"); err != nil || p.Parts != c.parts {
				b.Fatal(p.Parts, err)
			}
			people := phones(1000)
			b.ReportAllocs()
			b.ResetTimer()
			var slices sync.WaitGroup
			places := make(chan struct{}, 4)
			for n := 0; n < b.N; n += len(people) {
				places <- struct{}{}
				slices.Go(func() {
					defer func() { <-places }()
					err := r.Deliver(ctx, channels.Batch{Message: m, Recipients: people[:min(len(people), b.N-n)], Permit: func(context.Context) error { return nil }}, func(int, alert.Outcome) {})
					if err != nil {
						b.Error(err)
					}
				})
			}
			slices.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "people/s")
			b.StopTimer()
		})
	}
}
