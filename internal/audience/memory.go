package audience

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// Memory is the index in memory. It may be asked from any goroutine, also
// while it is being kept current.
type Memory struct {
	reader
	buckets  [alert.Buckets]bucket
	position position

	applying sync.Mutex // held while a message is put in
	newest   uint64     // sequence of the newest message put in
	listener func(roll.Change)
	scratch  []byte
}

// NewMemory returns an empty index, which answers nothing before [Memory.Build].
func NewMemory(keys Opener, places *alert.Gazetteer, log *slog.Logger) *Memory {
	m := &Memory{}
	m.reader.init(keys, places, log)
	return m
}

// Build reads the whole roll. A record that cannot be read is passed over,
// counted ([Memory.Damaged]) and logged, since one flipped bit must not silence
// a city; a record of a newer format ends it.
func (m *Memory) Build(ctx context.Context, src Source) error {
	last, err := src.Scan(ctx, alert.StreamRoll, roll.Filter, 1, m.apply)
	if err != nil {
		return fmt.Errorf("build the audience index: %w", err)
	}
	for i := range m.buckets {
		m.buckets[i].tighten()
	}
	m.position.advance(last, true)
	return nil
}

// Run keeps the index current until ctx ends. It comes after Build.
func (m *Memory) Run(ctx context.Context, src Source) error {
	at, ready := m.position.now()
	if !ready {
		return errors.New("follow the roll: the audience index was not built")
	}
	err := src.Follow(ctx, alert.StreamRoll, roll.Filter, at+1, func(r alert.Record) error {
		if err := m.apply(r); err != nil {
			return err
		}
		m.position.advance(r.Seq, true)
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("follow the roll: %w", err)
}

// apply puts one message of the roll into the index.
func (m *Memory) apply(r alert.Record) error {
	m.applying.Lock()
	defer m.applying.Unlock()
	id, f, ok, err := m.read(r)
	if err != nil || !ok {
		return err
	}
	c := roll.Change{ID: id, Seq: r.Seq, Deleted: r.Deleted}
	if !r.Deleted {
		m.scratch = roll.AppendRecord(m.scratch[:0], f.rec)
		c.Record = m.scratch
	}
	c.After = m.change(&m.buckets[id.Bucket()], c, f)
	m.newest = max(m.newest, r.Seq)
	if m.listener != nil {
		m.listener(c)
	}
	return nil
}

// change does it in a bucket and returns the bucket's digest.
func (m *Memory) change(b *bucket, c roll.Change, f found) roll.Digest {
	var old [256]byte
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.find(c.ID)
	if i >= 0 {
		b.digest.Sub(m.digestAt(b, i, old[:0]))
	}
	switch {
	case !c.Deleted:
		b.put(i, c.ID, f)
		b.digest.Add(roll.DigestOf(c.ID, c.Seq, c.Record))
	case i >= 0:
		b.cut(i)
	}
	b.last = max(b.last, c.Seq)
	return b.digest
}

// Applied returns the ROLL sequence up to which the index is complete, and
// whether it was built.
func (m *Memory) Applied() (seq uint64, ready bool) { return m.position.now() }

// WaitFor returns when the index holds everything up to this ROLL sequence.
func (m *Memory) WaitFor(ctx context.Context, seq uint64) error {
	if err := m.position.wait(ctx, seq); err != nil {
		return fmt.Errorf("wait for the audience index to reach %d: %w", seq, err)
	}
	return nil
}

// Size is how big an index is.
type Size struct {
	People   int   // those who left and are kept included
	Profiles int   // different ones
	Bytes    int64 // of the buckets; profiles come on top, some 250 bytes each
}

// Size measures the index.
func (m *Memory) Size() Size {
	s := Size{Profiles: len(m.profiles.all())}
	for i := range m.buckets {
		b := &m.buckets[i]
		s.Bytes += int64(b.bytes())
		b.mu.RLock()
		s.People += len(b.ids)
		b.mu.RUnlock()
	}
	return s
}

// position is how far the index has come, and who waits for it.
type position struct {
	mu      sync.Mutex
	seq     uint64
	ready   bool
	changed chan struct{} // closed at the next change; nil when nobody waits
}

func (p *position) now() (uint64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seq, p.ready
}

func (p *position) advance(seq uint64, ready bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq, p.ready = max(p.seq, seq), ready
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (p *position) wait(ctx context.Context, seq uint64) error {
	for {
		p.mu.Lock()
		if p.ready && p.seq >= seq {
			p.mu.Unlock()
			return nil
		}
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
