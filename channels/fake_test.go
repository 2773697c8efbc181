package channels

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// memRecord is a record in memory that is honest about expected sequences and
// about atomic batches. With lag it takes as long as a synced commit does.
type memRecord struct {
	lag   time.Duration
	fault func(puts []alert.Put) (stored bool, err error) // asked before each batch; nil error: go on

	mu      sync.Mutex
	seq     map[string]uint64 // by stream
	all     map[string][]alert.Record
	batches int
}

func newMemRecord() *memRecord {
	return &memRecord{seq: map[string]uint64{}, all: map[string][]alert.Record{}}
}

func stream(subject string) string {
	if subject[0] == 'o' {
		return alert.StreamOutcomes
	}
	return alert.StreamTallies
}

func (m *memRecord) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	if m.lag > 0 {
		sleep(ctx, m.lag)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if m.fault != nil {
		if stored, err := m.fault(puts); err != nil {
			if stored {
				_, _ = m.put(puts)
			}
			return 0, err
		}
	}
	return m.put(puts)
}

func (m *memRecord) put(puts []alert.Put) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := map[string]bool{}
	for _, p := range puts {
		if seen[p.Subject] {
			return 0, fmt.Errorf("a batch with two messages of %s", p.Subject)
		}
		seen[p.Subject] = true
		if p.ExpectSubject != nil && *p.ExpectSubject != m.last(p.Subject) {
			return 0, fmt.Errorf("%s: %w", p.Subject, alert.ErrStale)
		}
	}
	m.batches++
	for _, p := range puts {
		st := stream(p.Subject)
		m.seq[st]++
		m.all[p.Subject] = append(m.all[p.Subject], alert.Record{Subject: p.Subject, Seq: m.seq[st], At: time.Now(), Data: append([]byte(nil), p.Data...)})
	}
	return m.seq[stream(puts[0].Subject)], nil
}

func (m *memRecord) last(subject string) uint64 {
	if rs := m.all[subject]; len(rs) > 0 {
		return rs[len(rs)-1].Seq
	}
	return 0
}

func (m *memRecord) Get(_ context.Context, subject string) (alert.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rs := m.all[subject]
	if len(rs) == 0 {
		return alert.Record{}, alert.ErrNotFound
	}
	return rs[len(rs)-1], nil
}

func (m *memRecord) Subject(_ context.Context, subject string, from uint64, fn func(alert.Record) error) error {
	m.mu.Lock()
	rs := append([]alert.Record(nil), m.all[subject]...)
	m.mu.Unlock()
	for _, r := range rs {
		if r.Seq >= from {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// append writes as another process would: the newest sequence is expected.
func (m *memRecord) append(t *testing.T, task alert.Task, os ...alert.Outcome) {
	t.Helper()
	m.mu.Lock()
	last := m.last(task.OutcomeSubject())
	m.mu.Unlock()
	if _, err := m.put([]alert.Put{{Subject: task.OutcomeSubject(), Data: alert.AppendOutcomes(nil, os), ExpectSubject: &last}}); err != nil {
		t.Fatal(err)
	}
}

func (m *memRecord) outcomes(t *testing.T, task alert.Task) (os []alert.Outcome) {
	t.Helper()
	_ = m.Subject(t.Context(), task.OutcomeSubject(), 0, func(r alert.Record) error {
		if err := alert.DecodeOutcomes(r.Data, func(o alert.Outcome) { os = append(os, o) }); err != nil {
			t.Fatal(err)
		}
		return nil
	})
	return os
}

func (m *memRecord) tally(t *testing.T, task alert.Task) (y alert.Tally) {
	t.Helper()
	r, err := m.Get(t.Context(), task.TallySubject())
	if err != nil {
		return y
	}
	if err := json.Unmarshal(r.Data, &y); err != nil {
		t.Fatal(err)
	}
	return y
}

func (m *memRecord) since(_ context.Context, at time.Time, fn func(alert.Record) error) error {
	m.mu.Lock()
	var rs []alert.Record
	for s, l := range m.all {
		if stream(s) == alert.StreamOutcomes {
			rs = append(rs, l...)
		}
	}
	m.mu.Unlock()
	for _, r := range rs {
		if !r.At.Before(at) {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// memQueue gives out tasks as JetStream does: in order, again after ackWait
// without progress, again at once or later after a Nak.
type memQueue struct {
	ackWait time.Duration

	mu    sync.Mutex
	items []*memTask
	wake  chan struct{}
}

type memTask struct {
	q         *memQueue
	subject   string
	delivered int
	due       time.Time // not given out before
	held      bool
	deadline  time.Time
	done      bool
}

// memHandle is one delivery of a task.
type memHandle struct {
	*memTask
	n      int
	frozen *bool // the process does not run: nothing gets through
}

func newMemQueue() *memQueue {
	return &memQueue{ackWait: 30 * time.Second, wake: make(chan struct{}, 1)}
}

func (q *memQueue) put(tasks ...alert.Task) {
	q.mu.Lock()
	for _, t := range tasks {
		q.items = append(q.items, &memTask{q: q, subject: t.Subject()})
	}
	q.mu.Unlock()
	q.poke()
}

func (q *memQueue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *memQueue) left() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.items {
		if !t.done {
			n++
		}
	}
	return n
}

func (q *memQueue) next(channel string) *memHandle {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, t := range q.items {
		task, _ := alert.ParseTask(t.subject)
		if t.done || task.Channel != channel || now.Before(t.due) || t.held && now.Before(t.deadline) {
			continue
		}
		t.held, t.deadline = true, now.Add(q.ackWait)
		t.delivered++
		return &memHandle{memTask: t, n: t.delivered}
	}
	return nil
}

func (q *memQueue) Tasks(ctx context.Context, channel string, held int, handle func(context.Context, TaskHandle)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, held)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		var h *memHandle
		for h == nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if h = q.next(channel); h == nil {
				select {
				case <-q.wake:
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		}
		wg.Go(func() {
			defer func() { <-slots }()
			handle(ctx, h)
		})
	}
}

func (h *memHandle) Subject() string { return h.subject }
func (h *memHandle) Delivered() int  { return h.n }

func (h *memHandle) Progress(context.Context) error {
	h.q.mu.Lock()
	defer h.q.mu.Unlock()
	h.deadline = time.Now().Add(h.q.ackWait) // JetStream takes it from an old delivery too
	return nil
}

func (h *memHandle) Ack(context.Context) error {
	h.q.mu.Lock()
	defer h.q.mu.Unlock()
	h.done = true
	return nil
}

func (h *memHandle) Nak(_ context.Context, delay time.Duration) error {
	h.q.mu.Lock()
	defer h.q.mu.Unlock()
	if h.n == h.delivered {
		h.held, h.due = false, time.Now().Add(delay)
	}
	h.q.poke()
	return nil
}

// memChannel is a carrier that a test scripts: answer is called for each
// recipient that was permitted, in a goroutine when window > 1.
type memChannel struct {
	name   string
	answer func(r Recipient, b *Batch) (alert.Outcome, error) // an error ends the batch without reporting the recipient
	took   time.Duration                                      // how long an answer takes
	window int

	mu     sync.Mutex
	health Health
	sent   []sending
}

type sending struct {
	id   alert.RecipientID
	text string // "<notice>.<rev>"
	at   time.Time
	r    Recipient
}

func newMemChannel(name string) *memChannel {
	return &memChannel{name: name, window: 1, health: Health{Route: "memory", Ready: true}}
}

func (c *memChannel) Name() string { return c.name }

func (c *memChannel) Render(m Message, lang string) (Rendering, error) {
	return Rendering{Text: m.Content.Headline, Parts: 1}, nil
}

func (c *memChannel) Health() Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.health
}

func (c *memChannel) setHealth(h Health) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.health = h
}

func (c *memChannel) Deliver(ctx context.Context, b Batch, report func(int, alert.Outcome)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	window := make(chan struct{}, c.window)
	failed := make(chan error, len(b.Recipients))
	for i, r := range b.Recipients {
		select {
		case window <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case err := <-failed:
			return err
		default:
		}
		if err := b.Permit(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		c.sent = append(c.sent, sending{id: r.ID, text: alert.PlanID(b.Message.Notice, b.Message.Rev), at: time.Now(), r: r})
		n := len(c.sent)
		c.mu.Unlock()
		wg.Go(func() {
			defer func() { <-window }()
			if c.took > 0 {
				sleep(ctx, c.took)
			}
			o, err := alert.Outcome{State: alert.StateAccepted, MessageID: fmt.Sprintf("m%d", n)}, error(nil)
			if c.answer != nil {
				o, err = c.answer(r, &b)
			}
			if err != nil {
				failed <- err
				return
			}
			report(i, o)
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (c *memChannel) sends() []sending {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]sending(nil), c.sent...)
}

// perPerson counts what was sent of one revision, by person.
func (c *memChannel) perPerson(plan string) map[alert.RecipientID]int {
	n := map[alert.RecipientID]int{}
	for _, s := range c.sends() {
		if s.text == plan {
			n[s.id]++
		}
	}
	return n
}

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
		Record: b.record, Queue: b.queue, Audience: b.desk, Notices: b.desk, OutcomesSince: b.record.since,
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
