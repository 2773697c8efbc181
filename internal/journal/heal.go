package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

// healingName is where the chain that counts lies while JOURNAL is made anew from
// it. A process that dies meanwhile leaves it behind, and the next start finds in
// it one more copy, whole by construction: it needs no step of its own to go on.
const healingName = "journal.healing.ndjson"

func healingPath(dir string) string { return filepath.Join(dir, healingName) }

// streamLinks reads the links of the stream. A message at another place or under
// another subject than it says is a hole.
func (s *Store) streamLinks(ctx context.Context) (*copyLinks, error) {
	c := &copyLinks{name: streamName, read: func(p placed) ([]byte, error) {
		r, err := s.getOne(ctx, alert.StreamJournal, getRequest{Seq: p.seq})
		return r.Data, err
	}}
	last, err := s.LastSeq(ctx, alert.StreamJournal)
	if err != nil {
		return nil, err
	}
	// Not Scan: that waits for the end of the healing that asks here.
	err = s.scanRange(ctx, alert.StreamJournal, "", 1, last, func(r alert.Record) error {
		e, err := parseEntry(r.Data)
		if err != nil || e.seq != r.Seq || e.subject != r.Subject {
			c.junk++
			return nil
		}
		c.links = append(c.links, placed{seq: e.seq, hash: e.hash, prev: e.prev, size: len(r.Data)})
		return nil
	})
	return c, err
}

// streamName is what people are told of the stream.
const streamName = "stream " + alert.StreamJournal

// keepChain writes the chain into the file of the healing, synced, and returns it
// as the only copy: what it was taken from can be replaced then.
func (a *authority) keepChain(dir string) (*authority, *os.File, error) {
	f, err := createBeside(healingPath(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("keep the journal's chain: %w", err)
	}
	w := bufio.NewWriterSize(f, 256<<10)
	err = a.each(0, func(_ uint64, stored []byte) error { return writeLine(w, stored) })
	if err = errors.Join(err, w.Flush()); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("keep the journal's chain: %w", err), f.abandon())
	}
	if err := f.place(); err != nil {
		return nil, nil, fmt.Errorf("keep the journal's chain: %w", err)
	}
	kept, err := os.Open(healingPath(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("keep the journal's chain: %w", err)
	}
	links, err := fileLinks("the file of the healing", kept)
	if err == nil {
		var again *authority
		if again, err = resolve([]*copyLinks{links}, nil); err == nil {
			if again.head() == a.head() {
				return again, kept, nil
			}
			err = errors.New("it reads back otherwise than it was written")
		}
	}
	return nil, nil, errors.Join(fmt.Errorf("keep the journal's chain: %w", err), kept.Close())
}

// dropChain removes the file of a healing that is done.
func dropChain(dir string) error {
	err := os.Remove(healingPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end the healing: %w", err)
	}
	return syncDir(dir)
}

// rewriteStream makes JOURNAL the chain a, with the same sequences. A stream whose
// events are the chain's first ones is continued; any other is deleted and made
// anew: a hole cannot be filled in place. Nobody may append meanwhile.
func (s *Store) rewriteStream(ctx context.Context, a *authority, have *copyLinks) error {
	defer s.healing.begin()()
	after, err := s.wholePart(ctx, a, have)
	if err != nil {
		return err
	}
	if after > 0 {
		err = s.fill(ctx, a, after)
	}
	// A flipped bit can leave a stream that shows its first events and remembers how
	// many there were: it takes none behind those it shows.
	if after == 0 || errors.Is(err, alert.ErrStale) || errors.Is(err, alert.ErrUnknown) {
		if err := s.recreateJournal(ctx); err != nil {
			return err
		}
		err = s.fill(ctx, a, 0)
	}
	if err != nil {
		return fmt.Errorf("write the journal anew: %w", err)
	}
	return s.matches(ctx, a)
}

// wholePart returns how many events the stream has, if they are all there and the
// chain's first ones; else 0.
func (s *Store) wholePart(ctx context.Context, a *authority, have *copyLinks) (uint64, error) {
	last, err := s.LastSeq(ctx, alert.StreamJournal)
	if err != nil {
		return 0, fmt.Errorf("heal the journal: %w", err)
	}
	if uint64(len(have.links)) != last || !have.beginning(a) {
		return 0, nil
	}
	return last, nil
}

func (s *Store) recreateJournal(ctx context.Context) error {
	err := s.js.DeleteStream(ctx, alert.StreamJournal)
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("take the damaged journal away: %w", err)
	}
	for _, d := range streamTable() {
		if d.name == alert.StreamJournal {
			_, err = s.js.CreateStream(ctx, d.config(s.conf.Replicas))
		}
	}
	if err != nil {
		return fmt.Errorf("make the journal anew: %w", err)
	}
	return nil
}

// fill appends the chain's events beyond after, in atomic batches.
func (s *Store) fill(ctx context.Context, a *authority, after uint64) error {
	var ms []*nats.Msg
	put := func() error {
		if len(ms) == 0 {
			return nil
		}
		ms[0].Header.Set(hdrLastSeq, strconv.FormatUint(after, 10))
		seq, err := s.publish(ctx, ms)
		if err != nil {
			return err
		}
		if after += uint64(len(ms)); seq != after {
			return fmt.Errorf("event %d was stored as number %d", after, seq)
		}
		ms = ms[:0]
		return nil
	}
	size := 0
	err := a.each(after, func(_ uint64, stored []byte) error {
		e, err := parseEntry(stored)
		if err != nil {
			return err
		}
		if len(ms) == maxBatch || size+len(stored) > maxBatchBytes {
			if err := put(); err != nil {
				return err
			}
			size = 0
		}
		size += len(stored)
		ms = append(ms, &nats.Msg{Subject: e.subject, Data: slices.Clone(stored), Header: nats.Header{}})
		return nil
	})
	if err != nil {
		return err
	}
	return put()
}

// matches reads the stream once more: it has to be the chain.
func (s *Store) matches(ctx context.Context, a *authority) error {
	links, err := s.streamLinks(ctx)
	if err != nil {
		return err
	}
	part, err := s.wholePart(ctx, a, links)
	if err == nil && part != a.seq() {
		err = errors.New("the journal that was written anew reads back otherwise")
	}
	return err
}

// writeTo writes the chain as a mirror holds it.
func (a *authority) writeTo(w io.Writer) (Chain, error) {
	var c Chain
	err := a.each(0, func(_ uint64, stored []byte) error {
		if err := c.Add(stored); err != nil {
			return err
		}
		return writeLine(w, stored)
	})
	return c, err
}
