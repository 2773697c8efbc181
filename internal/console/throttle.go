package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// throttle slows guessing without giving anybody the means to lock an officer
// out. Tries are counted per officer and place, and a place is
//
//   - the browser, when the officer has signed in from it before (it carries a
//     device mark, see deviceMark): a stranger's guesses never count here;
//   - the network (IPv4 /24, IPv6 /64) when it is the desk's own;
//   - "outside" for all the rest together, so that a thousand addresses guess
//     no faster than one.
//
// Each place has 10 tries, and one more every 90 s: 10 in 15 min. Whoever walks
// through names instead of passwords is slowed by address: see allowFrom. And
// guesses from outside are hashed one after the other (see lane), so that they
// never keep the desk waiting.
type throttle struct {
	desk []netip.Prefix
	mu   sync.Mutex
	left map[string]*allowance
}

type allowance struct {
	tries float64
	seen  time.Time
}

const (
	tryBurst = 10
	tryEvery = 90 * time.Second
	maxTries = 20_000 // places remembered; the oldest are full again anyway
)

func newThrottle(desk []netip.Prefix) *throttle {
	return &throttle{desk: desk, left: map[string]*allowance{}}
}

// place names where a try comes from.
func (t *throttle) place(addr netip.Addr, device string) string {
	if device != "" {
		return "device " + device
	}
	addr = addr.Unmap()
	for _, p := range t.desk {
		if p.Contains(addr) {
			return network(addr)
		}
	}
	return outside
}

const outside = "outside"

// lane lets one guess from outside be hashed at a time, and a few wait; the
// desk's own sign-ins do not pass through it.
type lane struct {
	queue, turn chan struct{}
}

const laneQueue = 8

func newLane() lane {
	return lane{queue: make(chan struct{}, laneQueue), turn: make(chan struct{}, 1)}
}

// enter waits for the turn; not ok: too many wait already. leave has to be
// called after an ok.
func (l lane) enter(ctx context.Context, place string) (leave func(), ok bool) {
	if place != outside {
		return func() {}, true
	}
	select {
	case l.queue <- struct{}{}:
	default:
		return nil, false
	}
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; <-l.queue }, true
	case <-ctx.Done():
		<-l.queue
		return nil, false
	}
}

func network(a netip.Addr) string {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

// allow takes one try; when there is none it says how long until the next.
func (t *throttle) allow(officer, place string, now time.Time) (wait time.Duration, ok bool) {
	return t.take(strings.ToLower(officer)+" "+place, tryBurst, tryEvery, now)
}

func (t *throttle) take(key string, burst float64, every time.Duration, now time.Time) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.left[key]
	if a == nil {
		t.forget(now)
		a = &allowance{tries: burst, seen: now}
		t.left[key] = a
	}
	a.tries = min(burst, a.tries+now.Sub(a.seen).Seconds()/every.Seconds())
	a.seen = now
	if a.tries < 1 {
		return time.Duration((1 - a.tries) * float64(every)), false
	}
	a.tries--
	return 0, true
}

// A source may try so many names, and one more every few seconds. An officer's
// own browser is asked nothing; neither is a network of the desk's as a whole,
// only each of its machines, so that one bad machine stops nobody else.
const (
	sourceBurst = 40
	sourceEvery = 15 * time.Second
)

// allowFrom takes one try of an address, whatever the name.
func (t *throttle) allowFrom(addr netip.Addr, place string, now time.Time) (wait time.Duration, ok bool) {
	source := network(addr.Unmap())
	switch {
	case strings.HasPrefix(place, "device "):
		return 0, true
	case place != outside:
		source = addr.Unmap().String()
	}
	return t.take("source "+source, sourceBurst, sourceEvery, now)
}

// succeed gives the tries back after a right password.
func (t *throttle) succeed(officer, place string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.left, strings.ToLower(officer)+" "+place)
}

// forget makes room: places that would be full again go first, then those that
// spent little, so that nobody gets new tries by making us remember others.
func (t *throttle) forget(now time.Time) {
	if len(t.left) < maxTries {
		return
	}
	for k, a := range t.left {
		if now.Sub(a.seen) > tryBurst*tryEvery {
			delete(t.left, k)
		}
	}
	for spent := 2.0; len(t.left) >= maxTries; spent *= 2 {
		for k, a := range t.left {
			if len(t.left) >= maxTries && a.tries >= tryBurst-spent {
				delete(t.left, k)
			}
		}
	}
}

// deviceMark is what a browser keeps after an officer has signed in from it:
// a random name with a MAC that binds it to the officer.
func deviceMark(key []byte, officer string) string {
	name := base64.RawURLEncoding.EncodeToString(randomBytes(12))
	return name + "." + deviceMAC(key, officer, name)
}

// device returns the mark's name, "" when it is not this officer's.
func device(key []byte, officer, mark string) string {
	name, mac, ok := strings.Cut(mark, ".")
	if !ok || !hmac.Equal([]byte(mac), []byte(deviceMAC(key, officer, name))) {
		return ""
	}
	return name
}

func deviceMAC(key []byte, officer, name string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("device\x00" + officer + "\x00" + name))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}
