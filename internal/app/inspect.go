package app

import (
	"context"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// Finding is something that an operator should know before going live.
type Finding struct {
	Blocks bool   `json:"blocks"` // the service would not start, or could not warn anybody
	ZH     string `json:"zh"`
	EN     string `json:"en"`
}

// Sign is what stands before the finding in a list.
func (f Finding) Sign() string {
	if f.Blocks {
		return "✗"
	}
	return "!"
}

// Blocking reports whether any finding stops the service from being used.
func Blocking(fs []Finding) bool {
	for _, f := range fs {
		if f.Blocks {
			return true
		}
	}
	return false
}

// Inspect says what is missing in a configuration that is valid as such. It
// opens nothing, makes nothing.
func Inspect(ctx context.Context, c Config) []Finding {
	var out []Finding
	add := func(blocks bool, zh, en string) { out = append(out, Finding{blocks, zh, en}) }
	if c.Mode == alert.Drill {
		add(false, "这是演练模式：不能发布真实预警。", "Drill mode: nothing real can be released.")
	}
	if c.SMS.Addr == "" {
		add(false, "没有短信通道（sms.addr）：短信渠道显示为红色。", "No SMS carrier (sms.addr): the channel shows red.")
	}
	if c.WeChat.AppID == "" {
		add(false, "没有微信公众号（wechat.app_id）：微信渠道显示为红色。", "No WeChat account (wechat.app_id): the channel shows red.")
	}
	if c.SMS.Addr == "" && c.WeChat.AppID == "" {
		add(c.Mode == alert.Live, "除网页外没有任何渠道。", "There is no channel but the web.")
	}
	if c.Mode == alert.Live && (c.SMS.Imitation || c.WeChat.Imitation) {
		add(true, "实战模式不能使用仿真通道（imitation）。", "A live service must not use imitation carriers.")
	}
	if c.Mode == alert.Live && c.Public.URL == "" {
		add(true, "没有填写公众网页的地址（public.url）：短信和微信里的链接会打不开。", "public.url is missing: links in texts would lead nowhere.")
	}
	if c.Mode == alert.Live && c.Public.URL != "" && !strings.HasPrefix(c.Public.URL, "https://") {
		add(true, "公众网页的地址（public.url）不是 https://：手机会拦，微信不收。", "public.url is not https://: phones warn, WeChat refuses it.")
	}
	if c.WeChat.AppID != "" && (c.WeChat.EncodingAESKey == "" || c.WeChat.Token == "") {
		add(false, "没有微信回调的 token 或 encoding_aes_key：收不到送达回执。", "Without wechat.token and encoding_aes_key no receipts arrive.")
	}
	for _, why := range journal.CheckGround(c.Data) {
		add(c.Mode == alert.Live, "数据目录不安全："+why.ZH, "The data folder is not safe: "+why.EN)
	}
	return append(out, inspectMachine(ctx, c)...)
}
