package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Query is what is looked for; zero fields do not narrow it.
type Query struct {
	Officer string
	Object  string // a notice, a draft, an incident …
	Act     string // an act, or with all that begin so: "notices"
	Outcome Outcome
	Refused bool // everything but what was done
	From    time.Time
	Until   time.Time
	Before  uint64 // only records before this sequence: the next page
}

// Page is a part of what was found, newest first.
type Page struct {
	Entries []Entry `json:"entries"`
	// Next is the Before of the next page; 0 when there is nothing more.
	Next uint64 `json:"next,omitempty"`
	// Back is how far back this page looked when it is not the end.
	Back time.Time `json:"back,omitzero"`
}

const (
	window    = 5000   // records looked at in one step backwards
	perSearch = 100000 // and in one search: about a second; the next page goes on
)

// fits reports whether an entry is looked for.
func (q *Query) fits(e *Entry) bool {
	switch {
	case q.Officer != "" && e.Officer != q.Officer,
		q.Object != "" && e.Object != q.Object,
		q.Act != "" && e.Act != q.Act && !strings.HasPrefix(e.Act, q.Act+"."),
		q.Outcome != "" && e.Outcome != q.Outcome,
		q.Refused && e.Outcome == Done,
		!q.From.IsZero() && e.Last.Before(q.From),
		!q.Until.IsZero() && !e.At.Before(q.Until):
		return false
	}
	return true
}

// errStop ends a scan that has what it wanted.
var errStop = errors.New("enough")

// Find returns up to limit entries, newest first.
func (l *Log) Find(ctx context.Context, q Query, limit int) (Page, error) {
	p, err := l.find(ctx, q, limit)
	if err != nil {
		return Page{}, fmt.Errorf("search the audit: %w", err)
	}
	return p, nil
}

func (l *Log) find(ctx context.Context, q Query, limit int) (Page, error) {
	end, err := l.store.LastSeq(ctx, alert.StreamAudit)
	if err != nil {
		return Page{}, err
	}
	if q.Before > 0 {
		end = min(end, q.Before-1)
	}
	if end, err = l.endBy(ctx, q.Until, end); err != nil {
		return Page{}, err
	}
	p := Page{Entries: []Entry{}}
	for looked := 0; end > 0; looked += window {
		if looked >= perSearch {
			p.Next = end + 1
			return p, nil
		}
		from := max(end, window) - window + 1
		found, oldest, err := l.step(ctx, &q, from, end)
		if err != nil {
			return Page{}, err
		}
		for i := len(found) - 1; i >= 0; i-- {
			if len(p.Entries) == limit {
				p.Next = found[i].Seq + 1
				return p, nil
			}
			p.Entries = append(p.Entries, found[i])
		}
		if !oldest.IsZero() {
			p.Back = oldest
		}
		if oldest.IsZero() && from > 1 && len(found) == 0 {
			if gone, err := l.gone(ctx, from); err != nil || gone {
				return done(p), err
			}
		}
		if !q.From.IsZero() && !oldest.IsZero() && oldest.Before(q.From.Add(-time.Hour)) {
			return done(p), nil // a clock set back by less is looked through
		}
		end = from - 1
	}
	return done(p), nil
}

// done says that nothing older is there.
func done(p Page) Page { p.Back = time.Time{}; return p }

// step looks at the records of one window, oldest first.
func (l *Log) step(ctx context.Context, q *Query, from, end uint64) (found []Entry, oldest time.Time, err error) {
	_, err = l.store.Scan(ctx, alert.StreamAudit, "", from, func(r alert.Record) error {
		if r.Seq > end {
			return errStop
		}
		if oldest.IsZero() {
			oldest = r.At
		}
		e, err := decode(r)
		if err != nil {
			return err
		}
		if q.fits(&e) {
			found = append(found, e)
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return found, oldest, err
}

// gone reports whether nothing is left before a sequence: old records have aged
// out.
func (l *Log) gone(ctx context.Context, before uint64) (bool, error) {
	first := uint64(0)
	_, err := l.store.Scan(ctx, alert.StreamAudit, "", 1, func(r alert.Record) error {
		first = r.Seq
		return errStop
	})
	if err != nil && !errors.Is(err, errStop) {
		return false, err
	}
	return first == 0 || first >= before, nil
}

// endBy is the last sequence that can hold something before an instant.
func (l *Log) endBy(ctx context.Context, until time.Time, end uint64) (uint64, error) {
	if until.IsZero() {
		return end, nil
	}
	// A record is written after its try, by up to a batch's gathering.
	_, err := l.store.ScanSince(ctx, alert.StreamAudit, "", until.Add(2*repeatEvery), func(r alert.Record) error {
		end = min(end, r.Seq-1)
		return errStop
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return end, err
}

// Each calls fn for everything that is looked for, oldest first: an export. An
// error of fn ends it and is returned.
func (l *Log) Each(ctx context.Context, q Query, fn func(Entry) error) error {
	var failed error
	take := func(r alert.Record) error {
		e, err := decode(r)
		if err != nil {
			return err
		}
		if !q.fits(&e) || q.Before > 0 && r.Seq >= q.Before {
			return nil
		}
		failed = fn(e)
		return failed
	}
	var err error
	if q.From.IsZero() {
		_, err = l.store.Scan(ctx, alert.StreamAudit, "", 1, take)
	} else {
		_, err = l.store.ScanSince(ctx, alert.StreamAudit, "", q.From, take)
	}
	if err != nil && failed == nil {
		return fmt.Errorf("read the audit: %w", err)
	}
	return failed
}
