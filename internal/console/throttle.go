package console

import (
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
// Each place has 10 tries, and one more every 90 s: 10 in 15 min.
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
	return "outside"
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
	t.mu.Lock()
	defer t.mu.Unlock()
	key := strings.ToLower(officer) + " " + place
	a := t.left[key]
	if a == nil {
		t.forget(now)
		a = &allowance{tries: tryBurst, seen: now}
		t.left[key] = a
	}
	a.tries = min(tryBurst, a.tries+now.Sub(a.seen).Seconds()/tryEvery.Seconds())
	a.seen = now
	if a.tries < 1 {
		return time.Duration((1 - a.tries) * float64(tryEvery)), false
	}
	a.tries--
	return 0, true
}

// succeed gives the tries back after a right password.
func (t *throttle) succeed(officer, place string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.left, strings.ToLower(officer)+" "+place)
}

// forget drops places that would be full again, and any when there are too many.
func (t *throttle) forget(now time.Time) {
	if len(t.left) < maxTries {
		return
	}
	for k, a := range t.left {
		if now.Sub(a.seen) > tryBurst*tryEvery {
			delete(t.left, k)
		}
	}
	for k := range t.left {
		if len(t.left) < maxTries {
			return
		}
		delete(t.left, k)
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
