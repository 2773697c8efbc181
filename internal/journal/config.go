package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
)

// headroom is what a message may be larger than the largest event: headers with
// the expected sequences and the batch's id, and the subject.
const headroom = 16 << 10

// maxPayload is the embedded server's limit for one message, headers included.
const maxPayload = alert.MaxEventBytes + headroom

// Config says where the record lies and how to reach it.
type Config struct {
	// Dir is the data folder. It holds DIR/lock, DIR/js (the embedded server's
	// store) and DIR/admin.sock. It is needed with an external NATS too: the lock
	// and the socket live there.
	Dir string

	// URL names an external NATS ("tls://nats-1:4222,tls://nats-2:4222"). Empty:
	// a server is embedded and reached without a socket.
	URL string

	// Credentials for the external NATS, all optional. CredentialsFile is a .creds
	// file (JWT and seed), NKeyFile a seed; CAFile, CertFile and KeyFile are PEM.
	CredentialsFile string
	NKeyFile        string
	CAFile          string
	CertFile        string
	KeyFile         string

	// MonitorURLs are the monitoring addresses of the external servers, one each
	// ("http://10.0.0.1:8222"). They are asked at start and hourly whether every
	// write is synced, and needed for an external NATS unless AllowUnsafeStore.
	MonitorURLs []string

	// Listen opens the embedded server to the nats command line, for looking only,
	// on a loopback address such as "127.0.0.1:4222". Empty: no port at all.
	Listen string

	// Replicas of every stream: 1 (the default) embedded, 3 in a cluster.
	Replicas int

	// TaskWait is how long a worker may be silent before its task is given to
	// another; 30 s when left out. All processes of an installation say the same.
	TaskWait time.Duration

	// AllowUnsafeStore lets tests, drills and benchmarks use a folder in which
	// acknowledged writes may not survive (see [CheckGround]). Writes are synced
	// all the same.
	AllowUnsafeStore bool

	// Restoring opens a folder whose restore has not ended; for the restore only.
	Restoring bool

	// Log receives the server's and the store's own lines. Nil discards them.
	Log *slog.Logger

	// stuck replaces stuckLimit in tests.
	stuck time.Duration

	// tune lets a test spoil the embedded server's options.
	tune func(*server.Options)
}

func (c Config) embedded() bool { return c.URL == "" }

// withDefaults fills in what was left out and refuses what cannot work.
func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("open record: no data folder given")
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.TaskWait == 0 {
		c.TaskWait = defaultTaskWait
	}
	if c.Replicas < 1 || c.Replicas > 5 {
		return c, fmt.Errorf("open record: %d replicas, want 1 to 5", c.Replicas)
	}
	if c.embedded() && c.Replicas != 1 {
		return c, fmt.Errorf("open record: %d replicas, but the embedded server is alone: give nats.url or 1", c.Replicas)
	}
	if c.Listen != "" {
		if !c.embedded() {
			return c, errors.New("open record: a listening address is for the embedded server, but an external NATS is given")
		}
		if err := loopback(c.Listen); err != nil {
			return c, err
		}
	}
	if !c.embedded() && len(c.MonitorURLs) == 0 && !c.AllowUnsafeStore {
		return c, errors.New("open record: an external NATS is given without its monitor urls; without them nobody can see whether it syncs every write")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// loopback refuses addresses that other machines can reach: the port has no
// password.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("open record: listen on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("open record: listen on %q: only a loopback address, such as 127.0.0.1:4222: this port asks nobody for a password", addr)
	}
	return nil
}
