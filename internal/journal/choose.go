package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mingluo/internal/alert"
)

// Chosen is what a person's choice did.
type Chosen struct {
	Events uint64 // of the file that is the journal now
	Hash   string // of its last event
	Kept   string // folder that keeps what was replaced
}

// VerifyJournal compares all copies of the journal of a stopped service and changes
// none. The report says what is damaged; the error is a [*ForkError], [*LostError] or
// [*ForeignError] that no start would heal by itself.
func (s *Store) VerifyJournal(ctx context.Context, c GuardConfig) (Report, error) {
	g, err := s.newGuard(ctx, c, lookOnly)
	if err != nil {
		return Report{}, err
	}
	began := time.Now()
	_, k, err := g.firstLook(ctx)
	if err != nil {
		return Report{}, err
	}
	if k.mend {
		err = g.judge(ctx, k)
	}
	r := k.report(began)
	var failed error
	r.Slices, failed = g.slices.run(ctx, s)
	return r, errors.Join(err, failed)
}

// judge names the damage exactly, or says why nobody can.
func (g *Guard) judge(ctx context.Context, k *look) error {
	p, err := g.gather(ctx, false)
	if err != nil {
		return err
	}
	defer p.close()
	heads, err := g.statements(nil)
	if err != nil {
		return err
	}
	a, err := resolve(p.copies, heads)
	if err == nil {
		k.damages = p.exact(a, k.damages)
	}
	return err
}

// RestoreJournal makes the events of a file the journal of a stopped service, with
// its mirrors and signed heads. The file has to be a whole chain from event 1 that
// this program can fold, and has to contain what was signed, unless fork is set.
// What it replaces is kept in a dated folder. It can be called again after an error.
func (s *Store) RestoreJournal(ctx context.Context, c GuardConfig, from string, fork bool) (Chosen, error) {
	g, err := s.newGuard(ctx, c, takeOver)
	if err != nil {
		return Chosen{}, err
	}
	f, err := os.Open(from)
	if err != nil {
		return Chosen{}, fmt.Errorf("restore the journal: %w", err)
	}
	defer f.Close()
	a, err := readWhole(from, f)
	if err == nil {
		err = g.contains(a, from, fork)
	}
	if err != nil {
		return Chosen{}, fmt.Errorf("restore the journal: %w", err)
	}
	kept, err := g.choose(ctx, a)
	return Chosen{Events: a.seq(), Hash: a.head().String(), Kept: kept}, err
}

// readWhole reads a file that has to be one chain, in order, that can be folded.
func readWhole(name string, f *os.File) (*authority, error) {
	links, err := fileLinks(name, f)
	if err != nil {
		return nil, err
	}
	a, err := resolve([]*copyLinks{links}, nil)
	if err != nil {
		return nil, err
	}
	if a.seq() == 0 {
		return nil, fmt.Errorf("%s holds no chain that begins with event 1", name)
	}
	if !links.beginning(a) {
		return nil, fmt.Errorf("%s is not whole: the chain in it ends with event %d and there is more", name, a.seq())
	}
	st := alert.NewState()
	err = a.each(0, func(_ uint64, stored []byte) error {
		e, err := alert.DecodeEvent(stored)
		if err != nil {
			return err
		}
		return st.Apply(e)
	})
	if err != nil {
		return nil, fmt.Errorf("%s cannot be served: %w", name, err)
	}
	return a, nil
}

// contains refuses a chain that a signed head contradicts.
func (g *Guard) contains(a *authority, name string, fork bool) error {
	if fork {
		return nil
	}
	heads, err := g.statements(nil)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if a.hashAt(h.Seq) != h.hash {
			return fmt.Errorf("%s does not contain event %d (%.12s…), which %s was signed for: with -fork it is taken all the same, and what it lacks is given up",
				name, h.Seq, h.Hash, h.path)
		}
	}
	return nil
}

// choose replaces every copy by the chain. The chain is in a synced file before the
// first is touched.
func (g *Guard) choose(ctx context.Context, a *authority) (kept string, err error) {
	dir := g.store.conf.Dir
	chain, file, err := a.keepChain(dir)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if kept, err = g.keepReplaced(ctx); err != nil {
		return "", err
	}
	for i, m := range g.mirrors {
		if err := m.open(); err != nil {
			return kept, fmt.Errorf("restore the journal (what was there is kept in %s): %w", kept, err)
		}
		err := errors.Join(m.replace(time.Now(), chain.writeTo), m.close())
		if err != nil {
			return kept, fmt.Errorf("restore the journal, mirror %d: %w", i+1, err)
		}
	}
	if err := g.store.recreateAs(ctx, chain); err != nil {
		return kept, err
	}
	stands := func() (Chain, uint64) { return Chain{chain.seq(), chain.head()}, chain.seq() }
	for _, h := range g.heads {
		if err := errors.Join(h.renew(stands()), h.close(stands)); err != nil {
			return kept, err
		}
	}
	if err := dropChain(dir); err != nil {
		return kept, err
	}
	return kept, g.recordChoice(ctx, chain)
}

// recreateAs makes JOURNAL the chain, whatever it is now.
func (s *Store) recreateAs(ctx context.Context, a *authority) error {
	links, err := s.streamLinks(ctx)
	if err != nil {
		return err
	}
	return s.rewriteStream(ctx, a, links)
}

// keepReplaced copies the events of the stream that can be read, the mirrors and the
// heads into a folder named by the date.
func (g *Guard) keepReplaced(ctx context.Context) (string, error) {
	kept := filepath.Join(g.store.conf.Dir, "replaced-"+time.Now().UTC().Format("20060102T150405.000Z"))
	if err := makeFolder(kept); err != nil {
		return "", fmt.Errorf("keep what is replaced: %w", err)
	}
	err := keepAs(filepath.Join(kept, "stream.ndjson"), func(w io.Writer) error {
		_, err := g.store.Scan(ctx, alert.StreamJournal, "", 1, func(r alert.Record) error { return writeLine(w, r.Data) })
		return err
	})
	for i, m := range g.mirrors {
		err = errors.Join(err, keepCopy(m.path, filepath.Join(kept, fmt.Sprintf("mirror-%d.ndjson", i+1))))
	}
	for i, h := range g.heads {
		err = errors.Join(err, keepCopy(h.path, filepath.Join(kept, fmt.Sprintf("head-%d.json", i+1))))
	}
	if err != nil {
		return "", fmt.Errorf("keep what is replaced: %w", err)
	}
	return kept, syncDir(filepath.Dir(kept))
}

func keepCopy(from, to string) error {
	f, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return keepAs(to, func(w io.Writer) error { _, err := io.Copy(w, f); return err })
}

// keepAs writes a file that is whole or not there.
func keepAs(path string, write func(w io.Writer) error) error {
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.abandon())
	}
	return f.place()
}

// recordChoice says in the journal itself that a person chose it.
func (g *Guard) recordChoice(ctx context.Context, a *authority) error {
	var mode alert.Mode
	err := a.each(a.seq()-1, func(_ uint64, stored []byte) error {
		e, err := alert.DecodeEvent(stored)
		mode = e.Mode
		return err
	})
	if err != nil {
		return err
	}
	again, err := g.store.OpenGuarded(ctx, GuardConfig{Mode: mode, Heads: g.conf.Heads, Mirrors: g.conf.Mirrors, Log: g.log})
	if err != nil {
		return err
	}
	h := alert.Healed{Copy: KindStream, From: 1, To: a.seq(), Source: "a file", Why: "a person chose this journal: mingluo journal restore"}
	e, err := alert.NewEvent(time.Now(), "system", mode, KindStream, h)
	if err == nil {
		_, err = again.book.Do(ctx, func(*alert.State) ([]alert.Event, error) { return []alert.Event{e}, nil })
	}
	return errors.Join(err, again.book.Close(), again.closeFiles())
}

// ExportJournal writes the events of a stopped service's stream to w, one a line,
// and checks the chain on the way. It returns how many were whole.
func (s *Store) ExportJournal(ctx context.Context, w io.Writer) (Chain, error) {
	var c Chain
	last, err := s.Scan(ctx, alert.StreamJournal, "", 1, func(r alert.Record) error {
		if _, err := c.stored(r.Seq, r.Subject, r.Data); err != nil {
			return err
		}
		return writeLine(w, r.Data)
	})
	if err == nil && c.seq < last {
		err = &unfit{c.seq + 1, errMissing}
	}
	return c, err
}
