package wechat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// inbound is one event on its way to the record; exactly one of the two is set.
type inbound struct {
	receipt *channels.Receipt
	reply   *channels.Reply
}

const (
	maxReply     = 2048                   // bytes; WeChat's own bound of a text message
	maxCode      = 64                     // as alert.Outcome.Code
	recordWait   = 100 * time.Millisecond // doubled between tries
	answerWithin = 4 * time.Second        // for all tries of one event: WeChat waits five seconds
)

// parseEvent reads what was in the envelope. Events that nobody here needs
// (joins, leaves, menus, pictures) are the empty inbound, answered and dropped:
// joining and leaving go through the subscription's own page.
func parseEvent(plain []byte) (inbound, error) {
	f, err := readFlat(plain)
	if err != nil {
		return inbound{}, err
	}
	sec, err := strconv.ParseInt(f["CreateTime"], 10, 64)
	if err != nil || f["FromUserName"] == "" || len(f["FromUserName"]) > 64 {
		return inbound{}, fmt.Errorf("%w: sender or time is missing", errXML)
	}
	at := time.Unix(sec, 0).UTC()
	switch {
	case f["MsgType"] == "event" && f["Event"] == "TEMPLATESENDJOBFINISH":
		return finished(f, at)
	case f["MsgType"] == "text":
		text := strings.ToValidUTF8(f["Content"], "")
		if len(text) > maxReply {
			return inbound{}, fmt.Errorf("%w: a text of %d bytes", errXML, len(text))
		}
		return inbound{reply: &channels.Reply{Channel: channelName, Address: f["FromUserName"], Text: text, At: at}}, nil
	}
	return inbound{}, nil
}

// finished reads a template message's receipt: "success", or "failed:user
// block", "failed: system failed", "failed:freq limit".
func finished(f map[string]string, at time.Time) (inbound, error) {
	id, err := strconv.ParseInt(f["MsgID"], 10, 64)
	if err != nil || id <= 0 {
		return inbound{}, fmt.Errorf("%w: receipt without a message id", errXML)
	}
	status := tidy(f["Status"])
	r := &channels.Receipt{Channel: channelName, MessageID: idText(id), State: alert.StateUndelivered, Code: clipBytes(status, maxCode), At: at}
	switch {
	case status == "success":
		r.State = alert.StateDelivered
	case status == "":
		return inbound{}, fmt.Errorf("%w: receipt without a status", errXML)
	}
	return inbound{receipt: r}, nil
}

func clipBytes(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// doorway is where callbacks wait for the record. It is open while Run runs.
type doorway struct {
	slots chan struct{} // callbacks being recorded

	mu     sync.Mutex
	in     channels.Inbox // nil while it is shut
	inside sync.WaitGroup
}

// errBusy: WeChat is asked to come again.
var errBusy = errors.New("callbacks cannot be recorded now")

func (d *doorway) open(in channels.Inbox) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.in = in
}

// shut lets nobody in any more and waits for those inside.
func (d *doorway) shut() {
	d.mu.Lock()
	d.in = nil
	d.mu.Unlock()
	d.inside.Wait()
}

// enter returns the inbox and what to call when done; nil when there is no room.
func (d *doorway) enter() (channels.Inbox, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.in == nil {
		return nil, nil
	}
	select {
	case d.slots <- struct{}{}:
	default:
		return nil, nil
	}
	d.inside.Add(1)
	return d.in, func() { <-d.slots; d.inside.Done() }
}

// take puts an event on record and returns when it is there. A record that does
// not take it is asked again until WeChat's patience ends.
func (a *Account) take(ctx context.Context, ev inbound) error {
	if (ev == inbound{}) || ev.receipt != nil && a.told.has(ev.receipt.MessageID) {
		a.metrics.callbacks.WithLabelValues(cbIgnored).Inc()
		return nil
	}
	in, leave := a.door.enter()
	if in == nil {
		a.metrics.callbacks.WithLabelValues(cbFull).Inc()
		return errBusy
	}
	defer leave()
	ctx, cancel := detached(ctx, answerWithin) // what was begun is ended, also when WeChat hangs up
	defer cancel()
	err := put(ctx, in, ev)
	for wait := recordWait; err != nil && pause(ctx, wait); wait *= 2 {
		err = put(ctx, in, ev)
	}
	if err != nil {
		a.metrics.callbacks.WithLabelValues(cbFailed).Inc()
		a.log.Warn("a callback could not be recorded: WeChat is asked to send it again", "receipt", ev.receipt != nil, "err", err)
		return err
	}
	a.metrics.callbacks.WithLabelValues(cbRecorded).Inc()
	return nil
}

func put(ctx context.Context, in channels.Inbox, ev inbound) error {
	if ev.receipt != nil {
		return in.Receipt(ctx, *ev.receipt)
	}
	return in.Reply(ctx, *ev.reply)
}

// Run implements channels.Receiver: callbacks are taken while it runs, and a
// halted account is asked each [Config.ProbeEvery] whether it works again. When
// ctx ends, those being recorded are waited for.
func (a *Account) Run(ctx context.Context, in channels.Inbox) error {
	a.door.open(in)
	defer a.door.shut()
	a.keepProbing(ctx)
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// keepProbing asks at the start, so that a wrong secret is seen before anybody
// submits (R24), and then whenever a halted account is due.
func (a *Account) keepProbing(ctx context.Context) {
	every := max(a.cfg.ProbeEvery/4, 10*time.Millisecond)
	first := true
	for {
		if first || a.status.probeDue(time.Now(), a.cfg.ProbeEvery) {
			if err := a.Probe(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("the account does not answer a probe as it should", "err", err)
			}
		}
		first = false
		if !pause(ctx, every) {
			return
		}
	}
}
