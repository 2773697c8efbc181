package web

import (
	"net/http"
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
