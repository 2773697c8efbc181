package channeltest

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

func (tr *trial) named() {
	if n := tr.rig.Channel.Name(); !regexp.MustCompile(`^[a-z]{1,16}$`).MatchString(n) {
		tr.Errorf("name %q: want 1 to 16 lower-case letters", n)
	}
}

func (tr *trial) healthy() {
	start := time.Now()
	for range 100 {
		tr.rig.Channel.Health()
	}
	if took := time.Since(start); took > 100*time.Millisecond {
		tr.Errorf("100 questions about its health took %s", took)
	}
	if tr.rig.Channel.Health().Route == "" {
		tr.Error("the route has no name: officers are shown it")
	}
}

func (tr *trial) everybodyOnce() {
	people := tr.rig.Recipients(200)
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, always)
	if d.err != nil {
		tr.Fatalf("deliver: %v", d.err)
	}
	tr.allSettled(d)
	tr.receivedOnce(people, len(people))
}

// allSettled: the carrier took and answered everybody.
func (tr *trial) allSettled(d *delivery) {
	tr.Helper()
	if n := d.count(alert.StateAccepted) + d.count(alert.StateDelivered); n != len(d.people) {
		tr.Errorf("%d of %d were reported as accepted", n, len(d.people))
	}
}

// receivedOnce: the carrier took want messages, each for another of people.
func (tr *trial) receivedOnce(people []channels.Recipient, want int) {
	tr.Helper()
	known := map[string]int{}
	for _, p := range people {
		known[p.Address] = 0
	}
	got := tr.settledReceived()
	for _, r := range got {
		n, ok := known[r.Address]
		if !ok {
			tr.Error("the carrier took a message for somebody who was not in the batch")
			continue
		}
		known[r.Address] = n + 1
		if n == 1 {
			tr.Error("the carrier took two messages for one person")
		}
	}
	if len(got) != want {
		tr.Errorf("the carrier took %d messages, want %d", len(got), want)
	}
}

func (tr *trial) emptyBatch() {
	asked := 0
	d := tr.deliver(tr.ctx, Message(alert.Drill), nil, func(context.Context) error { asked++; return nil })
	if d.err != nil || asked != 0 || d.reported() != 0 {
		tr.Errorf("an empty batch: error %v, %d permits, %d reports; want nothing", d.err, asked, d.reported())
	}
}

func (tr *trial) previewIsSent() {
	people := tr.rig.Recipients(8)
	for i, m := range []channels.Message{Message(alert.Drill), Message(alert.Live)} {
		pair := people[4*i : 4*i+4]
		want := map[string]string{}
		for j := range pair {
			pair[j].Lang = []string{"zh", "en"}[j%2]
			r, err := tr.rig.Channel.Render(m, pair[j].Lang)
			if err != nil {
				tr.Fatalf("render in %s: %v", pair[j].Lang, err)
			}
			if r.Text == "" || r.Parts < 1 {
				tr.Fatalf("rendering in %s: %d bytes of text, %d parts", pair[j].Lang, len(r.Text), r.Parts)
			}
			want[pair[j].Address] = r.Text
		}
		if d := tr.deliver(tr.ctx, m, pair, always); d.err != nil {
			tr.Fatalf("deliver: %v", d.err)
		}
		for _, r := range tr.settledReceived() {
			if text, ok := want[r.Address]; ok && text != r.Text {
				tr.Errorf("%s: the carrier took\n%q\nthe preview was\n%q", m.Mode, r.Text, text)
			}
		}
	}
	if n := len(tr.settledReceived()); n != len(people) {
		tr.Errorf("the carrier took %d messages, want %d", n, len(people))
	}
}

func (tr *trial) drillMarked() {
	marks := map[string]*regexp.Regexp{"zh": regexp.MustCompile("演练|演习"), "en": regexp.MustCompile("(?i)drill|exercise")}
	for _, verb := range []alert.Verb{alert.Issue, alert.Update, alert.Correct, alert.Lift, alert.Retract} {
		for lang, mark := range marks {
			for _, mode := range []alert.Mode{alert.Drill, alert.Live} {
				m := Message(mode)
				m.Verb = verb
				r, err := tr.rig.Channel.Render(m, lang)
				if err != nil {
					tr.Fatalf("render %s in %s: %v", verb, lang, err)
				}
				text := []rune(strings.TrimSpace(r.Text))
				first, last := string(text[:min(14, len(text))]), string(text[max(0, len(text)-14):])
				marked := mark.MatchString(first) && mark.MatchString(last)
				if mode == alert.Drill && !marked {
					tr.Errorf("%s in %s: a drill begins %q and ends %q, want the mark first and last", verb, lang, first, last)
				}
				if mode == alert.Live && mark.MatchString(string(text)) {
					tr.Errorf("%s in %s: a live text carries a drill's mark", verb, lang)
				}
			}
		}
	}
}

func (tr *trial) permitFirst() {
	people := tr.rig.Recipients(50)
	var mu sync.Mutex
	granted := 0
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if took := len(tr.rig.Received()); took > granted {
			tr.Errorf("the carrier had taken %d messages after %d permits", took, granted)
		}
		granted++
		return nil
	})
	if d.err != nil {
		tr.Fatalf("deliver: %v", d.err)
	}
	if granted != len(people) {
		tr.Errorf("%d permits for %d people: want one each", granted, len(people))
	}
}

func (tr *trial) deniedStops() {
	const allowed = 20
	tr.rig.fault(tr.T, Slow)
	people := tr.rig.Recipients(60)
	var mu sync.Mutex
	asked := 0
	d := tr.deliver(tr.ctx, Message(alert.Drill), people, func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked > allowed {
			return channels.ErrStopped
		}
		return nil
	})
	tr.stopped(d)
	tr.receivedOnce(people, allowed)
	if n := d.reported(); n != allowed {
		tr.Errorf("%d were handed over and %d reported: answers in flight belong in the record", allowed, n)
	}
	if n := d.count(alert.StateAccepted) + d.count(alert.StateDelivered); n != allowed {
		tr.Errorf("%d of %d in flight were reported as accepted: wait for the answers", n, allowed)
	}
}

func (tr *trial) stopped(d *delivery) {
	tr.Helper()
	if !isStopped(d.err) {
		tr.Errorf("deliver returned %v: want the permit's own error", d.err)
	}
}

// waitingHolds: the notice is paused after ten; then it ends. Nobody gets
// anything while the permit waits, nor after the end (R14).
func (tr *trial) waitingHolds() {
	const before = 10
	people := tr.rig.Recipients(40)
	var mu sync.Mutex
	asked := 0
	ended := make(chan struct{})
	waiting := make(chan struct{}, len(people))
	permit := func(ctx context.Context) error {
		mu.Lock()
		asked++
		n := asked
		mu.Unlock()
		if n <= before {
			return nil
		}
		waiting <- struct{}{}
		select {
		case <-ended:
			return channels.ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	done := make(chan *delivery, 1)
	go func() { done <- tr.deliver(tr.ctx, Message(alert.Drill), people, permit) }()
	select {
	case <-waiting:
	case <-time.After(10 * time.Second):
		tr.Fatal("the channel does not ask for an eleventh permit")
	}
	if n := len(tr.settledReceived()); n != before {
		tr.Errorf("the carrier took %d messages while the permit waited, want %d", n, before)
	}
	close(ended)
	select {
	case d := <-done:
		tr.stopped(d)
		if n := d.reported(); n != before {
			tr.Errorf("%d reported, want %d", n, before)
		}
	case <-time.After(10 * time.Second):
		tr.Fatal("deliver does not return after a denied permit")
	}
	if n := len(tr.settledReceived()); n != before {
		tr.Errorf("R14: the carrier took %d messages after the end", n-before)
	}
}
