package wechat

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	maxSkew      = 5 * time.Minute  // between the callback's timestamp and our clock, both ways
	replayWindow = 10 * time.Minute // a timestamp is acceptable for at most 2·maxSkew
	// replayMost bounds one half of the set: four times the heaviest volume
	// reported (73,028 callbacks in 5 minutes), 24 bytes each.
	replayMost = 600_000
)

// replays remembers callbacks already taken, by timestamp and nonce, in two
// halves that are turned over: each is remembered for 10 to 20 minutes.
type replays struct {
	mu         sync.Mutex
	young, old map[[16]byte]struct{}
	turned     time.Time
}

func newReplays() *replays { return &replays{young: make(map[[16]byte]struct{})} }

// add remembers the callback. It returns false when it was there already, or
// when the set is full: only callbacks with a good signature get here, and a
// full set refuses them until the half turns, so that none comes in twice.
func (r *replays) add(timestamp, nonce string, now time.Time) bool {
	h := sha256.Sum256([]byte(timestamp + "\x00" + nonce))
	k := [16]byte(h[:16])
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.turned) >= replayWindow {
		r.young, r.old, r.turned = make(map[[16]byte]struct{}), r.young, now
	}
	_, a := r.young[k]
	_, b := r.old[k]
	if a || b || len(r.young) >= replayMost {
		return false
	}
	r.young[k] = struct{}{}
	return true
}

// forget takes a callback back that could not be recorded, so that WeChat's next
// try of it is not a replay.
func (r *replays) forget(timestamp, nonce string) {
	h := sha256.Sum256([]byte(timestamp + "\x00" + nonce))
	k := [16]byte(h[:16])
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.young, k)
	delete(r.old, k)
}
