package wechat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/credential"

	"mingluo/channels"
)

// Token is an access token and the end of its use here.
type Token struct {
	Value string
	Until time.Time
}

// TokenStore keeps the account's token. In one process memory is enough; where
// several send for one account the store is what they share.
type TokenStore interface {
	// Load returns the zero Token when there is none.
	Load(ctx context.Context) (Token, error)
	Save(ctx context.Context, t Token) error
}

// Sharer is a companion of a TokenStore that several processes share.
type Sharer interface {
	// Fetching is called before a token is fetched. It returns when no other
	// process is fetching one, and the newest that any of them saved is there to
	// be loaded; done is called when ours was saved. Whoever cannot ask the others
	// goes alone, so there is no error but ctx's.
	Fetching(ctx context.Context) (done func(), err error)
}

type memoryToken struct {
	mu sync.Mutex
	t  Token
}

func (m *memoryToken) Load(context.Context) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.t, nil
}

func (m *memoryToken) Save(_ context.Context, t Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.t = t
	return nil
}

// The rules of getStableAccessToken: 20 forced refreshes a day, 30 s apart; the
// platform renews 5 minutes early and both tokens work for those 5 minutes.
const (
	tokenEarly   = 5 * time.Minute  // stop using a token this long before its end
	tokenMemory  = 5 * time.Second  // a failed fetch speaks for everybody who asks within it
	forceEvery   = time.Minute      // no storm of refreshes when each new token is refused
	forceADay    = 15               // leaves five for the operator
	tokenPause   = 30 * time.Second // when to come back after a token that stays refused
	forcedWindow = 24 * time.Hour
)

// fetchFunc asks the platform for a token and how long it lives.
type fetchFunc func(ctx context.Context, force bool) (value string, life time.Duration, err error)

// tokens owns the account's access token. One fetch is under way at a time;
// the others wait for it. It is an AccessTokenContextHandle, so that any call
// of the SDK can use the same token.
type tokens struct {
	fetch fetchFunc
	store TokenStore
	turn  chan struct{} // held by the one who fetches

	mu       sync.Mutex
	given    string // the token given out last
	refused  string // a token that WeChat did not take
	failed   error
	failedAt time.Time
	forced   []time.Time
}

var _ credential.AccessTokenContextHandle = (*tokens)(nil)

func newTokens(f fetchFunc, store TokenStore) *tokens {
	return &tokens{fetch: f, store: store, turn: make(chan struct{}, 1)}
}

// GetAccessToken implements the SDK's older interface.
func (t *tokens) GetAccessToken() (string, error) {
	return t.GetAccessTokenContext(context.Background())
}

// GetAccessTokenContext returns a token to use now, fetching one if needed.
func (t *tokens) GetAccessTokenContext(ctx context.Context) (string, error) {
	if v, ok := t.usable(ctx, time.Now()); ok {
		return v, nil
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("wait for an access token: %w", ctx.Err())
	}
	now := time.Now()
	if v, ok := t.usable(ctx, now); ok {
		return v, nil
	}
	if err := t.recentFailure(now); err != nil {
		return "", err
	}
	if s, ok := t.store.(Sharer); ok {
		done, err := s.Fetching(ctx)
		if err != nil {
			return "", fmt.Errorf("wait for an access token that another process fetches: %w", err)
		}
		defer done()
		now = time.Now()
		if v, ok := t.usable(ctx, now); ok {
			return v, nil
		}
	}
	v, err := t.renew(ctx, now)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed, t.failedAt = err, time.Now()
	if err == nil {
		t.given = v
	}
	return v, err
}

// drop says that WeChat refused this token; the next who asks fetches another.
// A late word about a token that was replaced meanwhile changes nothing.
func (t *tokens) drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if value == t.given {
		t.refused = value
	}
}

func (t *tokens) usable(ctx context.Context, now time.Time) (string, bool) {
	tok, err := t.store.Load(ctx)
	if err != nil || tok.Value == "" || !now.Before(tok.Until) {
		return "", false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if tok.Value == t.refused {
		return "", false
	}
	t.given = tok.Value
	return tok.Value, true
}

func (t *tokens) recentFailure(now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil && now.Sub(t.failedAt) < tokenMemory {
		return t.failed
	}
	return nil
}

// renew fetches a token; forced only when the platform gives back the one that
// it refuses.
func (t *tokens) renew(ctx context.Context, now time.Time) (string, error) {
	v, life, err := t.fetch(ctx, false)
	if err == nil && t.wasRefused(v) {
		if !t.mayForce(now) {
			return "", &channels.Retry{After: tokenPause, Err: errTokenRefused}
		}
		v, life, err = t.fetch(ctx, true)
	}
	if err != nil {
		return "", fmt.Errorf("fetch access token: %w", err)
	}
	if err := t.store.Save(ctx, Token{Value: v, Until: now.Add(life - min(tokenEarly, life/2))}); err != nil {
		return "", fmt.Errorf("keep access token: %w", err)
	}
	return v, nil
}

var errTokenRefused = errors.New("WeChat refuses the token that it gives")

func (t *tokens) wasRefused(v string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return v == t.refused
}

func (t *tokens) mayForce(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.forced) > 0 && now.Sub(t.forced[0]) > forcedWindow {
		t.forced = t.forced[1:]
	}
	if n := len(t.forced); n >= forceADay || n > 0 && now.Sub(t.forced[n-1]) < forceEvery {
		return false
	}
	t.forced = append(t.forced, now)
	return true
}

// fetchToken is POST /cgi-bin/stable_token. The SDK's StableAccessToken puts
// the errcode into a sentence, and whether it was a wrong secret or a busy
// platform decides whether the channel halts; so the call is made with the
// SDK's helper and its answer type only.
func (a *Account) fetchToken(ctx context.Context, force bool) (string, time.Duration, error) {
	var got struct {
		answered
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	a.metrics.refreshes.Inc()
	err := a.call(ctx, "/cgi-bin/stable_token", "", map[string]any{
		"grant_type": "client_credential", "appid": a.cfg.AppID, "secret": a.cfg.AppSecret, "force_refresh": force,
	}, &got)
	if err != nil {
		return "", 0, err
	}
	if got.AccessToken == "" || got.ExpiresIn <= 0 {
		return "", 0, &noAnswer{handed: true, err: errors.New("/cgi-bin/stable_token: an answer without a token")}
	}
	return got.AccessToken, time.Duration(got.ExpiresIn) * time.Second, nil
}
