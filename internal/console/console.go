package console

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"mingluo/internal/openapi"
)

// Console serves the officers' pages and the API. It is safe for concurrent use.
type Console struct {
	Config
	texts    catalogue
	pages    pages
	static   *statics
	city     mapView
	spelled  map[string]string // a division's code to what it is found by
	sessions *sessions
	imports  importJobs
	staff    staff
	rooms    *rooms
	throttle *throttle
	lane     lane
	meters   *meters
	protect  *http.CrossOriginProtection
	handler  http.Handler
	openapi  []byte // the API's description
	apiDoc   *openapi.Document
	stop     chan struct{}
	stopOnce sync.Once
	listed   []string // patterns of the pages and of what they post to
}

// New returns a console, or says which field of the configuration is missing.
func New(config Config) (*Console, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Console{
		Config: config, sessions: newSessions(config.Idle, config.Absolute), throttle: newThrottle(config.DeskNetworks), lane: newLane(),
		rooms: newRooms(), city: drawMap(config.Gazetteer), spelled: spellPlaces(config.Gazetteer), protect: http.NewCrossOriginProtection(), stop: make(chan struct{}),
	}
	c.sessions.keep = &sessionKeep{store: config.Store, seal: config.Accounts.seal}
	if c.texts, err = loadTexts(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if c.static, err = loadStatics(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if c.pages, err = c.loadPages(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if c.meters, err = newMeters(config.Registry, c.sessions.count); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if err := config.Registry.Register(c.unsignedGauge()); err != nil {
		return nil, fmt.Errorf("console: register metrics: %w", err)
	}
	mux, err := c.routes()
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	c.handler = c.guard(mux)
	return c, nil
}

// Handler returns everything the console serves. It belongs on a listener of
// its own, apart from the public site's (R18).
func (c *Console) Handler() http.Handler { return c.handler }

// Addresses returns the patterns of all pages and of what they post to, without
// the API: whoever wants to look at every screen knows them from here.
func (c *Console) Addresses() []string { return slices.Clone(c.listed) }

// Server returns an http.Server with the limits that the console's listener
// wants. Its Shutdown stops the open streams first.
func (c *Console) Server() *http.Server {
	s := &http.Server{
		Handler: c.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	s.RegisterOnShutdown(c.Stop)
	return s
}

// Stop ends the open event streams, so that a server can shut down. The
// console answers requests until then and after.
func (c *Console) Stop() { c.stopOnce.Do(func() { close(c.stop) }) }
