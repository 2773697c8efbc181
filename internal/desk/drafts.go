package desk

import (
	"context"
	"slices"
	"sync"

	"mingluo/internal/alert"
)

// openDrafts are the texts that were not submitted yet. The stream keeps every
// draft there ever was, newest save each; only saves since the last look are
// read, so that a desk with ten thousand notices behind it opens as fast as a
// new one.
type openDrafts struct {
	mu   sync.Mutex
	seen uint64 // the stream's sequence up to which saves were read
	open map[string]*Draft
}

func newOpenDrafts() *openDrafts { return &openDrafts{open: map[string]*Draft{}} }

// list returns them as they are stored now, newest first. They are
// shared: not to be changed.
func (o *openDrafts) list(ctx context.Context, s Store) ([]*Draft, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	last, err := s.Scan(ctx, alert.StreamDrafts, "draft.>", o.seen+1, o.take)
	if err != nil {
		return nil, err
	}
	o.seen = max(o.seen, last)
	out := make([]*Draft, 0, len(o.open))
	for _, dr := range o.open {
		out = append(out, dr)
	}
	slices.SortFunc(out, func(a, b *Draft) int { return b.Saved.Compare(a.Saved) })
	return out, nil
}

func (o *openDrafts) take(r alert.Record) error {
	id := r.Subject[len("draft."):]
	if r.Deleted {
		delete(o.open, id)
		return nil
	}
	dr, err := decodeDraft(r)
	if err != nil {
		return err
	}
	if dr.Submitted != "" || dr.Dropped != nil {
		delete(o.open, id)
		return nil
	}
	o.open[id] = dr
	return nil
}
