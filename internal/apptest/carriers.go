package apptest

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/roll"
)

// How the service is known to the carriers.
const (
	systemID   = "mingluo"
	secret     = "loopback"
	appID      = "wx0000000000000000"
	aesKey     = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	templateID = "warning"
)

// Carriers are the two imitations. They live in the test's process, so they
// remember what reached them whatever becomes of the service.
type Carriers struct {
	SMS    *smsc.Server
	WeChat *wechatapi.Server

	smsGate, wechatGate *gate
}

func startCarriers(t testing.TB, followers int) *Carriers {
	t.Helper()
	c := &Carriers{SMS: smsc.New(smsc.Config{SystemID: systemID, Password: secret, Number: "10657000", ReceiptDelay: 20 * time.Millisecond, KeepMessages: 1 << 20})}
	var err error
	c.WeChat, err = wechatapi.New(wechatapi.Config{AppID: appID, AppSecret: secret, Token: secret, EncodingAESKey: aesKey,
		CallbackDelay: 20 * time.Millisecond, Templates: []wechatapi.Template{wechatapi.WarningTemplate(templateID)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for s := range roll.Samples(alert.Foshan(), 0, followers) {
		if err := c.WeChat.Follow(s.Address); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SMS.Listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.SMS.Close() })
	if err := c.WeChat.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.WeChat.Close() })
	c.smsGate = &gate{taken: func() int { return int(c.SMS.Counts().Messages) }}
	c.wechatGate = &gate{taken: func() int { return c.WeChat.Counts().Accepted }}
	c.Slow(0, 0)
	return c
}

// serve points a configuration at the carriers.
func (c *Carriers) serve(conf *app.Config) {
	conf.SMS.Route, conf.SMS.Addr, conf.SMS.SystemID, conf.SMS.Password = "仿真短信中心", c.SMS.Addr(), systemID, secret
	conf.SMS.Source, conf.SMS.Imitation = "10657000", true
	conf.WeChat.AppID, conf.WeChat.AppSecret, conf.WeChat.Token, conf.WeChat.EncodingAESKey = appID, secret, secret, aesKey
	conf.WeChat.BaseURL, conf.WeChat.TemplateID, conf.WeChat.Imitation = c.WeChat.URL(), templateID, true
}

func (c *Carriers) callBackTo(public string) { c.WeChat.SetCallbackURL(public + "/wechat/callback") }

// Slow makes every answer take so long, which with the window of a route is
// what bounds its speed.
func (c *Carriers) Slow(sms, wechat time.Duration) {
	c.SMS.SetFaults(smsc.Faults{AnswerDelay: sms, Gate: c.smsGate.pass})
	c.WeChat.SetFaults(func(f *wechatapi.Faults) { f.Delay, f.Gate = wechat, c.wechatGate.pass })
}

// Taken returns how many messages the carriers have taken so far, all channels
// together. It is what a test kills by.
func (c *Carriers) Taken() int {
	return int(c.SMS.Counts().Messages) + c.WeChat.Counts().Accepted
}

// Held returns who holds a message about the notice on a channel, with how many
// copies of it. A message is known by the address of the notice's page in it
// and by the verb it begins with.
func (c *Carriers) Held(channel, notice string, verb alert.Verb) map[string]int {
	out := map[string]int{}
	c.each(channel, notice, verb, func(address, _ string) { out[address]++ })
	return out
}

// Texts returns what phones show of them: an SMS, or WeChat's fields, one a line.
func (c *Carriers) Texts(channel, notice string, verb alert.Verb) []string {
	var out []string
	c.each(channel, notice, verb, func(_, text string) { out = append(out, text) })
	return out
}

func (c *Carriers) each(channel, notice string, verb alert.Verb, yield func(address, text string)) {
	page, verbOf := "/n/"+notice, verbReader()
	if channel == "sms" {
		for _, phone := range c.SMS.Phones() {
			for _, m := range c.SMS.Messages(phone) {
				if strings.Contains(m.Text, page) && verbOf(m.Text) == verb {
					yield(phone, m.Text)
				}
			}
		}
		return
	}
	c.WeChat.Count(func(openid string, m wechatapi.Message) bool {
		if strings.Contains(m.URL, page) && verbOf(m.Fields[0].Value) == verb {
			text := ""
			for _, f := range m.Fields {
				text += f.Value + "\n"
			}
			yield(openid, text)
		}
		return false
	})
}

// verbReader returns what reads the verb of a message as people do: behind the drill's mark
// and the signature stands 【撤回】 or WITHDRAWN: in an SMS, 撤回 or Void: in
// WeChat's first field. None is the first issue.
func verbReader() func(text string) alert.Verb {
	opening := regexp.MustCompile(`^(?:【演练】|\[DRILL\])? ?(?:【[^】]*】(【[^】]*】)|[^:：]{0,40}?(UPDATE|CORRECTION|ENDED|WITHDRAWN): |(更新|更正|解除|撤回)|(Update|Fix|End|Void): )`)
	said := map[string]alert.Verb{
		"更新": alert.Update, "UPDATE": alert.Update, "Update": alert.Update,
		"更正": alert.Correct, "CORRECTION": alert.Correct, "Fix": alert.Correct,
		"解除": alert.Lift, "ENDED": alert.Lift, "End": alert.Lift,
		"撤回": alert.Retract, "WITHDRAWN": alert.Retract, "Void": alert.Retract,
	}
	return func(text string) alert.Verb {
		for _, word := range opening.FindStringSubmatch(text) {
			if v, ok := said[strings.Trim(word, "【】")]; ok {
				return v
			}
		}
		return alert.Issue
	}
}
