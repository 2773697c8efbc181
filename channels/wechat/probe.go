package wechat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"mingluo/channels"
)

// Probe asks WeChat whether the account can send, without sending: the
// credentials give a token, the template is there, and quota is left. It
// clears a halt when it can and halts the account when it cannot; it returns a
// *channels.Halted then, and another error when WeChat could not be asked.
func (a *Account) Probe(ctx context.Context) error {
	if a.status.lockedFor() != "" || a.simulates() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	err := a.withToken(ctx, a.ask)
	if r, ok := errors.AsType[*refusal](err); ok && classify(r.code) == classAccount {
		return a.halt(r)
	}
	if err != nil {
		return fmt.Errorf("probe the account: %w", err)
	}
	if a.status.reason() != "" {
		a.log.Info("the account works again")
	}
	a.status.clear()
	return nil
}

// withToken runs f with a token, and once more when the token was refused.
func (a *Account) withToken(ctx context.Context, f func(context.Context, string) error) error {
	for try := 0; ; try++ {
		token, err := a.tokens.GetAccessTokenContext(ctx)
		if err != nil {
			return err
		}
		err = f(ctx, token)
		r, refused := errors.AsType[*refusal](err)
		if !refused || classify(r.code) != classToken || try > 0 {
			return err
		}
		a.tokens.drop(token)
	}
}

func (a *Account) ask(ctx context.Context, token string) error {
	var list struct {
		answered
		TemplateList []message.TemplateItem `json:"template_list"`
	}
	if err := a.call(ctx, "/cgi-bin/template/get_all_private_template", token, nil, &list); err != nil {
		return err
	}
	for _, want := range []string{a.cfg.Template.ID, a.cfg.TemplateEN.ID} {
		if want != "" && !hasTemplate(list.TemplateList, want) {
			return &refusal{code: 40037, msg: "template " + want + " is not among the account's"}
		}
	}
	var quota struct {
		answered
		Quota struct {
			DailyLimit int64 `json:"daily_limit"`
			Remain     int64 `json:"remain"`
		} `json:"quota"`
	}
	err := a.call(ctx, "/cgi-bin/openapi/quota/get", token, map[string]string{"cgi_path": sendPath}, &quota)
	if err != nil {
		return err
	}
	if quota.Quota.DailyLimit > 0 && quota.Quota.Remain <= 0 {
		return &refusal{code: 45009, msg: "reach max api daily quota limit"}
	}
	return nil
}

func hasTemplate(list []message.TemplateItem, id string) bool {
	for _, t := range list {
		if t.TemplateID == id {
			return true
		}
	}
	return false
}

// halt stops the channel for what WeChat said of the account.
func (a *Account) halt(r *refusal) *channels.Halted {
	reason := accountReason(r.code, r.msg)
	if a.status.reason() == "" {
		a.log.Error("the account is halted", "reason", reason)
	}
	a.status.halt(reason, time.Now())
	return &channels.Halted{Reason: reason, Err: r}
}
