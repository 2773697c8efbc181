package web

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Limits of the public listener. Bodies are never read: every route is GET.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second // pages; a stream sets its own for each write
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
)

// Server returns an HTTP server for the site with the public listener's limits.
// extra handlers are mounted beside the site's by their ServeMux patterns. Its
// Shutdown also ends the open streams.
func (s *Site) Server(addr string, extra map[string]http.Handler) *http.Server {
	mux := http.NewServeMux()
	for pattern, h := range extra {
		mux.Handle(pattern, s.Headers(h))
	}
	mux.Handle("/", s.Handler())
	srv := &http.Server{
		Addr: addr, Handler: mux,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
	srv.RegisterOnShutdown(s.hub.drain)
	return srv
}

// Handler answers:
//
//	/                      what is in force; ?lang=en on every page
//	/past                  what was
//	/drills                drills, apart (R4)
//	/n/{id}                a notice, for good; also .json and .xml (CAP 1.2)
//	/n/{id}/{rev}.xml      one revision as CAP 1.2
//	/v, /v/{code}          is it genuine?
//	/feed.atom             Atom; the same parameters as /events
//	/events                Server-Sent Events; area, hazard (any of), level (and
//	                       graver), mode, notice, last-event-id
//	/api/public/v1/notices JSON; area, hazard, level, mode, state, limit, before
//	/api/public/v1/areas   division codes
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range s.routes() {
		mux.HandleFunc(pattern, h)
	}
	return s.Headers(mux)
}

// Addresses returns the patterns of all that the site answers.
func (s *Site) Addresses() []string { return slices.Sorted(maps.Keys(s.routes())) }

func (s *Site) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /{$}":                   s.front,
		"GET /past":                  s.past,
		"GET /drills":                s.drills,
		"GET /n/{id}":                s.notice,
		"GET /n/{id}/{file}":         s.revision,
		"GET /v":                     s.verifyForm,
		"GET /v/{code}":              s.verify,
		"GET /feed.atom":             s.atom,
		"GET /events":                s.events,
		"GET /api/public/v1/notices": s.apiNotices,
		"GET /api/public/v1/areas":   s.apiAreas,
		"GET /assets/{name}":         s.asset,
		"GET /":                      s.missing,
	}
}
