package roll

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
)

// Report is what an import came to. Rows is the sum of the five below it.
type Report struct {
	Rows       int    `json:"rows"`
	Joined     int    `json:"joined"`     // new
	Changed    int    `json:"changed"`    // were there with other wishes
	Unchanged  int    `json:"unchanged"`  // were there just so
	Suppressed int    `json:"suppressed"` // had left or were erased: not brought back
	Rejected   int    `json:"rejected"`
	Line       int    `json:"line"`     // everything up to this line of the file is settled
	LastSeq    uint64 `json:"last_seq"` // the highest sequence written; 0 when nothing was
}

// The parts of a report that one row adds to.
func joined(r *Report) *int     { return &r.Joined }
func changed(r *Report) *int    { return &r.Changed }
func unchanged(r *Report) *int  { return &r.Unchanged }
func suppressed(r *Report) *int { return &r.Suppressed }

func (r *Report) add(o Report) {
	r.Rows += o.Rows
	r.Joined += o.Joined
	r.Changed += o.Changed
	r.Unchanged += o.Unchanged
	r.Suppressed += o.Suppressed
	r.Rejected += o.Rejected
	r.Line = o.Line
	r.LastSeq = max(r.LastSeq, o.LastSeq)
}

// ImportOptions are an import's ways to tell how it goes; both may be nil. They
// are called one after the other, from a goroutine that ends before the import.
type ImportOptions struct {
	Rejected func(Rejection) error // called for every rejected row, in the file's order
	Progress func(Report)          // called after every batch
}

// abreast is how many batches an import has under way. One is not enough, since
// reading and sealing then wait for the disk; more than a few only crowd out
// whoever else writes, because the record stores one batch after the other.
const abreast = 4

// Import stores many subscriptions, in atomic batches of 1,000 rows, a few of
// them under way at once. It holds a few thousand rows however many there are.
//
// It is idempotent: run again after an interruption it passes over what is
// there, several times quicker than it was stored, and goes on; that is all it
// takes to resume. A batch whose answer is lost, or that somebody else came in
// between, is looked up before it is put again, so nobody is stored twice.
//
// An error ends it, once the batches under way are settled: everything up to
// the report's Line is then in the roll or rejected, and the report counts just
// that (of later lines a few thousand may be in too, which running it again
// finds). Rows that are wrong are reported and passed over; of two rows about
// the same person the later one counts; rows without a time of joining get now.
func (r *Roll) Import(ctx context.Context, now time.Time, rows iter.Seq2[Row, error], o ImportOptions) (Report, error) {
	im := importer{
		roll: r, opts: o, now: now, batch: newBatch(),
		// A batch waits here from when it is full until it is counted.
		order: make(chan *batch, abreast-1),
		ended: make(chan struct{}),
	}
	im.ctx, im.cancel = context.WithCancelCause(ctx)
	defer im.cancel(nil)
	go func() {
		defer close(im.ended)
		im.collect()
	}()
	line, err := im.read(rows)
	im.send()
	close(im.order)
	<-im.ended
	switch {
	case im.failed != nil:
		return im.report, fmt.Errorf("import: behind line %d: %w", im.report.Line, im.failed)
	case err != nil:
		return im.report, fmt.Errorf("import: read line %d: %w", line, err)
	case im.left:
		return im.report, fmt.Errorf("import: behind line %d: %w", im.report.Line, ctx.Err())
	}
	return im.report, nil
}

// importer is one import under way: the reader fills batches, each is settled by
// a goroutine of its own, and the collector takes them in the file's order.
type importer struct {
	roll *Roll
	opts ImportOptions
	now  time.Time

	ctx    context.Context // ends when the import shall go no further
	cancel context.CancelCauseFunc
	batch  *batch   // being filled
	flying []*batch // sent and perhaps not settled, oldest first
	left   bool     // rows were left out because of the context
	order  chan *batch
	ended  chan struct{} // the collector has ended

	// look: a batch met people who are on the roll, so the next ones are looked
	// up before they are put. A fresh import never looks.
	look atomic.Bool

	report Report // the collector's, until it has ended
	failed error
}

// read fills batches until the rows end, or the import shall go no further. It
// returns the error of the rows and its line.
func (im *importer) read(rows iter.Seq2[Row, error]) (int, error) {
	for row, err := range rows {
		if err != nil {
			return row.Line, err
		}
		if im.left = im.left || im.ctx.Err() != nil; im.left {
			return 0, nil
		}
		im.add(&row)
	}
	return 0, nil
}

func (im *importer) add(row *Row) {
	s, wrong := row.Sub, row.Wrong
	if len(wrong) == 0 {
		s, wrong = im.roll.check(row.Sub)
	}
	if len(wrong) > 0 {
		for _, p := range wrong {
			row.locate(p)
		}
		im.batch.reject(Rejection{Line: row.Line, Problems: wrong})
	} else {
		if s.Joined.IsZero() {
			s.Joined = im.now
		}
		im.awaitOther(s.ID)
		im.batch.take(s)
	}
	im.batch.counts.Line = row.Line
	if im.batch.counts.Rows == batchSize {
		im.send()
	}
}

// awaitOther waits for a batch under way that holds the same person, so that the
// later row counts.
func (im *importer) awaitOther(id alert.RecipientID) {
	for i := len(im.flying) - 1; i >= 0; i-- {
		if _, there := im.flying[i].byID[id]; there {
			<-im.flying[i].settled
			return
		}
	}
}

// send hands the batch over to be settled; it waits while too many are under way.
func (im *importer) send() {
	b := im.batch
	if b.counts.Rows == 0 || im.left {
		return
	}
	select {
	case im.order <- b:
	case <-im.ctx.Done():
		im.left = true
		return
	}
	go func() {
		defer close(b.settled)
		b.err = im.settle(b)
	}()
	if im.flying = append(im.flying, b); len(im.flying) > abreast {
		im.flying = im.flying[1:] // settled: no more than that are ever under way
	}
	im.batch = newBatch()
}

// collect counts and tells the batches in the file's order. After one that
// failed nothing counts any more, but all are waited for.
func (im *importer) collect() {
	for b := range im.order {
		<-b.settled
		if im.failed != nil {
			continue
		}
		if im.failed = im.count(b); im.failed != nil {
			im.cancel(im.failed)
		}
	}
}

func (im *importer) count(b *batch) error {
	if b.err != nil {
		return b.err
	}
	for _, x := range b.rejected {
		if im.opts.Rejected == nil {
			break
		}
		if err := im.opts.Rejected(x); err != nil {
			return fmt.Errorf("tell of the rejected row in line %d: %w", x.Line, err)
		}
	}
	im.report.add(b.counts)
	if im.opts.Progress != nil {
		im.opts.Progress(im.report)
	}
	return nil
}
