package sms

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mingluo/channels"
	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
)

// Deliver implements channels.Channel.
func (r *Route) Deliver(ctx context.Context, b channels.Batch, report func(i int, o alert.Outcome)) error {
	if len(b.Recipients) == 0 {
		return nil
	}
	if r.link == nil && r.cfg.Simulate && r.wrong == nil {
		return r.simulate(ctx, b, report)
	}
	if err := r.unready(time.Now()); err != nil {
		return err
	}
	d, err := r.newDelivery(b, report)
	if err != nil {
		return err
	}
	return d.run(ctx)
}

// simulate settles everybody without a carrier (R24).
func (r *Route) simulate(ctx context.Context, b channels.Batch, report func(i int, o alert.Outcome)) error {
	for i := range b.Recipients {
		if err := b.Permit(ctx); err != nil {
			return err
		}
		report(i, alert.Outcome{State: alert.StateSimulated, At: time.Now()})
	}
	return nil
}

// delivery is one call of Deliver. Two goroutines work on it: the caller's
// hands people over in order, the collector takes the carrier's answers,
// reports, and gives back what has to be submitted again. So a permit that
// waits never holds up a report.
type delivery struct {
	r        *Route
	b        channels.Batch
	report   func(i int, o alert.Outcome)
	texts    map[string]*text // by language
	validity []byte
	answers  chan *part    // room for all, so that the link's reader never waits
	again    chan *part    // likewise: throttled, to be submitted again
	progress chan struct{} // somebody was settled
	quiet    bool          // no receipt is asked for

	mu   sync.Mutex
	open int   // people handed over and not settled
	err  error // why the batch does not go on
}

func (r *Route) newDelivery(b channels.Batch, report func(i int, o alert.Outcome)) (*delivery, error) {
	texts, most := map[string]*text{}, 1
	for i := range b.Recipients {
		lang := b.Recipients[i].Lang
		if texts[lang] != nil {
			continue
		}
		t, err := r.text(&b.Message, lang)
		if err != nil {
			return nil, fmt.Errorf("write the SMS of notice %s revision %d: %w", b.Message.Notice, b.Message.Rev, err)
		}
		texts[lang] = t
		most = max(most, len(t.parts))
	}
	r.parts.Store(int64(most))
	d := r.delivery(b, report, most)
	d.texts = texts
	d.validity = r.cfg.validity(b.Message.Content.Expires, time.Now())
	return d, nil
}

// delivery makes room for the answers to a batch of texts of so many parts.
func (r *Route) delivery(b channels.Batch, report func(i int, o alert.Outcome), parts int) *delivery {
	return &delivery{r: r, b: b, report: report, texts: map[string]*text{}, progress: make(chan struct{}, 1),
		answers: make(chan *part, parts*len(b.Recipients)), again: make(chan *part, parts*len(b.Recipients))}
}

// validity asks the carrier to stop trying when the notice ends (R14).
func (c *Config) validity(expires, now time.Time) []byte {
	if expires.IsZero() {
		return nil
	}
	if latest := now.Add(c.MaxValidity); expires.After(latest) {
		expires = latest
	}
	return smpp.AbsoluteTime(expires)
}

// run hands everybody over and returns when no answer is outstanding.
func (d *delivery) run(ctx context.Context) error {
	var collector sync.WaitGroup
	done := make(chan struct{})
	collector.Go(func() { d.collect(done) })
	for i := range d.b.Recipients {
		if !d.resubmit(ctx) || !d.hand(ctx, i) {
			break
		}
	}
	for d.unsettled() > 0 { // answers in flight come or time out, whatever ctx says
		select {
		case p := <-d.again:
			d.submitAgain(ctx, p)
		case <-d.progress:
		}
	}
	close(done)
	collector.Wait()
	return d.stopped()
}

// hand hands one person over: all parts, in order. False ends the batch.
func (d *delivery) hand(ctx context.Context, i int) bool {
	to := &d.b.Recipients[i]
	number, ok := dialable(to.Address)
	if !ok {
		d.r.metrics.refused.Inc()
		d.report(i, alert.Outcome{State: alert.StateRefused, At: time.Now(), Code: "address"})
		return true
	}
	if !d.permitted(ctx) {
		return false
	}
	t := d.texts[to.Lang]
	m := &message{d: d, index: i, attempt: to.Attempt, total: len(t.parts), left: len(t.parts)}
	if m.total > 1 {
		m.group = d.r.groups.open(m.total)
	}
	d.mu.Lock()
	d.open++
	d.mu.Unlock()
	for k := range t.parts {
		d.submit(ctx, d.newPart(m, t, k, number))
	}
	return d.stopped() == nil
}

// permitted waits until the route may take something, then asks the pacer, so
// that a permit is not old when it is used.
func (d *delivery) permitted(ctx context.Context) bool {
	if err := d.calm(ctx); err != nil {
		d.halt(err)
		return false
	}
	if err := d.r.link.Room(ctx); err != nil {
		d.halt(batchError(err))
		return false
	}
	if err := d.b.Permit(ctx); err != nil {
		d.halt(err)
		return false
	}
	return true
}

// calm waits while the carrier is not to be bothered, and gives the batch back
// when that has been so for long.
func (d *delivery) calm(ctx context.Context) error {
	for {
		if err := d.stopped(); err != nil {
			return err
		}
		now := time.Now()
		pause := d.r.brake.pause(now)
		if pause == 0 {
			return nil
		}
		if d.r.brake.blocked(now) > d.r.cfg.Patience {
			return &channels.Retry{After: pause, Err: errors.New("the carrier throttles everything")}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// submit hands one part to the link at the route's speed. What cannot be handed
// over ends the batch and is answered as unsent.
func (d *delivery) submit(ctx context.Context, p *part) {
	err := d.stopped()
	if err == nil {
		err = sleep(ctx, d.r.brake.reserve(time.Now()))
	}
	if err == nil {
		p.sent = time.Now()
		err = d.r.link.Submit(ctx, p)
	}
	if err != nil {
		d.halt(batchError(err))
		p.err = link.ErrUnsent
		d.answers <- p
	}
}

// resubmit submits what was throttled, before anything new. False ends the batch.
func (d *delivery) resubmit(ctx context.Context) bool {
	for {
		select {
		case p := <-d.again:
			d.submitAgain(ctx, p)
		default:
			return d.stopped() == nil
		}
	}
}

func (d *delivery) submitAgain(ctx context.Context, p *part) {
	if d.stopped() == nil && d.permitted(ctx) {
		d.submit(ctx, p)
		return
	}
	p.err = link.ErrUnsent
	d.answers <- p
}

func (d *delivery) unsettled() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

func (d *delivery) stopped() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// halt stops the batch: the first reason is the one that is returned.
func (d *delivery) halt(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = why
	}
}

// batchError turns a submission's error into one that speaks of the batch.
func batchError(err error) error {
	if errors.Is(err, link.ErrDown) || errors.Is(err, link.ErrLost) || errors.Is(err, link.ErrUnsent) {
		return &channels.Retry{After: time.Second, Err: err}
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
