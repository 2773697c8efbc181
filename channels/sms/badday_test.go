package sms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
)

// The carrier's connection breaks again and again. Nobody is lost, nobody is
// told two things, and what may have arrived is unsure.
func TestLinkCutsLoseNobody(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	s.SetFaults(smsc.Faults{CutEvery: 150, AnswerDelay: 2 * time.Millisecond, NoReceipts: true})
	c := quick(s)
	c.Window = 30 // with a window of 150 a carrier that cuts at every 150th would never answer
	r, _ := begin(t, c)
	m := channeltest.Message(alert.Drill)
	open, settled, unsure := phones(200), 0, 0
	for round := 0; len(open) > 0; round++ {
		if round > 100 {
			t.Fatalf("%d are still open", len(open))
		}
		got, err := send(t, r, m, open)
		var rest []channels.Recipient
		for i, p := range open {
			switch o, reported := got[i]; {
			case !reported:
				rest = append(rest, p)
			case o.State == alert.StateUnsure:
				unsure++
				rest = append(rest, p)
			case o.State == alert.StateAccepted:
				settled++
			default:
				t.Fatalf("%s %s", o.State, o.Code)
			}
		}
		if retry, ok := errors.AsType[*channels.Retry](err); len(rest) > 0 && (!ok || retry.After <= 0) {
			t.Fatalf("%d are open and the error is %v", len(rest), err)
		}
		open = rest
		until(t, "the route is ready again", func() bool { return r.Health().Ready })
	}
	n := s.Counts()
	if settled != 200 || n.Addresses != 200 || n.Cuts == 0 || unsure == 0 {
		t.Errorf("%d settled, %d unsure; the carrier: %+v", settled, unsure, n)
	}
	if n.Doubled > int64(unsure) {
		t.Errorf("%d were doubled, only %d were unsure", n.Doubled, unsure)
	}
}

func TestR23StatusesAreClassified(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	people := phones(6)
	s.SetFaults(smsc.Faults{NoReceipts: true, Refuse: map[string]smpp.Status{
		people[1].Address: smpp.StatusInvDest, people[2].Address: smpp.StatusSystemError, people[3].Address: 0x1403,
	}})
	people[4].Address, people[5].Address = "+85291234567", "13800000000"
	people[3].Attempt = 3
	r, _ := begin(t, quick(s))
	got, err := send(t, r, channeltest.Message(alert.Drill), people)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		state alert.OutcomeState
		code  string
		wait  time.Duration
	}{
		{alert.StateAccepted, "", 0},
		{alert.StateRefused, "0x0000000b", 0},
		{alert.StateDeferred, "0x00000008", 30 * time.Second},
		{alert.StateDeferred, "0x00001403", 2 * time.Minute},
		{alert.StateRefused, "address", 0},
		{alert.StateRefused, "address", 0},
	} {
		o := got[i]
		if o.State != want.state || o.Code != want.code || (o.MessageID != "") != (want.state == alert.StateAccepted) {
			t.Errorf("recipient %d: %s %q %q", i, o.State, o.Code, o.MessageID)
		}
		if wait := time.Until(o.NotBefore); want.wait > 0 && (wait < want.wait-5*time.Second || wait > want.wait) {
			t.Errorf("recipient %d: again in %s, want %s", i, wait, want.wait)
		}
	}
	if n := s.Counts(); n.Addresses != 1 {
		t.Errorf("bad addresses reached the carrier: %+v", n)
	}
}

// The carrier takes 100 messages a second. Nobody's attempt is used up by that,
// and the route settles at the carrier's speed.
func TestThrottlingSlowsTheRouteDown(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	s.SetFaults(smsc.Faults{NoReceipts: true, PerSecond: 300, Slot: 100 * time.Millisecond})
	r, _ := begin(t, quick(s))
	began := time.Now()
	open := phones(200)
	for len(open) > 0 && time.Since(began) < 20*time.Second {
		got, err := send(t, r, channeltest.Message(alert.Drill), open)
		if n := tally(got); n[alert.StateAccepted] != len(got) {
			t.Fatalf("%v", n)
		}
		var rest []channels.Recipient
		for i, p := range open {
			if _, ok := got[i]; !ok {
				rest = append(rest, p)
			}
		}
		if open = rest; len(open) > 0 && err == nil {
			t.Fatal("people are left without an error")
		}
	}
	n := s.Counts()
	if len(open) > 0 || n.Addresses != 200 || n.Doubled != 0 {
		t.Fatalf("%d open, the carrier: %+v", len(open), n)
	}
	if refused := n.Refused["0x00000058"]; refused == 0 || refused > 600 { // on a busy machine the slots are met less exactly
		t.Errorf("%d were throttled for 600 messages", refused)
	}
	if h := r.Health(); h.Rate <= 0 || h.Rate > 300 {
		t.Errorf("rate %v people a second", h.Rate)
	}
}

func TestWrongSourceHaltsTheRoute(t *testing.T) {
	s := startSMSC(t, smsc.Config{})
	s.SetFaults(smsc.Faults{Status: smpp.StatusInvSource})
	r, _ := begin(t, quick(s))
	got, err := send(t, r, channeltest.Message(alert.Drill), phones(5))
	h, ok := errors.AsType[*channels.Halted](err)
	if !ok || !strings.Contains(h.Reason, "Invalid Source Address") || len(got) != 0 {
		t.Fatalf("%v, %v", err, got)
	}
	if health := r.Health(); health.Ready || health.Reason != h.Reason {
		t.Errorf("%+v", health)
	}
	s.SetFaults(smsc.Faults{NoReceipts: true})
	r.Rebind()
	if got, err = send(t, r, channeltest.Message(alert.Drill), phones(5)); err != nil || tally(got)[alert.StateAccepted] != 5 {
		t.Errorf("after it was put right: %v %v", tally(got), err)
	}
}

func TestWrongPasswordHaltsTheRouteInTheCarriersWords(t *testing.T) {
	s := startSMSC(t, account())
	c := quick(s)
	c.Password = "wrong"
	r, _ := run(t, c)
	until(t, "the route knows", func() bool { return strings.Contains(r.Health().Reason, "Invalid Password") })
	_, err := send(t, r, channeltest.Message(alert.Drill), phones(1))
	if h, ok := errors.AsType[*channels.Halted](err); !ok || !strings.Contains(h.Reason, "0x0000000e Invalid Password") {
		t.Errorf("%v", err)
	}
}
