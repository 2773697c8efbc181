package journal

import (
	"cmp"
	"fmt"
	"slices"
)

// copyLinks are the links that were found in one copy of the journal, whatever
// their state: the stream, a mirror, or the file of a healing that was cut off.
type copyLinks struct {
	name  string
	links []placed // ascending by seq; holes, repetitions and strangers are possible
	junk  int      // what is there and is no event, or stands in the wrong order
	read  func(placed) ([]byte, error)
}

// beginning reports whether the copy is the first part of the chain and nothing
// else.
func (c *copyLinks) beginning(a *authority) bool {
	if c.junk > 0 || uint64(len(c.links)) > a.seq() {
		return false
	}
	for i := range c.links {
		if c.links[i].seq != uint64(i)+1 || c.links[i].hash != a.chain[i].hash {
			return false
		}
	}
	return true
}

// placed is a link and where its bytes are in its copy.
type placed struct {
	seq        uint64
	hash, prev digest
	off        int64
	size       int
}

// sort puts links in order that were found out of order.
func (c *copyLinks) sort() {
	bySeq := func(a, b placed) int { return cmp.Compare(a.seq, b.seq) }
	if !slices.IsSortedFunc(c.links, bySeq) {
		c.junk++
		slices.SortStableFunc(c.links, bySeq)
	}
}

// node is one event of one of the chains that begin with event 1. Chains share
// the nodes that they have in common.
type node struct {
	hash    digest
	parent  int32
	from    int16 // a copy that holds it
	at      int32 // and where in its links
	holders uint32
	signed  bool // no signed head speaks against the chain up to here
	last    bool // no event follows it on its chain
}

// maxCopies is what holders can tell apart.
const maxCopies = 32

// authority is the chain that counts.
type authority struct {
	copies []*copyLinks
	chain  []*node // by seq-1
}

func (a *authority) seq() uint64 { return uint64(len(a.chain)) }

func (a *authority) head() digest { return a.hashAt(a.seq()) }

// hashAt returns the hash of an event of the chain.
func (a *authority) hashAt(seq uint64) digest {
	if seq == 0 || seq > a.seq() {
		return digest{}
	}
	return a.chain[seq-1].hash
}

// each calls fn with the stored bytes of the events beyond after, in order, from
// whichever copy has them. They are hashed once more: what changed since it was
// looked at is an error.
func (a *authority) each(after uint64, fn func(seq uint64, stored []byte) error) error {
	for i := after; i < a.seq(); i++ {
		stored, err := a.read(a.chain[i])
		if err != nil {
			return fmt.Errorf("event %d: %w", i+1, err)
		}
		if err := fn(i+1, stored); err != nil {
			return err
		}
	}
	return nil
}

func (a *authority) read(n *node) ([]byte, error) {
	c := a.copies[n.from]
	stored, err := c.read(c.links[n.at])
	if err != nil {
		return nil, fmt.Errorf("read from %s: %w", c.name, err)
	}
	if digestOf(stored) != n.hash {
		return nil, fmt.Errorf("read from %s: it changed since it was checked", c.name)
	}
	return stored, nil
}

// resolve finds the chain that counts: the longest that is whole from event 1 and
// contains every signed head. Its events may come from several copies: a link is
// as good as its hash, wherever it stands. What lies beyond the signed heads
// counts too when there is only one such continuation; two different ones are a
// [*ForkError], and a signed head that no chain reaches is a [*LostError].
func resolve(copies []*copyLinks, heads []Head) (*authority, error) {
	if len(copies) > maxCopies {
		return nil, fmt.Errorf("%d copies of the journal, at most %d", len(copies), maxCopies)
	}
	w := weave(copies, heads)
	var newest uint64
	for _, h := range heads {
		newest = max(newest, h.Seq)
	}
	var ends []int32
	for i := range w.nodes {
		if n := &w.nodes[i]; n.last && n.signed && w.height(int32(i)) >= newest && !w.contradicted(int32(i)) {
			ends = append(ends, int32(i))
		}
	}
	switch {
	case len(ends) > 1:
		return nil, w.fork(ends)
	case len(ends) == 0 && newest > 0:
		return nil, w.lost(heads, newest)
	case len(ends) == 0:
		return &authority{copies: copies}, nil
	}
	return w.chainTo(ends[0]), nil
}

// web is all chains at once.
type web struct {
	copies []*copyLinks
	nodes  []node
	layers []int32  // index of the first node of each height, from 1 on
	reach  []uint64 // by copy: the last event that stands in some chain
}

func weave(copies []*copyLinks, heads []Head) *web {
	w := &web{copies: copies, reach: make([]uint64, len(copies))}
	next := make([]int, len(copies))
	before := []int32{-1}
	for seq := uint64(1); len(before) > 0; seq++ {
		start := int32(len(w.nodes))
		for c, cl := range copies {
			for next[c] < len(cl.links) && cl.links[next[c]].seq < seq {
				next[c]++
			}
			for i := next[c]; i < len(cl.links) && cl.links[i].seq == seq; i++ {
				w.take(start, before, c, i)
			}
		}
		w.layers = append(w.layers, start)
		before = before[:0]
		for i := start; i < int32(len(w.nodes)); i++ {
			w.nodes[i].signed = w.nodes[i].signed && agrees(heads, seq, w.nodes[i].hash)
			before = append(before, i)
		}
	}
	return w
}

// take adds the link i of copy c to the layer that begins with node start, if it
// follows one of the nodes before.
func (w *web) take(start int32, before []int32, c, i int) {
	p := &w.copies[c].links[i]
	for _, b := range before {
		if w.hash(b) != p.prev {
			continue
		}
		w.reach[c] = p.seq
		for j := start; j < int32(len(w.nodes)); j++ {
			if w.nodes[j].hash == p.hash && w.nodes[j].parent == b {
				w.nodes[j].holders |= 1 << c
				return
			}
		}
		w.nodes = append(w.nodes, node{hash: p.hash, parent: b, from: int16(c), at: int32(i), holders: 1 << c,
			signed: b < 0 || w.nodes[b].signed, last: true})
		if b >= 0 {
			w.nodes[b].last = false
		}
		return
	}
}

func (w *web) hash(n int32) digest {
	if n < 0 {
		return digest{}
	}
	return w.nodes[n].hash
}

// agrees reports whether no signed head names another event at this place.
func agrees(heads []Head, seq uint64, hash digest) bool {
	for _, h := range heads {
		if h.Seq == seq && h.hash != hash {
			return false
		}
	}
	return true
}

// height is the event's number.
func (w *web) height(n int32) uint64 {
	i, found := slices.BinarySearch(w.layers, n)
	if !found {
		return uint64(i)
	}
	for i+1 < len(w.layers) && w.layers[i+1] == n { // empty layers begin where the next does
		i++
	}
	return uint64(i) + 1
}

// contradicted reports whether every copy that holds a chain's last event goes on
// along another chain: then the event was changed after the next one was written.
// An event that only ends its copy may be the truth.
func (w *web) contradicted(n int32) bool {
	h := w.height(n)
	for c := range w.copies {
		if w.nodes[n].holders&(1<<c) != 0 && w.reach[c] <= h {
			return false
		}
	}
	return true
}

func (w *web) chainTo(n int32) *authority {
	a := &authority{copies: w.copies, chain: make([]*node, w.height(n))}
	for i := len(a.chain) - 1; i >= 0; i-- {
		a.chain[i] = &w.nodes[n]
		n = w.nodes[n].parent
	}
	return a
}
