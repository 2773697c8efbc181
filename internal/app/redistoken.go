package app

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"mingluo/channels/wechat"
	"mingluo/internal/shared"
)

// tokenShare is the WeChat access token of all processes that send for one
// account: one of them at a time asks the platform, and the others use what it
// got. Each keeps the token in memory, and asks Redis only when it would
// otherwise ask the platform; so a Redis that is slow or gone delays nobody's
// warning, and without it each process fetches for itself (the platform gives
// all of them the same token).
//
// In Redis the token is sealed with a key that follows from the account's
// secret: whoever reads Redis cannot send in the account's name.
type tokenShare struct {
	cache  shared.Cache
	leases shared.Leases
	name   string // of the key and the lease
	seal   cipher.AEAD
	ttl    time.Duration // of the lease: as long as a fetch may take
	log    *slog.Logger

	mu   sync.Mutex
	here wechat.Token
}

var (
	_ wechat.TokenStore = (*tokenShare)(nil)
	_ wechat.Sharer     = (*tokenShare)(nil)
)

// sharedToken returns where the account's token is kept; nil is the channel's
// own memory.
func (a *App) sharedToken() wechat.TokenStore {
	w := a.cfg.WeChat
	if a.Shared == nil || w.AppID == "" || w.AppSecret == "" {
		return nil
	}
	seal, err := tokenSeal(w.AppSecret)
	if err != nil {
		a.log.Error("the WeChat token is not shared", "err", err)
		return nil
	}
	const fetches = 2 // one that gives back a refused token, and a forced one
	return &tokenShare{cache: a.Shared.Redis, leases: a.Shared.Redis, name: "wechat-token:" + w.AppID, seal: seal,
		ttl: fetches*time.Duration(w.Timeout) + time.Second, log: a.Shared.log}
}

func tokenSeal(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "mingluo wechat access token", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Load implements [wechat.TokenStore].
func (s *tokenShare) Load(context.Context) (wechat.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.here, nil
}

func (s *tokenShare) keep(t wechat.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.here = t
}

// Save implements [wechat.TokenStore].
func (s *tokenShare) Save(ctx context.Context, t wechat.Token) error {
	s.keep(t)
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	err = s.cache.Set(ctx, s.name, s.seal.Seal(nil, nil, b, []byte(s.name)), max(time.Until(t.Until), time.Millisecond))
	if err != nil {
		s.log.Warn("the WeChat token is not shared this time", "err", err)
	}
	return nil
}

// askAgain is how often a process looks whether another has done fetching.
const askAgain = 100 * time.Millisecond

// Fetching implements [wechat.Sharer].
func (s *tokenShare) Fetching(ctx context.Context) (done func(), err error) {
	for {
		lease, err := s.leases.Acquire(ctx, s.name, s.ttl)
		if err == nil {
			s.look(ctx)
			return func() { s.release(ctx, lease) }, nil
		}
		if !errors.Is(err, shared.ErrHeld) && ctx.Err() == nil {
			s.log.Warn("the WeChat token is fetched without asking the others", "err", err)
			return func() {}, nil
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// look takes over what another process saved.
func (s *tokenShare) look(ctx context.Context) {
	sealed, ok, err := s.cache.Get(ctx, s.name)
	if err != nil || !ok {
		return
	}
	var t wechat.Token
	b, err := s.seal.Open(nil, nil, sealed, []byte(s.name))
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil {
		s.log.Warn("the WeChat token in Redis cannot be read: has another process another app_secret?", "err", err)
		return
	}
	s.keep(t)
}

func (s *tokenShare) release(ctx context.Context, l *shared.Lease) {
	giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := l.Release(giving); err != nil {
		s.log.Debug("the lease of the WeChat token runs out by itself", "err", err)
	}
}
