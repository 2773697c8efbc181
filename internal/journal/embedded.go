package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// startLimit bounds the server's start when the caller gave no deadline. A store
// of a million subjects takes about 2 s; a damaged one is read through.
const startLimit = 2 * time.Minute

// stopLimit bounds the end of a server that did not start.
const stopLimit = 5 * time.Second

// embedded is the NATS server inside this process. It is started anew when a
// full disk froze it (thaw.go), so who holds it asks for the one that runs.
type embedded struct {
	conf    Config
	key     nkeys.KeyPair // of the in-process connection; made at every start of the process, never leaves it
	running atomic.Pointer[server.Server]
	log     *natsLog
	// tune changes the server's options: for filling an empty store, which is
	// synced when it is whole, and for tests.
	tune func(*server.Options)
	bulk bool // a store being filled is not asked whether it syncs
}

// startEmbedded starts the server and waits until its store is recovered.
func startEmbedded(ctx context.Context, c Config) (*embedded, error) {
	e, err := newEmbedded(c)
	if err != nil {
		return nil, err
	}
	e.tune = c.tune
	if err := e.start(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

func newEmbedded(c Config) (*embedded, error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return nil, fmt.Errorf("start embedded nats: make a key: %w", err)
	}
	return &embedded{conf: c, key: key, log: newNATSLog(c.Log)}, nil
}

func (e *embedded) server() *server.Server { return e.running.Load() }

// InProcessConn lets the connection find the server that runs, also when it
// reconnects.
func (e *embedded) InProcessConn() (net.Conn, error) { return e.server().InProcessConn() }

func (e *embedded) start(ctx context.Context) error {
	opts, err := serverOptions(e.conf, e.key)
	if err != nil {
		return err
	}
	if e.tune != nil {
		e.tune(opts)
	}
	if err := e.needRoom(); err != nil {
		return fmt.Errorf("start embedded nats: %w", err)
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("start embedded nats: %w", err)
	}
	e.log.forget()
	srv.SetLoggerV2(e.log, false, false, false)
	go srv.Start() // returns once everything runs; Shutdown ends what it started
	if err = e.await(ctx, srv); err == nil && !e.bulk {
		err = verifySync(srv, storeDir(e.conf))
	}
	if err != nil {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		return errors.Join(err, end(bound, srv))
	}
	if a, ok := srv.Addr().(*net.TCPAddr); ok && e.conf.Listen != "" {
		e.conf.Listen = a.String() // the next start takes the same port
	}
	e.running.Store(srv)
	return nil
}

func storeDir(c Config) string { return filepath.Join(c.Dir, "js") }

func serverOptions(c Config, key nkeys.KeyPair) (*server.Options, error) {
	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("start embedded nats: %w", err)
	}
	opts := &server.Options{
		ServerName: "mingluo",
		JetStream:  true,
		StoreDir:   storeDir(c),
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

// await waits until the server serves, the context ends, or the server says that it
// cannot (it would end the process; our logger keeps the reason) or reads nothing
// any more.
func (e *embedded) await(ctx context.Context, srv *server.Server) error {
	still := &standstill{limit: cmp.Or(e.conf.stuck, stuckLimit), read: bytesRead}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := e.log.fatal(); err != nil {
			return fmt.Errorf("start embedded nats: %w", err)
		}
		if srv.ReadyForConnections(5*time.Millisecond) && srv.JetStreamEnabled() {
			return nil
		}
		if still.lasts(time.Now()) {
			return e.stuck(still.limit)
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
		nats.InProcessServer(e), nats.Nkey(public, e.key.Sign))...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded nats: %w", err)
	}
	return nc, nil
}

// stop ends the server and waits for its store to be closed, at most until ctx
// ends.
func (e *embedded) stop(ctx context.Context) error { return end(ctx, e.server()) }

// end shuts a server down. One that goes round in circles hears nothing and cannot
// be waited for: its goroutine ends with the process.
func end(ctx context.Context, srv *server.Server) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Shutdown()
		srv.WaitForShutdown()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop embedded nats: %w", ctx.Err())
	}
}
