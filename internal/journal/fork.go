package journal

import (
	"fmt"
	"strings"
	"time"
)

// Branch is one of two chains that cannot both be the journal.
type Branch struct {
	Copies []string // that hold its first event
	First  uint64   // the first event that the other one does not have
	Event  string   // what it says: kind, id and type
	Hash   string
	Last   uint64 // the chain's last event
}

// ForkError says that copies of the journal go on differently behind an event,
// each of them whole. No program can know which is true; nothing is served until
// a person has chosen.
type ForkError struct{ A, B Branch }

func (e *ForkError) Error() string {
	return fmt.Sprintf("the journal is forked behind event %d: %s; %s. Nothing is served until a person has chosen. "+
		"Keep all copies, compare them, then take the true one with: mingluo journal restore -fork -yes -from FILE",
		e.A.First-1, e.A, e.B)
}

func (b Branch) String() string {
	return fmt.Sprintf("%s says that event %d is %s (%.12s…) and ends with event %d", strings.Join(b.Copies, " and "), b.First, b.Event, b.Hash, b.Last)
}

// LostError says that no copy is whole up to an event that was signed.
type LostError struct {
	Path string // the signed head's file
	Seq  uint64
	At   time.Time
	Best uint64   // the last event of the longest whole chain
	In   []string // the copies that hold it
}

func (e *LostError) Error() string {
	in := "no copy"
	if len(e.In) > 0 {
		in = strings.Join(e.In, " and ")
	}
	return fmt.Sprintf("the journal is not whole: %s was signed at event %d (%s), but the longest chain without a gap ends with event %d (%s). "+
		"Nothing is served. Bring back a copy that holds the rest (a mirror on another disk, a backup), then: mingluo journal restore -yes -from FILE; "+
		"with -fork what is missing is given up", e.Path, e.Seq, e.At.Format(time.RFC3339), e.Best, in)
}

// ForeignError says that a file belongs to another journal than this folder's.
type ForeignError struct{ Path, Why string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is not of this journal: %s. Move it away, name another path, or take it over with: mingluo journal restore", e.Path, e.Why)
}

// fork tells two of the ends apart by the first event that they do not share.
func (w *web) fork(ends []int32) error {
	a, b := w.chainTo(ends[0]), w.chainTo(ends[1])
	first := uint64(1)
	for a.hashAt(first) == b.hashAt(first) {
		first++
	}
	return &ForkError{A: w.branch(a, first), B: w.branch(b, first)}
}

func (w *web) branch(a *authority, first uint64) Branch {
	n := a.chain[first-1]
	b := Branch{Copies: w.holders(n), First: first, Hash: n.hash.String(), Last: a.seq(), Event: "not readable any more"}
	if stored, err := a.read(n); err == nil {
		if l, err := parseEntry(stored); err == nil {
			b.Event = l.name()
		}
	}
	return b
}

func (w *web) holders(n *node) (names []string) {
	for c, cl := range w.copies {
		if n.holders&(1<<c) != 0 {
			names = append(names, cl.name)
		}
	}
	return names
}

func (w *web) lost(heads []Head, newest uint64) error {
	e := &LostError{}
	for _, h := range heads {
		if h.Seq == newest {
			e.Path, e.Seq, e.At = h.path, h.Seq, h.At
		}
	}
	for i := range w.nodes {
		if n := &w.nodes[i]; n.signed && w.height(int32(i)) >= e.Best {
			e.Best, e.In = w.height(int32(i)), w.holders(n)
		}
	}
	return e
}
