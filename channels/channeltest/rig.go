// Package channeltest holds the promises that every channel keeps, as one
// suite: [Exercise]. A channel's own test builds a [Rig] (the channel, joined
// to an imitation of its carrier over real sockets) and hands it over:
//
//	func TestPromises(t *testing.T) {
//		channeltest.Exercise(t, func(t *testing.T) channeltest.Rig {
//			smsc := startSMSC(t)                    // imitation carrier on port 0
//			ch := sms.New(sms.Config{Addr: smsc.Addr(), AnswerWithin: 300 * time.Millisecond})
//			return channeltest.Rig{Channel: ch, Recipients: phones, Fault: smsc.fault, Received: smsc.received}
//		})
//	}
//
// The suite never looks inside a channel. It compares three accounts: what the
// channel asked of the pacer, what it reported, and what the carrier took.
package channeltest

import (
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/internal/faulttest"
)

// Rig is one channel and its imitation carrier. The suite makes a new one for
// every promise; what has to be closed is closed by t.Cleanup. If the channel
// is a [channels.Receiver], the suite runs it for as long as the promise lasts.
type Rig struct {
	Channel channels.Channel

	// Recipients returns n recipients with distinct ids and addresses that the
	// carrier takes. Attempt is 1. It is called once in a promise.
	Recipients func(n int) []channels.Recipient

	// Fault makes the carrier behave so from now on, until the next call; with
	// addresses, towards these only, and well towards everybody else. It
	// returns false when the carrier cannot behave so at all, and the promise
	// is then skipped.
	Fault func(f Fault, addresses ...string) bool

	// Received returns what the carrier took so far, in the order of arrival: a
	// message counts when the carrier has read it whole (all parts of a long
	// one), whatever it answered, unless it answered that it refused it.
	Received func() []Received

	// Receipt makes the carrier say of the newest message it took for the
	// address that it arrived, or that it did not. Nil when there are none.
	Receipt func(address string, delivered bool)

	// AnswerWithin is how long the channel waits for an answer before it calls
	// a message unsure. Keep it short, 200 to 500 ms. Zero means 500 ms.
	AnswerWithin time.Duration
}

// Received is one message as the carrier took it.
type Received struct {
	Address string
	Text    string // parts joined, decoded; the same spelling as [channels.Rendering.Text]
}

// Fault is a way in which a carrier behaves.
type Fault int

const (
	Well   Fault = iota // takes every message and answers at once
	Slow                // takes every message and answers after 20 ms
	Refuse              // refuses these persons for good: no such number, blocked, not a follower
	Busy                // takes nothing now: throttled, over the quota of the moment
	Halt                // does not let us in: account closed, wrong secret, no money
	Silent              // takes every message and never answers
	Cut                 // takes the message and breaks the connection instead of answering
)

func (f Fault) String() string {
	return [...]string{"well", "slow", "refuse", "busy", "halt", "silent", "cut"}[f]
}

func (r *Rig) fault(t *testing.T, f Fault, addresses ...string) {
	t.Helper()
	if !r.Fault(f, addresses...) {
		faulttest.Skip(t, "%s: the imitation of this carrier is never %q", t.Name(), f)
	}
}

func (r *Rig) answerWithin() time.Duration {
	if r.AnswerWithin > 0 {
		return r.AnswerWithin
	}
	return 500 * time.Millisecond
}
