package wechat

import (
	"context"
	"errors"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
)

// TestTokenExpiresInTheMiddle: 500 followers, and the token ends after 200.
// Everybody gets the message once, and the token is refreshed once.
func TestTokenExpiresInTheMiddle(t *testing.T) {
	d := open(t, nil)
	people := d.people(500)
	asked := 0
	got, err := d.deliver(people, func(context.Context) error {
		if asked++; asked == 200 {
			d.api.ExpireToken()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c := d.api.Counts()
	if n := got.count(alert.StateAccepted); n != 500 || c.Accepted != 500 || c.Distinct != 500 || c.Doubled != 0 {
		t.Errorf("%d reported as accepted; the carrier says %+v", n, c)
	}
	if c.TokenRequests != 2 {
		t.Errorf("%d token requests, want the first and one refresh", c.TokenRequests)
	}
	if again := asked - 500; again < 1 || again > d.cfg.Concurrency {
		t.Errorf("%d were sent a second time, want those in flight, each with its own permit", again)
	}
}

// TestTokenTakenAway: somebody else made the token invalid (40001); it is the
// same road, and ends well.
func TestTokenTakenAway(t *testing.T) {
	d := open(t, nil)
	people := d.people(40)
	if _, err := d.deliver(people[:1], free); err != nil {
		t.Fatal(err)
	}
	d.api.RevokeToken()
	got, err := d.deliver(people[1:], free)
	if err != nil || got.count(alert.StateAccepted) != 39 {
		t.Errorf("error %v, %d accepted", err, got.count(alert.StateAccepted))
	}
}

// TestATokenThatStaysRefused ends the batch with a time to come back, and
// nobody is reported; there is no storm of refreshes.
func TestATokenThatStaysRefused(t *testing.T) {
	d := open(t, nil)
	people := d.people(60)
	d.api.SetFaults(func(f *wechatapi.Faults) { f.FailNext, f.FailCode = 1<<30, 40001 })
	got, err := d.deliver(people, free)
	retry, ok := errors.AsType[*channels.Retry](err)
	if !ok || retry.After <= 0 {
		t.Errorf("error %v, want a *Retry", err)
	}
	if len(got.got) != 0 {
		t.Errorf("%d were reported", len(got.got))
	}
	if n := d.api.Counts().TokenRequests; n > 4 {
		t.Errorf("%d token requests", n)
	}
}

// TestOneFollowerHasLeft: 43004 is that person's, for good, and nobody else's.
func TestOneFollowerHasLeft(t *testing.T) {
	d := open(t, nil)
	people := d.people(20)
	d.api.Unfollow(people[3].Address)
	got, err := d.deliver(people, free)
	if err != nil {
		t.Fatal(err)
	}
	if o := got.got[3]; o.State != alert.StateRefused || o.Code != "errcode 43004" {
		t.Errorf("the one who left: %s, %q", o.State, o.Code)
	}
	if n := got.count(alert.StateAccepted); n != 19 {
		t.Errorf("%d accepted, want the other 19", n)
	}
}

// TestR23SuccessIsErrcodeZero: every answer here is HTTP 200.
func TestR23SuccessIsErrcodeZero(t *testing.T) {
	for _, c := range []struct {
		code  int
		state alert.OutcomeState
	}{
		{-1, alert.StateDeferred},
		{45011, alert.StateDeferred},
		{40003, alert.StateRefused},
		{43101, alert.StateRefused},
		{47003, alert.StateRefused},
		{99999, alert.StateDeferred}, // in no table: not lost at the first try
	} {
		d := open(t, nil)
		d.api.SetFaults(func(f *wechatapi.Faults) { f.FailNext, f.FailCode = 1, c.code })
		got, err := d.deliver(d.people(1), free)
		if err != nil || got.got[0].State != c.state {
			t.Errorf("errcode %d: %s, error %v; want %s", c.code, got.got[0].State, err, c.state)
		}
		if o := got.got[0]; o.State == alert.StateDeferred && !o.NotBefore.After(time.Now().Add(10*time.Second)) {
			t.Errorf("errcode %d: not before %s", c.code, o.NotBefore)
		}
	}
}

// TestAnUnknownCodeIsRefusedInTheEnd, so that a batch does not go round for ever.
func TestAnUnknownCodeIsRefusedInTheEnd(t *testing.T) {
	d := open(t, nil)
	people := d.people(1)
	people[0].Attempt = unknownTries
	d.api.SetFaults(func(f *wechatapi.Faults) { f.FailNext, f.FailCode = 1, 99999 })
	got, err := d.deliver(people, free)
	if err != nil || got.got[0].State != alert.StateRefused {
		t.Errorf("%s, error %v", got.got[0].State, err)
	}
}

// TestQuotaHaltsTheChannel: 45009 is the account's. Who was accepted before is
// reported, the rest is not, Health is red with WeChat's words; when there is
// quota again a probe finds out, and the rest is sent.
func TestQuotaHaltsTheChannel(t *testing.T) {
	d := open(t, nil)
	people := d.people(100)
	d.api.SetFaults(func(f *wechatapi.Faults) { f.Quota = 30 })
	got, err := d.deliver(people, free)
	halted, ok := errors.AsType[*channels.Halted](err)
	if !ok || halted.Reason == "" {
		t.Fatalf("error %v, want a *Halted", err)
	}
	if n := got.count(alert.StateAccepted); n != 30 || len(got.got) != 30 {
		t.Errorf("%d reported, %d accepted; the quota was 30", len(got.got), n)
	}
	if h := d.Health(); h.Ready || h.Reason != halted.Reason || !h.Imitation {
		t.Errorf("health %+v", h)
	}
	before := d.api.Counts().Requests
	if _, err := d.deliver(people[50:51], func(context.Context) error { t.Error("a halted channel asked for a permit"); return nil }); err == nil {
		t.Error("a halted channel took a batch")
	}
	if n := d.api.Counts().Requests - before; n > 3 {
		t.Errorf("%d requests of a halted account", n)
	}

	d.run()
	d.api.SetFaults(func(f *wechatapi.Faults) { f.Quota = 0 })
	d.until("a probe clears the halt", func() bool { return d.Health().Ready })
	var rest []channels.Recipient
	for i, p := range people {
		if _, done := got.got[i]; !done {
			rest = append(rest, p)
		}
	}
	if _, err := d.deliver(rest, free); err != nil {
		t.Fatal(err)
	}
	if c := d.api.Counts(); c.Accepted != 100 || c.Distinct != 100 || c.Doubled != 0 {
		t.Errorf("carrier %+v", c)
	}
}

// TestWrongSecretIsRedBeforeAnythingIsSent: Run's first probe finds it (R24).
func TestR24WrongSecretIsRedBeforeAnythingIsSent(t *testing.T) {
	d := open(t, func(c *Config) { c.AppSecret = "old" })
	d.run()
	d.until("the channel is red", func() bool { return !d.Health().Ready })
	if n := d.api.Counts().Accepted; n != 0 {
		t.Errorf("%d accepted", n)
	}
}

// TestR24WithoutCredentials: red, or simulated when that was asked for; never
// accepted.
func TestR24WithoutCredentials(t *testing.T) {
	red := open(t, func(c *Config) { c.AppID, c.AppSecret = "", "" })
	if h := red.Health(); h.Ready || h.Reason == "" {
		t.Errorf("health %+v", h)
	}
	if _, err := red.deliver(red.people(1), free); err == nil {
		t.Error("a channel without credentials took a batch")
	}
	sim := open(t, func(c *Config) { c.AppID, c.AppSecret, c.Simulate = "", "", true })
	got, err := sim.deliver(sim.people(5), free)
	if err != nil || got.count(alert.StateSimulated) != 5 {
		t.Errorf("simulated %d, error %v", got.count(alert.StateSimulated), err)
	}
	if n := sim.api.Counts().Requests; n != 0 {
		t.Errorf("%d requests of a simulated channel", n)
	}
}

// TestAResetAfterSendingIsUnsure: the message may be there. The second try
// carries the same client_msg_id, WeChat says 45065, and it counts as accepted
// under the first message's id: one message, not two (R17).
func TestAResetAfterSendingIsUnsure(t *testing.T) {
	d := open(t, nil)
	people := d.people(10)
	d.api.SetFaults(func(f *wechatapi.Faults) { f.ResetFor = []string{people[4].Address} })
	got, err := d.deliver(people, free)
	if err != nil {
		t.Fatal(err)
	}
	if o := got.got[4]; o.State != alert.StateUnsure || o.Code == "" {
		t.Fatalf("reset after sending: %s, %q", o.State, o.Code)
	}
	d.api.SetFaults(func(f *wechatapi.Faults) { *f = wechatapi.Faults{} })
	people[4].Attempt, people[4].Repeat = 2, true
	again, err := d.deliver(people[4:5], free)
	if err != nil {
		t.Fatal(err)
	}
	first := d.api.Messages(people[4].Address)
	if o := again.got[0]; o.State != alert.StateAccepted || !o.Repeat || o.Code != "errcode 45065" || len(first) != 1 || o.MessageID != idText(first[0].MsgID) {
		t.Errorf("second try: %s %q id %q; the phone has %d messages", o.State, o.Code, o.MessageID, len(first))
	}
}

// TestSilenceIsUnsureAndRefusalToConnectIsDeferred: what may have left and what
// certainly did not are told apart.
func TestSilenceIsUnsureAndRefusalToConnectIsDeferred(t *testing.T) {
	d := open(t, func(c *Config) { c.Timeout = time.Second })
	people := d.people(4)
	if _, err := d.deliver(people[:1], free); err != nil { // the token is there
		t.Fatal(err)
	}
	d.api.SetFaults(func(f *wechatapi.Faults) { f.Silent = true })
	got, err := d.deliver(people[1:2], free)
	if err != nil || got.got[0].State != alert.StateUnsure || got.got[0].Code != "timeout" {
		t.Errorf("silence: %+v, error %v", got.got[0], err)
	}
	d.api.SetFaults(func(f *wechatapi.Faults) { *f = wechatapi.Faults{RefuseNext: 1} })
	got, err = d.deliver(people[2:3], free)
	if err != nil || got.got[0].State != alert.StateDeferred || got.got[0].Code != "HTTP 503" {
		t.Errorf("503: %+v, error %v", got.got[0], err)
	}
	d.base = deadBase(t)
	got, err = d.deliver(people[3:], free)
	if err != nil || got.got[0].State != alert.StateDeferred || got.got[0].Code != "connection refused" {
		t.Errorf("nobody listens: %+v, error %v", got.got[0], err)
	}
}

// TestAnUnreachablePlatformWithoutAToken is the batch's failure: nobody was
// tried.
func TestAnUnreachablePlatformWithoutAToken(t *testing.T) {
	d := open(t, nil)
	d.base = deadBase(t)
	got, err := d.deliver(d.people(50), free)
	if _, ok := errors.AsType[*channels.Retry](err); !ok || len(got.got) != 0 {
		t.Errorf("error %v, %d reported; want a *Retry and nobody", err, len(got.got))
	}
}

// TestTwoAccountsInOneProcess: the SDK has one HTTP client; each account
// reaches its own platform all the same.
func TestTwoAccountsInOneProcess(t *testing.T) {
	a, b := open(t, nil), open(t, nil)
	var failed atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := a.deliver(a.people(50), free); err != nil {
			failed.Add(1)
		}
	}()
	if _, err := b.deliver(b.people(30), free); err != nil {
		t.Error(err)
	}
	<-done
	if x, y := a.api.Counts().Accepted, b.api.Counts().Accepted; x != 50 || y != 30 || failed.Load() != 0 {
		t.Errorf("the platforms took %d and %d, want 50 and 30", x, y)
	}
}

// TestClientMsgID is the same for every try and differs in everything else.
func TestClientMsgID(t *testing.T) {
	one, two := alert.RecipientID{1}, alert.RecipientID{2}
	id := clientMsgID("n1", 1, one)
	if len(id) != 32 || id != clientMsgID("n1", 1, one) {
		t.Errorf("%q", id)
	}
	for _, other := range []string{clientMsgID("n1", 2, one), clientMsgID("n2", 1, one), clientMsgID("n1", 1, two), clientMsgID("n11", 1, one), clientMsgID("n1", 11, one)} {
		if other == id {
			t.Error("two sends share an id")
		}
	}
}

// deadBase is an address where nobody listens.
func deadBase(t *testing.T) *url.URL {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// BenchmarkDeliver is the fan-out to 1,000 followers over loopback, WeChat
// answering at once: what remains is ours.
func BenchmarkDeliver(b *testing.B) {
	d := open(b, nil)
	people := d.people(1000)
	m := channeltest.Message(alert.Drill)
	for b.Loop() {
		m.Rev++
		err := d.Deliver(b.Context(), channels.Batch{Message: m, Recipients: people, Permit: free}, func(int, alert.Outcome) {})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(people))/b.Elapsed().Seconds(), "recipients/s")
}
