package sms

import (
	"context"
	"errors"
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/channels/sms/gsm"
	"mingluo/internal/alert"
)

var _ channels.Teller = (*Route)(nil)

// Tell implements channels.Teller. The message takes its turn on the link and
// heeds the carrier's speed, but asks no pacer: a fan-out that is under way
// holds it up by a few answers at most. No receipt is asked for, because
// nobody keeps a ledger of it: the officer's answer is that the page is opened.
func (r *Route) Tell(ctx context.Context, m channels.Direct) (alert.Outcome, error) {
	if r.link == nil && r.cfg.Simulate && r.wrong == nil {
		return alert.Outcome{State: alert.StateSimulated, At: time.Now()}, nil
	}
	if err := r.unready(time.Now()); err != nil {
		return alert.Outcome{}, err
	}
	words := r.cfg.call(m)
	e := gsm.Encode(words)
	if len(e.Parts) > r.cfg.MaxParts {
		return alert.Outcome{}, errors.New("the call's text is too long for an SMS")
	}
	answer := make(chan alert.Outcome, 1)
	d := r.delivery(channels.Batch{
		Recipients: []channels.Recipient{{Address: m.Address, Lang: "zh", Attempt: 1}},
		Permit:     func(context.Context) error { return nil },
	}, func(_ int, o alert.Outcome) { answer <- o }, len(e.Parts))
	d.quiet = true
	d.texts["zh"] = r.encoded(words, e)
	d.validity = r.cfg.validity(m.Until, time.Now())
	err := d.run(ctx)
	select {
	case o := <-answer:
		return o, nil
	default:
		return alert.Outcome{}, err
	}
}

// call writes a call's text: the mark of a drill first and last (R6), the
// registered signature, and the address between spaces.
func (c *Config) call(m channels.Direct) string {
	mark := channels.DrillMark(m.Mode, "zh")
	w := writer{}
	w.b.WriteString(mark + "【" + c.Signature + "】")
	for _, s := range []string{m.What, m.Where, m.Action} {
		w.sentence(tidy(s))
	}
	w.b.WriteString(strings.Join(strings.Fields(m.URL+" "+mark), " "))
	return w.b.String()
}
