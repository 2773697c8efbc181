package channels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// recountAtOnce is how many slices are in memory together while their tallies are
// mended: about 100 kB each.
const recountAtOnce = 64

// recount mends the tallies that count less than is recorded: a process that ends
// between outcomes and their tally leaves them so, and for a slice whose task is
// done nobody else would come. newest has each slice's last outcomes of 72 hours.
func (e *Engine) recount(ctx context.Context, newest map[string]uint64) error {
	var behind []alert.Task
	for subject, seq := range newest {
		task, err := alert.ParseTask("task." + strings.TrimPrefix(subject, "outcome.") + ".1")
		if err != nil {
			continue // said when it was read
		}
		counted, err := e.counted(ctx, task)
		if err != nil {
			return err
		}
		if counted < seq {
			behind = append(behind, task)
		}
	}
	for some := range slices.Chunk(behind, recountAtOnce) {
		if err := e.recountSome(ctx, some); err != nil {
			return err
		}
	}
	if len(behind) > 0 {
		e.log.Info("outcomes that were recorded and not counted are counted", "slices", len(behind))
	}
	return nil
}

// counted returns the last outcome that a slice's tally counts.
func (e *Engine) counted(ctx context.Context, task alert.Task) (uint64, error) {
	r, err := e.conf.Record.Get(ctx, task.TallySubject())
	if err != nil && !errors.Is(err, alert.ErrNotFound) {
		return 0, fmt.Errorf("read tally of %s: %w", task.Key(), err)
	}
	var t alert.Tally
	if err != nil || json.Unmarshal(r.Data, &t) != nil {
		return 0, nil
	}
	return t.OutcomesSeq, nil
}

func (e *Engine) recountSome(ctx context.Context, tasks []alert.Task) error {
	var open []*ledger
	defer func() {
		for _, l := range open {
			e.ledgers.release(l)
		}
	}()
	for _, task := range tasks {
		l, err := e.ledgers.open(ctx, task)
		if err != nil {
			return err
		}
		open = append(open, l)
	}
	for _, l := range e.recorder.hurry(open) {
		e.recorder.tallies.put(l)
	}
	for _, l := range open {
		if err := e.recorder.flush(ctx, l); err != nil {
			return err
		}
	}
	return nil
}
