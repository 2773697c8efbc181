package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// byMode is a channel with two carriers: what is live goes to the real one, a
// drill to the imitation in this process (R5). Only a drill that was approved
// for it by somebody with that permission, and says so in the text that was
// signed, goes to the real one.
type byMode struct {
	channels.Channel // the real one: its name, its texts, its health
	drill            channels.Channel
	prepare          func(addresses []string) error // the imitation gets to know people
}

var errNoMode = errors.New("the message has no mode: it goes to no carrier (R5)")

func (c *byMode) of(mode alert.Mode, real bool) (channels.Channel, error) {
	switch {
	case mode == alert.Live, mode == alert.Drill && real:
		return c.Channel, nil
	case mode == alert.Drill:
		return c.drill, nil
	}
	return nil, errNoMode
}

// Deliver implements [channels.Channel].
func (c *byMode) Deliver(ctx context.Context, b channels.Batch, report func(i int, o alert.Outcome)) error {
	to, err := c.of(b.Message.Mode, b.Message.Content.RealCarriers)
	if err != nil || to == c.Channel {
		if err != nil {
			return &channels.Halted{Reason: err.Error(), Err: err}
		}
		return to.Deliver(ctx, b, report)
	}
	if c.prepare != nil {
		var addresses []string
		for _, r := range b.Recipients {
			addresses = append(addresses, r.Address)
		}
		if err := c.prepare(addresses); err != nil {
			return err
		}
	}
	err = to.Deliver(ctx, b, func(i int, o alert.Outcome) {
		if o.MessageID != "" {
			o.MessageID = drillMessage + o.MessageID
		}
		report(i, o)
	})
	if halted, ok := errors.AsType[*channels.Halted](err); ok {
		// An imitation that stopped speaks of itself: it must not stop the carrier
		// that carries live warnings.
		return &channels.Retry{After: drillAgain, Err: halted}
	}
	return err
}

// drillAgain is when a drill's batch is tried again after its imitation stopped.
const drillAgain = 30 * time.Second

// HealthIn is the health of the carrier that a mode's messages take: a drill is
// never shown how the real one is.
func (c *byMode) HealthIn(mode alert.Mode) channels.Health {
	to, err := c.of(mode, false)
	if err != nil {
		return channels.Health{Reason: err.Error()}
	}
	return to.Health()
}

// healthIn is the health of a channel, whether it has one carrier or two.
func healthIn(c channels.Channel, mode alert.Mode) channels.Health {
	if two, ok := c.(*byMode); ok {
		return two.HealthIn(mode)
	}
	return c.Health()
}

// statusOf is a channel's state as the board of that mode shows it.
func statusOf(c channels.Channel, mode alert.Mode) console.ChannelStatus {
	h := healthIn(c, mode)
	return console.ChannelStatus{Name: c.Name(), Route: h.Route, Imitation: h.Imitation, Ready: h.Ready, Reason: h.Reason, Rate: h.Rate, PartRate: h.PartRate, Fixed: h.Fixed, Quota: h.Quota}
}

// drillMessage stands before the imitation's message ids: a real carrier's may
// be the same number.
const drillMessage = "drill-"

// Tell implements [channels.Teller].
func (c *byMode) Tell(ctx context.Context, d channels.Direct) (alert.Outcome, error) {
	to, err := c.of(d.Mode, false)
	if err != nil {
		return alert.Outcome{}, err
	}
	teller, ok := to.(channels.Teller)
	if !ok {
		return alert.Outcome{}, errors.New("the channel cannot reach one person")
	}
	if to == c.drill && c.prepare != nil {
		if err := c.prepare([]string{d.Address}); err != nil {
			return alert.Outcome{}, err
		}
	}
	return teller.Tell(ctx, d)
}

// Run implements [channels.Receiver]: both carriers call back.
func (c *byMode) Run(ctx context.Context, in channels.Inbox) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, side := range []struct {
		ch channels.Channel
		in channels.Inbox
	}{{c.Channel, in}, {c.drill, drillInbox{in}}} {
		if r, ok := side.ch.(channels.Receiver); ok {
			wg.Go(func() {
				if errs[i] = r.Run(ctx, side.in); errs[i] != nil {
					cancel()
				}
			})
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// drillInbox gives receipts the name that the messages were recorded under.
// What "people" answer to an imitation is nobody's word.
type drillInbox struct{ channels.Inbox }

func (d drillInbox) Receipt(ctx context.Context, r channels.Receipt) error {
	r.MessageID = drillMessage + strings.TrimPrefix(r.MessageID, drillMessage)
	return d.Inbox.Receipt(ctx, r)
}

func (drillInbox) Reply(context.Context, channels.Reply) error { return nil }
