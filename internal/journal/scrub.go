package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Scrub reads all copies of the journal from the disk, compares them, and heals
// what is damaged, also while officers act. It returns what it found.
//
// A damaged stream is healed at once, with the appends waiting, rather than at the
// next start: the server may have dropped the stream's end when it met the damage,
// and then no act could be recorded any more. What this process knows is right
// (every event was checked when it came), the mirrors are at hand, and the pause
// is a second for some ten thousand events. When healing is not possible the alarm
// stays up, readiness is red, and acts go on being recorded as long as the stream
// takes them.
func (g *Guard) Scrub(ctx context.Context) (Report, error) {
	g.scrubbing.Lock()
	defer g.scrubbing.Unlock()
	if err := g.book.Err(); err != nil {
		return g.Last(), err
	}
	if err := g.store.ice.err(); err != nil { // what a frozen store shows may be gone once it is thawed
		return g.Last(), fmt.Errorf("the journal is not compared at present: %w", err)
	}
	began := time.Now()
	k, err := g.againLook(ctx)
	if err != nil {
		return g.Last(), err
	}
	report, source := k.report(began), ""
	report.Damages, source, err = g.mendLook(ctx, k)
	g.alarm(report.Damages)
	report.Healed = err == nil && len(report.Damages) > 0
	if err == nil {
		err = g.record(ctx, report.Damages, source)
	}
	problem := err
	if ctx.Err() == nil {
		var failed error
		report.Slices, failed = g.slices.run(ctx, g.store)
		g.alarmSlices(report.Slices)
		err = errors.Join(err, failed)
	}
	report.Took = time.Since(began)
	g.note(report, problem)
	return report, err
}

// againLook compares while the process runs, up to the event that is the last now.
func (g *Guard) againLook(ctx context.Context) (*look, error) {
	k, err := g.beginLook(true)
	if err != nil {
		return nil, err
	}
	defer k.close()
	tip := g.book.tip()
	end := tip.seq
	err = g.readStream(ctx, end, k.next)
	if err == nil && k.chain != tip {
		err = &unfit{k.chain.seq + 1, errMissing}
	}
	if err == nil && g.store.emb != nil {
		err = g.readBlocks(end)
	}
	if bad, ok := errors.AsType[*unfit](err); ok {
		k.found(Damage{Kind: KindStream, Name: streamName, From: bad.seq, To: end, Why: bad.why.Error()})
	} else if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	k.finish()
	return k, nil
}

// unfit is an event of the stream that does not fit.
type unfit struct {
	seq uint64
	why error
}

func (e *unfit) Error() string { return fmt.Sprintf("event %d: %v", e.seq, e.why) }

// readStream reads the stream as a chain through the server, up to the event end:
// it is what everybody reads. Blocks that nobody used for ten seconds come from the
// disk, others from the server's memory.
func (g *Guard) readStream(ctx context.Context, end uint64, fn func(e *entry, stored []byte)) error {
	var c Chain
	return g.store.scanTo(ctx, alert.StreamJournal, "", 1, end, func(r alert.Record) error {
		e, err := c.stored(r.Seq, r.Subject, r.Data)
		if err == nil {
			fn(e, r.Data)
		}
		return err
	})
}

// readBlocks reads the same events once more from the files on the disk: it is what
// a restart would find.
func (g *Guard) readBlocks(end uint64) error {
	var c Chain
	return g.store.walkBlocks(end, func(seq uint64, subject string, stored []byte) error {
		_, err := c.stored(seq, subject, stored)
		return err
	})
}

// stored takes a message of the stream as the next event.
func (c *Chain) stored(seq uint64, subject string, data []byte) (*entry, error) {
	e, err := parseEntry(data)
	switch {
	case err != nil:
		return nil, &unfit{seq, err}
	case e.seq != seq || e.subject != subject:
		return nil, &unfit{seq, fmt.Errorf("it is event %d (%s), stored as number %d under %s", e.seq, e.name(), seq, subject)}
	}
	if err := c.add(&e); err != nil {
		return nil, &unfit{c.seq + 1, err}
	}
	return &e, nil
}

// mendLook heals what a look found. Only a damaged stream makes the appends wait:
// where it is whole, the other copies are made anew from it.
func (g *Guard) mendLook(ctx context.Context, k *look) (exact []Damage, source string, err error) {
	if slices.ContainsFunc(k.damages, func(d Damage) bool { return d.Kind == KindStream }) {
		return g.mendStream(ctx, k.damages)
	}
	for _, d := range k.damages {
		switch d.Kind {
		case KindMirror:
			err = errors.Join(err, g.mirrorAgain(ctx, d.Name))
		case KindHead:
			err = errors.Join(err, g.headAgain(d.Name))
		}
	}
	return k.damages, streamName, err
}

func (g *Guard) mendStream(ctx context.Context, found []Damage) (exact []Damage, source string, err error) {
	select {
	case g.book.turn <- struct{}{}:
		defer func() { <-g.book.turn }()
	case <-ctx.Done():
		return found, "", ctx.Err()
	}
	exact, source, err = g.mendAll(context.WithoutCancel(ctx), found, g.book.tipHead())
	if err != nil {
		return exact, source, fmt.Errorf("heal the journal: %w", err)
	}
	for _, d := range exact {
		if d.Kind == KindHead {
			err = errors.Join(err, g.headAgain(d.Name))
		}
	}
	return exact, source, err
}

// mirrorAgain writes a mirror anew from the stream, which was found whole.
func (g *Guard) mirrorAgain(ctx context.Context, path string) error {
	for _, m := range g.mirrors {
		if m.path != path {
			continue
		}
		tip := g.book.tip()
		return m.replace(time.Now(), func(w io.Writer) (Chain, error) {
			var c Chain
			var failed error
			err := g.readStream(ctx, tip.seq, func(e *entry, stored []byte) {
				c = Chain{seq: e.seq, head: e.hash}
				failed = errors.Join(failed, writeLine(w, stored))
			})
			if err = errors.Join(err, failed); err == nil && c != tip {
				err = errMissing
			}
			return c, err
		})
	}
	return nil
}

func (g *Guard) headAgain(path string) error {
	for _, h := range g.heads {
		if h.path == path {
			return h.renew(g.stands())
		}
	}
	return nil
}

// mend implements guarding: somebody read the stream and missed an event.
func (g *Guard) mend(ctx context.Context, seq uint64) error {
	g.log.Error("the journal's stream lacks what it had; it is compared with its copies now", "event", seq)
	if err := pause(ctx, 100*time.Millisecond); err != nil { // so that nobody asks in a circle
		return err
	}
	if _, err := g.Scrub(ctx); err != nil {
		return err
	}
	return g.Err()
}
