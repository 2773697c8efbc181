package smsc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Config says who may bind and what happens to receipts. Zero values are
// replaced by the defaults.
type Config struct {
	SystemID     string        // of the account; empty lets anybody in
	Password     string        // of the account
	Name         string        // the centre's own system id; "mingluo-smsc"
	Number       string        // what persons' messages are addressed to; "10657"
	ReceiptDelay time.Duration // between acceptance and receipt; at once when zero
	FailShare    float64       // 0 to 1: receipts that say UNDELIV
	KeepPerPhone int           // newest messages kept of one phone; 20
	KeepMessages int           // messages kept altogether; 50,000
	Log          *slog.Logger
}

func (c *Config) setDefaults() {
	if c.Name == "" {
		c.Name = "mingluo-smsc"
	}
	if c.Number == "" {
		c.Number = "10657"
	}
	if c.KeepPerPhone <= 0 {
		c.KeepPerPhone = 20
	}
	if c.KeepMessages <= 0 {
		c.KeepMessages = 50_000
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Server is an imitation SMS centre with one account.
type Server struct {
	cfg    Config
	faults atomic.Pointer[Faults]
	book   *book
	clock  *timeline
	ln     net.Listener
	wg     sync.WaitGroup

	throttle throttle
	submits  atomic.Int64 // submissions read, for faults that count

	mu     sync.Mutex
	closed bool
	links  map[*session]bool // connected
	queue  []*receipt        // wait for a link that can take them
}

// New returns a centre that does not listen yet.
func New(cfg Config) *Server {
	cfg.setDefaults()
	s := &Server{cfg: cfg, book: newBook(cfg), clock: newTimeline(), links: map[*session]bool{}}
	s.faults.Store(&Faults{})
	return s
}

// Listen opens the address ("127.0.0.1:0" picks a port) and serves it until
// [Server.Close].
func (s *Server) Listen(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("imitation SMSC: %w", err)
	}
	s.ln = ln
	s.wg.Go(s.accept)
	s.wg.Go(s.clock.run)
	return nil
}

// Addr returns the address that it listens on.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Close cuts all links and waits until everything has ended.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	var err error
	if s.ln != nil {
		err = s.ln.Close()
		s.clock.stop()
	}
	s.Cut()
	s.wg.Wait()
	return err
}

// Cut breaks every connection, without goodbye.
func (s *Server) Cut() {
	s.mu.Lock()
	var all []*session
	for l := range s.links {
		all = append(all, l)
	}
	s.mu.Unlock()
	for _, l := range all {
		l.end()
	}
}

// SendRaw writes bytes of any kind to every connection, between two PDUs.
func (s *Server) SendRaw(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.links {
		l.send(b)
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.cfg.Log.Warn("imitation SMSC cannot accept", "error", err)
			time.Sleep(50 * time.Millisecond) // out of descriptors, mostly: do not spin
			continue
		}
		s.start(conn)
	}
}

func (s *Server) start(conn net.Conn) {
	l := newSession(s, conn)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		conn.Close()
		return
	}
	s.links[l] = true
	s.mu.Unlock()
	s.wg.Go(l.read)
	s.wg.Go(l.write)
}

// Links returns how many connections are open.
func (s *Server) Links() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.links)
}
