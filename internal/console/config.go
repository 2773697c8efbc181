package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
	"mingluo/internal/desk"
)

// Config is what a console is made of. The fields without a word about a
// default are needed.
type Config struct {
	Desk     Desk
	Progress Tracker
	Accounts *Accounts
	// Chronicle draws the curves of a fan-out and says why people were not
	// reached; nil: only the sums are shown.
	Chronicle Chronicle
	// SilentAfter is how long a channel that should be moving may say nothing
	// before it turns red (R16); 30 s.
	SilentAfter time.Duration
	// UnseenAfter is how long what came in may lie unseen before it is late and
	// the next on the roster is told; 5 min.
	UnseenAfter time.Duration
	// Store is read for the trail of a notice or an incident.
	Store Store
	// Audit takes every act and every refused try, and is read by auditors.
	Audit *audit.Log
	// ImportCAP turns a CAP 1.2 file into a text to work on, with warnings for
	// the officer; an alert.Problem says what is wrong and where.
	ImportCAP func(ctx context.Context, data []byte, mode alert.Mode, now time.Time) (alert.Content, []string, error)

	// Senders are the sending systems by the SHA-256 of their tokens, ReceiveCAP
	// puts what they send into the inbox; without them nothing comes by itself.
	Senders    map[[32]byte]string
	ReceiveCAP func(ctx context.Context, data []byte) (id string, mode alert.Mode, fresh bool, err error)

	// Apart: another place of the same installation serves the other mode, perhaps
	// on the same host. Sessions carry the mode in their name.
	Apart bool
	// StaffGroup is whom a drill on a live installation is for.
	StaffGroup string

	// DutyCard is the page for the wall, in Markdown; "" for none.
	DutyCard string

	// Papers are those of applications to the city's platform.
	Papers Papers

	// Roll takes files of subscribers; nil: the console has no page for them.
	Roll Roll

	// Renderer writes a submitted or released revision exactly as its channels
	// send it, code and verb included; nil: as the desk's preview does.
	Renderer desk.Renderer

	Gazetteer *alert.Gazetteer
	Channels  func() []ChannelStatus // health of every channel, cheap
	Groups    []string               // groups of subscribers that a notice can be for

	// Modes that officers can sign in to; the first is preset. A demo has only
	// the drill.
	Modes []alert.Mode
	// Key is 32 bytes for device marks; not the accounts' key.
	Key []byte

	// FactorIn are the modes in which everybody needs a second factor to sign.
	// In the others it is asked of those who have one. Default: live.
	FactorIn []alert.Mode

	// DeskNetworks are the desk's own addresses: guesses from elsewhere never
	// slow a sign-in from there. Default: loopback and the private networks.
	DeskNetworks []netip.Prefix
	// Proxies are the reverse proxies before this console: from them, and from
	// nobody else, X-Forwarded-For is believed. Default: none.
	Proxies  []netip.Prefix
	Idle     time.Duration // a session ends after this long without a person; 15 min
	Absolute time.Duration // and after this long in any case; 8 h
	TLS      bool          // cookies are Secure with the __Host- prefix, HSTS is sent

	SenderName string // 发布单位 preset in new notices
	Contact    string // 咨询电话 preset in new notices
	PublicSite string // address of the public site, linked from notices; "" for none

	// DemoLinks are one-click sign-ins: secret word to officer id. A demo only.
	DemoLinks map[string]string
	Front     http.Handler // what / shows; default: the sign-in page
	Try       []Link       // further links at the foot of the sign-in page

	Registry *prometheus.Registry // takes the console's metrics and is served at /metrics
	Ready    map[string]func(context.Context) error
	// Safe knows the recovery sheet and the backups; nil: there is no page of them.
	Safe Safe
	// Parts are what the service can do without, with how they are: they stand on
	// the board and in the answer of /readyz and never make it unready. Cheap.
	Parts func() []PartStatus
	Log   *slog.Logger // default: discard
}

// Link is a named address.
type Link struct{ ZH, EN, URL string }

func (c Config) withDefaults() (Config, error) {
	missing := map[string]bool{
		"Desk": c.Desk == nil, "Progress": c.Progress == nil, "Accounts": c.Accounts == nil, "Store": c.Store == nil, "Audit": c.Audit == nil,
		"ImportCAP": c.ImportCAP == nil, "Gazetteer": c.Gazetteer == nil, "Channels": c.Channels == nil,
		"Registry": c.Registry == nil, "Modes": len(c.Modes) == 0, "Key": len(c.Key) != 32,
	}
	var errs []error
	for name, is := range missing {
		if is {
			errs = append(errs, fmt.Errorf("console: Config.%s is missing", name))
		}
	}
	for _, m := range c.Modes {
		if !m.Valid() {
			errs = append(errs, fmt.Errorf("console: Config.Modes: no mode %q", m))
		}
	}
	if len(c.DemoLinks) > 0 && slices.Contains(c.Modes, alert.Live) {
		errs = append(errs, errors.New("console: Config.DemoLinks: a sign-in without a password is for drills only (R18)"))
	}
	if c.Idle == 0 {
		c.Idle = 15 * time.Minute // OWASP ASVS 7.3.1
	}
	if c.Absolute == 0 {
		c.Absolute = 8 * time.Hour // one shift
	}
	if c.UnseenAfter == 0 {
		c.UnseenAfter = 5 * time.Minute
	}
	if c.SilentAfter == 0 {
		c.SilentAfter = 30 * time.Second
	}
	if c.FactorIn == nil {
		c.FactorIn = []alert.Mode{alert.Live}
	}
	if c.DeskNetworks == nil {
		for _, p := range []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"} {
			c.DeskNetworks = append(c.DeskNetworks, netip.MustParsePrefix(p))
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, errors.Join(errs...)
}
