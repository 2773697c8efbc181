// Package rolltest has an in-memory twin of the record for tests of what reads
// and writes the roll: the same refusals, the same order, nothing on disk.
//
// [Store.Interfere] and [Store.Lose] bring about what is hard to time against
// the real record: somebody who writes in between, and an answer that is lost.
package rolltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// Store keeps the newest message of each subject of one stream, in order.
type Store struct {
	mu        sync.Mutex
	log       []alert.Record
	newest    map[string]int // subject to position in log
	more      chan struct{}  // closed and replaced at every write
	puts      int            // calls of Put and PutBatch that stored something
	gets      int
	interfere func()
	lose      bool
}

// New returns an empty store.
func New() *Store {
	return &Store{newest: map[string]int{}, more: make(chan struct{})}
}

// Interfere has f called once, before the next write looks at what is there.
func (s *Store) Interfere(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interfere = f
}

// Lose has the next write stored and its answer lost.
func (s *Store) Lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose = true
}

// Calls returns how many writes stored something and how many reads there were.
func (s *Store) Calls() (puts, gets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.puts, s.gets
}

// Put stores one message.
func (s *Store) Put(ctx context.Context, p alert.Put) (uint64, error) {
	return s.PutBatch(ctx, []alert.Put{p})
}

// PutBatch stores all or nothing, at most 1,000.
func (s *Store) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if f := s.takeInterference(); f != nil {
		f()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(puts) == 0 || len(puts) > 1000 {
		return 0, fmt.Errorf("a batch of %d messages", len(puts))
	}
	for _, p := range puts {
		if err := s.expected(p); err != nil {
			return 0, err
		}
	}
	for _, p := range puts {
		s.store(p)
	}
	s.puts++
	close(s.more)
	s.more = make(chan struct{})
	if s.lose {
		s.lose = false
		return 0, alert.ErrUnknown
	}
	return uint64(len(s.log)), nil
}

func (s *Store) takeInterference() func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.interfere
	s.interfere = nil
	return f
}

func (s *Store) expected(p alert.Put) error {
	if p.ExpectSubject == nil {
		return nil
	}
	at, found := s.newest[p.Subject]
	switch {
	case !found && *p.ExpectSubject == 0:
		return nil
	case found && s.log[at].Seq == *p.ExpectSubject:
		return nil
	}
	return alert.ErrStale
}

func (s *Store) store(p alert.Put) {
	if at, found := s.newest[p.Subject]; found {
		s.log[at].Data = nil // as the stream does: only the newest is kept
	}
	s.log = append(s.log, alert.Record{
		Subject: p.Subject, Seq: uint64(len(s.log) + 1), At: time.Now().UTC(), Data: slices.Clone(p.Data), Deleted: p.Delete,
	})
	s.newest[p.Subject] = len(s.log) - 1
}

// Get returns the newest message of a subject.
func (s *Store) Get(_ context.Context, subject string) (alert.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	at, found := s.newest[subject]
	if !found {
		return alert.Record{}, alert.ErrNotFound
	}
	if r := s.log[at]; r.Deleted {
		return r, alert.ErrNotFound
	}
	return s.log[at], nil
}

// Newest returns the newest message of each subject that has one.
func (s *Store) Newest(_ context.Context, subjects []string) (map[string]alert.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	found := map[string]alert.Record{}
	for _, subject := range subjects {
		if at, ok := s.newest[subject]; ok {
			found[subject] = s.log[at]
		}
	}
	return found, nil
}

// LastSeq returns the sequence of the last message ever stored.
func (s *Store) LastSeq(context.Context, string) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.log)), nil
}

// Scan calls fn for what is there now, and returns the last sequence.
func (s *Store) Scan(ctx context.Context, _, filter string, from uint64, fn func(alert.Record) error) (uint64, error) {
	s.mu.Lock()
	now := s.log[:len(s.log):len(s.log)]
	var there []alert.Record
	for at, r := range now {
		if r.Seq >= from && s.newest[r.Subject] == at && matches(filter, r.Subject) {
			there = append(there, r)
		}
	}
	s.mu.Unlock()
	for _, r := range there {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := fn(r); err != nil {
			return r.Seq, err
		}
	}
	return uint64(len(now)), nil
}

// Follow calls fn for everything from a sequence on, until ctx ends.
func (s *Store) Follow(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) error {
	for {
		s.mu.Lock()
		more := s.more
		s.mu.Unlock()
		last, err := s.Scan(ctx, stream, filter, from, fn)
		if err != nil {
			return err
		}
		from = max(from, last+1)
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Dump returns the stored bytes and subjects, to look for what must not be there.
func (s *Store) Dump() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, r := range s.log {
		b.WriteString(r.Subject)
		b.Write(r.Data)
	}
	return b.String()
}

func matches(filter, subject string) bool {
	prefix, all := strings.CutSuffix(filter, ">")
	if all {
		return strings.HasPrefix(subject, prefix)
	}
	f, s := strings.Split(filter, "."), strings.Split(subject, ".")
	return len(f) == len(s) && tokens(f, s)
}

func tokens(filter, subject []string) bool {
	for i := range filter {
		if filter[i] != "*" && filter[i] != subject[i] {
			return false
		}
	}
	return true
}
