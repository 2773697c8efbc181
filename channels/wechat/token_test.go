package wechat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/channels"
)

// shop gives tokens t1, t2 …; forced or not is counted.
type shop struct {
	given, forced atomic.Int32
	same          bool // gives the same one unless forced
	err           error
	life          time.Duration
}

func (s *shop) fetch(_ context.Context, force bool) (string, time.Duration, error) {
	time.Sleep(100 * time.Millisecond) // in the bubble: the platform takes its time
	if force {
		s.forced.Add(1)
	}
	if s.err != nil {
		s.given.Add(1)
		return "", 0, s.err
	}
	if !s.same || force || s.given.Load() == 0 {
		s.given.Add(1)
	}
	return fmt.Sprintf("t%d", s.given.Load()), s.life, nil
}

func must(t *testing.T, tk *tokens) string {
	t.Helper()
	v, err := tk.GetAccessTokenContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestOneRefreshForAll: a hundred ask at once, the platform is asked once; and
// again five minutes before the token's end.
func TestOneRefreshForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shop{life: 2 * time.Hour}
		tk := newTokens(s.fetch, new(memoryToken))
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if v := must(t, tk); v != "t1" {
					t.Errorf("got %s", v)
				}
			})
		}
		wg.Wait()
		time.Sleep(115*time.Minute - time.Second)
		if v := must(t, tk); v != "t1" {
			t.Errorf("just before: %s", v)
		}
		time.Sleep(time.Second)
		if v := must(t, tk); v != "t2" || s.given.Load() != 2 {
			t.Errorf("five minutes before the end: %s after %d fetches", v, s.given.Load())
		}
	})
}

// TestARefusedTokenIsNotForcedTwiceAMinute, and not more than fifteen times a
// day: the platform allows twenty.
func TestARefusedTokenIsNotForcedTwiceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shop{life: 2 * time.Hour, same: true}
		tk := newTokens(s.fetch, new(memoryToken))
		tk.drop(must(t, tk))
		if v := must(t, tk); v != "t2" || s.forced.Load() != 1 {
			t.Fatalf("%s after %d forced refreshes", v, s.forced.Load())
		}
		tk.drop("t2")
		_, err := tk.GetAccessTokenContext(t.Context())
		if retry, ok := errors.AsType[*channels.Retry](err); !ok || retry.After != tokenPause {
			t.Errorf("refused again within a minute: %v", err)
		}
		for range 3 * 60 {
			time.Sleep(time.Minute)
			if v, err := tk.GetAccessTokenContext(t.Context()); err == nil {
				tk.drop(v)
			}
		}
		if n := s.forced.Load(); n != forceADay {
			t.Errorf("%d forced refreshes in three hours", n)
		}
	})
}

// TestALateWordAboutAnOldToken does not throw away the new one.
func TestALateWordAboutAnOldToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shop{life: 2 * time.Hour}
		tk := newTokens(s.fetch, new(memoryToken))
		tk.drop(must(t, tk))
		if v := must(t, tk); v != "t2" {
			t.Fatalf("got %s", v)
		}
		tk.drop("t1")
		if v := must(t, tk); v != "t2" || s.given.Load() != 2 {
			t.Errorf("got %s after %d fetches", v, s.given.Load())
		}
		tk.drop("t2")
		tk.drop("t1")
		if v := must(t, tk); v != "t3" {
			t.Errorf("a refused token was given out again: %s", v)
		}
	})
}

// TestAFailureSpeaksForEverybody who asks in the next seconds: sixteen senders
// do not wait for sixteen time-outs.
func TestAFailureSpeaksForEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shop{err: errors.New("no route")}
		tk := newTokens(s.fetch, new(memoryToken))
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := tk.GetAccessTokenContext(t.Context()); !errors.Is(err, s.err) {
					t.Errorf("error %v", err)
				}
			})
		}
		wg.Wait()
		if n := s.given.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
		s.err, s.life = nil, time.Hour
		time.Sleep(tokenMemory)
		must(t, tk)
	})
}

// TestWaitingForATokenEndsWithItsContext.
func TestWaitingForATokenEndsWithItsContext(t *testing.T) {
	tk := newTokens(func(context.Context, bool) (string, time.Duration, error) { return "t", time.Hour, nil }, new(memoryToken))
	tk.turn <- struct{}{} // somebody fetches and does not come back
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tk.GetAccessTokenContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
