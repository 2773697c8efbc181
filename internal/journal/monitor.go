package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// monitorEvery is how often an external NATS is asked again whether it still
// syncs: a server can be restarted with other settings at any time.
const monitorEvery = time.Hour

// monitors ask an external NATS what a plain client cannot see: whether it syncs
// every write, where it stores, how many servers there are.
type monitors struct {
	urls     []string
	replicas int  // what the configuration asks of every stream
	unsafe   bool // tests: any store, any number of replicas
	client   *http.Client

	mu  sync.Mutex
	err error // what the last round found against the servers
}

func newMonitors(c Config) *monitors {
	return &monitors{urls: c.MonitorURLs, replicas: c.Replicas, unsafe: c.AllowUnsafeStore, client: &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (m *monitors) found() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

func (m *monitors) note(err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	return err
}

// round is what the servers answered when all were asked.
type round struct {
	servers map[string]bool // ids of those that answered
	silent  error           // why the others did not
	size    int             // servers in the cluster; 0 when there is none
}

// check asks every server. What speaks against one is an error; of those that do
// not answer, fewer than half are tolerated, so that a service can start while
// one of three nodes is down.
func (m *monitors) check(ctx context.Context) (r round, err error) {
	r.servers = map[string]bool{}
	for _, u := range m.urls {
		a, e := m.ask(ctx, u)
		if e != nil {
			r.silent = errors.Join(r.silent, e)
			continue
		}
		if r.servers[a.id] {
			err = errors.Join(err, fmt.Errorf("monitor %s: another address of the same server is given", u))
		}
		if e := m.judge(a); e != nil {
			err = errors.Join(err, fmt.Errorf("monitor %s: %w", u, e))
		}
		r.servers[a.id], r.size = true, max(r.size, a.size)
	}
	if n := len(r.servers); n*2 <= len(m.urls) {
		err = errors.Join(err, fmt.Errorf("only %d of %d monitors answer: %w", n, len(m.urls), r.silent))
	} else {
		err = errors.Join(err, m.judgeSize(r.size))
	}
	return r, m.note(err)
}

var (
	errUnsynced = errors.New("acknowledged writes are not on its disk: set jetstream { sync_interval: always }")
	errFewer    = errors.New("too few replicas")
)

// judge says what speaks against one server.
func (m *monitors) judge(a jsz) error {
	if !a.synced {
		return errUnsynced
	}
	if t := temporary(a.store); t != "" && !m.unsafe { // a remote folder: only its name is known
		return fmt.Errorf("it stores in %s, in the temporary folder %s: set jetstream { store_dir }", a.store, t)
	}
	return nil
}

// judgeSize says what speaks against a cluster of so many servers.
func (m *monitors) judgeSize(size int) error {
	switch {
	case size > len(m.urls):
		return fmt.Errorf("the cluster has %d servers, but only %d monitor urls are given: name every one in nats.monitor_urls", size, len(m.urls))
	case m.replicas > max(size, 1):
		return fmt.Errorf("nats.replicas is %d, but there are only %d servers", m.replicas, max(size, 1))
	case size >= clusterReplicas && m.replicas < clusterReplicas && !m.unsafe:
		return fmt.Errorf("%w: the cluster has %d servers, but nats.replicas is %d: one broken disk would lose the record; set it to %d", errFewer, size, m.replicas, clusterReplicas)
	}
	return nil
}

// clusterReplicas is how many copies a cluster keeps: two may not agree when one
// of them is gone.
const clusterReplicas = 3

// knows refuses a server that none of the monitors belongs to.
func (r round) knows(id string) error {
	if r.silent == nil && !r.servers[id] {
		return fmt.Errorf("the server behind nats.url (%s) is none of those in nats.monitor_urls, so nobody knows whether it syncs", id)
	}
	return nil
}

// jsz is what a server says of itself.
type jsz struct {
	id     string
	synced bool
	store  string // its folder
	size   int    // servers of its cluster; 0 when it stands alone
}

// ask reads one server's /jsz.
func (m *monitors) ask(ctx context.Context, base string) (jsz, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/jsz", nil)
	if err != nil {
		return jsz{}, fmt.Errorf("monitor %s: %w", base, err)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return jsz{}, fmt.Errorf("monitor %s: %w", base, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return jsz{}, fmt.Errorf("monitor %s: status %d, %v", base, resp.StatusCode, err)
	}
	a, err := readJsz(body)
	if err != nil {
		return jsz{}, fmt.Errorf("monitor %s: %w", base, err)
	}
	return a, nil
}

// readJsz reads a server's answer to /jsz.
func readJsz(body []byte) (jsz, error) {
	var a struct {
		ID       string `json:"server_id"`
		Disabled bool   `json:"disabled"`
		Config   *struct {
			SyncAlways bool   `json:"sync_always"`
			StoreDir   string `json:"store_dir"`
		} `json:"config"`
		Meta struct {
			Size int `json:"cluster_size"`
		} `json:"meta_cluster"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return jsz{}, fmt.Errorf("its answer cannot be read: %w", err)
	}
	if a.ID == "" || a.Config == nil {
		return jsz{}, errors.New("this is not the answer of a nats server")
	}
	return jsz{id: a.ID, synced: a.Config.SyncAlways && !a.Disabled, store: a.Config.StoreDir, size: max(a.Meta.Size, 0)}, nil
}

// watchMonitors asks again every hour until the store closes. What it finds
// shows in [Store.Health].
func (s *Store) watchMonitors() {
	for pause(s.root, monitorEvery) == nil {
		if err := s.checkServers(s.root); err != nil && s.root.Err() == nil {
			s.log.Error("the record's servers are not safe", "err", err)
		}
	}
}

// checkServers asks all monitors, and the record whether its streams are still as
// they were made: an operator can change both while we run.
func (s *Store) checkServers(ctx context.Context) error {
	r, err := s.monitors.check(ctx)
	if r.silent != nil {
		s.log.Warn("a nats monitor does not answer", "err", r.silent)
	}
	if s.nc != nil && s.nc.IsConnected() {
		err = errors.Join(err, r.knows(s.nc.ConnectedServerId()), s.checkStreams(ctx))
	}
	return s.monitors.note(err)
}
