package wechatapi

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"
)

// The platform's rules of tokens. Source: WeChat's page on getStableAccessToken.
const (
	tokenOverlap   = 5 * time.Minute  // old and new both work this long after a renewal
	forcedADay     = 20               // force_refresh
	forcedInterval = 30 * time.Second // nearer ones get the token there is
)

// issuedToken is one access_token and its end.
type issuedToken struct {
	value   string
	expires time.Time
	revoked bool
}

// tokenBook knows the account's tokens: the stable one and the plain one, each
// with its predecessor.
type tokenBook struct {
	stable, stableOld issuedToken
	plain, plainOld   issuedToken
	forced            []time.Time // force_refresh in the last 24 h
}

func newToken(life time.Duration, now time.Time) issuedToken {
	// WeChat's tokens are up to 512 characters; 136 is what they have today.
	return issuedToken{value: "1_" + rand.Text() + rand.Text() + rand.Text() + rand.Text() + rand.Text(), expires: now.Add(life)}
}

// check returns 0, or the code that WeChat answers to this token.
func (b *tokenBook) check(value string, now time.Time) int {
	if value == "" {
		return codeNoToken
	}
	for _, t := range []*issuedToken{&b.stable, &b.stableOld, &b.plain, &b.plainOld} {
		if t.value != value {
			continue
		}
		switch {
		case t.revoked:
			return codeBadCredential
		case !now.Before(t.expires):
			return codeExpired
		}
		return codeOK
	}
	return codeBadCredential
}

// renew replaces *cur; the old one works for the overlap at most.
func renew(cur, old *issuedToken, life time.Duration, now time.Time) {
	*old = *cur
	if end := now.Add(tokenOverlap); old.expires.After(end) {
		old.expires = end
	}
	*cur = newToken(life, now)
}

func (b *tokenBook) stableFor(force bool, life time.Duration, now time.Time) (issuedToken, int) {
	valid := b.stable.value != "" && !b.stable.revoked && now.Add(min(tokenOverlap, life/2)).Before(b.stable.expires)
	if force && valid {
		if n := len(b.forced); n > 0 && now.Sub(b.forced[n-1]) < forcedInterval {
			return b.stable, codeOK
		}
		for len(b.forced) > 0 && now.Sub(b.forced[0]) > 24*time.Hour {
			b.forced = b.forced[1:]
		}
		if len(b.forced) >= forcedADay {
			return issuedToken{}, codeRefreshLimit
		}
		b.forced = append(b.forced, now)
		valid = false
	}
	if !valid {
		renew(&b.stable, &b.stableOld, life, now)
	}
	return b.stable, codeOK
}

type tokenReply struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

func (s *Server) stableToken(w http.ResponseWriter, r *http.Request) {
	var q struct {
		GrantType    string `json:"grant_type"`
		AppID        string `json:"appid"`
		Secret       string `json:"secret"`
		ForceRefresh bool   `json:"force_refresh"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.GrantType != "client_credential" {
		answerCode(w, codeBadJSON)
		return
	}
	s.giveToken(w, q.AppID, q.Secret, func(now time.Time) (issuedToken, int) {
		return s.tokens.stableFor(q.ForceRefresh, s.cfg.TokenLife, now)
	})
}

func (s *Server) plainToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.giveToken(w, q.Get("appid"), q.Get("secret"), func(now time.Time) (issuedToken, int) {
		renew(&s.tokens.plain, &s.tokens.plainOld, s.cfg.TokenLife, now)
		return s.tokens.plain, codeOK
	})
}

func (s *Server) giveToken(w http.ResponseWriter, appID, secret string, get func(time.Time) (issuedToken, int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.TokenRequests++
	switch {
	case s.faults.TokenFail != 0:
		answerCode(w, s.faults.TokenFail)
		return
	case appID != s.cfg.AppID:
		answerCode(w, codeBadAppID)
		return
	case secret != s.cfg.AppSecret:
		answerCode(w, codeBadSecret)
		return
	}
	now := time.Now()
	t, code := get(now)
	if code != codeOK {
		answerCode(w, code)
		return
	}
	answer(w, tokenReply{AccessToken: t.value, ExpiresIn: int64(t.expires.Sub(now) / time.Second)})
}

// ExpireToken ends every token now: the next call with one gets 42001.
func (s *Server) ExpireToken() { s.eachToken(func(t *issuedToken) { t.expires = time.Now() }) }

// RevokeToken makes every token invalid, as when somebody else fetched a new
// one: the next call gets 40001.
func (s *Server) RevokeToken() { s.eachToken(func(t *issuedToken) { t.revoked = true }) }

func (s *Server) eachToken(f func(*issuedToken)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.tokens
	for _, t := range []*issuedToken{&b.stable, &b.stableOld, &b.plain, &b.plainOld} {
		f(t)
	}
}
