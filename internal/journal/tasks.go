package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

// defaultTaskWait is how long a worker may be silent before its task is given to
// another: it says [Task.Progress] every 10 s.
const defaultTaskWait = 30 * time.Second

// maxTasks bounds the tasks of one channel that are handed out and not yet
// acknowledged, by all processes together; delayed ones count too.
const maxTasks = 10_000

// Task is a message of the work queue in a worker's hands. Its acknowledgement
// is a hint, not proof: JetStream writes it to disk late, so after a crash a
// finished task may come once more, and its worker finds everybody settled.
type Task struct {
	Subject   string
	Data      []byte
	Delivered int // 1 the first time; begins anew when the process starts
	msg       jetstream.Msg
	store     *Store
}

// Progress tells that the worker is alive, and returns when the server confirmed
// it: the task stays with the worker for another [Config].TaskWait. A worker must not go on
// sending when its last confirmed Progress is older than half of that.
func (t *Task) Progress(ctx context.Context) error {
	// Asked with a reply, so that it is confirmed; a plain InProgress is published
	// and forgotten.
	if _, err := t.store.nc.RequestWithContext(ctx, t.msg.Reply(), []byte("+WPI")); err != nil {
		return fmt.Errorf("progress of %s: %w", t.Subject, err)
	}
	return nil
}

// Ack ends the task and waits for the server's word.
func (t *Task) Ack(ctx context.Context) error {
	if err := t.msg.DoubleAck(ctx); err != nil {
		return fmt.Errorf("acknowledge %s: %w", t.Subject, err)
	}
	return nil
}

// Nak gives the task back; it comes again after the delay. Keep it to seconds: a
// delayed task counts against the limit and would block the rest. What is due
// later is put anew by the watch.
func (t *Task) Nak(delay time.Duration) error {
	var err error
	if delay > 0 {
		err = t.msg.NakWithDelay(delay)
	} else {
		err = t.msg.Nak()
	}
	if err != nil {
		return fmt.Errorf("give %s back: %w", t.Subject, err)
	}
	return nil
}

// Tasks hands the channel's tasks to handle, each in a goroutine of its own and
// at most held at once in this process, until ctx ends; it returns when the last
// handler has returned. The handler's context ends with ctx. A handler that
// returns without Ack or Nak leaves the task to come again after TaskWait.
// Several processes share one queue.
func (s *Store) Tasks(ctx context.Context, channel string, held int, handle func(ctx context.Context, t *Task)) error {
	if err := checkToken("channel", channel); err != nil {
		return fmt.Errorf("take tasks: %w", err)
	}
	if held < 1 {
		return fmt.Errorf("take tasks of %s: %d at once, want at least 1", channel, held)
	}
	cons, err := s.js.CreateOrUpdateConsumer(ctx, alert.StreamTasks, jetstream.ConsumerConfig{
		Durable:       channel,
		FilterSubject: "task." + channel + ".>",
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       s.conf.TaskWait,
		MaxDeliver:    -1, // a slice is worked until it is settled
		MaxAckPending: maxTasks,
		// No BackOff: it replaces AckWait, and slices that take longer than its
		// first step were handed out twice.
	})
	if err != nil {
		return fmt.Errorf("take tasks of %s: %w", channel, err)
	}
	p := &puller{store: s, cons: cons, handle: handle, slots: make(chan struct{}, held)}
	p.run(ctx)
	return ctx.Err()
}

const (
	maxPull  = 256                    // tasks asked for at once
	pullWait = 500 * time.Millisecond // how long one question stands with the server
)

// puller asks for as many tasks as there are free slots, one question at a
// time. Nothing is fetched ahead: a task that waits in a buffer is a task whose
// time runs. A question stands for half a second only, so that it can be waited
// for when the taking ends, and what still came with it is given back at once.
type puller struct {
	store  *Store
	cons   jetstream.Consumer
	handle func(ctx context.Context, t *Task)
	slots  chan struct{}
	work   sync.WaitGroup
}

func (p *puller) run(ctx context.Context) {
	defer p.work.Wait()
	for try := 0; ctx.Err() == nil; {
		n := p.reserve(ctx)
		if n == 0 {
			return
		}
		came, err := p.pull(ctx, n)
		for range n - came {
			<-p.slots
		}
		if err == nil {
			try = 0
			continue
		}
		if p.store.root.Err() != nil {
			return
		}
		try++
		p.store.log.Warn("no tasks could be fetched", "err", err)
		_ = pause(ctx, min(time.Duration(try)*200*time.Millisecond, 5*time.Second)) // the loop looks at ctx
	}
}

// reserve waits for a free slot and takes those that are free; 0 when ctx ended.
func (p *puller) reserve(ctx context.Context) (n int) {
	select {
	case p.slots <- struct{}{}:
		n = 1
	case <-ctx.Done():
		return 0
	}
	for n < maxPull {
		select {
		case p.slots <- struct{}{}:
			n++
		default:
			return n
		}
	}
	return n
}

// pull asks once and returns how many of the slots are in use by what came.
func (p *puller) pull(ctx context.Context, n int) (came int, err error) {
	b, err := p.cons.Fetch(n, jetstream.FetchMaxWait(pullWait))
	if err != nil {
		return 0, err
	}
	for m := range b.Messages() {
		if ctx.Err() != nil {
			_ = m.Nak() // at worst it comes back by itself after AckWait
			continue
		}
		t := &Task{Subject: m.Subject(), Data: m.Data(), msg: m, store: p.store, Delivered: 1}
		if md, err := m.Metadata(); err == nil {
			t.Delivered = int(md.NumDelivered)
		}
		came++
		p.work.Go(func() {
			defer func() { <-p.slots }()
			p.handle(ctx, t)
		})
	}
	if err := b.Error(); err != nil && ctx.Err() == nil {
		return came, err
	}
	return came, nil
}

// freeTasks forgets who held which task when the process before this one ended:
// the folder is ours alone, so nobody works on them any more, and the queue need
// not wait half a minute for them. In a cluster others may be at work.
func (s *Store) freeTasks(ctx context.Context) error {
	if s.emb == nil {
		return nil
	}
	st, err := s.js.Stream(ctx, alert.StreamTasks)
	if err != nil {
		return fmt.Errorf("free tasks: %w", err)
	}
	names := st.ConsumerNames(ctx)
	for name := range names.Name() {
		if err := st.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("free tasks of %s: %w", name, err)
		}
	}
	if err := names.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return fmt.Errorf("free tasks: %w", err)
	}
	return nil
}

// PutTasks queues the subjects that are not queued yet and returns how many it
// put. A subject can be queued once at a time; those already there are left
// alone. In batches, so that a thousand cost a few syncs.
func (s *Store) PutTasks(ctx context.Context, subjects []string) (put int, err error) {
	subjects = unique(subjects)
	for len(subjects) > 0 {
		n := min(maxBatch, len(subjects))
		done, err := s.putTasks(ctx, subjects[:n])
		put += done
		if err != nil {
			return put, fmt.Errorf("queue tasks: %w", err)
		}
		subjects = subjects[n:]
	}
	return put, nil
}

// putTasks puts one batch. When it is refused because one is there, it looks
// which, and puts the rest; a replica that answers late, or another process that
// puts the same, makes it look again, and in the end they are put one by one.
func (s *Store) putTasks(ctx context.Context, subjects []string) (int, error) {
	for try := 1; try <= 3 && len(subjects) > 0; try++ {
		_, err := s.PutBatch(ctx, taskPuts(subjects))
		if err == nil {
			return len(subjects), nil
		}
		if !errors.Is(err, alert.ErrTaken) {
			return 0, err
		}
		there, err := s.Newest(ctx, subjects)
		if err != nil {
			return 0, err
		}
		subjects = missing(subjects, there)
	}
	return s.putOneByOne(ctx, subjects)
}

func (s *Store) putOneByOne(ctx context.Context, subjects []string) (put int, err error) {
	for _, p := range taskPuts(subjects) {
		if _, err := s.Put(ctx, p); err == nil {
			put++
		} else if !errors.Is(err, alert.ErrTaken) {
			return put, err
		}
	}
	return put, nil
}

func taskPuts(subjects []string) []alert.Put {
	puts := make([]alert.Put, len(subjects))
	for i, sub := range subjects {
		puts[i].Subject = sub
	}
	return puts
}

func missing(subjects []string, there map[string]alert.Record) []string {
	var rest []string
	for _, sub := range subjects {
		if _, ok := there[sub]; !ok {
			rest = append(rest, sub)
		}
	}
	return rest
}

func unique(subjects []string) []string {
	seen := make(map[string]bool, len(subjects))
	var out []string
	for _, sub := range subjects {
		if !seen[sub] {
			seen[sub] = true
			out = append(out, sub)
		}
	}
	return out
}
