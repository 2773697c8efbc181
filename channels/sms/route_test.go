package sms_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/sms"
	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
)

// desk is what stands behind a route: an inbox that remembers.
type desk struct {
	mu       sync.Mutex
	receipts []channels.Receipt
	replies  []channels.Reply
	broken   error // what it answers instead of taking anything
}

func (d *desk) Receipt(_ context.Context, r channels.Receipt) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	d.receipts = append(d.receipts, r)
	return nil
}

func (d *desk) Reply(_ context.Context, r channels.Reply) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	d.replies = append(d.replies, r)
	return nil
}

func (d *desk) breaks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = err
}

// states returns what the receipts say of each message, in order.
func (d *desk) states() map[string][]alert.OutcomeState {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string][]alert.OutcomeState{}
	for _, r := range d.receipts {
		out[r.MessageID] = append(out[r.MessageID], r.State)
	}
	return out
}

// begin runs a route until the test ends, and waits until it is up.
func begin(t *testing.T, c sms.Config) (*sms.Route, *desk) {
	t.Helper()
	r, d := run(t, c)
	until(t, "the route is ready", func() bool { return r.Health().Ready })
	return r, d
}

func run(t *testing.T, c sms.Config) (*sms.Route, *desk) {
	t.Helper()
	r, d := sms.New(c, nil, prometheus.NewPedanticRegistry()), &desk{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, d) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return r, d
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// send delivers a message and returns the outcomes; nobody may be reported twice.
func send(t *testing.T, r *sms.Route, m channels.Message, to []channels.Recipient) (map[int]alert.Outcome, error) {
	t.Helper()
	var mu sync.Mutex
	got := map[int]alert.Outcome{}
	err := r.Deliver(t.Context(), channels.Batch{Message: m, Recipients: to, Permit: func(context.Context) error { return nil }}, func(i int, o alert.Outcome) {
		mu.Lock()
		defer mu.Unlock()
		if before, twice := got[i]; twice {
			t.Errorf("recipient %d was reported as %s and as %s", i, before.State, o.State)
		}
		got[i] = o
	})
	return got, err
}

func tally(got map[int]alert.Outcome) map[alert.OutcomeState]int {
	n := map[alert.OutcomeState]int{}
	for _, o := range got {
		n[o.State]++
	}
	return n
}

func TestReceiptsBecomeStates(t *testing.T) {
	s := startSMSC(t, smsc.Config{ReceiptDelay: 5 * time.Millisecond, FailShare: 0.1})
	r, d := begin(t, quick(s))
	got, err := send(t, r, channeltest.Message(alert.Drill), phones(100))
	if err != nil || tally(got)[alert.StateAccepted] != 100 {
		t.Fatalf("%v %v", tally(got), err)
	}
	until(t, "a receipt for everybody", func() bool { return len(d.states()) == 100 })
	failed := 0
	for i, o := range got {
		states := d.states()[o.MessageID]
		if len(states) != 1 {
			t.Errorf("recipient %d: receipts %v; the parts of a long message count as one", i, states)
		}
		if states[0] == alert.StateUndelivered {
			failed++
		}
	}
	if failed != 10 {
		t.Errorf("%d of 100 did not arrive, want 10", failed)
	}
}

// The receipts of a long message's parts come twice and in any order; the
// message is told of once.
func TestR23LongMessageIsDeliveredWhenAllPartsAre(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	s.SetFaults(smsc.Faults{ReceiptsShuffled: true, ReceiptsTwice: true})
	r, d := begin(t, quick(s))
	m := channeltest.Message(alert.Drill)
	if p, err := r.Render(m, "zh"); err != nil || p.Parts != 3 {
		t.Fatalf("%d parts, %v", p.Parts, err)
	}
	got, err := send(t, r, m, phones(20))
	if err != nil {
		t.Fatal(err)
	}
	until(t, "all receipts are taken", func() bool { return s.Counts().ReceiptsAcked == 20*3*2 })
	for i, o := range got {
		if got := d.states()[o.MessageID]; !slices.Equal(got, []alert.OutcomeState{alert.StateDelivered}) {
			t.Errorf("recipient %d: %v", i, got)
		}
	}
	if n := len(d.states()); n != 20 {
		t.Errorf("receipts of %d messages, want 20", n)
	}
}

// Some carriers send the receipt before they answer the submission.
func TestReceiptsBeforeTheAnswerAreNotLost(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	s.SetFaults(smsc.Faults{ReceiptsEarly: true, AnswerDelay: 20 * time.Millisecond})
	r, d := begin(t, quick(s))
	got, err := send(t, r, channeltest.Message(alert.Drill), phones(20))
	if err != nil {
		t.Fatal(err)
	}
	until(t, "a receipt for everybody", func() bool { return len(d.states()) == 20 })
	for i, o := range got {
		if st := d.states()[o.MessageID]; !slices.Equal(st, []alert.OutcomeState{alert.StateDelivered}) {
			t.Errorf("recipient %d: %v", i, st)
		}
	}
}

func TestReceiptIsAskedForAgainUntilItIsOnRecord(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	r, d := begin(t, quick(s))
	d.breaks(errors.New("the record is away"))
	if _, err := send(t, r, channeltest.Message(alert.Drill), phones(1)); err != nil {
		t.Fatal(err)
	}
	until(t, "the carrier has sent receipts", func() bool { return s.Counts().Receipts >= 3 })
	if n := len(d.states()); n != 0 {
		t.Fatalf("%d receipts on record", n)
	}
	d.breaks(nil)
	until(t, "the receipt is on record", func() bool { return len(d.states()) == 1 })
	until(t, "all parts' receipts are acknowledged", func() bool { return s.Counts().ReceiptsAcked == 3 })
}

func TestRepliesReachTheInbox(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	_, d := begin(t, quick(s))
	for _, text := range []string{"退订", "received [ok]"} {
		if err := s.SendMO("+8613800000001", text); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "both replies are on record", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.replies) == 2
	})
	texts := map[string]bool{}
	for _, r := range d.replies {
		texts[r.Text] = r.Address == "+8613800000001" && r.Channel == "sms" && !r.At.IsZero()
	}
	if !texts["退订"] || !texts["received [ok]"] {
		t.Errorf("%+v", d.replies)
	}
}

func TestR24WithoutACarrierNothingIsSentAndNothingPretended(t *testing.T) {
	r := sms.New(sms.Config{}, nil, nil)
	if h := r.Health(); h.Ready || h.Reason == "" {
		t.Errorf("%+v", h)
	}
	if _, err := send(t, r, channeltest.Message(alert.Drill), phones(1)); err == nil {
		t.Error("a batch went somewhere")
	}
	r = sms.New(sms.Config{Simulate: true}, nil, nil)
	if h := r.Health(); !h.Ready || h.Reason == "" {
		t.Errorf("%+v", h)
	}
	got, err := send(t, r, channeltest.Message(alert.Drill), phones(3))
	if err != nil || tally(got)[alert.StateSimulated] != 3 {
		t.Errorf("%v %v", tally(got), err)
	}
}

func TestR14CarrierIsAskedToStopAtTheEnd(t *testing.T) {
	wire := &tap{}
	s := startSMSC(t, smsc.Config{})
	c := quick(s)
	c.Dial = wire.dial(s.Addr())
	r, _ := begin(t, c)
	m := channeltest.Message(alert.Live)
	m.Content.Expires = time.Now().Add(90 * time.Minute).Truncate(100 * time.Millisecond)
	if _, err := send(t, r, m, phones(1)); err != nil {
		t.Fatal(err)
	}
	for _, sm := range wire.submissions(t) {
		if end, err := smpp.ParseAbsoluteTime(sm.ValidityPeriod); err != nil || !end.Equal(m.Content.Expires) {
			t.Errorf("validity %q, want %s", sm.ValidityPeriod, m.Content.Expires)
		}
		if sm.RegisteredDelivery != smpp.ReceiptAlways || sm.DataCoding != smpp.CodingUCS2 || sm.EsmClass != smpp.EsmUDHI || string(sm.Source) != "10657" {
			t.Errorf("%+v", sm)
		}
	}
}

// Two long texts to one phone must not be joined to one, and a second send of
// the same text completes the first.
func TestLongTextsHaveReferencesOfTheirOwn(t *testing.T) {
	wire := &tap{}
	s := startSMSC(t, smsc.Config{})
	s.SetFaults(smsc.Faults{NoReceipts: true})
	c := quick(s)
	c.Dial = wire.dial(s.Addr())
	r, _ := begin(t, c)
	m := channeltest.Message(alert.Drill)
	const texts = 100
	for i := range texts {
		m.Content.Contact = fmt.Sprint(i)
		if _, err := send(t, r, m, phones(1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := send(t, r, m, phones(2)[1:]); err != nil {
		t.Fatal(err)
	}
	seen := map[byte]int{}
	for _, sm := range wire.submissions(t) {
		if sm.Text[5] == 1 {
			seen[sm.Text[3]]++
		}
	}
	if len(seen) != texts {
		t.Errorf("%d references for %d texts", len(seen), texts)
	}
	if got := s.Messages(phone(0)); len(got) == 0 || s.Counts().Messages != texts+1 {
		t.Errorf("%+v", s.Counts())
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	for name, c := range map[string]sms.Config{
		"address without a port": {Addr: "smsc.example", SystemID: "x"},
		"no account":             {Addr: "127.0.0.1:2775"},
		"password of 9 bytes":    {Addr: "127.0.0.1:2775", SystemID: "x", Password: "123456789"},
		"simulating carrier":     {Addr: "127.0.0.1:2775", SystemID: "x", Simulate: true},
		"signature in brackets":  {Signature: "【佛山应急】"},
		"256 parts":              {MaxParts: 256},
		"source of 21 bytes":     {Source: strings.Repeat("1", 21)},
		"negative rate":          {RatePerSecond: -1},
	} {
		if c.Check() == nil {
			t.Errorf("%s: passed", name)
		}
		if h := sms.New(c, nil, nil).Health(); h.Ready {
			t.Errorf("%s: ready", name)
		}
	}
	if err := (sms.Config{}).Check(); err != nil {
		t.Errorf("no carrier: %v", err)
	}
}
