package link_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
)

func TestSubmissionsAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: polite}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		synctest.Wait()
		if st := l.State(); !st.Up {
			t.Fatalf("not up: %+v", st)
		}
		letters := submit(t, l, 500)
		synctest.Wait()
		for _, x := range letters {
			if a := x.once(t); a.Status != 0 || a.Err != nil || x.ids[0] != "id" {
				t.Fatalf("%+v %q", a, x.ids)
			}
		}
		if st := l.Stats(); st.Answered != 500 || st.InFlight != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// The carrier takes a window full and says nothing; then the connection breaks.
// Everything in flight is answered once, as lost, and nothing twice when the
// link is up again.
func TestLinkCutInMidWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: quiet}
		l, stop := begin(t, g, link.Config{Window: 100})
		defer stop()
		synctest.Wait()
		letters := submit(t, l, 100)
		synctest.Wait()
		g.setAnswer(polite)
		g.cut()
		synctest.Wait()
		for _, x := range letters {
			if a := x.once(t); !isLost(a.Err) {
				t.Fatalf("%+v", a)
			}
		}
		if err := l.Submit(t.Context(), &letter{}); !errors.Is(err, link.ErrDown) {
			t.Fatalf("a submission on a link that is down: %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !l.State().Up {
			t.Fatal("not up again after a second")
		}
		again := submit(t, l, 10)
		synctest.Wait()
		for _, x := range append(letters, again...) {
			x.once(t)
		}
	})
}

// What never left the process is said to be unsent, not lost.
func TestWhatWasNotWrittenIsUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		g := &gateway{answer: func(h smpp.Header, pdu []byte) []byte {
			if h.Command == smpp.SubmitSM {
				<-stuck // the carrier reads no further
			}
			return polite(h, pdu)
		}}
		l, stop := begin(t, g, link.Config{Window: 10})
		defer stop()
		synctest.Wait()
		first := submit(t, l, 1)
		synctest.Wait() // it is read
		second := submit(t, l, 1)
		synctest.Wait() // it fills the pipe's writer
		rest := submit(t, l, 5)
		synctest.Wait()
		g.cut()
		close(stuck)
		synctest.Wait()
		for _, x := range append(first, second...) {
			if a := x.once(t); !isLost(a.Err) {
				t.Errorf("written: %+v", a)
			}
		}
		for _, x := range rest {
			if a := x.once(t); !errors.Is(a.Err, link.ErrUnsent) {
				t.Errorf("not written: %+v", a)
			}
		}
	})
}

func TestSilenceTimesOutOnceAndLateAnswersAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late atomic.Uint32
		g := &gateway{answer: func(h smpp.Header, pdu []byte) []byte {
			if h.Command == smpp.SubmitSM {
				late.Store(h.Sequence)
				return nil
			}
			return polite(h, pdu)
		}}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		synctest.Wait()
		x := submit(t, l, 1)[0]
		time.Sleep(59 * time.Second)
		if x.answered() {
			t.Fatal("timed out before 60 s")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if a := x.once(t); !errors.Is(a.Err, link.ErrTimeout) {
			t.Fatalf("%+v", a)
		}
		resp, _ := smpp.AppendMessageResp(nil, &smpp.MessageResp{Command: smpp.SubmitSMResp, Sequence: late.Load(), MessageID: []byte("late")})
		g.write(resp)
		synctest.Wait()
		x.once(t)
		if st := l.Stats(); st.Late != 1 || st.TimedOut != 1 || !st.Up {
			t.Errorf("%+v", st)
		}
	})
}

func TestWindowIsNeverExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: quiet}
		l, stop := begin(t, g, link.Config{Window: 7})
		defer stop()
		synctest.Wait()
		submit(t, l, 7)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Submit(ctx, &letter{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the eighth: %v", err)
		}
		if err := l.Room(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("room: %v", err)
		}
		if n := g.count(smpp.SubmitSM); n != 7 {
			t.Errorf("the carrier got %d", n)
		}
	})
}

func TestHeartbeatsKeepTheLinkAndSilenceEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: polite}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		time.Sleep(5 * time.Minute)
		if n := g.count(smpp.EnquireLink); n < 8 || n > 10 {
			t.Errorf("%d heartbeats in 5 minutes", n)
		}
		g.setAnswer(silent)
		x := submit(t, l, 1)[0]
		time.Sleep(55 * time.Second) // 30 s to the next heartbeat, 20 s of silence
		synctest.Wait()
		if a := x.once(t); !isLost(a.Err) {
			t.Errorf("in flight on a dead link: %+v", a)
		}
		if n := g.connections(); n < 2 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestReconnectBacksOffWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: refusing(smpp.StatusSystemError)}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		time.Sleep(3 * time.Minute)
		g.mu.Lock()
		dials := g.dials
		g.mu.Unlock()
		want := 500 * time.Millisecond
		for i := 1; i < len(dials); i++ {
			gap := dials[i].Sub(dials[i-1])
			if gap < want/2-time.Millisecond || gap > want+100*time.Millisecond {
				t.Errorf("try %d after %s, want %s to %s", i, gap, want/2, want)
			}
			want = min(2*want, 20*time.Second)
		}
		if len(dials) < 12 || len(dials) > 30 {
			t.Errorf("%d tries in 3 minutes", len(dials))
		}
		if st := l.State(); st.Up || st.Halted != nil || !strings.Contains(st.Reason, "System Error") {
			t.Errorf("%+v", st)
		}
	})
}

func TestWrongPasswordHaltsUntilSomebodyActs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: refusing(smpp.StatusInvPassword)}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		time.Sleep(time.Hour)
		if n := g.connections(); n != 1 {
			t.Errorf("%d tries with a wrong password: carriers lock accounts", n)
		}
		st := l.State()
		if st.Halted == nil || !strings.Contains(st.Reason, "0x0000000e Invalid Password") {
			t.Fatalf("%+v", st)
		}
		g.setAnswer(polite)
		l.Rebind()
		synctest.Wait()
		if !l.State().Up {
			t.Errorf("after the password was put right: %+v", l.State())
		}
	})
}

// A crashed process leaves a session behind at the carrier, which then says
// Bind Failed until it notices. That must not need a person.
func TestBindFailedHaltsAndIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: refusing(smpp.StatusBindFailed)}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		time.Sleep(150 * time.Second)
		if n := g.connections(); n != 3 {
			t.Errorf("%d tries in 150 s, want one a minute", n)
		}
		if l.State().Halted == nil {
			t.Fatalf("%+v", l.State())
		}
		g.setAnswer(polite)
		time.Sleep(time.Minute)
		if !l.State().Up {
			t.Errorf("%+v", l.State())
		}
	})
}

func TestGatewayThatKnowsNoTransceiversIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: func(h smpp.Header, _ []byte) []byte {
			return smpp.AppendEmpty(nil, smpp.GenericNack, smpp.StatusInvCmdID, h.Sequence)
		}}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		synctest.Wait()
		if st := l.State(); !strings.Contains(st.Reason, "Invalid Command ID") {
			t.Errorf("%+v", st)
		}
	})
}

// Stopping waits for the answers in flight, then says goodbye.
func TestStopWaitsForAnswersAndUnbinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: func(h smpp.Header, pdu []byte) []byte {
			if h.Command == smpp.SubmitSM {
				time.Sleep(2 * time.Second)
			}
			return polite(h, pdu)
		}}
		l, stop := begin(t, g, link.Config{})
		synctest.Wait()
		x := submit(t, l, 1)[0]
		stop()
		if a := x.once(t); a.Err != nil || a.Status != 0 {
			t.Errorf("%+v", a)
		}
		if n := g.count(smpp.Unbind); n != 1 {
			t.Errorf("%d unbinds", n)
		}
	})
}

func TestStopGivesUpOnASilentCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: silent}
		l, stop := begin(t, g, link.Config{})
		synctest.Wait()
		x := submit(t, l, 1)[0]
		start := time.Now()
		stop()
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("stopping took %s", took)
		}
		if a := x.once(t); !isLost(a.Err) {
			t.Errorf("%+v", a)
		}
	})
}

func TestUnbindOfTheCarrierIsAnsweredAndTheLinkComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{answer: polite}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		synctest.Wait()
		g.write(smpp.AppendEmpty(nil, smpp.Unbind, 0, 77))
		synctest.Wait()
		if n := g.count(smpp.UnbindResp); n != 1 {
			t.Errorf("%d answers to the carrier's unbind", n)
		}
		time.Sleep(time.Second)
		if !l.State().Up || g.connections() != 2 {
			t.Errorf("%+v after %d connections", l.State(), g.connections())
		}
	})
}
