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
// every write.
type monitors struct {
	urls   []string
	client *http.Client

	mu  sync.Mutex
	err error // what the last round found against the servers
}

func newMonitors(urls []string) *monitors {
	return &monitors{urls: urls, client: &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (m *monitors) found() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// check asks every server. One that does not sync is an error; of those that do
// not answer, fewer than half are tolerated (silent holds why), so that a service
// can start while one of three nodes is down.
func (m *monitors) check(ctx context.Context) (silent, err error) {
	answered, seen := 0, map[string]bool{}
	for _, u := range m.urls {
		id, e := m.ask(ctx, u)
		if errors.Is(e, errUnsynced) {
			err = errors.Join(err, e)
		} else if e != nil {
			silent = errors.Join(silent, e)
			continue
		}
		if seen[id] {
			err = errors.Join(err, fmt.Errorf("monitor %s: another address of the same server is given", u))
		}
		seen[id] = true
		answered++
	}
	if answered*2 <= len(m.urls) {
		err = errors.Join(err, fmt.Errorf("only %d of %d monitors answer: %w", answered, len(m.urls), silent))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	return silent, err
}

var errUnsynced = errors.New("acknowledged writes are not on its disk: set jetstream { sync_interval: always }")

// ask reads one server's /jsz and returns its id.
func (m *monitors) ask(ctx context.Context, base string) (id string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/jsz", nil)
	if err != nil {
		return "", fmt.Errorf("monitor %s: %w", base, err)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("monitor %s: %w", base, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("monitor %s: status %d, %v", base, resp.StatusCode, err)
	}
	return readJsz(base, body)
}

// readJsz reads a server's answer to /jsz.
func readJsz(base string, body []byte) (id string, err error) {
	var a struct {
		ID       string `json:"server_id"`
		Disabled bool   `json:"disabled"`
		Config   *struct {
			SyncAlways bool `json:"sync_always"`
		} `json:"config"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return "", fmt.Errorf("monitor %s: its answer cannot be read: %w", base, err)
	}
	if a.ID == "" || a.Config == nil {
		return "", fmt.Errorf("monitor %s: this is not the answer of a nats server", base)
	}
	if a.Disabled || !a.Config.SyncAlways {
		return a.ID, fmt.Errorf("monitor %s: %w", base, errUnsynced)
	}
	return a.ID, nil
}

// watchMonitors asks again every hour until the store closes. What it finds
// shows in [Store.Health].
func (s *Store) watchMonitors() {
	for pause(s.root, monitorEvery) == nil {
		silent, err := s.monitors.check(s.root)
		if silent != nil {
			s.log.Warn("a nats monitor does not answer", "err", silent)
		}
		if err != nil {
			s.log.Error("the record's servers are not safe", "err", err)
		}
	}
}
