package wechatapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is the imitation. Its methods may be called from any goroutine.
type Server struct {
	log  *slog.Logger
	http *http.Server

	mu         sync.Mutex
	cfg        Config
	addr       string
	templates  map[string]Template
	fieldTypes map[string]fieldType
	faults     Faults
	tokens     tokenBook
	phones     map[string]*phone
	seen       dedupe
	counts     Counts
	lastMsgID  int64

	events   *courier
	stopped  chan struct{}
	stopOnce sync.Once
	work     sync.WaitGroup
}

// New makes a server that does not listen yet. A nil log is silent.
func New(c Config, log *slog.Logger) (*Server, error) {
	c.setDefaults()
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("imitation of WeChat: %w", err)
	}
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s := &Server{
		log: log, cfg: c,
		templates:  make(map[string]Template),
		fieldTypes: newFieldTypes(),
		phones:     make(map[string]*phone),
		seen:       newDedupe(),
		lastMsgID:  2_000_000_000_000_000_000 + time.Now().Unix(), // 19 digits, as the platform's are
		stopped:    make(chan struct{}),
	}
	for _, t := range c.Templates {
		s.templates[t.ID] = t
	}
	s.events = newCourier(s)
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Listen opens addr ("127.0.0.1:0" picks a port) and serves until Close.
func (s *Server) Listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("imitation of WeChat: listen: %w", err)
	}
	s.mu.Lock()
	s.addr = l.Addr().String()
	s.mu.Unlock()
	s.work.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("imitation of WeChat stopped serving", "err", err)
		}
	})
	s.work.Go(s.events.run)
	return nil
}

// URL returns the API's base address, "http://127.0.0.1:41234". It is "" before Listen.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr == "" {
		return ""
	}
	return "http://" + s.addr
}

// SetCallbackURL changes where events go: the receiving service often knows
// its own address only after this server listens.
func (s *Server) SetCallbackURL(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.CallbackURL = u
}

// SetFaults changes the faults under the lock: f edits those in force.
func (s *Server) SetFaults(f func(*Faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.faults)
}

// Close stops serving, drops callbacks not yet sent, and waits for everything
// that was started.
func (s *Server) Close() error {
	s.stopOnce.Do(func() { close(s.stopped) })
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil { // a slow answer, or a connection that never carried a request: cut it
		err = s.http.Close()
	}
	s.work.Wait()
	return err
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cgi-bin/stable_token", s.stableToken)
	mux.HandleFunc("GET /cgi-bin/token", s.plainToken)
	mux.HandleFunc("POST /cgi-bin/message/template/send", s.templateSend)
	mux.HandleFunc("GET /cgi-bin/template/get_all_private_template", s.templateList)
	mux.HandleFunc("POST /cgi-bin/openapi/quota/get", s.quotaGet)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		s.mu.Lock()
		s.counts.Requests++
		s.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

// maxRequest bounds one request's body. WeChat's own bound is not published;
// a template message is under 2 KiB.
const maxRequest = 64 << 10
