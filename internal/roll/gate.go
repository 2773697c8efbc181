package roll

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// gate keeps changes and readers of the roll out while its stream is made anew.
// Changes are quick and pass until the last moment; readers of everything are
// slow, so their end is waited for before the gate closes.
type gate struct {
	mu      sync.Mutex
	inside  int           // changes
	holds   int           // readers of everything
	wanted  bool          // somebody waits to close it: no new readers
	opened  chan struct{} // closed when the gate opens; nil while it is open
	lessNow chan struct{} // closed when somebody leaves; nil when nobody waits for that
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

func (g *gate) leave() { g.less(&g.inside) }

// hold keeps the gate from closing, if nobody wants to close it.
func (g *gate) hold() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wanted {
		return false
	}
	g.holds++
	return true
}

func (g *gate) release() { g.less(&g.holds) }

func (g *gate) less(n *int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*n--
	if g.lessNow != nil {
		close(g.lessNow)
		g.lessNow = nil
	}
}

// shut closes the gate and returns when nobody is inside.
func (g *gate) shut(ctx context.Context) error {
	g.mu.Lock()
	if g.wanted {
		g.mu.Unlock()
		return errors.New("the roll is being written anew already")
	}
	g.wanted = true
	g.mu.Unlock()
	err := g.until(ctx, func() bool { return g.holds == 0 })
	if err == nil {
		g.mu.Lock()
		g.opened = make(chan struct{})
		g.mu.Unlock()
		err = g.until(ctx, func() bool { return g.inside == 0 })
	}
	if err != nil {
		g.open()
		return fmt.Errorf("wait until nobody reads or changes the roll: %w", err)
	}
	return nil
}

// until waits until done, which is called with the lock held.
func (g *gate) until(ctx context.Context, done func() bool) error {
	for {
		g.mu.Lock()
		ok := done()
		if !ok && g.lessNow == nil {
			g.lessNow = make(chan struct{})
		}
		less := g.lessNow
		g.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-less:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
	}
	g.opened, g.wanted = nil, false
}

// Hold keeps the roll's stream from being made anew until release is called. It
// is not held (false) while that is going on: then the stream is not whole.
func (r *Roll) Hold() (release func(), held bool) {
	if !r.store.gate.hold() {
		return nil, false
	}
	return r.store.gate.release, true
}
