package wechat

import (
	"io"
	"log/slog"
	"net/url"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels"
)

// Account is one Official Account as a channel. Its methods may be called from
// any goroutine.
type Account struct {
	cfg     Config
	base    *url.URL
	log     *slog.Logger
	metrics *metrics
	tokens  *tokens
	status  *status
	door    doorway
	replays *replays
	told    told
}

var (
	_ channels.Channel  = (*Account)(nil)
	_ channels.Receiver = (*Account)(nil)
)

// New makes the account's channel. Nothing is opened and nothing runs until
// Deliver or Run. A configuration that [Config.Validate] refuses makes a
// channel that is red and says why: it fails closed.
func New(c Config, log *slog.Logger, reg prometheus.Registerer) *Account {
	UseTransport()
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	invalid := c.Validate()
	c = c.withDefaults()
	a := &Account{
		cfg: c, log: log.With("channel", channelName),
		status:  new(status),
		replays: newReplays(),
	}
	a.base, _ = parseBase(c.BaseURL) // an error of it is in invalid
	a.door.slots = make(chan struct{}, max(c.Callbacks, 1))
	a.metrics = newMetrics(reg, func() float64 { return float64(len(a.door.slots)) }, a.status.gauge)
	a.tokens = newTokens(a.fetchToken, c.Tokens)
	switch {
	case invalid != nil:
		a.status.lock("配置有误：" + invalid.Error())
	case !c.hasCredentials() && !c.Simulate:
		a.status.lock("未配置公众号凭据（AppID、AppSecret）")
	}
	return a
}

const channelName = "wechat"

// Name implements channels.Channel.
func (a *Account) Name() string { return channelName }

// simulates reports that nothing is sent and everybody is told so.
func (a *Account) simulates() bool { return a.cfg.Simulate && !a.cfg.hasCredentials() }

// Health implements channels.Channel.
func (a *Account) Health() channels.Health {
	h := channels.Health{Route: a.cfg.Route, Imitation: a.cfg.Imitation, Rate: a.cfg.Rate, PartRate: a.cfg.Rate, Fixed: true, Quota: a.cfg.Quota}
	if a.simulates() {
		h.Route += "（未接通，仅模拟）"
	}
	h.Reason = a.status.reason()
	h.Ready = h.Reason == ""
	return h
}
