package app

import (
	"context"
	"fmt"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/desk"
	"mingluo/internal/journal"
)

// The packages declare the interfaces they need in their own words; here the
// real things are fitted to them. Nothing is decided in this file.

// queue fits the record's work queue to the engine.
type queue struct{ store *journal.Store }

func (q queue) Tasks(ctx context.Context, channel string, held int, handle func(context.Context, channels.TaskHandle)) error {
	return q.store.Tasks(ctx, channel, held, func(ctx context.Context, t *journal.Task) { handle(ctx, taskHandle{t}) })
}

type taskHandle struct{ *journal.Task }

func (t taskHandle) Subject() string { return t.Task.Subject }
func (t taskHandle) Delivered() int  { return t.Task.Delivered }

func (t taskHandle) Nak(_ context.Context, delay time.Duration) error { return t.Task.Nak(delay) }

// crowd fits the index to the engine.
type crowd struct{ index audience.Slices }

func (c crowd) Slice(ctx context.Context, channel string, s alert.Slice, q alert.Query) ([]channels.Member, error) {
	if err := c.index.WaitFor(ctx, q.UpTo); err != nil {
		return nil, fmt.Errorf("wait for the audience index: %w", err)
	}
	found, err := c.index.Slice(ctx, channel, s, q)
	return members(found), err
}

func (c crowd) ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]channels.Member, error) {
	found, err := c.index.ByID(ctx, channel, ids)
	return members(found), err
}

func members(found []audience.Member) []channels.Member {
	out := make([]channels.Member, len(found))
	for i, m := range found {
		out[i] = channels.Member{ID: m.ID, Address: m.Address, Lang: m.Lang, Left: m.Left}
	}
	return out
}

// renderer fits the channels to the desk. A preview has no page yet; a page's
// address has a fixed length, so the parts are counted as they will be sent.
type renderer struct {
	channels []channels.Channel
	pageURL  func(notice string) string
}

func (r renderer) Channels() []string {
	var names []string
	for _, c := range r.channels {
		names = append(names, c.Name())
	}
	return names
}

func (r renderer) Render(channel string, s desk.Said, lang string) (desk.Text, error) {
	for _, c := range r.channels {
		if c.Name() != channel {
			continue
		}
		t, err := c.Render(channels.Message{Notice: s.Notice, Rev: s.Rev, Verb: s.Verb, Mode: s.Mode, Content: s.Content,
			Issued: s.Issued, Code: s.Code, URL: r.pageURL(s.Notice)}, lang)
		return desk.Text{Text: t.Text, Parts: t.Parts, Fields: t.Fields, Left: t.Left}, err
	}
	return desk.Text{}, fmt.Errorf("no channel %q", channel)
}

// message is a released revision as the channels say it.
func message(n *alert.Notice, r *alert.Revision, pageURL func(string) string) channels.Message {
	return channels.Message{Notice: n.ID, Rev: r.No, Verb: r.Verb, Mode: n.Mode, Content: r.Content, Issued: r.Released.At, Code: r.Code(), URL: pageURL(n.ID)}
}
