package channels

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
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
		report(i, alert.Outcome{State: alert.StateAccepted, MessageID: strconv.FormatInt(c.n.Add(1)+1e9, 16)})
	}
	return nil
}

// BenchmarkFanout sends one notice to b.N people through a carrier that accepts
// at once: from the tasks being put to every outcome and tally on disk.
//
//	go test ./channels -run - -bench Fanout -benchtime 1000000x
func BenchmarkFanout(b *testing.B) {
	town := newTown(b, b.N)
	store := openStore(b, b.TempDir())
	per, err := town.PerBucket(b.Context(), roll.SMS, townQuery())
	if err != nil {
		b.Fatal(err)
	}
	plan := alert.Plan{Notice: "n1", Rev: 1, Verb: alert.Issue, Mode: alert.Drill, Query: townQuery(), Until: hour()}
	cp := alert.ChannelPlan{Channel: roll.SMS, Slices: alert.CutSlices(per, 1000)}
	plan.Channels = []alert.ChannelPlan{cp}
	var tasks []string
	for _, s := range cp.Slices {
		tasks = append(tasks, alert.Task{Channel: roll.SMS, Notice: "n1", Rev: 1, Slice: s, Attempt: 1}.Subject())
	}
	carrier := &instant{}
	eng, err := NewEngine(Config{Record: store, Queue: storeQueue{store}, Audience: townCrowd{town.Memory},
		Notices:  &oneWork{Work{Plan: plan, Message: Message{Notice: "n1", Rev: 1, Verb: alert.Issue, Mode: alert.Drill, Content: alert.Content{Level: alert.Red}}}},
		Channels: []Channel{carrier}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Alone: true})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = eng.Run(ctx) }()
	closed := make(chan struct{})
	go waitTallies(ctx, store, len(tasks), closed)
	b.ResetTimer()
	cpu := cpuTime()
	if _, err := store.PutTasks(ctx, tasks); err != nil {
		b.Fatal(err)
	}
	<-closed
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/recipient")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "recipients/s")
	if got := carrier.n.Load(); got != int64(b.N) {
		b.Errorf("%d messages for %d people", got, b.N)
	}
	cancel()
	<-done
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
