package console

import (
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// sessions is the table of who is signed in. What makes a session valid is in
// the record (sessionkeep.go) and asked for at every request, so that it
// survives a restart, holds on every machine, and ends on all of them at once;
// memory keeps what only this process needs: its open streams.
type sessions struct {
	idle, absolute time.Duration
	keep           *sessionKeep // nil: in memory only
	mu             sync.Mutex
	byKey          map[[32]byte]*session
	loaded         bool // what the record holds was taken up
}

// tokenLen is the length of a cookie's value: 256 bits in base64.
const tokenLen = 43

func sessionKey(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// session is one sign-in of one officer. The mode belongs to it (R4): who
// wants the other one signs in again.
type session struct {
	key        [32]byte // SHA-256 of the cookie's value
	officer    string
	generation int // the account's; another one ends the session
	mode       alert.Mode
	csrf       string
	began      time.Time
	seen       time.Time
	factor     time.Time     // when a second factor was typed last
	ended      chan struct{} // closed at sign-out, so that open streams stop
	kept       time.Time     // seen, as it stands in the record
	loose      bool          // the record was full when it began: it is in memory only
}

// perOfficer bounds the sessions of one officer; the oldest goes first.
const perOfficer = 8

func newSessions(idle, absolute time.Duration) *sessions {
	return &sessions{idle: idle, absolute: absolute, byKey: map[[32]byte]*session{}}
}

// begin opens a session and returns the cookie's value, 256 random bits that
// are stored nowhere. Every sign-in makes a new one.
func (t *sessions) begin(acc Account, mode alert.Mode, now time.Time) (token string, s *session) {
	token = base64.RawURLEncoding.EncodeToString(randomBytes(32))
	s = &session{
		key: sessionKey(token), officer: acc.ID, generation: acc.Generation, mode: mode,
		csrf: base64.RawURLEncoding.EncodeToString(randomBytes(18)), began: now, seen: now, ended: make(chan struct{}),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	if old := t.surplus(acc.ID); old != nil {
		t.drop(old)
	}
	t.byKey[s.key] = s
	return token, s
}

func (t *sessions) sweep(now time.Time) {
	for _, s := range t.byKey {
		if t.stale(s, now) {
			t.drop(s)
		}
	}
}

// surplus is the session that has to go before the officer gets another one.
func (t *sessions) surplus(officer string) *session {
	var oldest *session
	n := 0
	for _, s := range t.byKey {
		if s.officer != officer {
			continue
		}
		n++
		if oldest == nil || s.seen.Before(oldest.seen) {
			oldest = s
		}
	}
	if n < perOfficer {
		return nil
	}
	return oldest
}

func (t *sessions) stale(s *session, now time.Time) bool {
	return now.Sub(s.seen) > t.idle || now.Sub(s.began) > t.absolute
}

func (t *sessions) drop(s *session) {
	if t.byKey[s.key] == s {
		delete(t.byKey, s.key)
		close(s.ended)
	}
}

// find returns the session of a cookie. A page that refreshes itself does not
// touch it: only a person does.
func (t *sessions) find(token string, now time.Time, touch bool) *session {
	if len(token) != tokenLen {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.byKey[sessionKey(token)]
	if s == nil {
		return nil
	}
	if t.stale(s, now) {
		t.drop(s)
		return nil
	}
	if touch {
		s.seen = now
	}
	return s
}

func (t *sessions) end(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(s)
}

// count is how many sessions are open; for the gauge.
func (t *sessions) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byKey)
}
