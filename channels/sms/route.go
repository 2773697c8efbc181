package sms

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels"
	"mingluo/channels/sms/link"
)

// ChannelName is the channel's name in subjects and labels, whatever the route.
const ChannelName = "sms"

// Route is one account at one carrier: a channels.Channel and a
// channels.Receiver.
type Route struct {
	cfg     Config
	link    *link.Link // nil without a carrier
	brake   *brake
	halt    atomic.Pointer[halt]
	source  []byte
	refs    *refs
	parts   atomic.Int64 // that the newest text takes
	groups  *groups
	metrics *metrics
	log     *slog.Logger
	inbox   atomic.Pointer[channels.Inbox]
	wrong   error // of the configuration
}

var (
	_ channels.Channel  = (*Route)(nil)
	_ channels.Receiver = (*Route)(nil)
)

// halt is a status that speaks of the route.
type halt struct {
	reason string
	until  time.Time // then one batch tries again
}

// New returns a route that is not connected: see [Route.Run]. A configuration
// that [Config.Check] refuses makes a route that is never ready, and says why.
func New(c Config, log *slog.Logger, reg prometheus.Registerer) *Route {
	wrong := c.Check()
	c.setDefaults()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &Route{
		cfg: c, brake: newBrake(c.RatePerSecond), groups: newGroups(maxGroups), log: log.With("channel", ChannelName, "route", c.Name),
		source: []byte(c.Source), wrong: wrong,
		// References start anywhere, so that a restart does not join a new text
		// to parts of an old one that a phone still waits for.
		refs: newRefs(byte(rand.N(256))),
	}
	if c.Addr != "" && wrong == nil {
		r.link = link.New(link.Config{
			Dial: c.Dial, Protocol: c.client(), Incoming: r.incoming, Window: c.Window, ResponseTimeout: c.ResponseTimeout,
			Heartbeat: c.Heartbeat, MinBackoff: c.Reconnect, HaltRetry: c.HaltRetry, Log: r.log,
		})
	}
	r.metrics = newMetrics(r, reg)
	return r
}

// Name implements channels.Channel.
func (r *Route) Name() string { return ChannelName }

// Run implements channels.Receiver: it keeps the link to the carrier and hands
// what comes to in, until ctx ends. Without it nothing is sent.
func (r *Route) Run(ctx context.Context, in channels.Inbox) error {
	if r.link == nil {
		<-ctx.Done()
		return nil
	}
	r.inbox.Store(&in)
	return r.link.Run(ctx)
}

// Rebind ends a halt, or a wait for the next try, and connects now: after the
// account was put right.
func (r *Route) Rebind() {
	r.halt.Store(nil)
	if r.link != nil {
		r.link.Rebind()
	}
}

// Health implements channels.Channel.
func (r *Route) Health() channels.Health {
	h := channels.Health{Route: r.cfg.Name, Imitation: r.cfg.Imitation}
	if v := r.brake.speed(); v > 0 {
		h.Rate, h.PartRate = v/float64(max(1, r.parts.Load())), v
	}
	switch {
	case r.wrong != nil:
		h.Reason = r.wrong.Error()
	case r.link == nil && r.cfg.Simulate:
		h.Ready = true
		h.Reason = "仅模拟，不发送 / simulated: nothing is sent"
	case r.link == nil:
		h.Reason = "未配置运营商 / no carrier is configured"
	default:
		h.Ready, h.Reason = r.reachable()
	}
	return h
}

func (r *Route) reachable() (ready bool, reason string) {
	if err := r.halted(time.Now()); err != nil {
		return false, err.Reason
	}
	st := r.link.State()
	if st.Up {
		return true, ""
	}
	return false, st.Reason
}

// halted returns what stops the whole route, or nil.
func (r *Route) halted(now time.Time) *channels.Halted {
	if h := r.halt.Load(); h != nil {
		if now.Before(h.until) {
			return &channels.Halted{Reason: h.reason}
		}
		r.halt.CompareAndSwap(h, nil)
	}
	if st := r.link.State(); st.Halted != nil {
		return &channels.Halted{Reason: st.Halted.Words, Err: st.Halted}
	}
	return nil
}

// unready returns the error of a batch that cannot be begun, or nil.
func (r *Route) unready(now time.Time) error {
	if r.wrong != nil {
		return &channels.Halted{Reason: r.wrong.Error(), Err: r.wrong}
	}
	if r.link == nil {
		return &channels.Halted{Reason: "未配置运营商 / no carrier is configured"}
	}
	if h := r.halted(now); h != nil {
		return h
	}
	if st := r.link.State(); !st.Up {
		return &channels.Retry{After: max(time.Second, st.NextTry.Sub(now)), Err: link.ErrDown}
	}
	return nil
}
