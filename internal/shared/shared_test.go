package shared_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/internal/shared"
	"mingluo/internal/shared/sharedtest"
)

func TestMain(m *testing.M) {
	shared.LogTo(slog.New(slog.DiscardHandler)) // the library's one logger
	os.Exit(m.Run())
}

func TestTheTwin(t *testing.T) {
	m := shared.NewMemory()
	sharedtest.Exercise(t, m, m.Forget)
}

func TestRedis(t *testing.T) {
	t.Parallel()
	s := sharedtest.Start(t)
	sharedtest.Exercise(t, s.Open(), s.Flush)
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	c := sharedtest.StartCluster(t)
	sharedtest.Exercise(t, c.Open(), c.Flush)
}

// Nobody waits long for a Redis that does not answer, and it is used again when
// it does.
func TestARedisThatIsGoneCostsHalfASecondAtMost(t *testing.T) {
	t.Parallel()
	s := sharedtest.Start(t)
	r := s.Open()
	within := func(what string) {
		t.Helper()
		start := time.Now()
		_, _, err := r.Get(t.Context(), "token")
		if took := time.Since(start); err == nil || took > 3*time.Second {
			t.Errorf("%s: %v after %v", what, err, took)
		}
	}
	back := func(what string) {
		t.Helper()
		sharedtest.Eventually(t, what, func() bool { return r.Set(t.Context(), "token", []byte("x"), time.Minute) == nil })
	}
	back("it works")
	s.Freeze()
	within("frozen")
	s.Thaw()
	back("it works after the frost")
	s.Kill()
	within("killed")
	s.Restart()
	back("it works after the restart")
}

func TestOpenFailsOnlyForWhatAPersonHasToCorrect(t *testing.T) {
	t.Parallel()
	s := sharedtest.Start(t)
	c := s.Config()
	c.Password = "wrong-password"
	r, err := shared.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("a wrong password keeps the service from starting: %v", err)
	}
	if err := r.Health(t.Context()); !errors.Is(err, shared.ErrRefused) || strings.Contains(err.Error(), "wrong-password") {
		t.Errorf("a wrong password: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"", "http://host", "redis://u:hunter2@host:port:x", "redis://:hunter2@h/zero", "redis://:hunter2@h/zero?addr=b:1&nonsense=1", "://hunter2", "x://:hunter2@h?addr=b"} {
		_, err := shared.Open(t.Context(), shared.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", url, err)
		}
	}
	quiet := slog.New(slog.DiscardHandler)
	for _, url := range []string{"unix:///nowhere/redis.sock", "redis://127.0.0.1:1", "redis://127.0.0.1:1?addr=127.0.0.1:2"} {
		r, err := shared.Open(t.Context(), shared.Config{URL: url, Log: quiet, Timeout: 100 * time.Millisecond})
		if err != nil {
			t.Errorf("%s: nobody answers, which is no reason not to start: %v", url, err)
			continue
		}
		if r.Health(t.Context()) == nil {
			t.Errorf("%s is healthy", url)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The service's user can do what the service does and nothing else, so a stolen
// password does not flush or configure the server.
func TestTheServicesRightsAreFew(t *testing.T) {
	t.Parallel()
	s := sharedtest.Start(t)
	if answer := s.Order("ACL", "DRYRUN", "mingluo", "GET", "mingluo:x"); answer != "OK" {
		t.Fatalf("its own keys: %s", answer)
	}
	for _, order := range []string{"FLUSHALL", "FLUSHDB", "KEYS *", "CONFIG GET dir", "EVAL return 1 0", "SHUTDOWN", "DEBUG SLEEP 0",
		"GET other:key", "SET other:key 1", "SCAN 0", "SUBSCRIBE mingluo:x", "REPLICAOF NO ONE", "ACL LIST", "MONITOR", "CLUSTER RESET"} {
		answer := s.Order(append([]string{"ACL", "DRYRUN", "mingluo"}, strings.Fields(order)...)...)
		if answer == "OK" {
			t.Errorf("%s is allowed", order)
		}
	}
}

func TestAHolderThatCannotRenewIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := shared.NewMemory()
		start := time.Now()
		err := shared.Hold(t.Context(), m, "gong", 9*time.Second, func(ctx context.Context, _ uint64) error {
			time.Sleep(time.Minute) // longer than the lease: it is renewed
			if ctx.Err() != nil {
				t.Error("lost although it was renewed")
			}
			m.Forget()
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, shared.ErrLost) || time.Since(start) > time.Minute+9*time.Second {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		failed := errors.New("work failed")
		err = shared.Hold(t.Context(), m, "gong", 9*time.Second, func(context.Context, uint64) error { return failed })
		if !errors.Is(err, failed) || errors.Is(err, shared.ErrLost) {
			t.Fatal(err)
		}
		if l, err := m.Acquire(t.Context(), "gong", time.Second); err != nil || !l.Valid() {
			t.Fatalf("it was not given back: %v", err)
		}
	})
}

// Slices that follow each other grant the whole rate, whatever it is.
func TestQuotasSumUpToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, perSecond := range []float64{0.5, 1, 3, 33, 400, 2999} {
			m, got := shared.NewMemory(), 0
			for start := time.Now(); time.Since(start) < 100*time.Second; {
				n, until, err := m.Take(t.Context(), "route", perSecond, 10_000)
				if err != nil {
					t.Fatal(err)
				}
				if got += n; n == 0 {
					time.Sleep(time.Until(until))
				}
			}
			if want := int(perSecond * 100); got < want-1 || got > want+1 {
				t.Errorf("%g a second: %d in 100 s", perSecond, got)
			}
		}
	})
}
