package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/console"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
	"mingluo/internal/shared"
)

// Shared is what this process shares with others through Redis, and how well
// Redis is. Workers take their slices from the audience index there; counts
// stay with the index in memory. Whatever becomes of Redis, nobody is missed
// and nothing stops: a slice is read from the roll instead, which takes longer.
type Shared struct {
	Redis *shared.Redis
	Where string // for people

	store   *journal.Store
	places  *alert.Gazetteer
	log     *slog.Logger
	metrics *audience.RedisMetrics
	up      prometheus.Gauge
	behind  prometheus.Gauge

	index   atomic.Pointer[edition]
	renewed chan struct{} // capacity 1: index was replaced

	mu   sync.Mutex
	seen sharedHealth
}

// edition is the index of one roll under one set of keys.
type edition struct {
	name string
	keys *roll.Keys
	*audience.Redis
}

// openShared opens Redis when the configuration names one.
func (a *App) openShared(ctx context.Context, keys *roll.Keys) error {
	if len(a.cfg.Redis.URLs) == 0 {
		return nil
	}
	c, err := a.cfg.Redis.open()
	if err != nil {
		return err
	}
	s := &Shared{Where: a.cfg.Redis.Where(), store: a.Store, places: a.Places, log: a.log.With("part", "redis"), renewed: make(chan struct{}, 1)}
	c.Log = s.log
	if s.Redis, err = shared.Open(ctx, c); err != nil {
		return err
	}
	a.life.onStop("redis", func(context.Context) error { return s.Redis.Close() })
	s.register(a.Registry)
	s.tell(sharedHealth{err: s.Redis.Health(ctx)})
	if err := s.Renew(ctx, keys); err != nil {
		return err
	}
	a.Shared = s
	a.life.run("audience index in Redis", s.run)
	a.life.run("health of Redis", s.watch)
	return nil
}

// slices is what workers ask.
func (a *App) slices() audience.Slices {
	if a.Shared == nil {
		return a.Index
	}
	return steady{Slices: a.Shared, roll: a.Roll, memory: a.Index}
}

// Renew looks which roll there is and, when it is another one than before,
// replaces the index as a whole: after the roll was rewritten, restored, or
// given other keys, no copy of the old one is believed. Whoever rewrites the
// roll calls it with the keys from then on.
func (s *Shared) Renew(ctx context.Context, keys *roll.Keys) error {
	born, err := s.store.Born(ctx, alert.StreamRoll)
	if err != nil {
		return fmt.Errorf("name the edition of the roll: %w", err)
	}
	name := keys.Fingerprint() + "@" + born.UTC().Format(time.RFC3339Nano)
	if was := s.index.Load(); was != nil && was.name == name {
		return nil
	}
	s.index.Store(&edition{name: name, keys: keys, Redis: audience.NewRedis(audience.RedisConfig{
		Buckets: s.Redis, Leases: s.Redis, Stream: s.store, Keys: keys, Places: s.places, Edition: name, Log: s.log, Metrics: s.metrics,
	})})
	select {
	case s.renewed <- struct{}{}:
	default:
	}
	return nil
}

// lookForAnother is how often it is asked whether the roll is still the same
// one, in case another process rewrote it.
const lookForAnother = 5 * time.Second

// run keeps the index of the present edition current until ctx ends.
func (s *Shared) run(ctx context.Context) error {
	look := time.NewTicker(lookForAnother)
	defer look.Stop()
	for ctx.Err() == nil {
		now := s.index.Load()
		keeping, end := context.WithCancel(ctx)
		kept := make(chan error, 1)
		go func() { kept <- now.Run(keeping) }()
		for same := true; same; {
			select {
			case err := <-kept:
				end()
				return err
			case <-s.renewed:
			case <-look.C:
				if err := s.Renew(ctx, now.keys); err != nil && ctx.Err() == nil {
					s.log.Warn("it is not known whether the roll is still the same", "err", err)
				}
			}
			same = s.index.Load() == now
		}
		s.log.Info("the roll is another one; the audience index in Redis is built anew")
		end()
		if err := <-kept; err != nil {
			return err
		}
	}
	return nil
}

// Slice implements [audience.Slices].
func (s *Shared) Slice(ctx context.Context, channel string, sl alert.Slice, q alert.Query) ([]audience.Member, error) {
	return s.index.Load().Slice(ctx, channel, sl, q)
}

// ByID implements [audience.Slices].
func (s *Shared) ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]audience.Member, error) {
	return s.index.Load().ByID(ctx, channel, ids)
}

// WaitFor implements [audience.Slices].
func (s *Shared) WaitFor(ctx context.Context, seq uint64) error {
	return s.index.Load().WaitFor(ctx, seq)
}

// sharedHealth is what was seen last.
type sharedHealth struct {
	err           error
	covered       time.Time // when it was last looked what Redis has
	current, used int       // buckets of the roll that Redis has as they are, and all
}

const (
	askRedisEvery = time.Second
	// coverEvery is how often all buckets are compared while some are behind, and
	// coverRarely when none is: it takes Redis some 10 ms.
	coverEvery  = time.Second
	coverRarely = 10 * time.Second
)

// watch asks Redis how it is until ctx ends.
func (s *Shared) watch(ctx context.Context) error {
	tick := time.NewTicker(askRedisEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

func (s *Shared) look(ctx context.Context) {
	h := s.health()
	was, every := h.err, coverEvery
	if h.current == h.used {
		every = coverRarely
	}
	h.err = s.Redis.Health(ctx)
	if h.err == nil && (was != nil || time.Since(h.covered) >= every) {
		if current, used, err := s.index.Load().Coverage(ctx); err == nil {
			h.current, h.used, h.covered = current, used, time.Now()
		}
	}
	if ctx.Err() == nil {
		s.tell(h)
	}
}

// tell keeps what was seen, and logs what is news.
func (s *Shared) tell(h sharedHealth) {
	s.mu.Lock()
	was := s.seen
	s.seen = h
	s.mu.Unlock()
	up := 1.0
	if h.err != nil {
		up = 0
	}
	s.up.Set(up)
	s.behind.Set(float64(h.used - h.current))
	switch {
	case h.err != nil && was.err == nil:
		s.log.Error("redis does not answer; warnings go on, slices are read from the roll", "err", h.err)
	case h.err == nil && was.err != nil:
		s.log.Info("redis answers again")
	}
}

func (s *Shared) health() sharedHealth {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *Shared) register(reg prometheus.Registerer) {
	s.metrics = audience.NewRedisMetrics(reg)
	s.up = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "redis", Name: "up", Help: "1 when Redis answered last time it was asked, 0 when not: warnings go on, more slowly."})
	s.behind = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "redis", Name: "behind_buckets", Help: "Buckets of the roll that Redis did not have as they are, when it was last looked."})
	reg.MustRegister(s.up, s.behind)
}

// parts is what the service can do without.
func (a *App) parts() []console.PartStatus {
	parts := []console.PartStatus{a.rollPart()}
	if a.Shared != nil {
		parts = append(parts, a.Shared.Status())
	}
	return parts
}

// Status says for people how Redis is.
func (s *Shared) Status() console.PartStatus {
	h, where := s.health(), s.Where
	p := console.PartStatus{Name: "redis", ZH: "Redis " + where, EN: "Redis " + where, Lamp: console.Yellow}
	switch {
	case errors.Is(h.err, shared.ErrRefused):
		p.Lamp = console.Red
		p.StateZH, p.State = "拒绝了本服务：请检查账号、密码和权限。发送照常，稍慢", "it refuses the service: look at the user, the password and the rights; warnings go on, more slowly"
	case h.err != nil:
		p.StateZH, p.State = "没有回应：发送照常，稍慢", "no answer; warnings go on, more slowly"
	case h.covered.IsZero():
		p.StateZH, p.State = "正在查看收件人索引", "the audience index is being looked at"
	case h.current < h.used:
		p.StateZH = fmt.Sprintf("收件人索引正在补齐（%d/%d）：发送照常，稍慢", h.current, h.used)
		p.State = fmt.Sprintf("the audience index is catching up (%d of %d buckets); warnings go on, more slowly", h.current, h.used)
	default:
		p.Lamp = console.Green
		p.StateZH, p.State = "正常，收件人索引是最新的", "well, the audience index is current"
	}
	return p
}
