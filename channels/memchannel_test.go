package channels

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

// memChannel is a carrier that a test scripts: answer is called for each
// recipient that was permitted, in a goroutine when window > 1.
type memChannel struct {
	name   string
	answer func(r Recipient, b *Batch) (alert.Outcome, error) // an error ends the batch without reporting the recipient
	took   time.Duration                                      // how long an answer takes
	window int
	dead   *atomic.Bool // the process that uses it was killed

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
		if c.dead != nil && c.dead.Load() {
			<-ctx.Done()
			return ctx.Err()
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
