package apptest

import "sync"

// gate keeps the answers of a carrier that has taken enough. What happens in the
// middle of a fan-out is tried with it, so that the middle is where the test
// wants it and not where a slow machine happens to be.
type gate struct {
	taken func() int // messages by now

	mu      sync.Mutex
	shut    bool
	enough  int // messages that are answered while it is shut
	waiting []func()
}

// pass lets an answer go, now or when the gate is opened.
func (g *gate) pass(answer func()) {
	g.mu.Lock()
	if g.shut && g.taken() > g.enough {
		g.waiting = append(g.waiting, answer)
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	answer()
}

func (g *gate) hold(more int) {
	g.mu.Lock()
	g.shut, g.enough = true, g.taken()+more
	g.mu.Unlock()
	g.letGo()
}

func (g *gate) open() {
	g.mu.Lock()
	g.shut = false
	g.mu.Unlock()
	g.letGo()
}

// letGo asks again for every answer that waits.
func (g *gate) letGo() {
	g.mu.Lock()
	waiting := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	for _, answer := range waiting {
		g.pass(answer)
	}
}

func (g *gate) holding() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting) > 0
}

// Hold lets each carrier answer so many more messages. The others it takes, as
// many as a route has without an answer, and answers none of them before
// [Carriers.Release] or another Hold. What was held before is answered first.
func (c *Carriers) Hold(sms, wechat int) {
	c.smsGate.hold(sms)
	c.wechatGate.hold(wechat)
}

// Holding reports whether both carriers keep answers: the fan-out stands still.
func (c *Carriers) Holding() bool { return c.smsGate.holding() && c.wechatGate.holding() }

// Release gives all answers that were held and holds no more.
func (c *Carriers) Release() {
	c.smsGate.open()
	c.wechatGate.open()
}
