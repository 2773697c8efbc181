package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of submissions. The first is Submit's; the others come in an [Answer].
var (
	ErrDown    = errors.New("the link to the carrier is down")              // nothing was sent
	ErrUnsent  = errors.New("the link broke before the message was sent")   // nothing was sent
	ErrLost    = errors.New("the link broke before the carrier answered")   // the carrier may have it
	ErrTimeout = errors.New("the carrier did not answer in time")           // the carrier may have it
	errSilent  = errors.New("the carrier answered no heartbeat")            // a reason for ending
	errBye     = errors.New("the carrier said goodbye")                     // a reason for ending
	errStopped = errors.New("stopped")                                      // a reason for ending
	errClogged = errors.New("the carrier does not read what is sent to it") // a reason for ending
)

// Refused is a sign-in that the carrier did not let in.
type Refused struct {
	Status uint32
	Words  string // the carrier's
	// Final: trying again with the same account is useless and may lock it, so
	// the link waits for [Link.Rebind]. Otherwise it tries every [Config.HaltRetry].
	Final bool
	// Halt: somebody has to act. Without it the refusal is a passing one, such
	// as a carrier that is restarting, and the link tries again as after a loss.
	Halt bool
}

func (r *Refused) Error() string { return "sign-in refused: " + r.Words }

// Config says how a link behaves. Zero values are replaced by the defaults.
type Config struct {
	// Dial connects; needed.
	Dial func(ctx context.Context) (net.Conn, error)
	// Protocol is needed.
	Protocol Protocol
	// Incoming takes a receipt or a message from a person. It is called from
	// many goroutines; Done may be returned only when the message is on disk.
	Incoming func(ctx context.Context, pdu []byte) Reply

	Window          int           // most submissions without an answer; 100
	ResponseTimeout time.Duration // for an answer to a submission; 60 s
	LoginTimeout    time.Duration // for connecting and for the answer to the sign-in, each; 10 s
	Heartbeat       time.Duration // between two heartbeats; 30 s
	SilentAfter     time.Duration // no byte for so long after a heartbeat: the link is dead; 20 s
	MinBackoff      time.Duration // before the first try to connect again; 0.5 s
	MaxBackoff      time.Duration // at most; 20 s
	HaltRetry       time.Duration // between tries after a refusal that halts but is not final; 60 s
	Grace           time.Duration // for answers in flight when stopping; 5 s
	MaxIncoming     int           // messages being put on record at once; 256
	Log             *slog.Logger
}

func (c *Config) setDefaults() {
	def(&c.Window, 100)
	def(&c.ResponseTimeout, 60*time.Second)
	def(&c.LoginTimeout, 10*time.Second)
	def(&c.Heartbeat, 30*time.Second)
	def(&c.SilentAfter, 20*time.Second)
	def(&c.MinBackoff, 500*time.Millisecond)
	def(&c.MaxBackoff, 20*time.Second)
	def(&c.HaltRetry, time.Minute)
	def(&c.Grace, 5*time.Second)
	def(&c.MaxIncoming, 256)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

func def[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// State is a link's present state.
type State struct {
	Up      bool
	Reason  string    // why it is not up
	Halted  *Refused  // set when somebody has to act
	NextTry time.Time // when it connects again; zero when up, connecting, or waiting for a person
}

// Link is one connection that is kept. Make it with [New], keep it with [Link.Run].
type Link struct {
	cfg      Config
	current  atomic.Pointer[session]
	state    atomic.Pointer[State]
	rebind   chan struct{}
	count    counters
	handlers sync.WaitGroup
	holding  atomic.Int64  // bytes of incoming messages that wait for the record
	incoming chan struct{} // a token per message being put on record
}

// New returns a link that is not connected yet. It panics without a Dial or a
// Protocol, which is a mistake of the program.
func New(cfg Config) *Link {
	if cfg.Dial == nil || cfg.Protocol == nil {
		panic("link.New: Dial and Protocol are needed")
	}
	cfg.setDefaults()
	if cfg.Incoming == nil {
		cfg.Incoming = func(context.Context, []byte) Reply { return Never }
	}
	l := &Link{cfg: cfg, rebind: make(chan struct{}, 1), incoming: make(chan struct{}, cfg.MaxIncoming)}
	l.state.Store(&State{Reason: "not started"})
	return l
}

// State returns the present state. It does not block.
func (l *Link) State() State {
	st := *l.state.Load()
	if st.Up && l.current.Load() == nil { // it broke this moment
		return State{Reason: ErrLost.Error()}
	}
	return st
}

// Rebind ends a wait and connects now: after the account was put right, or when
// an officer does not want to wait.
func (l *Link) Rebind() {
	select {
	case l.rebind <- struct{}{}:
	default:
	}
}

// Drop ends the present connection, if there is one, and connects again.
func (l *Link) Drop(why error) {
	if s := l.current.Load(); s != nil {
		s.fail(why)
	}
}

// Run keeps the link until ctx ends. It returns nil, after everything that it
// started has ended. It may be called once.
func (l *Link) Run(ctx context.Context) error {
	// Incoming messages are put on record even while the link stops, for a while.
	hctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer l.state.Store(&State{Reason: "stopped"})
	defer l.handlers.Wait()
	defer cancel()
	backoff := l.cfg.MinBackoff
	for ctx.Err() == nil {
		useful, err := l.connection(ctx, hctx)
		if ctx.Err() != nil {
			break
		}
		if useful {
			backoff = l.cfg.MinBackoff
		}
		l.wait(ctx, err, backoff)
		backoff = min(2*backoff, l.cfg.MaxBackoff)
	}
	return nil
}

// connection connects once, signs in and serves until the end. It reports
// whether the connection did anything for us, and why it ended.
func (l *Link) connection(ctx, hctx context.Context) (useful bool, err error) {
	l.connecting()
	s, err := l.open(ctx, hctx)
	if err != nil {
		return false, err
	}
	defer s.wait()
	if err := s.login(ctx); err != nil {
		s.fail(err)
		return false, err
	}
	l.count.logins.Add(1)
	l.current.Store(s)
	select {
	case <-l.rebind: // asked for while connecting: done
	default:
	}
	l.state.Store(&State{Up: true})
	l.cfg.Log.Info("carrier link is up")
	began := time.Now()
	select {
	case <-s.dead:
	case <-ctx.Done():
		l.current.Store(nil)
		s.part(l.cfg.Grace)
		s.fail(errStopped)
	}
	l.current.CompareAndSwap(s, nil)
	// A carrier that lets us in and throws us out at once is not a useful one:
	// connecting to it must back off.
	return s.answered.Load() > 0 || time.Since(began) > l.cfg.MaxBackoff, s.reason()
}

func (l *Link) open(ctx, hctx context.Context) (*session, error) {
	dctx, cancel := context.WithTimeout(ctx, l.cfg.LoginTimeout)
	defer cancel()
	conn, err := l.cfg.Dial(dctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the carrier: %w", err)
	}
	return newSession(l, conn, hctx), nil
}

// wait lets time pass before the next try, with jitter so that a city's
// gateways do not all knock at once when a carrier comes back.
func (l *Link) wait(ctx context.Context, why error, backoff time.Duration) {
	st := State{Reason: why.Error()}
	pause := backoff/2 + rand.N(backoff/2+1)
	var refused *Refused
	if errors.As(why, &refused) {
		st.Reason = refused.Words
		if refused.Halt {
			st.Halted = refused
			pause = l.cfg.HaltRetry
		}
	}
	var after <-chan time.Time
	if refused == nil || !refused.Halt || !refused.Final {
		t := time.NewTimer(pause)
		defer t.Stop()
		after, st.NextTry = t.C, time.Now().Add(pause)
	}
	l.state.Store(&st)
	l.cfg.Log.Warn("carrier link is down", "reason", st.Reason, "halted", st.Halted != nil, "next_try", st.NextTry)
	select {
	case <-after:
	case <-l.rebind:
	case <-ctx.Done():
	}
}

// connecting keeps the reason of the loss, or of a halt, in sight while the
// next try is made.
func (l *Link) connecting() {
	st := l.State()
	st.Up, st.NextTry = false, time.Time{}
	l.state.Store(&st)
}
