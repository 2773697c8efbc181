package journal

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

// What the running server says counts, not what it was asked to be: options that
// were spoilt on the way are noticed before anything is written.
func TestT06SpoiltServerIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*server.Options){
		"does not sync every write": func(o *server.Options) { o.SyncAlways = false },
		"the store lies in":         func(o *server.Options) { o.StoreDir = t.TempDir() },
	} {
		dir := t.TempDir()
		c := Config{Dir: dir, AllowUnsafeStore: true, Log: quiet(t), tune: spoil}
		if s, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a server that %s: %v", name, err)
			if s != nil {
				closeStore(t, s)
			}
		}
		openStore(t, dir) // the folder was left free
	}
}

// A cluster's size, as its monitors tell it, decides how many copies there must
// be, and that everybody is asked.
func TestClusterSizeIsJudged(t *testing.T) {
	for _, c := range []struct {
		size, monitors, replicas int
		unsafe                   bool
		says                     string
	}{
		{size: 0, monitors: 1, replicas: 1},
		{size: 3, monitors: 3, replicas: 3},
		{size: 5, monitors: 5, replicas: 3},
		{size: 3, monitors: 3, replicas: 1, says: "too few replicas"},
		{size: 3, monitors: 3, replicas: 2, says: "too few replicas"},
		{size: 3, monitors: 3, replicas: 1, unsafe: true},
		{size: 3, monitors: 1, replicas: 3, says: "only 1 monitor urls"},
		{size: 0, monitors: 1, replicas: 3, says: "only 1 servers"},
		{size: 3, monitors: 3, replicas: 5, says: "only 3 servers"},
	} {
		m := &monitors{urls: make([]string, c.monitors), replicas: c.replicas, unsafe: c.unsafe}
		err := m.judgeSize(c.size)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// While we run an operator can change a stream by hand. The next round notices
// and health says so; a start puts right what an update can put right.
func TestChangedStreamIsNoticed(t *testing.T) {
	srv := startNATS(t, &server.Options{SyncAlways: true})
	conf := Config{URL: srv.ClientURL(), MonitorURLs: []string{monitorOf(srv)}}
	s := openExternal(t, conf)
	if err := s.checkServers(t.Context()); err != nil || s.Health(t.Context()) != nil {
		t.Fatalf("as it was made: %v, %v", err, s.Health(t.Context()))
	}
	for what, change := range map[string]func(*jetstream.StreamConfig){
		"acknowledging":        func(c *jetstream.StreamConfig) { c.NoAck = true },
		"discarding":           func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"publishing elsewhere": func(c *jetstream.StreamConfig) { c.RePublish = &jetstream.RePublish{Destination: "elsewhere.>"} },
		"limit of messages":    func(c *jetstream.StreamConfig) { c.MaxMsgs = 10 },
	} {
		st, err := s.js.Stream(t.Context(), alert.StreamOutcomes)
		if err != nil {
			t.Fatal(err)
		}
		cfg := st.CachedInfo().Config
		change(&cfg)
		if _, err := s.js.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := s.checkServers(t.Context()); err == nil || !strings.Contains(err.Error(), what) || s.Health(t.Context()) == nil {
			t.Errorf("%s was changed: %v", what, err)
		}
		if err := s.ensureStreams(t.Context()); err != nil {
			t.Errorf("%s was not put right: %v", what, err)
		}
	}
	if err := s.checkServers(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := compatible(jetstream.StreamConfig{Storage: jetstream.FileStorage, Replicas: 1}, jetstream.StreamConfig{Replicas: 3}); !errors.Is(err, errFewer) {
		t.Errorf("fewer replicas than configured: %v", err)
	}
}
