package journal

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// perScrub bounds how many slices one look compares: 5,000 slices are five million
// recipients and take some seconds. The next look goes on with the next ones.
const perScrub = 5000

// sliceScrub compares the slices' outcomes with the running hash in their tallies,
// slice after slice, around and around. A damaged outcome never stops a send: it
// means that somebody may be told twice, or is not shown as told. It is named.
type sliceScrub struct {
	next    uint64 // the sequence in TALLIES to go on from
	damaged map[string]string
}

// errEnough ends one look.
var errEnough = errors.New("enough for this time")

// run looks at the next slices and returns everything that is known to be damaged.
// One look runs at a time.
func (s *sliceScrub) run(ctx context.Context, store *Store) (SliceReport, error) {
	if s.damaged == nil {
		s.damaged = map[string]string{}
	}
	r := SliceReport{}
	_, err := store.Scan(ctx, alert.StreamTallies, "", max(s.next, 1), func(m alert.Record) error {
		if r.Checked == perScrub {
			return errEnough
		}
		s.next = m.Seq + 1
		if m.Deleted {
			return nil
		}
		r.Checked++
		why, err := store.checkSlice(ctx, m)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(m.Subject, "tally.")
		delete(s.damaged, name)
		if why != "" {
			s.damaged[name] = why
		}
		return nil
	})
	if err == nil {
		s.next = 1 // around
	} else if !errors.Is(err, errEnough) {
		return r, fmt.Errorf("compare outcomes with their tallies: %w", err)
	}
	for name, why := range s.damaged {
		r.Damaged = append(r.Damaged, DamagedPart{Slice: name, Why: why})
	}
	slices.SortFunc(r.Damaged, func(a, b DamagedPart) int { return strings.Compare(a.Slice, b.Slice) })
	return r, nil
}

// checkSlice reads a slice's outcomes up to the one that its tally names and
// compares their running hash. It returns what is wrong, "" when nothing is.
func (s *Store) checkSlice(ctx context.Context, tally alert.Record) (why string, err error) {
	p := strings.Split(tally.Subject, ".")
	var t alert.Tally
	if err := json.Unmarshal(tally.Data, &t); err != nil || len(p) != 5 {
		return "its tally cannot be read", nil
	}
	if t.OutcomesSeq == 0 {
		return "", nil
	}
	var running [32]byte
	var last uint64
	subject := strings.Join([]string{"outcome", p[3], p[1], p[2], p[4]}, ".")
	err = s.Subject(ctx, subject, 1, func(r alert.Record) error {
		if r.Seq > t.OutcomesSeq {
			return errEnough
		}
		running, last = alert.ChainOutcomes(running, r.Data), r.Seq
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return "", err
	case hex.EncodeToString(running[:]) == t.Hash:
		return "", nil
	case last != t.OutcomesSeq:
		return fmt.Sprintf("the outcomes that its tally counts go up to %d, those that can be read to %d", t.OutcomesSeq, last), nil
	}
	return "its outcomes are not those that its tally counts", nil
}

// alarmSlices tells of damaged outcomes.
func (g *Guard) alarmSlices(r SliceReport) {
	for i, d := range r.Damaged {
		if i == maxRanges {
			g.log.Error("more slices have damaged outcomes", "slices", len(r.Damaged))
			return
		}
		g.log.Error("the outcomes of a slice are damaged", "slice", d.Slice, "why", d.Why)
	}
}
