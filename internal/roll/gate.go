package roll

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// gate keeps changes of the roll out while its stream is made anew.
type gate struct {
	mu     sync.Mutex
	inside int
	opened chan struct{} // closed when the gate opens; nil while it is open
	idle   chan struct{} // closed when nobody is inside; nil when nobody waits for that
}

// gateWait is how long a person's own change waits at the gate; a hundred
// thousand records are written anew in less. Bulk waits as long as it may.
const gateWait = 10 * time.Second

// enter waits until the gate is open. Whoever entered has to leave.
func (g *gate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		opened := g.opened
		if opened == nil {
			g.inside++
		}
		g.mu.Unlock()
		if opened == nil {
			return nil
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return fmt.Errorf("wait for the roll: %w", context.Cause(ctx))
		}
	}
}

// enterSoon is enter for whom a person waits.
func (g *gate) enterSoon(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, gateWait, busy())
	defer cancel()
	return g.enter(ctx)
}

func busy() *alert.Problem {
	return &alert.Problem{Kind: alert.Unready, ZH: "订户名册正在整理，请过一分钟再试。", EN: "The roll is being written anew: try again in a minute."}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// shut closes the gate and waits until nobody is inside.
func (g *gate) shut(ctx context.Context) error {
	g.mu.Lock()
	if g.opened != nil {
		g.mu.Unlock()
		return fmt.Errorf("the roll is being written anew already")
	}
	g.opened = make(chan struct{})
	var idle chan struct{}
	if g.inside > 0 {
		idle = make(chan struct{})
		g.idle = idle
	}
	g.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		g.open()
		return ctx.Err()
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.opened)
	g.opened, g.idle = nil, nil
}
