package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Store is the open record. It is safe for use by many goroutines.
type Store struct {
	conf Config
	log  *slog.Logger
	lock *os.File
	emb  *embedded // nil with an external NATS
	ice  ice
	nc   *nats.Conn
	link link
	// monitors of an external NATS; nil when it is embedded or none are given
	monitors *monitors
	js       jetstream.JetStream

	healing healings // of the journal's stream

	batchName string        // this process's part of the batches' ids
	batchNo   atomic.Uint64 // the other part
	batches   chan struct{} // one token per atomic batch in flight

	root   context.Context // ends when the store closes
	cancel context.CancelFunc
	owned  sync.WaitGroup // goroutines of the store and its books

	closing sync.Mutex
	closed  bool
	result  error
}

// maxBatches bounds the atomic batches that this process has in flight; the
// server takes 50 per stream and forgets what is beyond.
const maxBatches = 16

// Open takes the folder's lock, starts or reaches NATS and makes sure of the
// streams. It refuses an unsafe folder unless told otherwise ([CheckGround]), a
// folder that another process owns (a [*LockedError]), a server that does not
// sync, and streams that an update cannot put right.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := unsafeGround(CheckGround(c.Dir)); err != nil && !c.AllowUnsafeStore {
		return nil, fmt.Errorf("open record: %w", err)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open record: %w", err)
	}
	if err := checkFinished(c.Dir); err != nil && !c.Restoring {
		return nil, err
	}
	s := newStore(c)
	if err := s.open(ctx); err != nil {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return nil, errors.Join(err, s.Close(bound))
	}
	return s, nil
}

func newStore(c Config) *Store {
	s := &Store{conf: c, log: c.Log, batches: make(chan struct{}, maxBatches), batchName: nuid.Next()[14:]}
	s.root, s.cancel = context.WithCancel(context.Background())
	return s
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.lock, err = lockFolder(s.conf.Dir); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	if s.js, err = jetstream.New(s.nc, jetstream.WithDefaultTimeout(ackWait)); err != nil {
		return fmt.Errorf("open record: %w", err)
	}
	if err := s.ensureStreams(ctx); err != nil {
		return err
	}
	if s.emb != nil {
		if err := s.tellTorn(ctx); err != nil {
			return err
		}
		s.owned.Go(s.watchIce)
	}
	return s.freeTasks(ctx)
}

func (s *Store) connect(ctx context.Context) (err error) {
	if !s.conf.embedded() {
		return s.connectExternal(ctx)
	}
	if s.emb, err = startEmbedded(ctx, s.conf); err != nil {
		return err
	}
	if s.nc, err = s.emb.connect(s.conf, s.link.renew); err != nil {
		return err
	}
	return nil
}

func (s *Store) connectExternal(ctx context.Context) (err error) {
	var asked round
	if len(s.conf.MonitorURLs) > 0 {
		s.monitors = newMonitors(s.conf)
		if asked, err = s.monitors.check(ctx); err != nil {
			return fmt.Errorf("open record: %w", err)
		}
		if asked.silent != nil {
			s.log.Warn("a nats monitor does not answer", "err", asked.silent)
		}
	}
	if s.nc, err = dialExternal(s.conf, s.link.renew); err != nil || s.monitors == nil {
		return err
	}
	if err := asked.knows(s.nc.ConnectedServerId()); err != nil {
		return fmt.Errorf("open record: %w", err)
	}
	s.owned.Go(s.watchMonitors)
	return nil
}

// Close ends the followers, the connection and the server, in this order, and
// gives the lock back last. It may be called more than once. When ctx ends before
// the server has closed its files the lock stays with the process, so that
// nobody opens a store that is still being written.
func (s *Store) Close(ctx context.Context) error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return s.result
	}
	s.closed = true
	s.result = s.close(ctx)
	return s.result
}

func (s *Store) close(ctx context.Context) error {
	s.cancel()
	if err := await(ctx, &s.owned); err != nil {
		return fmt.Errorf("close record: followers: %w", err)
	}
	if s.nc != nil {
		s.nc.Close()
	}
	if s.emb != nil {
		if err := s.emb.stop(ctx); err != nil {
			return err
		}
	}
	if s.lock == nil {
		return nil
	}
	if err := s.lock.Close(); err != nil { // closing the file gives the lock back
		return fmt.Errorf("close record: give the lock back: %w", err)
	}
	return nil
}

// await waits for the goroutines of g, at most until ctx ends.
func await(ctx context.Context, g *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { g.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ClientURL is where the nats command line reaches the record; empty for an
// embedded server that does not listen.
func (s *Store) ClientURL() string {
	if s.emb == nil {
		return s.conf.URL
	}
	if s.conf.Listen == "" {
		return ""
	}
	return s.emb.server().ClientURL()
}

// nextBatch returns an id that no other batch has. It is stored with every
// message, so it is short.
func (s *Store) nextBatch() string {
	return s.batchName + strconv.FormatUint(s.batchNo.Add(1), 36)
}
