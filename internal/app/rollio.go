package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// Clerk brings people onto the roll, counts them, lists them, and takes them
// off: what operators do on the command line and administrators in the console.
// Every act is recorded in the journal with who did it, and without whom it was
// about.
type Clerk struct {
	roll   *roll.Roll
	book   *journal.Book
	index  func(context.Context) (audience.Counts, error)
	places *alert.Gazetteer
	mode   alert.Mode
	log    *slog.Logger
	rows   *prometheus.CounterVec
	turn   chan struct{} // one import at a time: two would only wait for each other
	ctx    context.Context
	cancel context.CancelFunc
}

func newClerk(a *App, index func(context.Context) (audience.Counts, error)) *Clerk {
	c := &Clerk{roll: a.Roll, book: a.Book, index: index, places: a.Places, mode: a.cfg.Mode, log: a.log.With("part", "roll"), turn: make(chan struct{}, 1)}
	c.rows = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mingluo_roll_import_rows_total", Help: "Rows of imports by what became of them."}, []string{"result"})
	for _, result := range []string{"joined", "changed", "unchanged", "suppressed", "rejected"} {
		c.rows.WithLabelValues(result)
	}
	a.Registry.MustRegister(c.rows)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	a.life.onStop("imports", c.stop)
	return c
}

// stop calls off an import under way and waits until it has said how far it came.
func (c *Clerk) stop(ctx context.Context) error {
	c.cancel()
	select {
	case c.turn <- struct{}{}: // kept: nothing is imported any more
		return nil
	case <-ctx.Done():
		return fmt.Errorf("an import does not end: %w", ctx.Err())
	}
}

// Import brings the people of a file onto the roll and records what it came to,
// also when it stopped on the way. What is wrong with rows is told as it goes.
func (c *Clerk) Import(ctx context.Context, by string, f roll.File, o roll.ImportOptions) (roll.Report, error) {
	rows, err := f.Rows(c.places)
	if err != nil {
		return roll.Report{}, err
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	default:
		return roll.Report{}, &alert.Problem{Kind: alert.Blocked, ZH: "另一个导入正在进行，请等它结束再导入。", EN: "Another import is under way: wait until it has ended."}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	rep, err := c.roll.Import(ctx, time.Now(), rows, o)
	c.meter(rep)
	c.log.Info("import of subscribers", "by", by, "report", rep, "err", err)
	return rep, errors.Join(err, c.recordImport(ctx, by, f.Name, rep, err))
}

func (c *Clerk) meter(r roll.Report) {
	for result, n := range map[string]int{"joined": r.Joined, "changed": r.Changed, "unchanged": r.Unchanged, "suppressed": r.Suppressed, "rejected": r.Rejected} {
		c.rows.WithLabelValues(result).Add(float64(n))
	}
}

const (
	maxSource = 100 // characters of a file's name in the journal
	maxReason = 200 // characters of why something was done
)

func checkReason(reason string) error {
	if utf8.RuneCountInString(reason) <= maxReason {
		return nil
	}
	return &alert.Problem{Kind: alert.TooLarge, Field: "reason", ZH: fmt.Sprintf("原因最多 %d 字。", maxReason), EN: fmt.Sprintf("The reason has at most %d characters.", maxReason)}
}

func (c *Clerk) recordImport(ctx context.Context, by, name string, r roll.Report, stopped error) error {
	if r.Rows == 0 {
		return nil
	}
	f := alert.RollImported{Rows: r.Rows, Joined: r.Joined, Changed: r.Changed, Unchanged: r.Unchanged, Suppressed: r.Suppressed, Rejected: r.Rejected, Line: r.Line}
	if name != "" {
		source := []rune(filepath.Base(name))
		f.Source = string(source[:min(len(source), maxSource)])
	}
	if stopped != nil {
		f.Stopped = stopped.Error()
	}
	return c.record(context.WithoutCancel(ctx), by, f)
}

// record appends a fact about the roll.
func (c *Clerk) record(ctx context.Context, by string, f alert.Fact) error {
	_, err := c.book.Do(ctx, func(*alert.State) ([]alert.Event, error) {
		e, err := alert.NewEvent(time.Now(), by, c.mode, "roll", f)
		return []alert.Event{e}, err
	})
	if err != nil {
		return fmt.Errorf("record in the journal what was done with the roll: %w", err)
	}
	return nil
}

// Export writes everybody whom the selection is for. That it was done is
// recorded before the first address is written. It returns how many were, per
// channel. An error after the first byte leaves half a list: the caller has to
// throw it away.
func (c *Clerk) Export(ctx context.Context, by, form, reason string, sel roll.Selection, w io.Writer) (map[string]int, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	out, err := roll.NewWriter(w, form) // writes nothing before it is full or flushed
	if err != nil {
		return nil, err
	}
	if sel, err = c.roll.Resolve(sel); err != nil {
		return nil, err
	}
	counts, err := c.roll.CountSelected(ctx, sel)
	if err != nil {
		return nil, err
	}
	err = c.record(ctx, by, alert.RollExported{
		Form: form, Channel: sel.Channel, Areas: sel.Areas, Groups: sel.Groups, Hazard: sel.Hazard, Level: sel.Level, Counts: counts, Reason: reason,
	})
	if err != nil {
		return nil, fmt.Errorf("export the roll: nothing was written: %w", err)
	}
	c.log.Info("subscribers exported", "by", by, "counts", counts)
	if counts, err = c.roll.Export(ctx, sel, out.Write); err != nil {
		return counts, err
	}
	return counts, out.Flush()
}

// RollCount is how many people there are, per channel and per channel and
// district. Who has places in two districts counts in both.
type RollCount struct {
	Channels  map[string]int            `json:"channels"`
	Districts map[string]map[string]int `json:"districts"`
}

// Count counts whom a notice would be for, from the index.
func (c *Clerk) Count(ctx context.Context, sel roll.Selection) (RollCount, error) {
	sel, err := c.roll.Resolve(sel)
	if err != nil {
		return RollCount{}, err
	}
	if len(sel.Areas) == 0 {
		sel.Areas = []string{c.places.City()}
	}
	index, err := c.index(ctx)
	if err != nil {
		return RollCount{}, err
	}
	per, by, err := index.Count(ctx, alert.Query{Areas: sel.Areas, Groups: sel.Groups, Hazard: sel.Hazard, Level: sel.Level})
	if err != nil {
		return RollCount{}, err
	}
	if sel.Channel != "" {
		per, by = map[string]int{sel.Channel: per[sel.Channel]}, map[string]map[string]int{sel.Channel: by[sel.Channel]}
	}
	return RollCount{Channels: per, Districts: by}, nil
}

// Find returns a person's subscription.
func (c *Clerk) Find(ctx context.Context, channel, address string) (roll.Subscription, error) {
	return c.roll.Find(ctx, channel, address)
}

// reportLag is how long after a notice's end carriers' receipts, and with them
// the need to retract, may come.
const reportLag = 72 * time.Hour

// keepUntil is how long the sealed address of somebody who leaves now stays, so
// that a retraction of what they were sent still reaches them.
func (c *Clerk) keepUntil(now time.Time) time.Time {
	last := now
	c.book.Read(func(st *alert.State) {
		for _, n := range st.Notices {
			for _, r := range n.Released() {
				if r.Content.Expires.After(last) {
					last = r.Content.Expires
				}
			}
		}
	})
	return last.Add(reportLag)
}

// Leave takes a person off the roll at their request, and records that it was
// done, not for whom.
func (c *Clerk) Leave(ctx context.Context, by, channel, address, reason string) error {
	now := time.Now()
	if err := checkReason(reason); err != nil {
		return err
	}
	if err := c.roll.Leave(ctx, channel, address, now, c.keepUntil(now)); err != nil {
		return err
	}
	return c.record(ctx, by, alert.RollLeft{Channel: channel, Reason: reason})
}

// Erase drops everything about a person, and records that it was done, not for
// whom. A notice that was sent to them cannot be retracted any more.
func (c *Clerk) Erase(ctx context.Context, by, channel, address, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	if err := c.roll.Erase(ctx, channel, address, time.Now()); err != nil {
		return err
	}
	return c.record(ctx, by, alert.RollErased{Channel: channel, Reason: reason})
}
