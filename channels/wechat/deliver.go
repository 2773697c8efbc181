package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"mingluo/channels"
	"mingluo/internal/alert"
)

const sendPath = "/cgi-bin/message/template/send"

// Deliver implements channels.Channel. It keeps [Config.Concurrency] requests
// in flight. When ctx ends or a permit is denied nothing more is sent, and the
// answers in flight are awaited, at most [Config.Timeout].
func (a *Account) Deliver(ctx context.Context, b channels.Batch, report func(i int, o alert.Outcome)) error {
	if len(b.Recipients) == 0 {
		return nil
	}
	if err := a.works(ctx); err != nil {
		return err
	}
	d := &delivery{a: a, b: b, report: report, stop: make(chan struct{})}
	if err := d.render(); err != nil {
		return fmt.Errorf("render %s revision %d for WeChat: %w", b.Message.Notice, b.Message.Rev, err)
	}
	return d.run(ctx)
}

// works returns a *channels.Halted while the account does not. A halted account
// is probed when that is due, so that it comes back also without Run.
func (a *Account) works(ctx context.Context) error {
	if a.status.probeDue(time.Now(), a.cfg.ProbeEvery) {
		if err := a.Probe(ctx); err != nil {
			a.log.Warn("the halted account does not work yet", "err", err)
		}
	}
	if reason := a.status.reason(); reason != "" {
		return &channels.Halted{Reason: reason, Err: errors.New("the account takes no messages")}
	}
	return nil
}

// delivery is one call of Deliver.
type delivery struct {
	a      *Account
	b      channels.Batch
	report func(i int, o alert.Outcome)
	texts  map[string]text // by language
	stop   chan struct{}   // closed by the first failure that is not a person's

	mu    sync.Mutex
	err   error
	again []int // recipients whose request was refused for its token
}

// text is what readers of one language get.
type text struct {
	template string
	data     map[string]*message.TemplateDataItem
}

func (d *delivery) render() error {
	d.texts = make(map[string]text)
	for i := range d.b.Recipients {
		lang := d.b.Recipients[i].Lang
		if _, done := d.texts[lang]; done {
			continue
		}
		r, err := d.a.Render(d.b.Message, lang)
		if err != nil {
			return err
		}
		t, _ := d.a.templateFor(lang)
		x := text{template: t.ID, data: make(map[string]*message.TemplateDataItem, len(r.Fields))}
		for name, v := range r.Fields {
			x.data[name] = &message.TemplateDataItem{Value: v}
		}
		d.texts[lang] = x
	}
	return nil
}

// run sends to everybody, and a second time to those whose token was refused:
// they are the ones in flight when a token ended.
func (d *delivery) run(ctx context.Context) error {
	open := make([]int, len(d.b.Recipients))
	for i := range open {
		open[i] = i
	}
	for range 2 {
		open = d.round(ctx, open)
		if d.err != nil || len(open) == 0 {
			return d.err
		}
	}
	return &channels.Retry{After: tokenPause, Err: errTokenRefused}
}

func (d *delivery) round(ctx context.Context, open []int) (again []int) {
	d.again = nil
	var wg sync.WaitGroup
	slots := make(chan struct{}, d.a.cfg.Concurrency)
	for _, i := range open {
		if !d.permitted(ctx, slots) {
			break
		}
		granted := time.Now()
		wg.Go(func() {
			defer func() { <-slots }()
			d.one(ctx, i, granted)
		})
	}
	wg.Wait()
	return d.again
}

// permitted takes a slot first and the permit last, so that a permit is used
// at once and not after a wait for slow answers.
func (d *delivery) permitted(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
	case <-d.stop:
		return false
	case <-ctx.Done():
		d.fail(ctx.Err())
		return false
	}
	if err := d.b.Permit(ctx); err != nil {
		d.fail(err)
		return false
	}
	select {
	case <-d.stop:
		return false
	default:
		return true
	}
}

// fail ends the batch; the first reason stands, but a halt goes before it.
func (d *delivery) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, halted := errors.AsType[*channels.Halted](err)
	if d.err == nil {
		close(d.stop)
		d.err = err
	} else if _, before := errors.AsType[*channels.Halted](d.err); halted && !before {
		d.err = err
	}
}

// permitLives is how old a permit may be when it is used. The process may have been
// frozen since, or the token have been slow, and the notice been retracted.
const permitLives = time.Second

// one hands the message to one follower and says what came of it. Whose permit grew
// old is not reported, and so is asked for again.
func (d *delivery) one(ctx context.Context, i int, granted time.Time) {
	if d.a.simulates() {
		d.report(i, alert.Outcome{State: alert.StateSimulated, Code: "not connected"})
		return
	}
	ctx, cancel := detached(ctx, d.a.cfg.Timeout)
	defer cancel()
	token, err := d.a.tokens.GetAccessTokenContext(ctx)
	if err != nil {
		d.fail(d.a.tokenError(err))
		return
	}
	if time.Since(granted) > permitLives {
		return
	}
	r := &d.b.Recipients[i]
	x := d.texts[r.Lang]
	// The SDK's message type, but not its Template.Send, which puts the
	// errcode into a sentence: the code decides what happens next.
	msg := &message.TemplateMessage{ToUser: r.Address, TemplateID: x.template, URL: d.b.Message.URL, Data: x.data,
		ClientMsgID: clientMsgID(d.b.Message.Notice, d.b.Message.Rev, r.ID)}
	var got struct {
		answered
		MsgID int64 `json:"msgid"`
	}
	start := time.Now()
	err = d.a.call(ctx, sendPath, token, msg, &got)
	d.settle(i, token, got.MsgID, err, start)
}

// clientMsgID is what WeChat knows a send by: the same for every try of the
// same revision to the same person. WeChat holds back a second message with it
// for ten minutes. 32 characters; the platform takes 64 bytes for mass messages
// and names no bound for template messages.
func clientMsgID(notice string, rev int, id alert.RecipientID) string {
	h := sha256.Sum256([]byte(notice + "\x00" + strconv.Itoa(rev) + "\x00" + id.String()))
	return base32.StdEncoding.EncodeToString(h[:20])
}

// tokenError says what a missing token means for the batch: nobody was sent
// anything for it.
func (a *Account) tokenError(err error) error {
	if r, ok := errors.AsType[*refusal](err); ok && classify(r.code) == classAccount {
		return a.halt(r)
	}
	if _, ok := errors.AsType[*channels.Retry](err); ok {
		return err
	}
	return &channels.Retry{After: firstBackoff, Err: err}
}
