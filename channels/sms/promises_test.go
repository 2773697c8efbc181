package sms_test

import (
	"fmt"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/sms"
	"mingluo/channels/sms/smpp"
)

// startSMSC starts an imitation carrier on a free port.
func startSMSC(t testing.TB, c smsc.Config) *smsc.Server {
	t.Helper()
	s := smsc.New(c)
	if err := s.Listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// phones returns people with numbers of their own.
func phones(n int) []channels.Recipient {
	out := make([]channels.Recipient, n)
	for i := range out {
		out[i] = channels.Recipient{Address: phone(i), Lang: "zh", Attempt: 1}
		out[i].ID[0], out[i].ID[1], out[i].ID[2] = 1, byte(i>>8), byte(i)
	}
	return out
}

func phone(i int) string { return fmt.Sprintf("+86138%08d", i) }

// quick is a route whose waits are short.
func quick(s *smsc.Server) sms.Config {
	return sms.Config{
		Name: "试验通道", Addr: s.Addr(), SystemID: "mingluo", Password: "s3cr3t", Source: "10657", Imitation: true,
		ResponseTimeout: 300 * time.Millisecond, Reconnect: 20 * time.Millisecond, HaltRetry: 100 * time.Millisecond, Patience: 300 * time.Millisecond,
	}
}

func account() smsc.Config { return smsc.Config{SystemID: "mingluo", Password: "s3cr3t"} }

// fault makes the centre behave as the suite asks.
func fault(s *smsc.Server, f channeltest.Fault, addresses []string) {
	set := smsc.Faults{NoReceipts: true} // the suite sends its own
	at := map[string]bool{}
	for _, a := range addresses {
		at[a] = true
	}
	switch f {
	case channeltest.Slow:
		set.AnswerDelay = 20 * time.Millisecond
	case channeltest.Refuse:
		set.Refuse = map[string]smpp.Status{}
		for _, a := range addresses {
			set.Refuse[a] = smpp.StatusInvDest
		}
	case channeltest.Busy:
		set.Status = smpp.StatusThrottled
	case channeltest.Halt:
		set.Bind = smpp.StatusBindFailed
	case channeltest.Silent:
		set.Silent, set.SilentAt = len(at) == 0, at
	case channeltest.Cut:
		set.CutAt = at
	}
	s.SetFaults(set)
	if f == channeltest.Halt {
		s.Cut()
	}
}

func TestPromises(t *testing.T) {
	channeltest.Exercise(t, func(t *testing.T) channeltest.Rig {
		s := startSMSC(t, smsc.Config{SystemID: "mingluo", Password: "s3cr3t", KeepPerPhone: 100})
		s.SetFaults(smsc.Faults{})
		return channeltest.Rig{
			Channel:      sms.New(quick(s), nil, nil),
			Recipients:   phones,
			AnswerWithin: 300 * time.Millisecond,
			Fault: func(f channeltest.Fault, addresses ...string) bool {
				fault(s, f, addresses)
				return true
			},
			Received: func() []channeltest.Received {
				var out []channeltest.Received
				for _, p := range s.Phones() {
					for _, m := range s.Messages(p) {
						out = append(out, channeltest.Received{Address: p, Text: m.Text})
					}
				}
				return out
			},
			Receipt: func(address string, delivered bool) {
				state := smpp.StateDelivered
				if !delivered {
					state = smpp.StateUndeliverable
				}
				if err := s.SendReceipt(address, state); err != nil {
					t.Error(err)
				}
			},
		}
	})
}
