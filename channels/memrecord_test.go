package channels

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// memRecord is a record in memory that is honest about expected sequences and
// about atomic batches. With lag it takes as long as a synced commit does.
type memRecord struct {
	lag   time.Duration
	fault func(puts []alert.Put) (stored bool, err error) // asked before each batch; nil error: go on

	mu      sync.Mutex
	seq     map[string]uint64 // by stream
	all     map[string][]alert.Record
	batches int
}

func newMemRecord() *memRecord {
	return &memRecord{seq: map[string]uint64{}, all: map[string][]alert.Record{}}
}

func stream(subject string) string {
	if subject[0] == 'o' {
		return alert.StreamOutcomes
	}
	return alert.StreamTallies
}

func (m *memRecord) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	if m.lag > 0 {
		sleep(ctx, m.lag)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if m.fault != nil {
		if stored, err := m.fault(puts); err != nil {
			if stored {
				_, _ = m.put(puts)
			}
			return 0, err
		}
	}
	return m.put(puts)
}

func (m *memRecord) put(puts []alert.Put) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := map[string]bool{}
	for _, p := range puts {
		if seen[p.Subject] {
			return 0, fmt.Errorf("a batch with two messages of %s", p.Subject)
		}
		seen[p.Subject] = true
		if p.ExpectSubject != nil && *p.ExpectSubject != m.last(p.Subject) {
			return 0, fmt.Errorf("%s: %w", p.Subject, alert.ErrStale)
		}
	}
	m.batches++
	for _, p := range puts {
		st := stream(p.Subject)
		m.seq[st]++
		m.all[p.Subject] = append(m.all[p.Subject], alert.Record{Subject: p.Subject, Seq: m.seq[st], At: time.Now(), Data: append([]byte(nil), p.Data...)})
	}
	return m.seq[stream(puts[0].Subject)], nil
}

func (m *memRecord) last(subject string) uint64 {
	if rs := m.all[subject]; len(rs) > 0 {
		return rs[len(rs)-1].Seq
	}
	return 0
}

func (m *memRecord) newest(subject string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last(subject)
}

func (m *memRecord) Get(_ context.Context, subject string) (alert.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rs := m.all[subject]
	if len(rs) == 0 {
		return alert.Record{}, alert.ErrNotFound
	}
	return rs[len(rs)-1], nil
}

func (m *memRecord) Subject(_ context.Context, subject string, from uint64, fn func(alert.Record) error) error {
	m.mu.Lock()
	rs := append([]alert.Record(nil), m.all[subject]...)
	m.mu.Unlock()
	for _, r := range rs {
		if r.Seq >= from {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// append writes as another process would: the newest sequence is expected.
func (m *memRecord) append(t *testing.T, task alert.Task, os ...alert.Outcome) {
	t.Helper()
	m.mu.Lock()
	last := m.last(task.OutcomeSubject())
	m.mu.Unlock()
	if _, err := m.put([]alert.Put{{Subject: task.OutcomeSubject(), Data: alert.AppendOutcomes(nil, os), ExpectSubject: &last}}); err != nil {
		t.Fatal(err)
	}
}

func (m *memRecord) outcomes(t *testing.T, task alert.Task) (os []alert.Outcome) {
	t.Helper()
	_ = m.Subject(t.Context(), task.OutcomeSubject(), 0, func(r alert.Record) error {
		if err := alert.DecodeOutcomes(r.Data, func(o alert.Outcome) { os = append(os, o) }); err != nil {
			t.Fatal(err)
		}
		return nil
	})
	return os
}

func (m *memRecord) tally(t *testing.T, task alert.Task) (y alert.Tally) {
	t.Helper()
	r, err := m.Get(t.Context(), task.TallySubject())
	if err != nil {
		return y
	}
	if err := json.Unmarshal(r.Data, &y); err != nil {
		t.Fatal(err)
	}
	return y
}

func (m *memRecord) since(_ context.Context, at time.Time, from uint64, fn func(alert.Record) error) (uint64, error) {
	m.mu.Lock()
	last := m.seq[alert.StreamOutcomes]
	var rs []alert.Record
	for s, l := range m.all {
		if stream(s) == alert.StreamOutcomes {
			rs = append(rs, l...)
		}
	}
	m.mu.Unlock()
	slices.SortFunc(rs, func(a, b alert.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, r := range rs {
		if r.Seq >= from && !r.At.Before(at) {
			if err := fn(r); err != nil {
				return last, err
			}
		}
	}
	return last, nil
}
