package channels

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// desk is what the engine asks about notices and people, in memory.
type desk struct {
	mu      sync.Mutex
	works   map[string]Work
	stops   map[string]Stop
	members []Member
}

func newDesk(n int) *desk {
	d := &desk{works: map[string]Work{}, stops: map[string]Stop{}}
	for i := range n {
		d.members = append(d.members, Member{ID: personID(i, n), Address: fmt.Sprintf("+861380000%04d", i), Lang: "zh"})
	}
	return d
}

// personID spreads n people evenly over the buckets.
func personID(i, n int) (id alert.RecipientID) {
	b := i * alert.Buckets / n
	id[0], id[1] = byte(b>>4), byte(b<<4)
	id[8], id[9], id[10], id[11] = byte(i>>24), byte(i>>16), byte(i>>8), byte(i)
	return id
}

// release makes a plan for the desk's people, cut into slices, and returns its tasks.
func (d *desk) release(channel, notice string, rev, slices int, level alert.Level, verb alert.Verb, until time.Time) []alert.Task {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := alert.Plan{Notice: notice, Rev: rev, Verb: verb, Mode: alert.Drill, Follow: verb.Follows(), Until: until,
		Query: alert.Query{Areas: []string{"440604"}, Level: level}}
	cp := alert.ChannelPlan{Channel: channel, Count: len(d.members)}
	var tasks []alert.Task
	for i := range slices {
		s := alert.Slice{Lo: uint16(i * alert.Buckets / slices), Hi: uint16((i+1)*alert.Buckets/slices - 1)}
		cp.Slices = append(cp.Slices, s)
		tasks = append(tasks, alert.Task{Channel: channel, Notice: notice, Rev: rev, Slice: s, Attempt: 1})
	}
	p.Channels = []alert.ChannelPlan{cp}
	w := Work{Plan: p, Message: Message{Notice: notice, Rev: rev, Verb: verb, Mode: alert.Drill, Content: alert.Content{Level: level, Headline: "台风黄色预警"}}}
	for r := 1; r < rev; r++ {
		if e, ok := d.works[alert.PlanID(notice, r)]; ok {
			w.Earlier = append(w.Earlier, e.Plan)
			d.stops[alert.PlanID(notice, r)] = Superseded
		}
	}
	d.works[alert.PlanID(notice, rev)] = w
	return tasks
}

func (d *desk) stop(notice string, rev int, s Stop) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stops[alert.PlanID(notice, rev)] = s
}

// resume lets a paused revision go on, as an officer does after a burst.
func (d *desk) resume(notice string, rev int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := alert.PlanID(notice, rev)
	w := d.works[id]
	w.Bursts++
	d.works[id] = w
	delete(d.stops, id)
}

func (d *desk) Work(notice string, rev int) (Work, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, ok := d.works[alert.PlanID(notice, rev)]
	return w, ok
}

func (d *desk) Stopped(notice string, rev int) Stop {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stops[alert.PlanID(notice, rev)]
}

func (d *desk) Slice(_ context.Context, _ string, s alert.Slice, q alert.Query) (out []Member, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.members {
		if s.Contains(m.ID) {
			out = append(out, m)
		}
	}
	return out, nil
}

func (d *desk) ByID(_ context.Context, _ string, ids []alert.RecipientID) (out []Member, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := map[alert.RecipientID]Member{}
	for _, m := range d.members {
		at[m.ID] = m
	}
	for _, id := range ids {
		if m, ok := at[id]; ok {
			out = append(out, m)
		}
	}
	return out, nil
}

// bench is a whole engine in memory.
type bench struct {
	*testing.T
	record *memRecord
	queue  *memQueue
	desk   *desk
	ch     *memChannel
	alarms chan Alarm
	eng    *Engine
	end    func() // stops the engine and waits
}

// start runs an engine over the bench's record, queue and desk.
func start(t *testing.T, people int, set func(b *bench, c *Config)) *bench {
	t.Helper()
	b := &bench{T: t, record: newMemRecord(), queue: newMemQueue(), desk: newDesk(people), ch: newMemChannel("sms"), alarms: make(chan Alarm, 100)}
	b.restart(set)
	return b
}

func (b *bench) restart(set func(b *bench, c *Config)) {
	b.Helper()
	c := Config{
		Record: b.record, Queue: b.queue, Audience: b.desk, Notices: b.desk, Outcomes: b.record.since,
		Alarm: func(a Alarm) {
			select {
			case b.alarms <- a:
			default:
			}
		},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Registry: prometheus.NewRegistry(), Alone: true,
	}
	if set != nil {
		set(b, &c)
	}
	if c.Channels == nil {
		c.Channels = []Channel{b.ch}
	}
	eng, err := NewEngine(c)
	if err != nil {
		b.Fatal(err)
	}
	b.eng = eng
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = eng.Run(ctx) }()
	b.end = sync.OnceFunc(func() { cancel(); <-done })
	b.Cleanup(b.end)
}

// until waits for a condition.
func (b *bench) until(limit time.Duration, what string, ok func() bool) {
	b.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			b.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (b *bench) drained() bool { return b.queue.left() == 0 }

func hour() time.Time { return time.Now().Add(time.Hour) }
