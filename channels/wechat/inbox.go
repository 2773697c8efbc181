package wechat

import (
	"context"
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
	maxReply    = 2048 // bytes; WeChat's own bound of a text message
	maxCode     = 64   // as alert.Outcome.Code
	recorders   = 8    // receipts being written at once: the record commits them in groups
	recordTry   = 5
	recordWait  = 100 * time.Millisecond // doubled between tries
	recordLimit = 5 * time.Second        // for all tries of one event
	drainFor    = 3 * time.Second        // for what is queued when Run is told to end
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

// enqueue reports false when the queue is full.
func (a *Account) enqueue(ev inbound) bool {
	result := cbQueued
	switch {
	case ev == inbound{}:
		result = cbIgnored
	default:
		select {
		case a.queue <- ev:
		default:
			result = cbFull
		}
	}
	a.metrics.callbacks.WithLabelValues(result).Inc()
	return result != cbFull
}

// Run implements channels.Receiver: it records what callbacks brought, and
// asks a halted account each [Config.ProbeEvery] whether it works again. When
// ctx ends it records what is queued, for at most three seconds. An event that
// was answered with "success" and not yet recorded is lost if the process dies:
// a receipt then stays "accepted", which is true.
func (a *Account) Run(ctx context.Context, in channels.Inbox) error {
	var wg sync.WaitGroup
	for range recorders {
		wg.Go(func() { a.record(ctx, in) })
	}
	wg.Go(func() { a.keepProbing(ctx) })
	wg.Wait()
	drain, cancel := detached(ctx, drainFor)
	defer cancel()
	for {
		select {
		case ev := <-a.queue:
			a.put(drain, in, ev)
		default:
			return nil
		}
	}
}

func (a *Account) record(ctx context.Context, in channels.Inbox) {
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-a.queue:
			// What was taken from the queue is finished also when ctx ends meanwhile.
			one, cancel := detached(ctx, recordLimit)
			a.put(one, in, ev)
			cancel()
		}
	}
}

// put records one event. A record that does not take it is asked again: a
// receipt can be quicker than the outcome that names its message.
func (a *Account) put(ctx context.Context, in channels.Inbox, ev inbound) {
	var err error
	for try := range recordTry {
		if try > 0 && !pause(ctx, recordWait<<(try-1)) {
			break
		}
		if ev.receipt != nil {
			err = in.Receipt(ctx, *ev.receipt)
		} else {
			err = in.Reply(ctx, *ev.reply)
		}
		if err == nil {
			return
		}
	}
	a.metrics.callbacks.WithLabelValues(cbLost).Inc()
	a.log.Error("a callback could not be recorded", "receipt", ev.receipt != nil, "err", err)
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
