// Package app puts the service together: configuration, wiring, lifecycle.
//
// [App] is the process as a value: New checks, Start opens everything in one
// straight line (record, journal, roll, audience, channels, desk, loops, site,
// console), Stop closes it in reverse, each part waited for. It runs in a test
// on port 0 as it runs on a server.
//
// The rules about who may import whom are a test of this package.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"mingluo/channels"
	"mingluo/channels/sms"
	"mingluo/channels/web"
	"mingluo/channels/wechat"
	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/audit"
	"mingluo/internal/console"
	"mingluo/internal/desk"
	"mingluo/internal/journal"
	"mingluo/internal/progress"
	"mingluo/internal/roll"
)

// Options are what a demo, a test or a benchmark sets beside the
// configuration; a service leaves them zero.
type Options struct {
	Log *slog.Logger
	// FreePorts lets a taken port become a free one.
	FreePorts bool
	// SampleAddresses lets the roll hold made-up addresses.
	SampleAddresses bool
	// AloneOnRecord: a person has made sure that no other process writes to an
	// external NATS.
	AloneOnRecord bool
	// Channels replaces the configured carriers; for benchmarks and tests.
	Channels []channels.Channel
	// Argon is the cost of passwords; zero is the console's default.
	Argon console.Argon
	// DemoLinks are sign-ins without a password, word to officer; drills only.
	DemoLinks map[string]string
	// Throwaway says that nothing here is worth keeping: no sheet and no backup
	// is missed. For the demo and benchmarks.
	Throwaway bool
	Front     http.Handler            // the console's front page
	Public    map[string]http.Handler // further pages of the public site
	Links     []web.Link              // in the public site's navigation
}

// App is one process of the service.
type App struct {
	cfg  Config
	opts Options
	log  *slog.Logger
	life *lifecycle

	Registry *prometheus.Registry
	Places   *alert.Gazetteer
	Store    *journal.Store
	Book     *journal.Book
	Guard    *journal.Guard
	Roll     *roll.Roll
	Clerk    *Clerk
	Care     *roll.Care
	Index    *audience.Memory
	Shared   *Shared // what goes through Redis; nil when there is none
	Tracker  *progress.Tracker
	Went     *progress.Chronicle // how releases went in time and place
	Engine   *channels.Engine
	Desk     *desk.Desk
	Watch    *desk.Watch
	Accounts *console.Accounts
	Audit    *audit.Log
	Site     *web.Site
	Console  *console.Console

	PublicURL  string
	ConsoleURL string
	DrillURL   string   // the drills' own console; "" when there is none
	Moved      []string // sentences about ports that were taken

	listeners listeners
	channels  []channels.Channel
	drill     *drilling // beside the carriers of a live installation
	wechat    *wechat.Account
	keys      *roll.Keys
	secrets   secrets
	backups   *backups
	restoring bool
	needing   sync.Mutex                      // see needRoll
	sending   atomic.Pointer[channels.Engine] // Engine, for those who run before it
}

// New checks what can be checked before anything is opened.
func New(c Config, o Options) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &App{cfg: c, opts: o, log: o.Log, life: newLifecycle(o.Log), backups: newBackups(c.Data), Registry: prometheus.NewRegistry(), Places: alert.Foshan()}, nil
}

// Start opens everything. When it fails, what was opened is closed again.
func (a *App) Start(ctx context.Context) (err error) {
	defer func() { err = a.undo(err) }()
	a.warnOfGround()
	a.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return a.open(ctx, []part{
		{"record", a.openRecord},
		{"roll", a.openRoll},
		{"listeners and channels", a.openChannels},
		{"desk", a.openDesk},
		{"public site", a.openSite},
		{"audit", a.openAudit},
		{"console", a.openConsole},
		{"calls", a.openCalling},
		{"backups", a.openBackups},
		{"admin socket", a.openAdmin},
	})
}

// part is one step of a start.
type part struct {
	name string
	open func(context.Context) error
}

func (a *App) open(ctx context.Context, parts []part) error {
	for _, p := range parts {
		if err := p.open(ctx); err != nil {
			return fmt.Errorf("start %s: %w", p.name, err)
		}
	}
	return nil
}

// stopWithin bounds a stop; systemd kills after 90 s.
const stopWithin = 30 * time.Second

// Stop closes everything in reverse order of its start: no new requests, then
// the loops, then the channels with what is in flight, the record last.
func (a *App) Stop(ctx context.Context) error { return a.life.stop(ctx) }

// Failed gives the error of a part that ended by itself.
func (a *App) Failed() <-chan error { return a.life.failed }

func (a *App) openRecord(ctx context.Context) error {
	if err := os.MkdirAll(a.cfg.Data, 0o700); err != nil {
		return err
	}
	conf := a.cfg.journal(a.opts.Log)
	conf.Restoring = a.restoring
	store, err := journal.Open(ctx, conf)
	if err != nil {
		return err
	}
	a.Store = store
	a.life.onStop("record", store.Close)
	return a.openJournal(ctx)
}

func (a *App) openChannels(ctx context.Context) error {
	if err := a.listenAll(); err != nil {
		return err
	}
	a.buildChannels()
	if err := a.openDrill(ctx); err != nil {
		return err
	}
	a.Tracker = progress.NewTracker(a.Book, a.route)
	if a.drill != nil {
		a.Tracker.Drill = a.drillRoute
	}
	from, err := a.Tracker.Load(ctx, a.Store)
	if err != nil {
		return err
	}
	a.life.run("progress", func(ctx context.Context) error { return a.Tracker.Run(ctx, a.Store, from) })

	w := newWorks(a.Book, a.pageURL)
	a.watchCurrent(w)
	a.life.run("works", w.Run)
	return a.startEngine(ctx, w)
}

func (a *App) pageURL(notice string) string { return a.PublicURL + "/n/" + notice }

// buildChannels makes the configured carriers' channels. One without a carrier
// is there too, red, so that officers see it before they submit (R24).
func (a *App) buildChannels() {
	if a.opts.Channels != nil {
		a.channels = a.opts.Channels
		return
	}
	s, w := a.cfg.SMS, a.cfg.WeChat
	route := sms.New(sms.Config{
		Name: s.Route, Addr: s.Addr, SystemID: s.SystemID, Password: s.Password, Source: s.Source, Signature: s.Signature,
		Window: s.Window, MaxParts: s.MaxParts, RatePerSecond: s.Rate, ResponseTimeout: time.Duration(s.RespTimeout), Imitation: s.Imitation,
	}, a.log.With("part", "sms"), a.Registry)
	a.wechat = wechat.New(wechat.Config{
		AppID: w.AppID, AppSecret: w.AppSecret, Token: w.Token, EncodingAESKey: w.EncodingAESKey, BaseURL: w.BaseURL,
		Template: wechat.Template{ID: w.TemplateID, Fields: wechat.DefaultFields()}, Imitation: w.Imitation,
		Concurrency: w.Concurrency, Timeout: time.Duration(w.Timeout), Rate: w.Rate, Quota: w.Quota,
		Tokens: a.sharedToken(),
	}, a.log.With("part", "wechat"), a.Registry)
	a.channels = []channels.Channel{route, a.wechat}
}

func (a *App) route(channel string) progress.Route {
	for _, c := range a.channels {
		if c.Name() == channel {
			h := c.Health()
			return progress.Route{Name: h.Route, Imitation: h.Imitation, Ready: h.Ready, Reason: h.Reason}
		}
	}
	return progress.Route{Name: channel, Reason: "没有这个渠道"}
}

// Channels returns the health of every channel.
func (a *App) Channels() []console.ChannelStatus {
	var out []console.ChannelStatus
	for _, c := range a.channels {
		out = append(out, statusOf(c, a.cfg.Mode))
	}
	return out
}

func (a *App) openDesk(context.Context) error {
	rules := a.cfg.dutyTable()
	a.Desk = desk.New(desk.Config{Book: a.Book, Store: a.Store, Audience: a.Index, Renderer: renderer{a.channels, a.pageURL},
		Gazetteer: a.Places, Rules: rules, Log: a.log.With("part", "desk"), Mode: a.cfg.Mode, Emergency: a.cfg.Desk.Emergency, Reached: a.Tracker.Reached, StaffGroup: a.drillGroup()})
	spread := &desk.Spread{Book: a.Book, Store: a.Store, Audience: a.Index, Log: a.log.With("part", "spread"),
		SliceSize: a.cfg.Fanout.SliceSize, Closed: a.Tracker.Closed, Finished: a.Tracker.Finished, Reached: a.Tracker.Reached}
	a.Watch = &desk.Watch{Book: a.Book, Store: a.Store, Rules: rules, Log: a.log.With("part", "watch"), Later: a.Tracker.Later}
	a.life.run("spread", spread.Run)
	a.life.run("watch", a.Watch.Run)
	return a.openWatching()
}

func (a *App) openAdmin(context.Context) error {
	a.life.run("admin socket", func(ctx context.Context) error { return a.Store.ServeAdmin(ctx, a.adminHandler()) })
	return nil
}
