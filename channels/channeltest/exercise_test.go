package channeltest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/internal/alert"
)

const answerWithin = 100 * time.Millisecond

// paper is a channel and its carrier in one, as small as the contract allows.
// With a lie it breaks one promise.
type paper struct {
	lie string

	mu       sync.Mutex
	fault    channeltest.Fault
	only     map[string]bool
	received []channeltest.Received
}

func (p *paper) Name() string            { return "paper" }
func (p *paper) Health() channels.Health { return channels.Health{Route: "paper", Ready: true} }

func (p *paper) Render(m channels.Message, lang string) (channels.Rendering, error) {
	text := m.Content.Headline + "。" + m.Content.Instruction
	if lang == "en" {
		text = m.Content.HeadlineEN + ". " + m.Content.TextEN
	}
	mark := channels.DrillMark(m.Mode, lang)
	if p.lie == "mark" {
		return channels.Rendering{Text: mark + text, Parts: 1}, nil
	}
	return channels.Rendering{Text: mark + text + mark, Parts: 1}, nil
}

func (p *paper) set(f channeltest.Fault, only ...string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.only = f, map[string]bool{}
	for _, a := range only {
		p.only[a] = true
	}
	return true
}

func (p *paper) taken() []channeltest.Received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]channeltest.Received(nil), p.received...)
}

// carry is the carrier: it takes a message and says how it behaves towards it.
func (p *paper) carry(address, text string) channeltest.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.fault
	if len(p.only) > 0 && !p.only[address] {
		f = channeltest.Well
	}
	if f == channeltest.Refuse || f == channeltest.Busy || f == channeltest.Halt {
		return f
	}
	p.received = append(p.received, channeltest.Received{Address: address, Text: text})
	return f
}

func (p *paper) Deliver(ctx context.Context, b channels.Batch, report func(int, alert.Outcome)) error {
	var inFlight sync.WaitGroup
	window := make(chan struct{}, 8)
	failed := make(chan error, len(b.Recipients)+1)
	for i, r := range b.Recipients {
		window <- struct{}{}
		if p.lie != "permit" {
			if err := b.Permit(ctx); err != nil {
				failed <- err
				break
			}
		}
		if len(failed) > 0 {
			break
		}
		inFlight.Go(func() {
			defer func() { <-window }()
			if err := p.one(ctx, b.Message, r, func(o alert.Outcome) { report(i, o) }); err != nil {
				failed <- err
			}
		})
	}
	if p.lie != "leave" || len(failed) == 0 {
		inFlight.Wait()
	}
	if len(failed) > 0 {
		return <-failed
	}
	return nil
}

func (p *paper) one(ctx context.Context, m channels.Message, r channels.Recipient, report func(alert.Outcome)) error {
	rendered, _ := p.Render(m, r.Lang)
	if p.lie == "preview" {
		rendered.Text += " "
	}
	accepted := alert.Outcome{State: alert.StateAccepted, MessageID: "p" + r.Address}
	switch p.carry(r.Address, rendered.Text) {
	case channeltest.Slow:
		time.Sleep(20 * time.Millisecond)
		report(accepted)
	case channeltest.Refuse:
		report(alert.Outcome{State: alert.StateRefused, Code: "no such person"})
	case channeltest.Busy:
		if p.lie == "busy" {
			report(alert.Outcome{State: alert.StateRefused, Code: "busy"})
			return nil
		}
		return &channels.Retry{After: time.Second, Err: errors.New("busy")}
	case channeltest.Halt:
		return &channels.Halted{Reason: "no money"}
	case channeltest.Silent, channeltest.Cut:
		select {
		case <-time.After(answerWithin):
		case <-ctx.Done():
		}
		if p.lie == "silence" {
			report(alert.Outcome{State: alert.StateRefused})
			return nil
		}
		if p.lie != "forget" {
			report(alert.Outcome{State: alert.StateUnsure})
		}
	default:
		report(accepted)
		if p.lie == "twice" {
			report(accepted)
		}
	}
	return nil
}

func rig(lie string) func(t *testing.T) channeltest.Rig {
	return func(t *testing.T) channeltest.Rig {
		p := &paper{lie: lie}
		return channeltest.Rig{Channel: p, Fault: p.set, Received: p.taken, AnswerWithin: answerWithin,
			Recipients: func(n int) (people []channels.Recipient) {
				for i := range n {
					r := channels.Recipient{Address: fmt.Sprintf("+8613800%06d", i), Lang: "zh", Attempt: 1}
					r.ID[0], r.ID[15] = byte(i>>8), byte(i)
					people = append(people, r)
				}
				return people
			}}
	}
}

func TestAnHonestChannelKeepsEveryPromise(t *testing.T) {
	channeltest.Exercise(t, rig(""))
}

// TestLiar is run by TestTheSuiteCatchesLiars in a process of its own, where
// it is to fail.
func TestLiar(t *testing.T) {
	lie := os.Getenv("CHANNELTEST_LIE")
	if lie == "" {
		return // not a test of its own
	}
	channeltest.Exercise(t, rig(lie))
}

// A suite that cannot fail proves nothing: each broken promise is found under
// its own name.
func TestTheSuiteCatchesLiars(t *testing.T) {
	for lie, promise := range map[string]string{
		"twice":   "everybody_is_reported_exactly_once",
		"preview": "the_preview_is_what_is_sent",
		"mark":    "R6_the_drill_mark_is_first_and_last",
		"permit":  "no_hand-over_without_a_permit",
		"leave":   "a_denied_permit_stops_the_batch",
		"busy":    "a_busy_carrier_refuses_nobody",
		"silence": "silence_is_unsure",
		"forget":  "a_cut_connection_is_unsure",
	} {
		t.Run(lie, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLiar$/^"+promise+"$", "-test.timeout=50s")
			cmd.Env = append(os.Environ(), "CHANNELTEST_LIE="+lie)
			out, err := cmd.CombinedOutput()
			if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(string(out), "--- FAIL: TestLiar/"+promise) {
				t.Errorf("the lie was not caught (%v):\n%s", err, out)
			}
		})
	}
}
