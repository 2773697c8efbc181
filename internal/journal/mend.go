package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// mendAll finds the chain that counts among all copies and makes stream and
// mirrors that chain. tip, when there is one, is what this process knows to be the
// last event. The chain is written into a synced file before anything is replaced.
// It returns the damage exactly, and where the stream's events were taken from.
func (g *Guard) mendAll(ctx context.Context, found []Damage, tip *Head) (exact []Damage, source string, err error) {
	p, err := g.gather(ctx, tip != nil)
	if err != nil {
		return found, "", err
	}
	defer p.close()
	heads, err := g.statements(tip)
	if err != nil {
		return found, "", err
	}
	a, err := resolve(p.copies, heads)
	if err != nil {
		return found, "", err
	}
	if err := p.foreign(a); err != nil {
		return found, "", err
	}
	exact = p.exact(a, found)
	if a.seq() == 0 {
		return exact, "", nil
	}
	if err := g.keepStrangers(a, p.stream); err != nil {
		return exact, "", err
	}
	return exact, p.source(a), g.replaceAll(ctx, a, p)
}

// pieces are all copies, opened to be read link by link.
type pieces struct {
	copies  []*copyLinks // the stream is the last: files are read faster
	mirrors []*copyLinks // as in the guard
	stream  *copyLinks
	files   []*os.File
}

func (p *pieces) close() {
	for _, f := range p.files {
		f.Close()
	}
}

// gather opens all copies. Of a server at work, only what is on the disk too counts
// as the stream; what it has in memory may still help another copy.
func (g *Guard) gather(ctx context.Context, inUse bool) (p *pieces, err error) {
	p = &pieces{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if _, err := p.add("the file of a healing", healingPath(g.store.conf.Dir)); err != nil {
		return nil, err
	}
	for _, m := range g.mirrors {
		if m.unusable() != nil {
			p.mirrors = append(p.mirrors, nil)
			continue
		}
		c, err := p.add("mirror "+m.path, m.path)
		if err != nil {
			return nil, err
		}
		p.mirrors = append(p.mirrors, c)
	}
	if p.stream, err = g.store.streamLinks(ctx); err != nil {
		return nil, fmt.Errorf("read the journal for healing: %w", err)
	}
	p.copies = append(p.copies, p.stream)
	if inUse && g.store.emb != nil {
		disk, err := g.store.intact()
		if err != nil {
			return nil, err
		}
		p.stream = p.stream.only(disk)
	}
	return p, nil
}

// only returns the links that are among those found.
func (c *copyLinks) only(found map[digest]bool) *copyLinks {
	out := *c
	out.links = slices.DeleteFunc(slices.Clone(c.links), func(l placed) bool { return !found[l.hash] })
	return &out
}

// add reads a file's links. A file that is not there holds none.
func (p *pieces) add(name, path string) (*copyLinks, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &copyLinks{name: name}, nil
	}
	if err != nil {
		return nil, err
	}
	p.files = append(p.files, f)
	c, err := fileLinks(name, f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	p.copies = append(p.copies, c)
	return c, nil
}

// statements are all signed heads that can be read.
func (g *Guard) statements(tip *Head) ([]Head, error) {
	var all []Head
	for _, h := range g.heads {
		said, _ := readHeads(h.path) // what cannot be read says nothing
		for _, s := range said {
			if !g.key.ours(&s) {
				return nil, &ForeignError{Path: h.path, Why: "it is signed by the key " + s.Key}
			}
		}
		all = append(all, said...)
	}
	if tip != nil {
		all = append(all, *tip)
	}
	return all, nil
}

// foreign refuses a further mirror that is whole and begins with another event 1: it
// is somebody else's journal, and not to be overwritten. This folder's own mirror can
// only be ours, whatever became of it.
func (p *pieces) foreign(a *authority) error {
	for i, m := range p.mirrors {
		if i == 0 || m == nil || a.seq() == 0 || len(m.links) == 0 || m.links[0].hash == a.hashAt(1) {
			continue
		}
		if alone, err := resolve([]*copyLinks{m}, nil); err == nil && m.beginning(alone) {
			return &ForeignError{Path: strings.TrimPrefix(m.name, "mirror "), Why: "its first event is another one"}
		}
	}
	return nil
}

// source names the copies that have the events which the stream does not have.
func (p *pieces) source(a *authority) string {
	held := map[digest]bool{}
	for _, l := range p.stream.links {
		held[l.hash] = true
	}
	var names []string
	for _, n := range a.chain {
		if name := a.copies[n.from].name; !held[n.hash] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// replaceAll makes every copy that is not the chain's beginning the chain.
func (g *Guard) replaceAll(ctx context.Context, a *authority, p *pieces) error {
	whole, err := g.store.wholePart(ctx, a, p.stream)
	if err != nil {
		return err
	}
	if whole < a.seq() && g.store.emb == nil {
		return &BrokenError{Seq: whole + 1, Why: errors.New("other processes may be writing this journal, so it is not healed by itself: stop them all, then mingluo journal restore")}
	}
	if err := g.roomFor(a); err != nil {
		return err
	}
	kept, file, err := a.keepChain(g.store.conf.Dir)
	if err != nil {
		return err
	}
	defer file.Close()
	for i, m := range g.mirrors {
		if p.mirrors[i] != nil && !p.mirrors[i].beginning(a) {
			if err := m.replace(time.Now(), kept.writeTo); err != nil {
				return err
			}
		}
	}
	if whole < a.seq() {
		if err := g.store.rewriteStream(ctx, kept, p.stream); err != nil {
			return err
		}
	}
	return dropChain(g.store.conf.Dir)
}

// roomFor refuses to begin what would fill the disk half-way: the chain is written
// three times at most (its own file, a mirror, the stream), and the stream needs some
// more for its headers.
func (g *Guard) roomFor(a *authority) error {
	free, err := g.store.Free()
	if err != nil {
		return err
	}
	var size uint64
	for i := range a.chain {
		size += uint64(a.copies[a.chain[i].from].links[a.chain[i].at].size) + headroom/64
	}
	if need := 4*size + floorJournal; free < need {
		return fmt.Errorf("heal the journal: %w: %d MiB are free, %d MiB are needed", alert.ErrFull, free>>20, need>>20+1)
	}
	return nil
}

// maxStrangers bounds what is kept of a tampered journal.
const maxStrangers = 1000

// keepStrangers writes the events that the stream holds and the chain does not
// into DIR/damaged: somebody may have to explain them.
func (g *Guard) keepStrangers(a *authority, stream *copyLinks) error {
	var b []byte
	n := 0
	for _, l := range stream.links {
		if a.hashAt(l.seq) == l.hash || n == maxStrangers {
			continue
		}
		stored, err := stream.read(l)
		if err != nil {
			continue // it cannot be read any more
		}
		b = append(append(b, stored...), '\n')
		n++
	}
	if n == 0 {
		return nil
	}
	path := filepath.Join(g.store.conf.Dir, "damaged", "journal-"+time.Now().UTC().Format("20060102T150405.000Z")+".ndjson")
	g.log.Warn("events of the damaged journal that are not of its chain are kept", "path", path, "events", n)
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return writeWhole(path, b)
}

// maxRanges bounds how many places of one copy are named.
const maxRanges = 20

// exact names the damage of stream and mirrors by comparing them with the chain,
// and keeps what was found about other things.
func (p *pieces) exact(a *authority, found []Damage) []Damage {
	out := p.compare(a, p.stream, KindStream, streamName)
	for _, m := range p.mirrors {
		if m != nil && !m.beginning(a) {
			out = append(out, p.compare(a, m, KindMirror, strings.TrimPrefix(m.name, "mirror "))...)
		}
	}
	for _, d := range found {
		if !slices.ContainsFunc(out, func(o Damage) bool { return o.Name == d.Name }) && (d.Kind != KindMirror || d.From == 0) {
			out = append(out, d)
		}
	}
	return out
}

func (p *pieces) compare(a *authority, c *copyLinks, kind, name string) (out []Damage) {
	there := map[uint64]digest{}
	for _, l := range c.links {
		if there[l.seq] != a.hashAt(l.seq) {
			there[l.seq] = l.hash
		}
	}
	var open *Damage
	for seq := uint64(1); seq <= a.seq(); seq++ {
		hash, ok := there[seq]
		if hash == a.hashAt(seq) {
			open = nil
			continue
		}
		why := "it is missing or cannot be read"
		if ok {
			why = "it was changed"
		}
		if open != nil && open.Why == why {
			open.To = seq
			continue
		}
		if len(out) == maxRanges {
			break
		}
		out = append(out, Damage{Kind: kind, Name: name, From: seq, To: seq, Event: a.nameAt(seq), Why: why})
		open = &out[len(out)-1]
	}
	if len(out) == 0 && !c.beginning(a) {
		out = append(out, Damage{Kind: kind, Name: name, Why: "it holds what is not of the journal, or in another order"})
	}
	return out
}

// nameAt names an event of the chain.
func (a *authority) nameAt(seq uint64) string {
	stored, err := a.read(a.chain[seq-1])
	if err != nil {
		return ""
	}
	e, err := parseEntry(stored)
	if err != nil {
		return ""
	}
	return e.name()
}

// tipHead is what this process knows as a statement.
func (b *Book) tipHead() *Head {
	tip := b.tip()
	return &Head{Seq: tip.seq, hash: tip.head, Hash: tip.Head(), At: time.Now(), path: "this process"}
}
