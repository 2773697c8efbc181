package sms

import (
	"context"
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
)

// maxReply bounds a person's message in bytes; a phone sends at most 140 in one.
const maxReply = 1000

// incoming takes a deliver_sm. The carrier is told that it was taken only when
// it is on record.
func (r *Route) incoming(ctx context.Context, pdu []byte) link.Reply {
	var m smpp.ShortMessage
	if err := smpp.DecodeShortMessage(pdu, &m); err != nil {
		return link.Never
	}
	in := r.inbox.Load()
	if in == nil {
		return link.Later
	}
	if !m.IsReceipt() {
		return r.reply(ctx, *in, &m)
	}
	rc, ok := smpp.ReceiptOf(&m)
	if !ok {
		r.metrics.unreadable.Inc()
		r.log.Warn("a receipt without a message id was dropped")
		return link.Done // it would not become readable
	}
	r.metrics.receipt(rc.State)
	if err := r.receipt(ctx, *in, &rc); err != nil {
		r.log.Warn("a receipt could not be put on record: the carrier is asked to send it again", "err", err)
		return link.Later
	}
	return link.Done
}

// receipt tells what became of a message; of a long one, when all its parts
// say so.
func (r *Route) receipt(ctx context.Context, in channels.Inbox, rc *smpp.Receipt) error {
	out := channels.Receipt{Channel: ChannelName, MessageID: string(rc.ID), State: ReceiptState(rc.State), Code: receiptCode(rc), At: time.Now()}
	part, ok := r.groups.await(ctx, out.MessageID)
	if !ok {
		return in.Receipt(ctx, out)
	}
	select {
	case <-part.g.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if !part.g.whole {
		return nil // the message was not accepted as a whole: its outcome knows better
	}
	n := nothingNew
	switch out.State {
	case alert.StateDelivered:
		n = r.groups.arrived(part)
	case alert.StateUndelivered:
		n = r.groups.lostPart(part)
	}
	if n == nothingNew {
		return nil
	}
	out.MessageID = part.g.last
	err := in.Receipt(ctx, out)
	if err != nil {
		r.groups.undo(part)
	}
	return err
}

// receiptCode is the carrier's word, and its error code where it gives one.
func receiptCode(rc *smpp.Receipt) string {
	word := printable(rc.Stat)
	if e := printable(rc.Err); strings.Trim(e, "0") != "" {
		word += " " + e
	}
	return word
}

// printable keeps letters, digits and a few signs: the word is shown to people.
func printable(b []byte) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.ContainsRune(":-_.", c) {
			return c
		}
		return -1
	}, string(b))
}

// reply takes a person's message. The parts of a long one come one by one: to
// hold them until all are there would acknowledge what is not on record.
func (r *Route) reply(ctx context.Context, in channels.Inbox, m *smpp.ShortMessage) link.Reply {
	if m.EsmClass&0x3C != 0 {
		return link.Done // an intermediate notification or an acknowledgement between phones
	}
	body := m.Body()
	if m.EsmClass&smpp.EsmUDHI != 0 {
		_, _, rest, ok := gsm.CutHeader(body)
		if !ok {
			return link.Never
		}
		body = rest
	}
	if len(body) > maxReply {
		return link.Never
	}
	r.metrics.replies.Inc()
	if err := in.Reply(ctx, channels.Reply{Channel: ChannelName, Address: addressOf(m), Text: replyText(m.DataCoding, body), At: time.Now()}); err != nil {
		r.log.Warn("a reply could not be put on record: the carrier is asked to send it again", "err", err)
		return link.Later
	}
	return link.Done
}

func replyText(coding byte, body []byte) string {
	switch coding {
	case smpp.CodingUCS2:
		return gsm.Decode(gsm.UCS2, body)
	case smpp.CodingDefault:
		return gsm.Decode(gsm.Seven, body)
	}
	latin := make([]rune, len(body))
	for i, c := range body {
		latin[i] = rune(c)
	}
	return string(latin)
}

// addressOf spells the sender as subscriptions do.
func addressOf(m *smpp.ShortMessage) string {
	n := string(m.Source)
	switch {
	case strings.HasPrefix(n, "+"):
		return n
	case m.SourceTON == 1, len(n) == 13 && strings.HasPrefix(n, "861"):
		return "+" + n
	case len(n) == 11 && strings.HasPrefix(n, "1"):
		return "+86" + n
	}
	return n
}
