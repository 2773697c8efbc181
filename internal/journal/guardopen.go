package journal

import (
	"context"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// open compares, heals what is damaged, and begins to serve. After a healing
// everything is read once more: what is not whole then stays unserved.
func (g *Guard) open(ctx context.Context) error {
	began := time.Now()
	for i, m := range g.mirrors {
		if m.out = m.open(); m.out != nil && i == 0 {
			return m.out
		}
	}
	book, k, err := g.firstLook(ctx)
	if err != nil {
		return err
	}
	report, source := k.report(began), ""
	if k.mend {
		if report.Damages, source, err = g.mendAll(ctx, k.damages, nil); err != nil {
			g.note(report, err)
			return err
		}
		if book, k, err = g.firstLook(ctx); err != nil {
			return err
		}
		if k.mend {
			err := fmt.Errorf("the journal was healed and is damaged again: %w", damageError(k.damages))
			g.note(report, err)
			return err
		}
		report.Seq, report.Hash = k.chain.seq, k.chain.Head()
	}
	g.alarm(report.Damages)
	if err := g.serve(book, k); err != nil {
		return err
	}
	report.Took, report.Healed = time.Since(began), len(report.Damages) > 0
	g.note(report, nil)
	return g.record(ctx, report.Damages, source)
}

// serve goes on with the files as they were found, and lets the book follow.
func (g *Guard) serve(book *Book, k *look) error {
	for i, c := range k.mirrors {
		if g.mirrors[i].out != nil {
			continue // its keeper looks after it
		}
		if c == nil {
			return fmt.Errorf("mirror %s cannot be read", g.mirrors[i].path)
		}
		if c.torn {
			g.log.Info("a mirror's last line was torn and is cut off", "path", c.m.path, "behind", c.held.seq)
		}
		if err := c.m.settle(c.held, c.size); err != nil {
			return err
		}
	}
	g.book, book.guard = book, g
	for _, c := range k.heads {
		newest, ok := newestHead(c.said)
		if ok && c.agree && c.damage == nil {
			if err := c.file.adopt(newest); err != nil {
				return err
			}
		} else if ok && c.damage != nil {
			g.log.Info("one of two statements of a signed head was torn", "path", c.file.path, "err", c.damage)
		}
	}
	book.begin()
	if seq := book.Seq(); seq > 0 {
		g.seal(seq)
	}
	return nil
}

// alarm tells of damage, once for each.
func (g *Guard) alarm(damages []Damage) {
	for _, d := range damages {
		g.log.Error("the journal is damaged", "copy", d.Kind, "name", d.Name, "from", d.From, "to", d.To, "event", d.Event, "why", d.Why)
		g.m.damage.WithLabelValues(d.Kind).Inc()
	}
}

// record writes the healing into the journal, one event for each copy.
func (g *Guard) record(ctx context.Context, damages []Damage, source string) error {
	if len(damages) == 0 {
		return nil
	}
	var events []alert.Event
	told := map[string]bool{}
	for _, d := range damages {
		if told[d.Name] {
			continue
		}
		told[d.Name] = true
		h := alert.Healed{Copy: d.Kind, From: d.From, To: d.To, Why: d.Why}
		if d.Kind == KindStream {
			h.Source = source
		} else {
			h.Path = d.Name
		}
		for _, o := range damages {
			if o.Name == d.Name {
				h.To = max(h.To, o.To)
			}
		}
		e, err := alert.NewEvent(time.Now(), "system", g.conf.Mode, d.Kind, h)
		if err != nil {
			return err
		}
		events = append(events, e)
		g.m.healed.WithLabelValues(d.Kind).Inc()
	}
	if _, err := g.book.Do(ctx, func(*alert.State) ([]alert.Event, error) { return events, nil }); err != nil {
		return fmt.Errorf("record the healing: %w", err)
	}
	g.log.Warn("the journal is whole again", "events", g.book.Seq(), "from", source)
	return nil
}

// seal makes this folder's signed head cover an event. A head that cannot be
// written is alarmed; the event is on the disk and stays acknowledged.
func (g *Guard) seal(seq uint64) {
	err := g.heads[0].reach(seq, g.stands)
	g.m.sealed(err)
	if err != nil {
		g.log.Error("the journal's signed head cannot be written", "event", seq, "err", err)
	}
}

// stands is what a signed head says: the last event, and how far the mirror is.
func (g *Guard) stands() (tip Chain, mirror uint64) {
	held, _ := g.mirrors[0].held()
	return g.book.tip(), held.seq
}
