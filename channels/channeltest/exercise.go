package channeltest

import (
	"context"
	"sync"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// Exercise holds a channel to every promise. newRig is called once for each.
func Exercise(t *testing.T, newRig func(t *testing.T) Rig) {
	for _, p := range []struct {
		name string
		test func(*trial)
	}{
		{"it has a name fit for subjects and labels", (*trial).named},
		{"its health is asked without waiting", (*trial).healthy},
		{"everybody is reported exactly once", (*trial).everybodyOnce},
		{"an empty batch is nothing", (*trial).emptyBatch},
		{"the preview is what is sent", (*trial).previewIsSent},
		{"R6 the drill mark is first and last", (*trial).drillMarked},
		{"no hand-over without a permit", (*trial).permitFirst},
		{"a denied permit stops the batch", (*trial).deniedStops},
		{"a permit that waits holds everything back", (*trial).waitingHolds},
		{"a refused person is an outcome", (*trial).refusedPerson},
		{"a busy carrier refuses nobody", (*trial).busyRefusesNobody},
		{"a halted channel refuses nobody and recovers", (*trial).haltedRecovers},
		{"silence is unsure", (*trial).silenceIsUnsure},
		{"a cut connection is unsure", (*trial).cutIsUnsure},
		{"a slow carrier loses nobody", (*trial).slowLosesNobody},
		{"cancelling returns soon and tells what was handed over", (*trial).cancelled},
		{"two batches at once do not mix", (*trial).twoAtOnce},
		{"receipts name the message", (*trial).receipts},
	} {
		t.Run(p.name, func(t *testing.T) {
			p.test(begin(t, newRig(t)))
		})
	}
}

// trial is one promise being tested.
type trial struct {
	*testing.T
	rig   Rig
	ctx   context.Context
	inbox *inbox
}

func begin(t *testing.T, rig Rig) *trial {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	tr := &trial{T: t, rig: rig, ctx: ctx, inbox: &inbox{}}
	rig.Fault(Well)
	if rc, ok := rig.Channel.(channels.Receiver); ok {
		done := make(chan struct{})
		runCtx, stop := context.WithCancel(ctx)
		go func() {
			defer close(done)
			if err := rc.Run(runCtx, tr.inbox); err != nil && runCtx.Err() == nil {
				t.Errorf("the receiver ended by itself: %v", err)
			}
		}()
		t.Cleanup(func() {
			stop()
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Error("the receiver does not end when its context does")
			}
		})
	}
	tr.until(10*time.Second, "the channel is ready", func() bool { return rig.Channel.Health().Ready })
	return tr
}

// delivery is what one call of Deliver did, as the engine would see it.
type delivery struct {
	people []channels.Recipient
	err    error
	took   time.Duration

	mu       sync.Mutex
	outcomes map[int]alert.Outcome
	doubles  []int // reported a second time, or out of range
	late     bool  // reported after Deliver had returned
	over     bool
}

func (d *delivery) report(i int, o alert.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, twice := d.outcomes[i]; twice || i < 0 || i >= len(d.people) {
		d.doubles = append(d.doubles, i)
		return
	}
	d.late = d.late || d.over
	d.outcomes[i] = o
}

func (d *delivery) reported() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.outcomes)
}

func (d *delivery) count(s alert.OutcomeState) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.outcomes {
		if o.State == s {
			n++
		}
	}
	return n
}

func always(context.Context) error { return nil }

// deliver hands people to the channel and checks what holds of every call:
// nobody reported twice or late, and states a channel may report.
func (tr *trial) deliver(ctx context.Context, m channels.Message, people []channels.Recipient, permit func(context.Context) error) *delivery {
	tr.Helper()
	d := &delivery{people: people, outcomes: map[int]alert.Outcome{}}
	b := channels.Batch{
		Task:       alert.Task{Channel: tr.rig.Channel.Name(), Notice: m.Notice, Rev: m.Rev, Slice: alert.Slice{Hi: alert.Buckets - 1, Count: len(people)}, Attempt: 1},
		Message:    m,
		Recipients: people,
		Permit:     permit,
	}
	start := time.Now()
	d.err = tr.rig.Channel.Deliver(ctx, b, d.report)
	d.took = time.Since(start)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if len(d.doubles) > 0 {
		tr.Errorf("reported twice or out of range: recipients %v", d.doubles)
	}
	for i, o := range d.outcomes {
		switch o.State {
		case alert.StateAccepted, alert.StateDelivered, alert.StateRefused, alert.StateUnsure, alert.StateSimulated:
		case alert.StateDeferred:
			if o.NotBefore.IsZero() {
				tr.Errorf("recipient %d is deferred without saying until when", i)
			}
		default:
			tr.Errorf("recipient %d: %s is not a state that a channel reports", i, o.State)
		}
	}
	tr.Cleanup(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.late {
			tr.Error("an outcome was reported after Deliver had returned")
		}
	})
	return d
}

// until waits for a condition; it fails the test when it does not come.
func (tr *trial) until(limit time.Duration, what string, ok func() bool) {
	tr.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			tr.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// settledReceived returns what the carrier took, once that stops growing: what
// was written to a socket may be read by the carrier a little later.
func (tr *trial) settledReceived() []Received {
	last, quiet := len(tr.rig.Received()), 0
	for quiet < 10 {
		time.Sleep(5 * time.Millisecond)
		if n := len(tr.rig.Received()); n == last {
			quiet++
		} else {
			last, quiet = n, 0
		}
	}
	return tr.rig.Received()
}

// inbox remembers what the carrier brought.
type inbox struct {
	mu       sync.Mutex
	receipts []channels.Receipt
}

func (in *inbox) Receipt(_ context.Context, r channels.Receipt) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.receipts = append(in.receipts, r)
	return nil
}

func (in *inbox) Reply(context.Context, channels.Reply) error { return nil }

func (in *inbox) all() []channels.Receipt {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]channels.Receipt(nil), in.receipts...)
}

// Message returns a notice of the usual length, as the suite sends it.
func Message(mode alert.Mode) channels.Message {
	at := time.Date(2026, 8, 1, 6, 0, 0, 0, time.UTC)
	return channels.Message{
		Notice: "n1", Rev: 1, Verb: alert.Issue, Mode: mode, Issued: at, Code: "ABCD2345", URL: "https://example.test/n/n1",
		Content: alert.Content{
			Kind: alert.KindRelay, Category: "Met", Event: "台风", Hazard: "11B01", Level: alert.Yellow,
			Urgency: "Expected", Severity: "Moderate", Certainty: "Likely",
			Headline:    "禅城区台风黄色预警信号",
			Description: "8月1日14时至20时，禅城区风力将达8级，阵风10级。",
			Instruction: "停止高空和户外作业，尽快返回室内。",
			HeadlineEN:  "Typhoon yellow signal for Chancheng",
			TextEN:      "From 14:00 to 20:00 on 1 August winds of force 8, gusts 10. Stop outdoor work and go indoors.",
			SenderName:  "佛山市气象台", Contact: "12345",
			Effective: at, Expires: at.Add(6 * time.Hour),
			Areas: []string{"440604"}, AreaDesc: "禅城区", Channels: []string{"sms", "wechat"},
			Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
			Source: &alert.Source{Sender: "44060041600000", Identifier: "44060041600000_20260801140000", Sent: at, Name: "佛山市气象台"},
		},
	}
}
