package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"mingluo/internal/alert"
)

// look is one comparison of all copies while the stream is read once.
type look struct {
	g       *Guard
	mirrors []*mirrorCheck // nil where a mirror cannot be read
	heads   []headCheck
	chain   Chain // of the stream, as far as it is whole
	damages []Damage
	mend    bool // not only what the stream can make anew is damaged
}

// headCheck is what one head file says.
type headCheck struct {
	file   *headFile
	wrote  uint64 // what this process has signed there, before the file was read
	said   []Head
	damage error
	agree  bool // every statement so far is in the stream
}

// beginLook opens the copies. With inUse this process is writing them: heads are
// read before mirrors, and both before the caller asks the book for its last event,
// so that nothing looks too long.
func (g *Guard) beginLook(inUse bool) (*look, error) {
	k := &look{g: g}
	for _, h := range g.heads {
		c := headCheck{file: h, wrote: h.said().Seq, agree: true}
		c.said, c.damage = readHeads(h.path)
		for _, s := range c.said {
			if !g.key.ours(&s) {
				return nil, &ForeignError{Path: h.path, Why: "it is signed by the key " + s.Key + ", ours is " + g.key.fingerprint()}
			}
		}
		k.heads = append(k.heads, c)
	}
	for _, m := range g.mirrors {
		if m.unusable() != nil {
			k.mirrors = append(k.mirrors, nil)
			continue
		}
		c, err := m.check(inUse)
		if err != nil {
			k.found(Damage{Kind: KindMirror, Name: m.path, Why: err.Error()})
		} else if m.gone {
			k.found(Damage{Kind: KindMirror, Name: m.path, Why: "it was gone"})
		}
		k.mirrors = append(k.mirrors, c)
	}
	return k, nil
}

func (k *look) close() {
	for _, c := range k.mirrors {
		if c != nil {
			c.close()
		}
	}
}

func (k *look) found(d Damage) {
	k.damages = append(k.damages, d)
	k.mend = k.mend || d.Kind == KindStream
}

// next compares the stream's next event, which follows the ones before.
func (k *look) next(e *entry, stored []byte) {
	k.chain = Chain{seq: e.seq, head: e.hash}
	for _, c := range k.mirrors {
		if c != nil {
			c.next(e, stored)
		}
	}
	for i := range k.heads {
		for _, h := range k.heads[i].said {
			if h.Seq == e.seq && h.hash != e.hash {
				k.heads[i].agree = false
				k.found(Damage{Kind: KindStream, Name: streamName, From: e.seq, To: e.seq, Event: e.name(),
					Why: "it is not the event that " + h.path + " was signed for"})
			}
		}
	}
}

// finish says what is wrong when the whole stream was read.
func (k *look) finish() {
	last := k.chain.seq
	for i, c := range k.mirrors {
		if c == nil {
			continue
		}
		if i == 0 {
			k.finishOwn(c)
		}
		if c.finish(last); c.why != "" {
			// Which of the two is right has to be found out the long way.
			k.found(Damage{Kind: KindMirror, Name: c.m.path, From: c.at, To: max(c.at, last), Why: c.why})
			k.mend = true
		}
	}
	for i := range k.heads {
		k.finishHead(&k.heads[i], last)
	}
}

// finishOwn asks whether this folder's mirror is shorter than it was. That it is
// behind the stream is normal after a crash; it is filled up from there.
func (k *look) finishOwn(c *mirrorCheck) {
	newest, ok := newestHead(k.heads[0].said)
	if ok && c.why == "" && !c.m.gone && c.held.seq < min(newest.Mirror, k.chain.seq) {
		k.found(Damage{Kind: KindMirror, Name: c.m.path, From: c.held.seq + 1, To: newest.Mirror,
			Why: fmt.Sprintf("it ends with event %d and had %d when the head was signed", c.held.seq, newest.Mirror)})
	}
}

func (k *look) finishHead(c *headCheck, last uint64) {
	newest, ok := newestHead(c.said)
	if ok && newest.Seq > last {
		c.agree = false
		k.found(Damage{Kind: KindStream, Name: streamName, From: last + 1, To: newest.Seq,
			Why: fmt.Sprintf("its last event is %d, but %s was signed for event %d", last, c.file.path, newest.Seq)})
	}
	switch {
	case !ok && c.damage != nil:
		k.found(Damage{Kind: KindHead, Name: c.file.path, Why: c.damage.Error()})
	case !ok && (c.wrote > 0 || c.file.expected && last > 0):
		k.found(Damage{Kind: KindHead, Name: c.file.path, Why: "it was gone"})
	case ok && newest.Seq < c.wrote:
		k.found(Damage{Kind: KindHead, Name: c.file.path, From: newest.Seq, To: c.wrote, Why: "it is older than what was written"})
	}
}

// firstLook replays the journal into a new book and compares the other copies on
// the way. The book does not follow yet.
func (g *Guard) firstLook(ctx context.Context) (*Book, *look, error) {
	k, err := g.beginLook(false)
	if err != nil {
		return nil, nil, err
	}
	defer k.close()
	b := g.store.newBook()
	last, err := g.store.Scan(ctx, alert.StreamJournal, "", 1, func(r alert.Record) error {
		if err := b.take(r); err != nil {
			return err
		}
		k.next(&entry{seq: r.Seq, hash: digestOf(r.Data), subject: r.Subject}, r.Data)
		return nil
	})
	broken, isBroken := errors.AsType[*BrokenError](err)
	switch {
	case isBroken:
		k.found(Damage{Kind: KindStream, Name: streamName, From: k.chain.seq + 1, To: max(last, k.chain.seq+1), Why: broken.Why.Error()})
	case err != nil:
		return nil, nil, err
	case k.chain.seq < last:
		k.found(Damage{Kind: KindStream, Name: streamName, From: k.chain.seq + 1, To: last, Why: errMissing.Error()})
	}
	if _, err := os.Stat(healingPath(g.store.conf.Dir)); err == nil {
		k.found(Damage{Kind: KindStream, Name: streamName, Why: "a healing was cut off"})
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	k.finish()
	return b, k, nil
}

// report puts the look into words.
func (k *look) report(began time.Time) Report {
	r := Report{At: began.UTC(), Took: time.Since(began), Seq: k.chain.seq, Hash: k.chain.Head(), Damages: k.damages}
	r.add(KindStream, streamName, k.chain.seq)
	for i, c := range k.mirrors {
		m := k.g.mirrors[i]
		if out := m.unusable(); out != nil {
			r.Copies = append(r.Copies, CopyReport{Kind: KindMirror, Name: m.path, Why: out.Error()})
			continue
		}
		var held uint64
		if c != nil {
			held = c.held.seq
		}
		r.add(KindMirror, m.path, held)
	}
	for i := range k.heads {
		newest, _ := newestHead(k.heads[i].said)
		r.add(KindHead, k.heads[i].file.path, newest.Seq)
	}
	return r
}

func (r *Report) add(kind, name string, events uint64) {
	c := CopyReport{Kind: kind, Name: name, Events: events, OK: true, Why: "whole"}
	if events < r.Seq {
		c.Why = fmt.Sprintf("whole, %d events behind", r.Seq-events)
	}
	if kind == KindHead {
		c.Why = fmt.Sprintf("signed at event %d", events)
	}
	for _, d := range r.Damages {
		if d.Kind == kind && d.Name == name {
			c.OK, c.Why = false, d.String()
			break
		}
	}
	r.Copies = append(r.Copies, c)
}

// damageError is all that was found, as one error.
func damageError(damages []Damage) error {
	var errs []error
	for _, d := range damages {
		errs = append(errs, errors.New(d.String()))
	}
	return errors.Join(errs...)
}
