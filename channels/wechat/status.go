package wechat

import (
	"sync"
	"time"
)

// status is whether the account works: the halt's reason, or a lock that only
// another configuration removes.
type status struct {
	mu     sync.Mutex
	locked string
	halted string
	probed time.Time // last probe while halted, or the halt itself
}

func (s *status) lock(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked = reason
}

func (s *status) halt(reason string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halted, s.probed = reason, now
}

func (s *status) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halted = ""
}

// reason is empty when the account takes messages.
func (s *status) reason() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked != "" {
		return s.locked
	}
	return s.halted
}

// probeDue reports, once per interval, that a halted account should be asked.
func (s *status) probeDue(now time.Time, every time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked != "" || s.halted == "" || now.Sub(s.probed) < every {
		return false
	}
	s.probed = now
	return true
}

func (s *status) gauge() float64 {
	if s.reason() != "" {
		return 1
	}
	return 0
}

func (s *status) lockedFor() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.locked
}
