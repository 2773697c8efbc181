package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"mingluo/internal/alert"
)

// maxWaiting bounds what waits in the inbox; more is a feed gone wild.
const maxWaiting = 1000

// Receive puts a signal or an application before the officers. The same
// message received twice is one item: its id comes from its sender and its own
// identifier. fresh is false for one that was there already.
func (d *Desk) Receive(ctx context.Context, mode alert.Mode, in alert.InboxReceived) (id string, fresh bool, err error) {
	if in.Content.Source == nil || in.Content.Source.Identifier == "" {
		return "", false, &alert.Problem{Kind: alert.Invalid, Rule: "R19", Field: "source", ZH: "收到的信息没有编号，不能收下。", EN: "What came in has no identifier and is not taken."}
	}
	h := sha256.Sum256([]byte(string(mode) + "\x00" + in.Content.Source.Sender + "\x00" + in.Content.Source.Identifier))
	id = "in-" + hex.EncodeToString(h[:10])
	from := alert.Actor{Officer: alert.Officer{ID: "system"}, Mode: mode}
	err = d.act(ctx, from, id, func(st *alert.State) (alert.Fact, error) {
		fresh = st.Inbox[id] == nil
		if !fresh {
			return nil, nil
		}
		waiting := 0
		for _, it := range st.Inbox {
			if it.Handled == nil {
				waiting++
			}
		}
		if waiting >= maxWaiting {
			return nil, blocked("收件箱已满，请先处理。", "The inbox is full: deal with what is there.")
		}
		return in, nil
	})
	return id, fresh, err
}

// SeeInbox records that an officer looked at an item.
func (d *Desk) SeeInbox(ctx context.Context, who alert.Actor, id string) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		it, err := inboxItem(st, who, id)
		if err != nil || it.Seen != nil {
			return nil, err
		}
		return alert.InboxSeen{}, nil
	})
}

// DraftFromInbox makes a draft of an item and records it as handled.
func (d *Desk) DraftFromInbox(ctx context.Context, who alert.Actor, id string, change func(*alert.Content)) (*Draft, error) {
	var c alert.Content
	var warnings []string
	var err error
	d.Read(func(st *alert.State) {
		var it *alert.InboxItem
		if it, err = inboxItem(st, who, id); err != nil {
			return
		}
		if it.Handled != nil {
			err = &alert.Problem{Kind: alert.Conflict, ZH: "别人已经处理了它。", EN: "Somebody has dealt with it already."}
		}
		c, warnings = it.Content, it.Warnings
	})
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(&c)
	}
	dr, err := d.NewDraft(ctx, who, c, warnings)
	if err != nil {
		return nil, err
	}
	return dr, d.handle(ctx, who, id, alert.InboxHandled{Draft: dr.ID})
}

// DeclineInbox records why nothing is made of an item.
func (d *Desk) DeclineInbox(ctx context.Context, who alert.Actor, id, reason string) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明为什么不发。", EN: "Say why nothing is issued."}
	}
	return d.handle(ctx, who, id, alert.InboxHandled{Declined: reason})
}

func (d *Desk) handle(ctx context.Context, who alert.Actor, id string, f alert.InboxHandled) error {
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		it, err := inboxItem(st, who, id)
		if err != nil {
			return nil, err
		}
		if it.Handled != nil {
			return nil, &alert.Problem{Kind: alert.Conflict, ZH: "别人已经处理了它。", EN: "Somebody has dealt with it already."}
		}
		return f, nil
	})
}

func inboxItem(st *alert.State, who alert.Actor, id string) (*alert.InboxItem, error) {
	it := st.Inbox[id]
	if it == nil {
		return nil, notFound("inbox", "收件箱里没有它。", "It is not in the inbox.")
	}
	if it.Mode != who.Mode {
		return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
	}
	return it, nil
}
