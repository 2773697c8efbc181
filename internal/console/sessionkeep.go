package console

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// sessionKeep keeps sessions in the record, one sealed message each under the
// hash of the cookie: who reads the store learns no cookie and no mark of a form.
// Ended ones leave a tombstone, and everything goes by age.
type sessionKeep struct {
	store Store
	seal  sealer
}

// keptSession is a session as it is sealed. When a second factor was typed last
// is not kept: after a restart it is asked for again.
type keptSession struct {
	Officer    string     `json:"officer"`
	Generation int        `json:"generation"`
	Mode       alert.Mode `json:"mode"`
	CSRF       string     `json:"csrf"`
	Began      time.Time  `json:"began"`
	Seen       time.Time  `json:"seen"`
	seq        uint64
}

// seenEvery is how exactly the record knows when a session was used last, in
// parts of the idle time: one write a minute for an officer who works.
const seenEvery = 15

func keepSubject(key [32]byte) string { return "session." + hex.EncodeToString(key[:]) }

// save writes a session as it is used now; expect is the record's sequence of
// it, so that one that was ended meanwhile stays ended.
func (k *sessionKeep) save(ctx context.Context, s *session, seen time.Time, expect uint64) error {
	plain, err := json.Marshal(keptSession{Officer: s.officer, Generation: s.generation, Mode: s.mode, CSRF: s.csrf, Began: s.began.UTC(), Seen: seen.UTC()})
	if err != nil {
		return fmt.Errorf("encode a session: %w", err)
	}
	subject := keepSubject(s.key)
	if _, err := k.store.Put(ctx, alert.Put{Subject: subject, Data: k.seal.close(subject, plain), ExpectSubject: &expect}); err != nil {
		return fmt.Errorf("keep a session of %s: %w", s.officer, err)
	}
	return nil
}

// end leaves a tombstone; a session that the record does not know is ended.
func (k *sessionKeep) end(ctx context.Context, s *session) error {
	if k == nil || s.loose {
		return nil
	}
	if _, err := k.store.Put(ctx, alert.Put{Subject: keepSubject(s.key), Delete: true}); err != nil {
		return fmt.Errorf("end a session of %s: %w", s.officer, err)
	}
	return nil
}

// load returns what the record holds under a cookie's hash; nil: nothing, or
// nothing that was sealed with our key.
func (k *sessionKeep) load(ctx context.Context, key [32]byte) (*keptSession, error) {
	subject := keepSubject(key)
	r, err := k.store.Get(ctx, subject)
	if errors.Is(err, alert.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return k.read(r)
}

func (k *sessionKeep) read(r alert.Record) (*keptSession, error) {
	plain, err := k.seal.open(r.Subject, r.Data)
	if errors.Is(err, errSealed) {
		return nil, nil
	}
	s := &keptSession{seq: r.Seq}
	if err == nil {
		err = json.Unmarshal(plain, s)
	}
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return s, nil
}

// all calls fn for every session that the record holds.
func (k *sessionKeep) all(ctx context.Context, fn func(key [32]byte, s *keptSession)) error {
	_, err := k.store.Scan(ctx, alert.StreamSessions, "", 1, func(r alert.Record) error {
		var key [32]byte
		b, err := hex.DecodeString(strings.TrimPrefix(r.Subject, "session."))
		if r.Deleted || err != nil || copy(key[:], b) != len(key) {
			return nil
		}
		s, err := k.read(r)
		if err == nil && s != nil {
			fn(key, s)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the sessions: %w", err)
	}
	return nil
}

// open begins a session and keeps it. An officer who has too many loses the one
// that was used least lately, on whatever machine it began.
func (t *sessions) open(ctx context.Context, acc Account, mode alert.Mode, now time.Time) (token string, err error) {
	if err := t.loadOnce(ctx, now); err != nil {
		return "", err
	}
	t.mu.Lock()
	old := t.surplus(acc.ID)
	t.mu.Unlock()
	if old != nil {
		if err := t.finish(ctx, old); err != nil {
			return "", err
		}
	}
	token, s := t.begin(acc, mode, now)
	err = t.keep.save(ctx, s, now, 0)
	if errors.Is(err, alert.ErrFull) { // an officer has to see what is wrong all the same
		t.mu.Lock()
		s.loose, err = true, nil
		t.mu.Unlock()
	}
	if err != nil {
		t.end(s)
	}
	return token, err
}

// loadOnce takes up what the record holds, so that the bound of an officer's
// sessions counts those from before a restart.
func (t *sessions) loadOnce(ctx context.Context, now time.Time) error {
	t.mu.Lock()
	loaded := t.loaded
	t.mu.Unlock()
	if loaded {
		return nil
	}
	err := t.keep.all(ctx, func(key [32]byte, s *keptSession) { t.adopt(key, s, now) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loaded = err == nil
	return err
}

func (t *sessions) isLoose(s *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.loose
}

// ask returns the session of a cookie as the record has it, nil when there is
// none (any more). touch: a person uses it.
func (t *sessions) ask(ctx context.Context, token string, now time.Time, touch bool) (*session, error) {
	if len(token) != tokenLen || t.keep == nil {
		return t.find(token, now, touch), nil
	}
	kept, err := t.keep.load(ctx, sessionKey(token))
	if err != nil {
		return nil, err
	}
	if kept == nil {
		s := t.find(token, now, touch)
		if s != nil && !t.isLoose(s) {
			t.end(s) // it was ended on another machine
			s = nil
		}
		return s, nil
	}
	t.adopt(sessionKey(token), kept, now)
	s := t.find(token, now, touch)
	if s == nil || !t.worthKeeping(s, now) {
		return s, nil
	}
	err = t.keep.save(ctx, s, now, kept.seq)
	if errors.Is(err, alert.ErrStale) || errors.Is(err, alert.ErrFull) {
		err = nil // somebody wrote it, or ended it: the next request knows
	}
	return s, err
}

// finish ends a session here and in the record.
func (t *sessions) finish(ctx context.Context, s *session) error {
	t.end(s)
	return t.keep.end(ctx, s)
}

// adopt takes up a session that another process began, or this one before it
// was started anew, and learns how it was used there.
func (t *sessions) adopt(key [32]byte, k *keptSession, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.byKey[key]
	if s == nil {
		t.sweep(now)
		s = &session{key: key, officer: k.Officer, generation: k.Generation, mode: k.Mode, csrf: k.CSRF, began: k.Began, seen: k.Seen, kept: k.Seen, ended: make(chan struct{})}
		t.byKey[key] = s
	}
	if k.Seen.After(s.seen) {
		s.seen = k.Seen
	}
	if k.Seen.After(s.kept) {
		s.kept = k.Seen
	}
}

// worthKeeping reports, once each time, that the record's idea of the last use
// is old.
func (t *sessions) worthKeeping(s *session, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.seen.Sub(s.kept) < t.idle/seenEvery {
		return false
	}
	s.kept = now
	return true
}
