package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"mingluo/internal/shared"
)

// RedisConfig is the Redis that the processes of one service share. It holds
// nothing that cannot be rebuilt, so a service runs without it, and goes on
// when it is lost.
type RedisConfig struct {
	URLs         []string `toml:"urls"` // none: there is no Redis; several: the nodes of one cluster
	Username     string   `toml:"username"`
	PasswordFile string   `toml:"password_file"`
	CA           string   `toml:"ca"`    // PEM file
	Space        string   `toml:"space"` // in front of every key
}

// validate says everything that is wrong. It never quotes a URL that may hold a
// password.
func (c RedisConfig) validate() (errs []error) {
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if len(c.URLs) == 0 {
		if c.Username != "" || c.PasswordFile != "" || c.CA != "" || c.Space != "" {
			bad("redis.urls: missing; the other settings of redis mean nothing without it")
		}
		return errs
	}
	schemes := map[string]bool{}
	for i, text := range c.URLs {
		u, err := url.Parse(text)
		if err != nil {
			bad("redis.urls[%d]: cannot be read as a URL", i)
			continue
		}
		schemes[u.Scheme] = true
		if why := wrongRedis(u, len(c.URLs) > 1); why != "" {
			bad("redis.urls[%d] %s: %s", i, u.Redacted(), why)
		}
	}
	if len(schemes) > 1 {
		bad("redis.urls: the nodes of one cluster are all redis:// or all rediss://")
	}
	if c.CA != "" && !schemes["rediss"] {
		bad("redis.ca: only rediss:// uses it")
	}
	if c.Username != "" && c.PasswordFile == "" {
		bad("redis.password_file: missing for the user in redis.username")
	}
	if strings.Trim(c.Space, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(c.Space) > 32 {
		bad("redis.space %q: want at most 32 small letters, digits and hyphens", c.Space)
	}
	return errs
}

// wrongRedis says what is wrong with one address; "" when nothing is.
func wrongRedis(u *url.URL, cluster bool) string {
	switch {
	case u.RawQuery != "" || u.Fragment != "":
		return "want no ? and no #; the nodes of a cluster are listed"
	case u.Scheme == "unix" && cluster:
		return "a cluster is not reached by a socket"
	case u.Scheme == "unix":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return "want unix:/// and the path of the socket"
		}
		return ""
	case u.Scheme != "redis" && u.Scheme != "rediss":
		return "want redis://, rediss:// or unix://"
	case u.Hostname() == "":
		return "the host is missing"
	}
	db := strings.Trim(u.Path, "/")
	if _, err := strconv.ParseUint(db, 10, 8); db != "" && (err != nil || cluster) {
		return "want nothing behind the host, or the number of a database (not in a cluster)"
	}
	return ""
}

// Where names the Redis for people: hosts or socket, never the password.
func (c RedisConfig) Where() string {
	var all []string
	for _, text := range c.URLs {
		if u, err := url.Parse(text); err == nil && u.Scheme == "unix" {
			all = append(all, u.Path)
		} else if err == nil {
			all = append(all, u.Host)
		}
	}
	return strings.Join(all, "、")
}

// open reads the files that the settings name.
func (c RedisConfig) open() (shared.Config, error) {
	out := shared.Config{URL: c.joined(), Username: c.Username, Space: c.Space}
	if c.PasswordFile != "" {
		b, err := readSecretFile(c.PasswordFile)
		if err != nil {
			return out, fmt.Errorf("redis.password_file: %w", err)
		}
		out.Password = strings.TrimRight(string(b), "\r\n")
		if out.Password == "" {
			return out, fmt.Errorf("redis.password_file: %s is empty", c.PasswordFile)
		}
	}
	if c.CA == "" {
		return out, nil
	}
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return out, fmt.Errorf("redis.ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return out, fmt.Errorf("redis.ca: %s holds no certificate in PEM", c.CA)
	}
	out.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return out, nil
}

// joined is the list in the form that package shared reads: the further nodes
// of a cluster stand behind the first as addr=.
func (c RedisConfig) joined() string {
	first := c.URLs[0]
	if len(c.URLs) == 1 {
		return first
	}
	more := url.Values{}
	for _, text := range c.URLs[1:] {
		if u, err := url.Parse(text); err == nil {
			port := u.Port()
			if port == "" {
				port = "6379"
			}
			more.Add("addr", net.JoinHostPort(u.Hostname(), port))
		}
	}
	return first + "?" + more.Encode()
}

// readSecretFile reads a small file that others must not be able to read.
func readSecretFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case info.Mode().Perm()&0o007 != 0:
		return nil, fmt.Errorf("%s holds a secret but everybody can read it: chmod 640 %s", path, path)
	case info.Size() > 4096:
		return nil, errors.New("a secret of more than 4096 bytes")
	}
	return os.ReadFile(path)
}
