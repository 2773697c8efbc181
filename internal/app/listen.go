package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
)

// Listen opens an address. With fallback a taken port becomes a free one of
// the same host, and the answer says so.
func Listen(addr string, fallback bool) (l net.Listener, taken bool, err error) {
	l, err = net.Listen("tcp", addr)
	if err == nil || !fallback || !errors.Is(err, syscall.EADDRINUSE) {
		return l, false, err
	}
	host, _, splitErr := net.SplitHostPort(addr)
	if splitErr != nil {
		return nil, false, err
	}
	l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	return l, true, err
}

// reachable is how people reach a listener: the configured address, or the
// host and port it listens on.
func reachable(configured string, l net.Listener) string {
	if configured != "" {
		return strings.TrimSuffix(configured, "/")
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "http://" + l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Reachable is how people reach a listener.
func Reachable(l net.Listener) string { return reachable("", l) }

// serveHTTP serves until it is stopped; requests under way get to end.
// Connections that never asked anything are cut: browsers and carriers open
// spare ones, and Shutdown would wait five seconds for their first request.
func (a *App) serveHTTP(name string, srv *http.Server, l net.Listener) {
	unasked := &spares{open: map[net.Conn]bool{}}
	srv.ConnState = unasked.note
	srv.ErrorLog = slog.NewLogLogger(a.log.With("part", name).Handler(), slog.LevelDebug)
	done := make(chan error, 1)
	go func() {
		err := srv.Serve(l)
		if !errors.Is(err, http.ErrServerClosed) {
			a.life.fail(fmt.Errorf("%s listener: %w", name, err))
		}
		done <- err
	}()
	a.life.onStop(name+" listener", func(ctx context.Context) error {
		unasked.cut()
		err := srv.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, srv.Close())
		}
		<-done
		return err
	})
}

// spares are the connections that carried no request yet.
type spares struct {
	mu   sync.Mutex
	open map[net.Conn]bool
	over bool
}

func (s *spares) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.open, c)
	case s.over:
		c.Close()
	default:
		s.open[c] = true
	}
}

func (s *spares) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for c := range s.open {
		c.Close()
	}
}
