package sms

import (
	"context"
	"sync"
	"time"
)

// maxGroups is how many long messages have the receipts of all their parts
// counted; the oldest is forgotten first, and then its last part's receipt
// alone decides. About 300 bytes each.
const maxGroups = 200_000

// groups knows which parts belong to which long message.
type groups struct {
	max int

	mu    sync.Mutex
	parts map[string]membership // by the carrier's id
	order []*group              // oldest first
}

type membership struct {
	g    *group
	part int
}

// group is one long message.
type group struct {
	ready chan struct{} // closed when all parts are answered

	// Guarded by groups.mu.
	total int
	ids   []string
	done  []bool // parts whose receipt said that they arrived
	told  news   // what the desk knows

	// Set before ready is closed.
	whole bool   // all parts were accepted
	last  string // the id that the outcome carries
}

func newGroups(most int) *groups {
	return &groups{max: most, parts: map[string]membership{}}
}

func (gs *groups) open(total int) *group {
	g := &group{ready: make(chan struct{}), total: total}
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.order = append(gs.order, g)
	if len(gs.order) > gs.max {
		for _, id := range gs.order[0].ids {
			delete(gs.parts, id)
		}
		gs.order[0] = nil
		gs.order = gs.order[1:]
	}
	return g
}

// add notes an accepted part.
func (gs *groups) add(g *group, id string) {
	if id == "" {
		return
	}
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.parts[id] = membership{g: g, part: len(g.ids)}
	g.ids = append(g.ids, id)
	g.done = append(g.done, false)
}

// settle says that all parts are answered. Until then a receipt that was
// quicker waits.
func (g *group) settle(whole bool, last string) {
	g.whole, g.last = whole, last
	close(g.ready)
}

func (gs *groups) find(id string) (m membership, ok bool) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	m, ok = gs.parts[id]
	return m, ok
}

// newest returns the long message that was begun last, or nil.
func (gs *groups) newest() *group {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if len(gs.order) == 0 {
		return nil
	}
	return gs.order[len(gs.order)-1]
}

// earlyFor is how long a receipt may precede the answer to its submission.
const earlyFor = 500 * time.Millisecond

// await finds the part that a receipt is about. Some carriers send receipts
// before they answer: one that nobody knows waits until what is in flight is
// answered.
func (gs *groups) await(ctx context.Context, id string) (membership, bool) {
	m, ok := gs.find(id)
	g := gs.newest()
	if ok || g == nil {
		return m, ok
	}
	t := time.NewTimer(earlyFor)
	defer t.Stop()
	select {
	case <-g.ready:
	case <-t.C:
	case <-ctx.Done():
	}
	return gs.find(id)
}

// news is what a part's receipt means for the message.
type news uint8

const (
	nothingNew news = iota
	allArrived
	oneFailed
)

// arrived notes a part that arrived.
func (gs *groups) arrived(m membership) news {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	m.g.done[m.part] = true
	if m.g.told != nothingNew || len(m.g.done) < m.g.total {
		return nothingNew
	}
	for _, d := range m.g.done {
		if !d {
			return nothingNew
		}
	}
	m.g.told = allArrived
	return allArrived
}

// lostPart notes a part that did not arrive.
func (gs *groups) lostPart(m membership) news {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if m.g.told != nothingNew { // a receipt is never taken back
		return nothingNew
	}
	m.g.told = oneFailed
	return oneFailed
}

// undo forgets a receipt that could not be put on record: it comes again.
func (gs *groups) undo(m membership) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	m.g.done[m.part], m.g.told = false, nothingNew
}
