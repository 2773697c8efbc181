package channeltest

import (
	"context"
	"errors"
	"sync"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

func isStopped(err error) bool { return errors.Is(err, channels.ErrStopped) }

func (tr *trial) refusedPerson() {
	people := tr.rig.Recipients(30)
	bad := map[int]bool{0: true, 7: true, 29: true}
	tr.rig.fault(tr.T, Refuse, people[0].Address, people[7].Address, people[29].Address)
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, always)
	if d.err != nil {
		tr.Fatalf("deliver: %v; a failure that speaks of a person is an outcome", d.err)
	}
	for i := range people {
		o := d.outcomes[i]
		switch {
		case bad[i] && o.State != alert.StateRefused:
			tr.Errorf("recipient %d is refused for good and was reported as %s", i, o.State)
		case bad[i] && o.Code == "":
			tr.Errorf("recipient %d is refused without the carrier's word", i)
		case !bad[i] && o.State != alert.StateAccepted && o.State != alert.StateDelivered:
			tr.Errorf("recipient %d was reported as %s because others were refused", i, o.State)
		}
	}
}

// busyRefusesNobody: "not now" is either an error with when, or outcomes that
// are deferred; it is never a refusal, and it passes.
func (tr *trial) busyRefusesNobody() {
	tr.rig.fault(tr.T, Busy)
	people := tr.rig.Recipients(20)
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, always)
	if n := d.count(alert.StateRefused); n > 0 {
		tr.Errorf("%d were refused because the carrier was busy", n)
	}
	if retry, ok := errors.AsType[*channels.Retry](d.err); ok {
		if retry.After <= 0 || retry.After > time.Hour {
			tr.Errorf("busy: again in %s", retry.After)
		}
	} else if d.count(alert.StateDeferred) == 0 {
		tr.Errorf("busy: error %v, and nobody was deferred; want a *Retry or deferred outcomes", d.err)
	}
	tr.rig.fault(tr.T, Well)
	tr.eventually(people, d)
}

// eventually delivers to those of people not settled by d until all are.
func (tr *trial) eventually(people []channels.Recipient, d *delivery) {
	tr.Helper()
	open := unsettled(people, d)
	deadline := time.Now().Add(20 * time.Second)
	for len(open) > 0 {
		if time.Now().After(deadline) {
			tr.Fatalf("%d are still open although the carrier is well again; the last error was %v", len(open), d.err)
		}
		time.Sleep(20 * time.Millisecond)
		d = tr.deliver(tr.ctx, Message(alert.Drill), open, always)
		open = unsettled(open, d)
	}
}

func unsettled(people []channels.Recipient, d *delivery) (open []channels.Recipient) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, p := range people {
		if o := d.outcomes[i]; o.State != alert.StateAccepted && o.State != alert.StateDelivered {
			open = append(open, p)
		}
	}
	return open
}

func (tr *trial) haltedRecovers() {
	tr.rig.fault(tr.T, Halt)
	people := tr.rig.Recipients(20)
	// A carrier that looks at the account when a connection is made lets what
	// is open run on, so the channel may need a few tries to notice.
	var d *delivery
	open := people
	tr.until(20*time.Second, "the channel says that it is halted", func() bool {
		d = tr.deliver(tr.ctx, Message(alert.Drill), open, always)
		if n := d.count(alert.StateRefused); n > 0 {
			tr.Fatalf("%d persons were refused because the account was", n)
		}
		open = unsettled(open, d)
		_, halted := errors.AsType[*channels.Halted](d.err)
		if !halted && len(open) == 0 {
			tr.Fatal("everybody was accepted by a carrier that does not let us in")
		}
		return halted
	})
	if h, _ := errors.AsType[*channels.Halted](d.err); h.Reason == "" {
		tr.Error("halted without the carrier's words")
	}
	tr.rig.fault(tr.T, Well)
	tr.until(20*time.Second, "the channel is ready again by itself", func() bool { return tr.rig.Channel.Health().Ready })
	tr.eventually(people, &delivery{people: people, outcomes: map[int]alert.Outcome{}})
}

func (tr *trial) silenceIsUnsure() {
	tr.rig.fault(tr.T, Silent)
	people := tr.rig.Recipients(10)
	ctx, cancel := context.WithTimeout(tr.ctx, 10*tr.rig.answerWithin()+10*time.Second)
	defer cancel()
	d := tr.deliver(ctx, Message(alert.Drill), people, always)
	if ctx.Err() != nil {
		tr.Fatal("the channel waits for ever for a silent carrier")
	}
	if n := d.count(alert.StateUnsure); n == 0 || n != d.reported() {
		tr.Errorf("nobody answered: %d reported, %d of them as unsure", d.reported(), n)
	}
	tr.takenAreReported(d)
}

// takenAreReported: whoever the carrier took a message for was reported, and
// not as refused, so that neither a retraction nor the second try forgets that
// it may have arrived.
func (tr *trial) takenAreReported(d *delivery) {
	tr.Helper()
	taken := map[string]bool{}
	for _, r := range tr.settledReceived() {
		taken[r.Address] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, p := range d.people {
		o, reported := d.outcomes[i]
		if taken[p.Address] && !reported {
			tr.Errorf("the carrier took recipient %d's message and it was not reported", i)
		}
		if taken[p.Address] && (o.State == alert.StateRefused || o.State == alert.StateDeferred) {
			tr.Errorf("the carrier took recipient %d's message and it was reported as %s", i, o.State)
		}
	}
}

func (tr *trial) cutIsUnsure() {
	people := tr.rig.Recipients(40)
	tr.rig.fault(tr.T, Cut, people[15].Address)
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, always)
	if n := d.count(alert.StateRefused); n > 0 {
		tr.Errorf("%d were refused because the connection broke", n)
	}
	tr.takenAreReported(d)
	tr.rig.fault(tr.T, Well)
	tr.eventually(people, d)
}

func (tr *trial) slowLosesNobody() {
	tr.rig.fault(tr.T, Slow)
	people := tr.rig.Recipients(60)
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, always)
	if d.err != nil {
		tr.Fatalf("deliver: %v", d.err)
	}
	tr.allSettled(d)
	tr.receivedOnce(people, len(people))
}

func (tr *trial) cancelled() {
	tr.rig.fault(tr.T, Slow)
	people := tr.rig.Recipients(100)
	ctx, cancel := context.WithCancel(tr.ctx)
	defer cancel()
	var mu sync.Mutex
	asked := 0
	var at time.Time
	d := tr.deliver(ctx, Message(alert.Drill), people, func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked == 30 {
			at = time.Now()
			cancel()
		}
		return ctx.Err()
	})
	if d.err == nil {
		tr.Error("a batch that was cut short returned no error")
	}
	if took := time.Since(at); took > tr.rig.answerWithin()+2*time.Second {
		tr.Errorf("deliver returned %s after its context had ended", took)
	}
	tr.takenAreReported(d)
	if n := d.count(alert.StateRefused); n > 0 {
		tr.Errorf("%d were refused because the context ended", n)
	}
}

func (tr *trial) twoAtOnce() {
	people := tr.rig.Recipients(120)
	var wg sync.WaitGroup
	for _, half := range [][]channels.Recipient{people[:60], people[60:]} {
		wg.Go(func() {
			d := tr.deliver(tr.ctx, Message(alert.Drill), half, always)
			if d.err != nil {
				tr.Errorf("deliver: %v", d.err)
				return
			}
			tr.allSettled(d)
		})
	}
	wg.Wait()
	tr.receivedOnce(people, len(people))
}

func (tr *trial) receipts() {
	if tr.rig.Receipt == nil {
		tr.Skip("the carrier sends no receipts")
	}
	people := tr.rig.Recipients(2)
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, always)
	if d.err != nil {
		tr.Fatalf("deliver: %v", d.err)
	}
	tr.rig.Receipt(people[0].Address, true)
	tr.rig.Receipt(people[1].Address, false)
	want := map[string]alert.OutcomeState{d.outcomes[0].MessageID: alert.StateDelivered, d.outcomes[1].MessageID: alert.StateUndelivered}
	if len(want) != 2 {
		tr.Fatalf("two messages were reported with the ids %q and %q", d.outcomes[0].MessageID, d.outcomes[1].MessageID)
	}
	tr.until(10*time.Second, "both receipts arrive under the ids that were reported", func() bool {
		got := map[string]alert.OutcomeState{}
		for _, r := range tr.inbox.all() {
			if r.Channel != tr.rig.Channel.Name() || r.At.IsZero() {
				tr.Fatalf("receipt of channel %q at %s", r.Channel, r.At)
			}
			got[r.MessageID] = r.State
		}
		for id, state := range want {
			if got[id] != state {
				return false
			}
		}
		return true
	})
}
