package shared

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

// Memory is the twin of [Redis] for one process: the same answers, forgotten
// when the process ends.
type Memory struct {
	mu      sync.Mutex
	leases  map[string]holding
	token   uint64
	values  map[string]value // the cache's and the lookup's
	swept   time.Time
	rates   map[string]taken
	buckets map[int]Bucket
}

type holding struct {
	owner string
	until time.Time
}

type value struct {
	bytes []byte
	until time.Time
}

// taken is what was asked for in a route's newest slice.
type taken struct {
	no    int64
	total int64
}

var (
	_ Leases  = (*Memory)(nil)
	_ Rates   = (*Memory)(nil)
	_ Cache   = (*Memory)(nil)
	_ Lookup  = (*Memory)(nil)
	_ Buckets = (*Memory)(nil)
)

// NewMemory returns an empty one.
func NewMemory() *Memory {
	return &Memory{leases: map[string]holding{}, values: map[string]value{}, rates: map[string]taken{}, buckets: map[int]Bucket{}}
}

// Health implements what [Redis.Health] does.
func (m *Memory) Health(context.Context) error { return nil }

// Close implements what [Redis.Close] does.
func (m *Memory) Close() error { return nil }

// Forget drops everything, as a flushed Redis does.
func (m *Memory) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.leases)
	clear(m.values)
	clear(m.rates)
	clear(m.buckets)
}

// Acquire implements [Leases].
func (m *Memory) Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	if err := checkLease(name, ttl); err != nil {
		return nil, fmt.Errorf("acquire lease: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if h, ok := m.leases[name]; ok && now.Before(h.until) {
		return nil, fmt.Errorf("acquire lease %s: %w", name, ErrHeld)
	}
	m.token++
	owner := newOwner()
	m.leases[name] = holding{owner: owner, until: now.Add(ttl)}
	return newLease(m, name, owner, m.token, ttl, now), nil
}

// held returns whether the owner has the lease. The caller holds mu.
func (m *Memory) held(name, owner string) bool {
	h, ok := m.leases[name]
	return ok && h.owner == owner && time.Now().Before(h.until)
}

func (m *Memory) renewLease(ctx context.Context, name, owner string, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.held(name, owner) {
		return ErrLost
	}
	m.leases[name] = holding{owner: owner, until: time.Now().Add(ttl)}
	return ctx.Err()
}

func (m *Memory) releaseLease(ctx context.Context, name, owner string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.held(name, owner) {
		return ErrLost
	}
	delete(m.leases, name)
	return ctx.Err()
}

// Take implements [Rates].
func (m *Memory) Take(ctx context.Context, name string, perSecond float64, want int) (int, time.Time, error) {
	if err := checkRate(name, perSecond); err != nil {
		return 0, time.Time{}, fmt.Errorf("take of a rate: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := sliceAt(time.Now(), perSecond)
	asked := s.ask(want)
	t := m.rates[name]
	if t.no != s.no {
		t = taken{no: s.no}
	}
	t.total += asked
	m.rates[name] = t
	return s.grant(asked, t.total), s.until, ctx.Err()
}

// Get implements [Cache].
func (m *Memory) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := checkName(key); err != nil {
		return nil, false, fmt.Errorf("get from the cache: %w", err)
	}
	v, ok := m.get("cache:" + key)
	return v, ok, ctx.Err()
}

func (m *Memory) get(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	if !ok || !time.Now().Before(v.until) {
		return nil, false
	}
	return append([]byte{}, v.bytes...), true
}

// Set implements [Cache].
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkSet(key, value, ttl); err != nil {
		return fmt.Errorf("set in the cache: %w", err)
	}
	m.set("cache:"+key, value, ttl)
	return ctx.Err()
}

func (m *Memory) set(key string, bytes []byte, ttl time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.values[key] = value{bytes: append([]byte{}, bytes...), until: now.Add(ttl)}
	if now.Sub(m.swept) > time.Minute {
		m.swept = now
		maps.DeleteFunc(m.values, func(_ string, v value) bool { return !now.Before(v.until) })
	}
}

// Remember implements [Lookup].
func (m *Memory) Remember(ctx context.Context, channel string, sent []Sent) error {
	for _, s := range sent {
		m.set(lookupKey(channel, s.MessageID), s.At[:], LookupAge)
	}
	return ctx.Err()
}

// Find implements [Lookup].
func (m *Memory) Find(ctx context.Context, channel string, messageIDs []string) (map[string]Place, error) {
	found := make(map[string]Place, len(messageIDs))
	for _, id := range messageIDs {
		if v, ok := m.get(lookupKey(channel, id)); ok {
			found[id] = Place(v)
		}
	}
	return found, ctx.Err()
}

// Heads implements [Buckets].
func (m *Memory) Heads(ctx context.Context, n int) ([]Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	heads := make([]Head, n)
	for number := range heads {
		heads[number] = m.buckets[number].Head
	}
	return heads, ctx.Err()
}

// ReadBuckets implements [Buckets].
func (m *Memory) ReadBuckets(ctx context.Context, numbers []int, fn func(number int, b Bucket) error) error {
	for _, number := range numbers {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.mu.Lock()
		b := m.buckets[number]
		b.Records = maps.Clone(b.Records)
		m.mu.Unlock()
		if err := fn(number, b); err != nil {
			return err
		}
	}
	return nil
}

// WriteBucket implements [Buckets].
func (m *Memory) WriteBucket(ctx context.Context, number int, c Change) error {
	if err := checkChange(c); err != nil {
		return fmt.Errorf("write bucket %d: %w", number, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.buckets[number]
	if b.Head != c.After {
		return fmt.Errorf("write bucket %d: %w", number, ErrMoved)
	}
	if b.Records == nil || c.After.Edition != c.To.Edition {
		b.Records = map[string]string{}
	}
	for _, rec := range c.Records {
		if rec.Value == nil {
			delete(b.Records, string(rec.ID[:]))
			continue
		}
		b.Records[string(rec.ID[:])] = string(rec.Value)
	}
	b.Head = c.To
	m.buckets[number] = b
	return nil
}
