package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mingluo/internal/app"
)

// Supervisor is a demo whose service is a process of its own. The carriers, the
// phones and the front page are here, so they outlive it: what they counted is
// what the power button shows.
type Supervisor struct {
	FrontURL string
	Moved    []string // sentences about ports that were taken

	cfg      Config
	carriers *Carriers
	orders   orders
	front    *front
	server   *http.Server
	served   chan struct{} // closed when the front page's listener has ended
	failed   chan error
	life     context.Context // ends with Stop
	end      context.CancelFunc
	loops    sync.WaitGroup

	mu       sync.Mutex
	child    *process
	expected bool // the present process is being killed on purpose
}

// Supervise starts the carriers, the front page and the service. When it fails,
// what was started is stopped again.
func Supervise(ctx context.Context, c Config) (s *Supervisor, err error) {
	c = c.withDefaults()
	if c.Unrecorded == 0 {
		c.Unrecorded = unrecordedHere
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	s = &Supervisor{cfg: c, front: &front{log: c.Log}, failed: make(chan error, 1)}
	s.life, s.end = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			stopping, cancel := context.WithTimeout(context.Background(), stopWithin)
			defer cancel()
			err = errors.Join(err, s.Stop(stopping))
			s = nil
		}
	}()
	if s.carriers, err = startCarriers(ctx, filepath.Join(c.Dir, "phones.json"), c); err != nil {
		return s, err
	}
	s.front.power = newPower(s)
	if err = s.openFront(); err != nil {
		return s, err
	}
	s.orders = orders{Config: c, To: s.carriers.access(), Words: newWords(), FrontURL: s.FrontURL, FreePorts: true,
		Verbose: c.Log.Enabled(ctx, slog.LevelDebug)}
	if err = s.start(ctx); err != nil {
		return s, err
	}
	h := s.house()
	s.Moved = append(s.Moved, s.process().report.Moved...)
	s.orders.Config.Public, s.orders.Config.Console, s.orders.FreePorts = hostOf(h.PublicURL), hostOf(h.ConsoleURL), false
	return s, nil
}

// unrecordedHere bounds the copies after a power cut to what one can count; the
// service's own bound is for a city.
const unrecordedHere = 150

// house says where everything is.
func (s *Supervisor) house() *house { return s.front.at.Load() }

// Officers are the people who can sign in.
func (s *Supervisor) Officers() []Officer { return s.house().Officers }

// ConsoleURL and PublicURL are the service's addresses; they stay the same when
// it is killed and started again.
func (s *Supervisor) ConsoleURL() string { return s.house().ConsoleURL }

// PublicURL is the public site's.
func (s *Supervisor) PublicURL() string { return s.house().PublicURL }

// NATSURL is where the nats command line reaches the record; "" is nowhere.
func (s *Supervisor) NATSURL() string { return s.process().report.NATS }

// Facts say what the demo runs on.
func (s *Supervisor) Facts() []Fact { return s.house().Facts }

// Failed gives the error with which the service, or a part here, ended by
// itself. Only the power button starts it again.
func (s *Supervisor) Failed() <-chan error { return s.failed }

func (s *Supervisor) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return strings.TrimPrefix(address, "http://")
	}
	return u.Host
}

// start starts the service, says to the carriers where it is, and watches it.
func (s *Supervisor) start(ctx context.Context) error {
	p, err := spawn(ctx, s.orders, os.Stderr)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.child, s.expected = p, false
	s.mu.Unlock()
	s.carriers.callBackTo(p.report.House.PublicURL)
	s.front.open(&p.report.House)
	s.loops.Go(func() {
		<-p.ended
		s.mu.Lock()
		expected := s.expected
		s.mu.Unlock()
		if !expected {
			s.fail(fmt.Errorf("the serving process ended by itself: %w", orNothing(p.err)))
		}
	})
	return nil
}

func orNothing(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func (s *Supervisor) process() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// expectEnd says that the present process is about to end on purpose.
func (s *Supervisor) expectEnd() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected = true
	return s.child
}

// openFront serves the front page and the phones.
func (s *Supervisor) openFront() error {
	l, moved, err := app.Listen(s.cfg.Front, true)
	if err != nil {
		return fmt.Errorf("listen for the front page at %s: %w", s.cfg.Front, err)
	}
	if moved {
		s.Moved = append(s.Moved, fmt.Sprintf("%s 已被占用，改用 %s / is taken, using %s", s.cfg.Front, l.Addr(), l.Addr()))
	}
	s.FrontURL = app.Reachable(l)
	mux := http.NewServeMux()
	mux.Handle("/{$}", s.front)
	mux.HandleFunc("POST /power", s.front.power.press)
	for pattern, h := range s.carriers.pages() {
		mux.Handle(pattern, h)
	}
	s.server = &http.Server{Handler: frontHeaders(http.NewCrossOriginProtection().Handler(mux)), ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug)}
	s.served = make(chan struct{})
	go s.serveFront(l)
	return nil
}

func (s *Supervisor) serveFront(l net.Listener) {
	defer close(s.served)
	if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		s.fail(fmt.Errorf("front page: %w", err))
	}
}

func frontHeaders(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		h.ServeHTTP(w, r)
	})
}

// Stop ends the power story, the service, the front page and the carriers, in
// this order, and keeps what the phones show.
func (s *Supervisor) Stop(ctx context.Context) error {
	var errs []error
	s.end()
	if s.front.power != nil {
		s.front.power.wait()
	}
	if p := s.expectEnd(); p != nil {
		errs = append(errs, p.stop(ctx))
	}
	s.loops.Wait()
	if s.server != nil {
		if err := s.server.Shutdown(ctx); err != nil {
			errs = append(errs, err, s.server.Close())
		}
		<-s.served
	}
	if s.carriers != nil {
		errs = append(errs, s.carriers.stop())
	}
	return errors.Join(errs...)
}
