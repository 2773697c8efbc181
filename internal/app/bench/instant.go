package bench

import (
	"context"
	"strconv"
	"sync/atomic"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// instant is a channel whose carrier takes every message at once and gives it
// an id, so that what remains is the cost of our own work.
type instant struct {
	name   string
	handed atomic.Int64
}

func (c *instant) Name() string { return c.name }

func (c *instant) Health() channels.Health {
	return channels.Health{Route: "bench", Imitation: true, Ready: true}
}

func (c *instant) Render(m channels.Message, _ string) (channels.Rendering, error) {
	return channels.Rendering{Text: m.Content.Headline, Parts: 1}, nil
}

func (c *instant) Deliver(ctx context.Context, b channels.Batch, report func(i int, o alert.Outcome)) error {
	for i := range b.Recipients {
		if err := b.Permit(ctx); err != nil {
			return err
		}
		id := c.handed.Add(1)
		report(i, alert.Outcome{State: alert.StateAccepted, MessageID: strconv.FormatInt(1<<40+id, 16)})
	}
	return nil
}
