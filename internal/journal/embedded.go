package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// startLimit bounds the server's start when the caller gave no deadline. A store
// of a million subjects takes about 2 s; a damaged one is read through.
const startLimit = 2 * time.Minute

// embedded is the NATS server inside this process.
type embedded struct {
	srv *server.Server
	key nkeys.KeyPair // of the in-process connection; made at every start, never leaves the process
}

// startEmbedded starts the server and waits until its store is recovered.
func startEmbedded(ctx context.Context, c Config) (*embedded, error) {
	key, opts, err := serverSetup(c)
	if err != nil {
		return nil, err
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("start embedded nats: %w", err)
	}
	log := &natsLog{log: c.Log}
	srv.SetLoggerV2(log, false, false, false)
	go srv.Start() // returns once everything runs; Shutdown ends what it started
	if err := awaitServer(ctx, srv, log); err != nil {
		srv.Shutdown()
		return nil, err
	}
	if err := verifySync(srv, opts.StoreDir); err != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, err
	}
	return &embedded{srv: srv, key: key}, nil
}

// serverSetup makes the in-process connection's key and the server's options.
func serverSetup(c Config) (nkeys.KeyPair, *server.Options, error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return nil, nil, fmt.Errorf("start embedded nats: make a key: %w", err)
	}
	opts, err := serverOptions(c, key)
	return key, opts, err
}

func serverOptions(c Config, key nkeys.KeyPair) (*server.Options, error) {
	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("start embedded nats: %w", err)
	}
	opts := &server.Options{
		ServerName: "mingluo",
		JetStream:  true,
		StoreDir:   filepath.Join(c.Dir, "js"),
		SyncAlways: true,
		NoSigs:     true,
		DontListen: c.Listen == "",
		MaxPayload: maxPayload,
		// Each stream states its own limit (streams.go), and the free space is
		// checked before writing; the server's guess of three quarters of the disk
		// would refuse to start on a small one.
		JetStreamMaxStore:  sumLimits(),
		JetStreamMaxMemory: 64 << 20,
		Nkeys:              []*server.NkeyUser{{Nkey: public}},
	}
	if c.Listen == "" {
		return opts, nil
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("start embedded nats on %q: %w", c.Listen, err)
	}
	opts.Host = host
	if opts.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("start embedded nats on %q: the port is no number", c.Listen)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	return opts, allowLookers(opts)
}

// awaitServer waits until the server serves, the context ends, or the server
// says that it cannot (it would end the process; our logger keeps the reason).
func awaitServer(ctx context.Context, srv *server.Server, log *natsLog) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := log.fatal(); err != nil {
			return fmt.Errorf("start embedded nats: %w", err)
		}
		if srv.ReadyForConnections(5*time.Millisecond) && srv.JetStreamEnabled() {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("start embedded nats: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// verifySync reads back that the server syncs every write and stores where it
// was told to. Options can be overridden in more ways than one; what the running
// server says is what counts.
func verifySync(srv *server.Server, dir string) error {
	jc := srv.JetStreamConfig()
	if jc == nil {
		return errors.New("start embedded nats: jetstream is not running")
	}
	if !jc.SyncAlways {
		return errors.New("start embedded nats: the server does not sync every write; acknowledged warnings could be lost on power failure")
	}
	if filepath.Clean(jc.StoreDir) != filepath.Join(dir, "jetstream") {
		return fmt.Errorf("start embedded nats: the store lies in %s, want %s", jc.StoreDir, dir)
	}
	return nil
}

// connect opens the in-process connection: no socket, no port.
func (e *embedded) connect(c Config, back func()) (*nats.Conn, error) {
	public, err := e.key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("connect to embedded nats: %w", err)
	}
	nc, err := nats.Connect("", append(commonOptions(c.Log, back),
		nats.InProcessServer(e.srv), nats.Nkey(public, e.key.Sign))...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded nats: %w", err)
	}
	return nc, nil
}

// stop ends the server and waits for its store to be closed, at most until ctx
// ends.
func (e *embedded) stop(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.srv.Shutdown()
		e.srv.WaitForShutdown()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop embedded nats: %w", ctx.Err())
	}
}

// natsLog hands the server's lines to slog and keeps the reason when the server
// gives up: it must not end the process from within.
type natsLog struct {
	log *slog.Logger
	mu  sync.Mutex
	err error
}

func (l *natsLog) Noticef(f string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(f, v...)) }
func (l *natsLog) Warnf(f string, v ...any)   { l.log.Warn("nats: " + fmt.Sprintf(f, v...)) }
func (l *natsLog) Errorf(f string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l *natsLog) Debugf(string, ...any)      {}
func (l *natsLog) Tracef(string, ...any)      {}

func (l *natsLog) Fatalf(f string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = fmt.Errorf(f, v...)
}

func (l *natsLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
