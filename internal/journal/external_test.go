package journal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// startNATS starts a server of its own, as an operator would run it.
func startNATS(t *testing.T, opts *server.Options) *server.Server {
	t.Helper()
	opts.Host, opts.JetStream, opts.NoSigs = "127.0.0.1", true, true
	opts.HTTPHost, opts.HTTPPort = "127.0.0.1", server.RANDOM_PORT
	if opts.StoreDir == "" {
		opts.StoreDir = t.TempDir()
	}
	opts.JetStreamMaxStore = sumLimits()
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not serve")
	}
	return srv
}

func monitorOf(srv *server.Server) string { return "http://" + srv.MonitorAddr().String() }

func openExternal(t *testing.T, c Config) *Store {
	t.Helper()
	c.Dir, c.AllowUnsafeStore, c.Log = t.TempDir(), true, quiet(t)
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

// An external server that does not sync is refused before anything is written to
// it, and so is one that nobody can ask.
func TestUnsyncedServerIsRefused(t *testing.T) {
	good := startNATS(t, &server.Options{SyncAlways: true})
	bad := startNATS(t, &server.Options{})
	open := func(urls ...string) error {
		s, err := Open(t.Context(), Config{Dir: t.TempDir(), AllowUnsafeStore: true, URL: good.ClientURL(), MonitorURLs: urls})
		if err == nil {
			closeStore(t, s)
		}
		return err
	}
	if err := open(monitorOf(bad)); !errors.Is(err, errUnsynced) {
		t.Errorf("one that does not sync: %v", err)
	}
	if err := open(monitorOf(good), monitorOf(bad)); !errors.Is(err, errUnsynced) {
		t.Errorf("one of two does not sync: %v", err)
	}
	if err := open("http://127.0.0.1:1"); err == nil {
		t.Error("nobody answers, and it was opened")
	}
	if err := open(monitorOf(good), monitorOf(good)); err == nil {
		t.Error("one server counted as two")
	}
	if err := open(monitorOf(good)); err != nil {
		t.Errorf("one that syncs: %v", err)
	}
	if err := verifySync(bad, bad.StoreDir()); err == nil {
		t.Error("an embedded server that does not sync passed")
	}
	if err := open(monitorOf(startNATS(t, &server.Options{SyncAlways: true}))); err == nil {
		t.Error("another server than the one behind the address is monitored, and it was opened")
	}
	c := Config{Dir: t.TempDir(), URL: good.ClientURL()}
	if _, err := c.withDefaults(); err == nil {
		t.Error("an external server without monitors passed")
	}
}

// The record's server goes away and comes back: nothing is acknowledged meanwhile,
// the officer is told at once, and the followers go on where they were.
func TestServerComesBack(t *testing.T) {
	opts := &server.Options{SyncAlways: true, StoreDir: t.TempDir()}
	srv := startNATS(t, opts)
	port := srv.Addr().(*net.TCPAddr).Port
	s := openExternal(t, Config{URL: srv.ClientURL(), MonitorURLs: []string{monitorOf(srv)}})
	b := openBook(t, s)
	appendAll(t, b, keySet(t, "before"))

	var mu sync.Mutex
	var heard []uint64
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- s.Follow(ctx, alert.StreamAnswers, "", 1, func(r alert.Record) error {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, r.Seq)
			return nil
		})
	}()
	has := func(n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(heard) >= n }
	}
	put := func() error {
		_, err := s.Put(t.Context(), alert.Put{Subject: "answer.a", Data: []byte("x")})
		return err
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first message", has(1))

	srv.Shutdown()
	srv.WaitForShutdown()
	eventually(t, "health is red", func() bool { return s.Health(t.Context()) != nil })
	began := time.Now()
	if _, err := b.Do(t.Context(), always(keySet(t, "meanwhile"))); err == nil || errors.Is(err, alert.ErrUnknown) {
		t.Errorf("an act while nobody is there: %v", err)
	}
	if waited := time.Since(began); waited > 2*time.Second {
		t.Errorf("the officer waited %v for it", waited)
	}

	startNATS(t, &server.Options{SyncAlways: true, StoreDir: opts.StoreDir, Port: port})
	eventually(t, "it is written again", func() bool { return put() == nil })
	if err := put(); err != nil {
		t.Error(err)
	}
	eventually(t, "the followers go on", has(3))
	if seq := appendAll(t, b, keySet(t, "after")); seq != 2 {
		t.Errorf("the next act is number %d: what was refused came after all", seq)
	}
	cancel()
	<-done
	mu.Lock()
	defer mu.Unlock()
	for i, seq := range heard {
		if seq != uint64(i+1) {
			t.Errorf("heard %v", heard)
			break
		}
	}
	if err := s.Health(t.Context()); err != nil {
		t.Errorf("health afterwards: %v", err)
	}
}

// An append without an answer is looked for: there, surely not there, or unknown.
func TestUnansweredAppendIsLookedFor(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := openBook(t, s)
	d, err := b.decide(always(keySet(t, "one")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.readBack(t.Context(), d, alert.ErrUnknown); !errors.Is(err, alert.ErrUnknown) {
		t.Errorf("nothing there yet: %v", err)
	}
	publishRaw(t, s, d.msgs[0].Subject, d.msgs[0].Data)
	if seq, err := b.readBack(t.Context(), d, alert.ErrUnknown); seq != 1 || err != nil {
		t.Errorf("it is there: %d, %v", seq, err)
	}
	other, err := draftOn(0, keySet(t, "other"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.readBack(t.Context(), other, alert.ErrUnknown); !errors.Is(err, alert.ErrStale) {
		t.Errorf("another is in its place: %v", err)
	}
}

func draftOn(head uint64, events ...alert.Event) (draft, error) {
	d := draft{head: head}
	return d, d.chain(alert.GenesisHash, events)
}

// Three servers, three replicas, two processes: the same promises, with the codes
// and the delays of a replicated stream.
func TestClusterKeepsThePromises(t *testing.T) {
	if testing.Short() {
		faulttest.Skip(t, "three servers: an election takes seconds, and -short was given")
	}
	urls, mons := startCluster(t, 3)
	conf := Config{URL: urls, MonitorURLs: mons, Replicas: 3}
	first, second := openExternal(t, conf), openExternal(t, conf)
	a, b := openBook(t, first), openBook(t, second)
	var wg sync.WaitGroup
	for n, book := range []*Book{a, b} {
		wg.Go(func() {
			for i := range 15 {
				appendAll(t, book, reached(t, fmt.Sprintf("m%d-%d", n, i)), keySet(t, "x"))
			}
		})
	}
	wg.Wait()
	for _, book := range []*Book{a, b} {
		if seq, err := book.Wait(t.Context(), 59); seq != 60 || err != nil {
			t.Errorf("head %d, %v", seq, err)
		}
	}
	if snapshot(t, a) != snapshot(t, b) {
		t.Error("two processes show different states")
	}
	if _, err := b.Do(t.Context(), always(reached(t, "m0-0"))); !errors.Is(err, alert.ErrTaken) {
		t.Errorf("a milestone that stands: %v", err)
	}
	var subjects []string
	for i := range 50 {
		subjects = append(subjects, fmt.Sprintf("task.sms.n1.1.%04x-%04x.1", i, i))
	}
	if n, err := first.PutTasks(t.Context(), subjects[:20]); n != 20 || err != nil {
		t.Errorf("put %d, %v", n, err)
	}
	if n, err := second.PutTasks(t.Context(), subjects); n != 30 || err != nil {
		t.Errorf("put %d, %v; want the other 30", n, err)
	}
	// What one process wrote the other reads at once, whichever replica answers.
	for i := range 30 {
		seq, err := first.Put(t.Context(), alert.Put{Subject: "tally.n1.1.sms.x", Data: []byte(strconv.Itoa(i))})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := second.Get(t.Context(), "tally.n1.1.sms.x"); err != nil || r.Seq != seq {
			t.Errorf("wrote %d, read %d, %v", seq, r.Seq, err)
		}
		n := 0
		if _, err := second.Scan(t.Context(), alert.StreamTallies, "", seq, func(alert.Record) error { n++; return nil }); n != 1 || err != nil {
			t.Errorf("wrote %d, scanned %d messages, %v", seq, n, err)
		}
	}
	if _, err := first.Put(t.Context(), alert.Put{Subject: "tally.n1.1.sms.x", ExpectSubject: seqOf(1)}); !errors.Is(err, alert.ErrStale) {
		t.Errorf("a stale tally: %v", err)
	}
}

// startCluster starts n servers that know each other and returns their client
// addresses, joined, and their monitors.
func startCluster(t *testing.T, n int) (urls string, mons []string) {
	t.Helper()
	var routes []*url.URL
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		l.Close()
	}
	var servers []*server.Server
	for i := range n {
		servers = append(servers, startNATS(t, &server.Options{
			ServerName: "n" + strconv.Itoa(i), SyncAlways: true, Routes: routes,
			Cluster: server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: ports[i]},
		}))
	}
	for i, srv := range servers {
		if i > 0 {
			urls += ","
		}
		urls += srv.ClientURL()
		mons = append(mons, monitorOf(srv))
	}
	eventually(t, "a leader and all peers", func() bool {
		for _, srv := range servers {
			if srv.JetStreamIsLeader() && len(srv.JetStreamClusterPeers()) == n {
				return true
			}
		}
		return false
	})
	return urls, mons
}
