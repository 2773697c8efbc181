package shared

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// ACL is what the service's user may do, in the words of a Redis user file:
//
//	user default off
//	user mingluo on #<sha-256 of the password> <ACL>
//
// It reaches its own keys only, and can neither flush, configure nor script.
const ACL = "resetchannels resetkeys ~mingluo:* -@all +ping +hello +auth +select +get +set +incr +incrby +pexpire +del " +
	"+hset +hdel +hmget +hgetall +watch +unwatch +multi +exec +discard +asking +cluster|slots +cluster|shards"

// keyPrefix is in front of every key.
const keyPrefix = "mingluo:"

// Config is where Redis is.
type Config struct {
	// URL is redis://host:6379, rediss:// with TLS, or unix:///path/to/socket. A
	// cluster is given by naming a second node at least:
	// redis://host1:6379?addr=host2:6379&addr=host3:6379.
	URL string
	// Username and Password take the place of those in the URL.
	Username string
	Password string
	// Space separates services that use the same Redis; it may be empty.
	Space string
	// TLS is for rediss://; nil trusts the system's authorities.
	TLS *tls.Config
	// Timeout bounds one command and one dial; 0 is 500 ms. A slice of a fan-out
	// waits this long before it goes without Redis.
	Timeout time.Duration
	Log     *slog.Logger
}

var (
	_ Leases  = (*Redis)(nil)
	_ Rates   = (*Redis)(nil)
	_ Cache   = (*Redis)(nil)
	_ Lookup  = (*Redis)(nil)
	_ Buckets = (*Redis)(nil)
)

const defaultTimeout = 500 * time.Millisecond

// Redis is an open connection pool. It may be used from any goroutine.
type Redis struct {
	c      redis.UniversalClient
	prefix string // of every key
}

// ErrRefused: Redis is there and does not let us in, or not do what we have to.
// That does not pass by itself.
var ErrRefused = errors.New("redis refuses us: look at the user, the password and the rights")

// Open checks the configuration and makes the pool. A Redis that does not
// answer, or refuses us, is no error, since everybody has another way: it is
// logged, and [Redis.Health] tells.
func Open(ctx context.Context, c Config) (*Redis, error) {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	prefix := keyPrefix
	if c.Space != "" {
		if err := checkName(c.Space); err != nil {
			return nil, fmt.Errorf("redis space: %w", err)
		}
		prefix += c.Space + ":"
	}
	client, err := newClient(c)
	if err != nil {
		return nil, err
	}
	r := &Redis{c: client, prefix: prefix}
	if err := r.Health(ctx); err != nil {
		c.Log.Error("redis does not answer; the service goes on without it", "err", err)
	}
	return r, nil
}

func newClient(c Config) (redis.UniversalClient, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("redis url: it cannot be read") // the library's error would quote the password
	}
	if u.Query().Has("addr") {
		return newCluster(c)
	}
	o, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("redis url: %s", hide(err, u))
	}
	if c.Password != "" {
		o.Username, o.Password = c.Username, c.Password
	}
	if c.TLS != nil && o.TLSConfig != nil {
		o.TLSConfig = c.TLS
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = c.Timeout, c.Timeout, c.Timeout, c.Timeout
	o.DialerRetries, o.MaxRetries = 1, 1
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}

func newCluster(c Config) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(c.URL)
	if err != nil {
		u, _ := url.Parse(c.URL)
		return nil, fmt.Errorf("redis cluster url: %s", hide(err, u))
	}
	if c.Password != "" {
		o.Username, o.Password = c.Username, c.Password
	}
	if c.TLS != nil && o.TLSConfig != nil {
		o.TLSConfig = c.TLS
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = c.Timeout, c.Timeout, c.Timeout, c.Timeout
	o.DialerRetries, o.MaxRedirects = 1, 3
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.DisableRoutingPolicies = true // they would ask for the table of commands, and ours have one key each
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClusterClient(o), nil
}

// hide returns an error's text without the URL's password.
func hide(err error, u *url.URL) string {
	text := err.Error()
	if password, ok := u.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "***")
	}
	return text
}

// Health asks every node that may write whether it is there.
func (r *Redis) Health(ctx context.Context) error {
	var err error
	if cluster, ok := r.c.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return node.Ping(ctx).Err() })
	} else {
		err = r.c.Ping(ctx).Err()
	}
	if redis.IsAuthError(err) || redis.IsPermissionError(err) {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("ask redis whether it is there: %w", err)
	}
	return nil
}

// Close ends the connections.
func (r *Redis) Close() error {
	if err := r.c.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// LogTo sends what the client library says to a logger. The library has one for
// the whole process, so main calls this once.
func LogTo(log *slog.Logger) { redis.SetLogger(libraryLog{log}) }

type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.InfoContext(ctx, "redis client", "says", fmt.Sprintf(format, v...))
}
