package roll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"mingluo/internal/alert"
)

// Row is one subscription of an import, or what was wrong with it.
type Row struct {
	Line    int            // in the file, from 1
	Columns map[string]int // where each field begins, in characters from 1; may be nil
	Sub     Subscription
	Wrong   alert.Problems // what the reader found; the roll adds what it finds
}

// Rejection is a row that was not taken and why. It holds no address.
type Rejection struct {
	Line     int            `json:"line"`
	Problems alert.Problems `json:"problems"` // Line and Column are set where known
}

// Report is what an import came to. Rows is the sum of all others but LastSeq.
type Report struct {
	Rows       int    `json:"rows"`
	Joined     int    `json:"joined"`     // new
	Changed    int    `json:"changed"`    // were there with other wishes
	Unchanged  int    `json:"unchanged"`  // were there just so
	Suppressed int    `json:"suppressed"` // had left or were erased: not brought back
	Rejected   int    `json:"rejected"`
	LastSeq    uint64 `json:"last_seq"` // of the last message written; 0 when none was
}

// ImportOptions are an import's ways to tell how it goes; both may be nil.
type ImportOptions struct {
	Rejected func(Rejection) error // called for every rejected row, in the file's order
	Progress func(Report)          // called after every batch
}

// Import stores many subscriptions, in atomic batches of 1,000, each on disk
// before the next. It is idempotent: run again after an interruption it passes
// over what is there. An error ends it; the report says how far it came. Rows
// that are wrong are reported and passed over; rows without a time of joining
// get now.
func (r *Roll) Import(ctx context.Context, now time.Time, rows iter.Seq2[Row, error], o ImportOptions) (Report, error) {
	im := importer{roll: r, opts: o, inBatch: make(map[alert.RecipientID]bool, batchSize)}
	for row, err := range rows {
		if err != nil {
			err = errors.Join(err, im.flush(ctx))
			return im.report, fmt.Errorf("import: read line %d: %w", row.Line, err)
		}
		if err := im.add(ctx, now, row); err != nil {
			return im.report, fmt.Errorf("import: line %d: %w", row.Line, err)
		}
	}
	if err := im.flush(ctx); err != nil {
		return im.report, fmt.Errorf("import: %w", err)
	}
	return im.report, nil
}

// importer is one import under way.
type importer struct {
	roll    *Roll
	opts    ImportOptions
	report  Report
	batch   []entry
	inBatch map[alert.RecipientID]bool
	// look: the last batch met people who are on the roll, so the next one is
	// looked up before it is put. A fresh import never looks.
	look bool
}

type entry struct {
	id  alert.RecipientID
	rec Record
}

func (im *importer) add(ctx context.Context, now time.Time, row Row) error {
	s, wrong := row.Sub, row.Wrong
	if len(wrong) == 0 {
		s, wrong = im.roll.check(row.Sub)
	}
	if len(wrong) > 0 {
		return im.reject(row, wrong)
	}
	if s.Joined.IsZero() {
		s.Joined = now
	}
	if im.inBatch[s.ID] || len(im.batch) == batchSize { // twice in the file: the later one counts
		if err := im.flush(ctx); err != nil {
			return err
		}
	}
	im.report.Rows++
	im.batch = append(im.batch, entry{id: s.ID, rec: im.roll.record(s)})
	im.inBatch[s.ID] = true
	return nil
}

func (im *importer) reject(row Row, wrong alert.Problems) error {
	im.report.Rows++
	im.report.Rejected++
	if im.opts.Rejected == nil {
		return nil
	}
	for _, p := range wrong {
		if p.Line == 0 {
			p.Line = row.Line
		}
		if p.Column == 0 {
			p.Column = row.Columns[p.Field]
		}
	}
	return im.opts.Rejected(Rejection{Line: row.Line, Problems: wrong})
}

func (im *importer) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	if err := im.store(ctx); err != nil {
		return err
	}
	im.batch = im.batch[:0]
	clear(im.inBatch)
	if im.opts.Progress != nil {
		im.opts.Progress(im.report)
	}
	return nil
}

// store puts the batch as all new, which is refused whole when one person is
// there already; then it looks up each one and puts what is to be put.
func (im *importer) store(ctx context.Context) error {
	if !im.look {
		seq, err := im.roll.store.PutBatch(ctx, im.fresh())
		if err == nil {
			im.report.Joined += len(im.batch)
			im.report.LastSeq = seq
			return nil
		}
		// No answer may mean that it is there: looking tells.
		if !stale(err) && !errors.Is(err, alert.ErrUnknown) {
			return err
		}
	}
	for range tries {
		puts, counts, err := im.compare(ctx)
		if err != nil {
			return err
		}
		if len(puts) > 0 {
			seq, err := im.roll.store.PutBatch(ctx, puts)
			if stale(err) {
				continue
			}
			if err != nil {
				return err
			}
			im.report.LastSeq = seq
		}
		im.report.Joined += counts.Joined
		im.report.Changed += counts.Changed
		im.report.Unchanged += counts.Unchanged
		im.report.Suppressed += counts.Suppressed
		im.look = counts.Joined < len(im.batch)
		return nil
	}
	return alert.ErrStale
}

func (im *importer) fresh() []alert.Put {
	puts := make([]alert.Put, len(im.batch))
	var none uint64
	for i, e := range im.batch {
		puts[i] = alert.Put{Subject: Subject(e.id), Data: AppendRecord(make([]byte, 0, 160), e.rec), ExpectSubject: &none}
	}
	return puts
}

// compare looks up everybody in the batch and says what there is to put.
func (im *importer) compare(ctx context.Context) ([]alert.Put, Report, error) {
	var puts []alert.Put
	var n Report
	subjects := make([]string, len(im.batch))
	for i, e := range im.batch {
		subjects[i] = Subject(e.id)
	}
	there, err := im.roll.store.Newest(ctx, subjects)
	if err != nil {
		return nil, n, err
	}
	for i, e := range im.batch {
		old, seq, err := read(e.id, there[subjects[i]])
		rec := e.rec
		switch {
		case errors.Is(err, alert.ErrNotFound):
			n.Joined++
		case err != nil:
			return nil, n, err
		case old.State != Active:
			n.Suppressed++
			continue
		case bytes.Equal(old.Profile, rec.Profile):
			n.Unchanged++
			continue
		default:
			n.Changed++
			rec.JoinSeq, rec.Joined = old.JoinSeq, old.Joined
		}
		puts = append(puts, alert.Put{Subject: subjects[i], Data: AppendRecord(nil, rec), ExpectSubject: &seq})
	}
	return puts, n, nil
}
