package wechat

import (
	"context"
	"slices"
	"sync"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"mingluo/channels"
	"mingluo/internal/alert"
)

var _ channels.Teller = (*Account)(nil)

// Tell implements channels.Teller. It fills the same approved template as the
// notices do, because an account has few and a call needs no other fields.
func (a *Account) Tell(ctx context.Context, m channels.Direct) (alert.Outcome, error) {
	if err := a.works(ctx); err != nil {
		return alert.Outcome{}, err
	}
	t, _ := a.templateFor("zh")
	x := text{template: t.ID, data: map[string]*message.TemplateDataItem{}}
	for i, value := range t.call(m) {
		x.data[t.Fields[i].Name] = &message.TemplateDataItem{Value: value}
	}
	answer := make(chan alert.Outcome, 1)
	d := &delivery{a: a, stop: make(chan struct{}), texts: map[string]text{"zh": x},
		b: channels.Batch{
			Message:    channels.Message{Notice: m.ID, URL: m.URL},
			Recipients: []channels.Recipient{{Address: m.Address, Lang: "zh", Attempt: 1}},
			Permit:     func(context.Context) error { return nil },
		},
		report: func(_ int, o alert.Outcome) { answer <- o }}
	err := d.run(ctx)
	select {
	case o := <-answer:
		a.told.add(o.MessageID)
		return o, nil
	default:
		return alert.Outcome{}, err
	}
}

// call returns the values of a call in the order of the fields, cut to what
// each may hold; the marks of a drill are not cut (R6).
func (t Template) call(m channels.Direct) []string {
	mark := channels.DrillMark(m.Mode, "zh")
	values := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		before, after := "", ""
		if i == 0 {
			before = mark
		}
		if i == len(t.Fields)-1 {
			after = mark
		}
		_, limit := fieldLimit(f.Name)
		said := fit(tidy(f.Says.ofCall(m)), limit-width(before)-width(after))
		if said == "" {
			said = "-" // WeChat refuses an empty field
		}
		values[i] = before + said + after
	}
	return values
}

func (s Says) ofCall(m channels.Direct) string {
	switch s {
	case SaysWhat:
		return m.What
	case SaysWhere:
		return m.Where
	case SaysWhen:
		return clock(m.From) + "~" + clock(m.Until)
	case SaysAction:
		return m.Action
	case SaysIssuer:
		return m.Issuer
	}
	return ""
}

// told remembers the message ids of the newest calls: their receipts are about
// no notice and would look like receipts that nobody knows.
type told struct {
	mu   sync.Mutex
	ids  [64]string
	next int
}

func (t *told) add(id string) {
	if id == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids[t.next%len(t.ids)] = id
	t.next++
}

func (t *told) has(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.ids[:], id)
}
