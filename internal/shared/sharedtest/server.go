// Package sharedtest starts real redis-servers for tests, one ([Start]), one with
// an operator's file ([StartFile]) or with TLS ([StartTLS]), or a cluster of three
// ([StartCluster]), brings about what happens to them (killed,
// frozen, flushed, set back), and holds everything that package shared promises
// to the promise ([Exercise]).
package sharedtest

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mingluo/internal/faulttest"
	"mingluo/internal/shared"
)

const (
	user     = "mingluo"
	password = "a-password-for-tests-only"
	ready    = 10 * time.Second // a loaded machine starts slowly
)

// Server is a running redis-server that keeps nothing unless told to
// ([Server.Save]). The service's user has the rights of [shared.ACL] and no more.
type Server struct {
	t       testing.TB
	dir     string
	network string // of the address that tests give their orders at
	addr    string
	args    []string
	// operator is the user as whom orders are given; "" is the default one.
	operator string
	cmd      *exec.Cmd
	ended    chan struct{} // closed when the process is gone
}

// Start starts a server on a socket in a folder of its own; it ends with the
// test. The test is skipped where there is no redis-server.
func Start(t testing.TB) *Server {
	t.Helper()
	dir := folder(t)
	s := &Server{t: t, dir: dir, network: "unix", addr: filepath.Join(dir, "s")}
	s.args = append(common(t, dir), "--port", "0", "--unixsocket", s.addr)
	s.Restart()
	return s
}

// folder makes a short path: a socket's may have 107 bytes.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func binary(t testing.TB) string {
	t.Helper()
	return faulttest.Tool(t, "everything with Redis", "redis-server")
}

// common writes the user file and returns the arguments that all servers have.
func common(t testing.TB, dir string) []string {
	t.Helper()
	acl := filepath.Join(dir, "users.acl")
	users := fmt.Sprintf("user default on nopass ~* &* +@all\nuser %s on >%s %s\n", user, password, shared.ACL)
	if err := os.WriteFile(acl, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--dir", dir, "--save", "", "--appendonly", "no", "--aclfile", acl, "--daemonize", "no",
		"--maxmemory-policy", "noeviction", "--logfile", filepath.Join(dir, "log"), "--repl-diskless-sync-delay", "0"}
}

// Config is how the service reaches the server.
func (s *Server) Config() shared.Config {
	url := "redis://" + s.addr
	if s.network == "unix" {
		url = "unix://" + s.addr
	}
	return shared.Config{URL: url, Username: user, Password: password, Log: slog.New(slog.DiscardHandler)}
}

// Open opens the server as the service does, until the test ends.
func (s *Server) Open() *shared.Redis { return open(s.t, s.Config()) }

func open(t testing.TB, c shared.Config) *shared.Redis {
	t.Helper()
	r, err := shared.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Restart starts the server, again after [Server.Kill]. It has what was saved.
func (s *Server) Restart() {
	s.t.Helper()
	os.Remove(s.addr) // a killed server leaves its socket
	s.cmd = exec.Command(binary(s.t), s.args...)
	s.ended = make(chan struct{})
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) { cmd.Wait(); close(ended) }(s.cmd, s.ended)
	s.t.Cleanup(s.Kill)
	Eventually(s.t, "redis-server answers", func() bool {
		select {
		case <-s.ended:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("redis-server ended: %s", log)
		default:
		}
		answer, err := s.order("PING")
		return err == nil && answer == "PONG"
	})
}

// Kill ends the server as a power cut would, and returns when it is gone.
func (s *Server) Kill() {
	s.cmd.Process.Signal(syscall.SIGKILL) // fails only when it is gone already
	<-s.ended
}

// Freeze stops the process; its connections stay open and nothing answers.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Flush empties the server.
func (s *Server) Flush() { s.t.Helper(); s.Order("FLUSHALL") }

// Save writes what the server holds now to its disk. The next [Server.Restart]
// begins with that, whatever came later: as when a replica that lagged takes over.
func (s *Server) Save() { s.t.Helper(); s.Order("SAVE") }

// Order gives an order with all rights and returns the answer.
func (s *Server) Order(words ...string) string {
	s.t.Helper()
	answer, err := s.order(words...)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

func (s *Server) order(words ...string) (string, error) { return s.orderAs(s.operator, words...) }

// AsService gives an order with the service's rights.
func (s *Server) AsService(words ...string) (string, error) { return s.orderAs(user, words...) }

func (s *Server) orderAs(who string, words ...string) (string, error) {
	c, err := net.DialTimeout(s.network, s.addr, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(ready))
	if who != "" {
		if _, err := ask(c, []string{"AUTH", who, password}); err != nil {
			return "", err
		}
	}
	return ask(c, words)
}

// Eventually waits until something is true, and fails the test when it takes
// too long.
func Eventually(t testing.TB, what string, true func() bool) {
	t.Helper()
	deadline := time.Now().Add(6 * ready)
	for !true() {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
