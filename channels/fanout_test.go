package channels

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// town is an audience in the index of the service: n sealed addresses.
type town struct {
	*audience.Memory
	n int
}

func newTown(tb testing.TB, n int) *town {
	tb.Helper()
	keys := roll.NewKeys()
	t := &town{Memory: audience.NewMemory(keys, alert.Foshan(), slog.New(slog.DiscardHandler)), n: n}
	if err := t.Build(tb.Context(), sampleRoll{n, keys}); err != nil {
		tb.Fatal(err)
	}
	return t
}

// sampleRoll is a roll of made-up people in its stored form.
type sampleRoll struct {
	n    int
	keys *roll.Keys
}

func (s sampleRoll) Scan(_ context.Context, _, _ string, _ uint64, fn func(alert.Record) error) (uint64, error) {
	var seq uint64
	for p := range roll.Samples(alert.Foshan(), s.n, 0) {
		seq++
		id := s.keys.ID(p.Channel, p.Address)
		rec := roll.Record{Joined: p.Joined, Profile: roll.AppendProfile(nil, p.Profile()), Sealed: s.keys.Seal(nil, id, p.Address)}
		if err := fn(alert.Record{Subject: roll.Subject(id), Seq: seq, Data: roll.AppendRecord(nil, rec)}); err != nil {
			return seq, err
		}
	}
	return seq, nil
}

func (s sampleRoll) Follow(ctx context.Context, _, _ string, _ uint64, _ func(alert.Record) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// townQuery selects everybody of a town.
func townQuery() alert.Query {
	return alert.Query{Areas: []string{"440600"}, Level: alert.Red, Hazard: "11B01"}
}

// townCrowd fits the index to the engine, as the service does.
type townCrowd struct{ *audience.Memory }

func (c townCrowd) Slice(ctx context.Context, channel string, s alert.Slice, q alert.Query) ([]Member, error) {
	found, err := c.Memory.Slice(ctx, channel, s, q)
	return townMembers(found), err
}

func (c townCrowd) ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]Member, error) {
	found, err := c.Memory.ByID(ctx, channel, ids)
	return townMembers(found), err
}

func townMembers(found []audience.Member) []Member {
	out := make([]Member, len(found))
	for i, m := range found {
		out[i] = Member{ID: m.ID, Address: m.Address, Lang: m.Lang, Left: m.Left}
	}
	return out
}

// oneWork answers for a single release.
type oneWork struct{ work Work }

func (o *oneWork) Work(string, int) (Work, bool) { return o.work, true }
func (o *oneWork) Stopped(string, int) Stop      { return GoOn }

func messageID(n int64) string { return strconv.FormatInt(n+1e9, 16) }

// instant is a carrier that accepts at once.
type instant struct{ n atomic.Int64 }

func (*instant) Name() string                              { return "sms" }
func (*instant) Render(Message, string) (Rendering, error) { return Rendering{Parts: 1}, nil }
func (*instant) Health() Health                            { return Health{Route: "instant", Ready: true} }

func (c *instant) Deliver(ctx context.Context, b Batch, report func(int, alert.Outcome)) error {
	for i := range b.Recipients {
		if err := b.Permit(ctx); err != nil {
			return err
		}
		report(i, alert.Outcome{State: alert.StateAccepted, MessageID: messageID(c.n.Add(1))})
	}
	return nil
}

// outing is one notice on its way to a whole town, through an engine over the
// real record.
type outing struct {
	eng     *Engine
	store   *journal.Store
	carrier *instant
	tasks   []string
	metrics *prometheus.Registry
	end     func()
}

func newOuting(b *testing.B, people int) *outing {
	b.Helper()
	town := newTown(b, people)
	o := &outing{store: openStore(b, b.TempDir()), carrier: &instant{}, metrics: prometheus.NewRegistry()}
	per, err := town.PerBucket(b.Context(), roll.SMS, townQuery())
	if err != nil {
		b.Fatal(err)
	}
	plan := alert.Plan{Notice: "n1", Rev: 1, Verb: alert.Issue, Mode: alert.Drill, Query: townQuery(), Until: hour(),
		Channels: []alert.ChannelPlan{{Channel: roll.SMS, Slices: alert.CutSlices(per, 1000)}}}
	for _, s := range plan.Channels[0].Slices {
		o.tasks = append(o.tasks, alert.Task{Channel: roll.SMS, Notice: "n1", Rev: 1, Slice: s, Attempt: 1}.Subject())
	}
	o.eng, err = NewEngine(Config{Record: o.store, Queue: storeQueue{o.store}, Audience: townCrowd{town.Memory},
		Notices:  &oneWork{Work{Plan: plan, Message: Message{Notice: "n1", Rev: 1, Verb: alert.Issue, Mode: alert.Drill, Content: alert.Content{Level: alert.Red}}}},
		Channels: []Channel{o.carrier}, Log: slog.New(slog.DiscardHandler), Registry: o.metrics, Alone: true})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = o.eng.Run(ctx) }()
	o.end = sync.OnceFunc(func() { cancel(); <-done })
	b.Cleanup(o.end)
	return o
}

// counted is one sample of a counter.
type counted struct {
	channel, result string
	n               int
}

func (o *outing) gathered(b *testing.B, name string) (out []counted) {
	families, err := o.metrics.Gather()
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				out = append(out, counted{m.GetLabel()[0].GetValue(), m.GetLabel()[1].GetValue(), int(m.GetCounter().GetValue())})
			}
		}
	}
	return out
}

// run sends it and returns when every outcome and tally is on disk.
func (o *outing) run(b *testing.B) {
	closed := make(chan struct{})
	go waitTallies(b.Context(), o.store, len(o.tasks), closed)
	if _, err := o.store.PutTasks(b.Context(), o.tasks); err != nil {
		b.Fatal(err)
	}
	<-closed
}

// BenchmarkFanout sends one notice to b.N people through a carrier that accepts
// at once: from the tasks being put to every outcome and tally on disk.
//
//	go test ./channels -run - -bench Fanout -benchtime 1000000x
func BenchmarkFanout(b *testing.B) {
	o := newOuting(b, b.N)
	b.ResetTimer()
	cpu := cpuTime()
	o.run(b)
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/recipient")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "recipients/s")
	if got := o.carrier.n.Load(); got != int64(b.N) {
		b.Errorf("%d messages for %d people", got, b.N)
	}
	o.end()
}

// BenchmarkReceipts brings a receipt for each of b.N people, in the order in
// which they were sent, 64 at a time. Each returns when it is on disk.
func BenchmarkReceipts(b *testing.B) {
	o := newOuting(b, b.N)
	o.run(b)
	b.ResetTimer()
	var next, took atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				at := time.Now()
				r := Receipt{Channel: "sms", MessageID: messageID(n), State: alert.StateDelivered, Code: "DELIVRD", At: at}
				if err := o.eng.Inbox().Receipt(b.Context(), r); err != nil {
					b.Error(err)
				}
				took.Add(int64(time.Since(at)))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
	b.ReportMetric(float64(took.Load())/float64(b.N)/1e6, "ms/receipt")
	for _, known := range o.gathered(b, "mingluo_channel_receipts_total") {
		if known.result == "recorded" && known.channel == "sms" && known.n != b.N {
			b.Errorf("%d of %d were recorded", known.n, b.N)
		}
	}
	o.end()
}

// cpuTime is what the process has used of all cores.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// waitTallies follows the tallies until so many slices are closed.
func waitTallies(ctx context.Context, s interface {
	Follow(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) error
}, slices int, done chan<- struct{}) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	shut := map[string]bool{}
	_ = s.Follow(ctx, alert.StreamTallies, "tally.>", 1, func(r alert.Record) error {
		t, err := readTally(r.Data)
		if err == nil && t.Closed {
			shut[r.Subject] = true
		}
		if len(shut) == slices {
			close(done)
			cancel()
		}
		return err
	})
}

func readTally(b []byte) (t alert.Tally, err error) { return t, json.Unmarshal(b, &t) }
