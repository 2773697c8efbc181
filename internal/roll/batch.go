package roll

import (
	"bytes"
	"context"
	"errors"
	"time"

	"mingluo/internal/alert"
)

// batch is 1,000 rows of an import, the rejected ones among them.
type batch struct {
	people   []entry
	byID     map[alert.RecipientID]int // place in people
	rejected []Rejection
	counts   Report
	settled  chan struct{}
	err      error // when settled
}

// entry is a person of a batch.
type entry struct {
	id      alert.RecipientID
	address string
	rec     Record // sealed when it is put
	// further rows of the batch about the same person, by whether they changed
	// what the one before them said
	changed, same int
}

func newBatch() *batch {
	return &batch{people: make([]entry, 0, batchSize), byID: make(map[alert.RecipientID]int, batchSize), settled: make(chan struct{})}
}

func (b *batch) reject(x Rejection) {
	b.rejected = append(b.rejected, x)
	b.counts.Rows++
	b.counts.Rejected++
}

// take adds a checked subscription, or puts it in the place of an earlier one of
// the same person.
func (b *batch) take(s Subscription) {
	b.counts.Rows++
	profile := AppendProfile(nil, s.Profile())
	at, there := b.byID[s.ID]
	if !there {
		b.byID[s.ID] = len(b.people)
		b.people = append(b.people, entry{id: s.ID, address: s.Address, rec: Record{Joined: s.Joined, Profile: profile}})
		return
	}
	e := &b.people[at]
	if bytes.Equal(e.rec.Profile, profile) {
		e.same++
	} else {
		e.changed++
	}
	e.rec.Profile = profile
}

// put is what is to be stored of a person on top of the sequence seq.
func (r *Roll) put(e *entry, seq uint64) alert.Put {
	if e.rec.Sealed == nil || e.rec.Sealed[0] != r.keys.set().file.Current { // not sealed yet, or under a key that is gone
		e.rec.Sealed = r.keys.Seal(make([]byte, 0, 64), e.id, e.address)
	}
	data := AppendRecord(make([]byte, 0, 32+len(e.rec.Profile)+len(e.rec.Sealed)), e.rec)
	return alert.Put{Subject: Subject(e.id), Data: data, ExpectSubject: &seq}
}

// against says what a person's row comes to beside what is on the roll, and
// whether it is to be stored.
func (e *entry) against(old Record, found bool, seq uint64) (kind func(*Report) *int, store bool) {
	switch {
	case !found:
		e.rec.JoinSeq = 0
		return joined, true
	case e.rec.Sealed != nil && bytes.Equal(e.rec.Sealed, old.Sealed): // ours, whose answer was lost
		if old.JoinSeq == seq {
			return joined, false
		}
		return changed, false
	case old.State != Active:
		return suppressed, false
	case bytes.Equal(old.Profile, e.rec.Profile):
		return unchanged, false
	}
	e.rec.JoinSeq, e.rec.Joined = old.JoinSeq, old.Joined
	return changed, true
}

// tally counts a person's rows.
func (r *Report) tally(e *entry, kind func(*Report) *int) {
	*kind(r)++
	if more := e.changed + e.same; kind(r) == &r.Suppressed {
		r.Suppressed += more
		return
	}
	r.Changed += e.changed
	r.Unchanged += e.same
}

// unclear reports whether a batch is to be looked up and put again: somebody
// came in between, or no answer came.
func unclear(err error) bool { return stale(err) || errors.Is(err, alert.ErrUnknown) }

// patience is how long an import waits before it looks again at a batch that
// got no answer, the first time; then twice as long each time.
const patience = 100 * time.Millisecond

// settle puts the batch as all new, which is refused whole when one person is
// there already; then it looks up each one and puts what is to be put. A batch
// begun is seen through also when the import is called off.
func (im *importer) settle(b *batch) error {
	ctx := context.WithoutCancel(im.ctx)
	if len(b.people) == 0 {
		return nil
	}
	var err error
	if !im.look.Load() {
		if err = im.putFresh(ctx, b); !unclear(err) {
			return err
		}
	}
	for try := range tries {
		if errors.Is(err, alert.ErrUnknown) {
			im.pause(patience << try)
		}
		if err = im.putKnown(ctx, b); !unclear(err) {
			return err
		}
	}
	return err
}

func (im *importer) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-im.ctx.Done(): // called off: look at once
	}
}

func (im *importer) putFresh(ctx context.Context, b *batch) error {
	puts := make([]alert.Put, len(b.people))
	for i := range b.people {
		puts[i] = im.roll.put(&b.people[i], 0)
	}
	seq, err := im.roll.store.PutBatch(ctx, puts)
	if err != nil {
		return err
	}
	b.counts.LastSeq = seq
	for i := range b.people {
		b.counts.tally(&b.people[i], joined)
	}
	return nil
}

// putKnown looks up everybody in the batch and stores what there is to store.
func (im *importer) putKnown(ctx context.Context, b *batch) error {
	subjects := make([]string, len(b.people))
	for i := range b.people {
		subjects[i] = Subject(b.people[i].id)
	}
	there, err := im.roll.store.Newest(ctx, subjects)
	if err != nil {
		return err
	}
	counts := b.counts
	var puts []alert.Put
	for i := range b.people {
		e := &b.people[i]
		old, seq, err := read(e.id, there[subjects[i]])
		if err != nil && !errors.Is(err, alert.ErrNotFound) {
			return err
		}
		kind, store := e.against(old, err == nil, seq)
		counts.tally(e, kind)
		if store {
			puts = append(puts, im.roll.put(e, seq))
		} else if e.rec.Sealed != nil && bytes.Equal(e.rec.Sealed, old.Sealed) {
			counts.LastSeq = max(counts.LastSeq, seq)
		}
	}
	if len(puts) > 0 {
		seq, err := im.roll.store.PutBatch(ctx, puts)
		if err != nil {
			return err
		}
		counts.LastSeq = seq
	}
	im.look.Store(counts.Joined < len(b.people))
	b.counts = counts
	return nil
}
