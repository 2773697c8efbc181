package sms

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/smpp"
)

// Config is one route: an account at a carrier. Zero values are replaced by the
// defaults.
type Config struct {
	Name       string // as officers see it; "sms"
	Addr       string // host:port of the gateway; empty: no carrier, the channel is not ready
	SystemID   string // account; at most 15 bytes
	Password   string // at most 8 bytes, as SMPP 3.4 has room for
	SystemType string // mostly empty; at most 12 bytes

	Source    string // the number that messages come from (接入号); at most 20 bytes
	SourceTON byte   // its type; 0, unknown
	SourceNPI byte   // its plan; 0, unknown

	// Signature is the name registered with the carrier, without 【】; 佛山应急.
	// In a drill the mark 【演练】 stands before it (R6): a carrier that looks for
	// the signature at the very beginning has to know both.
	Signature string
	// SignatureEN stands in English texts, as it is; "[Foshan Emergency]". Where
	// the carrier takes only the Chinese one, put it here: it costs the
	// seven-bit alphabet.
	SignatureEN string
	MaxParts    int // messages that one text may take; 10, at most 255

	Window          int           // most submissions without an answer; 100
	RatePerSecond   float64       // messages (parts) a second by contract; 0: not known
	ResponseTimeout time.Duration // for the carrier's answer, then the message is unsure; 60 s
	MaxValidity     time.Duration // most that the carrier is asked to keep trying; 48 h
	Heartbeat       time.Duration // between two enquire_link; 30 s
	Reconnect       time.Duration // before the first try to connect again, 0.5 s; it grows to 20 s
	HaltRetry       time.Duration // between tries after a Bind Failed; 60 s
	Patience        time.Duration // with a carrier that throttles everything, before a batch is given back; 3 s

	Imitation bool // the carrier is an imitation: figures carry 仿真通道
	// Simulate lets the channel work without a carrier: every message becomes
	// "simulated", which is never shown as delivered (R24). It cannot be
	// together with Addr.
	Simulate bool

	// Dial connects to Addr; a plain TCP connection when nil.
	Dial func(ctx context.Context) (net.Conn, error)
}

func (c *Config) setDefaults() {
	if c.Name == "" {
		c.Name = "sms"
	}
	if c.Signature == "" {
		c.Signature = "佛山应急"
	}
	if c.SignatureEN == "" {
		c.SignatureEN = "[Foshan Emergency]"
	}
	if c.MaxParts <= 0 {
		c.MaxParts = 10
	}
	c.MaxParts = min(c.MaxParts, gsm.MaxParts)
	if c.Window <= 0 {
		c.Window = 100
	}
	if c.MaxValidity <= 0 {
		c.MaxValidity = 48 * time.Hour
	}
	if c.ResponseTimeout <= 0 {
		c.ResponseTimeout = 60 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 3 * time.Second
	}
	if c.Dial == nil {
		addr := c.Addr
		c.Dial = func(ctx context.Context) (net.Conn, error) {
			d := net.Dialer{KeepAlive: 15 * time.Second}
			return d.DialContext(ctx, "tcp", addr)
		}
	}
}

// Check names what is wrong with the settings, all of it. An empty Addr is not
// wrong: the channel is then not ready.
func (c Config) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Addr != "" {
		if _, _, err := net.SplitHostPort(c.Addr); err != nil {
			bad("sms addr %q: want host:port", c.Addr)
		}
		if c.SystemID == "" {
			bad("sms system_id: the carrier's account is missing")
		}
		if c.Simulate {
			bad("sms simulate: a route with a carrier does not simulate")
		}
	}
	if err := c.client().Check(); err != nil {
		bad("sms system_id, password or system_type: at most 15, 8 and 12 bytes, without zero bytes: %w", err)
	}
	if len(c.Source) > 20 {
		bad("sms source: %d bytes, at most 20", len(c.Source))
	}
	if strings.ContainsAny(c.Signature, "【】") {
		bad("sms signature: want the registered name without 【】")
	}
	if c.MaxParts > gsm.MaxParts {
		bad("sms max_parts %d: at most %d", c.MaxParts, gsm.MaxParts)
	}
	if c.RatePerSecond < 0 {
		bad("sms rate %v: want messages a second, or 0", c.RatePerSecond)
	}
	return errors.Join(errs...)
}

func (c *Config) client() smpp.Client {
	return smpp.Client{SystemID: c.SystemID, Password: c.Password, SystemType: c.SystemType}
}
