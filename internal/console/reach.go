package console

import (
	"context"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// An officer's own number and openid are in the account, sealed with the rest.
// They are for calling the officer only: the roll of subscribers does not know
// them, and no notice is sent to them.

// reachable gives an officer's number and openid their one spelling. Sample
// addresses are taken: they are nobody's, and a demo's officers have such.
func reachable(o *alert.Officer) error {
	rules := roll.Rules{Sample: true}
	var ps alert.Problems
	for _, x := range []struct {
		channel, field string
		value          *string
	}{{roll.SMS, "phone", &o.Phone}, {roll.WeChat, "wechat", &o.WeChat}} {
		if *x.value == "" {
			continue
		}
		one, p := rules.Normalise(x.channel, *x.value)
		if p != nil {
			ps = append(ps, &alert.Problem{Kind: alert.Invalid, Field: x.field, ZH: p.ZH, EN: p.EN})
			continue
		}
		*x.value = one
	}
	return ps.Err()
}

// SetReach says where an officer is called; "" takes a means away. Sessions go
// on: it gives nobody a right.
func (a *Accounts) SetReach(ctx context.Context, id, phone, openid string) error {
	o := alert.Officer{Phone: phone, WeChat: openid}
	if err := reachable(&o); err != nil {
		return err
	}
	return a.amend(ctx, id, func(s *secrets) error {
		s.Phone, s.WeChat = o.Phone, o.WeChat
		return nil
	})
}

// ownReach is an officer's own number and openid, from the account's page.
func (c *Console) ownReach(ctx context.Context, who alert.Actor, phone, openid string) error {
	o := alert.Officer{Phone: strings.TrimSpace(phone), WeChat: strings.TrimSpace(openid)}
	if err := reachable(&o); err != nil {
		return err
	}
	if err := c.Desk.RecordReach(ctx, who); err != nil {
		return err
	}
	defer c.staffChanged()
	return c.Accounts.SetReach(ctx, who.ID, o.Phone, o.WeChat)
}
