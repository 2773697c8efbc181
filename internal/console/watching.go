package console

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

// watchNewest adds to the newest fan-out what the outcomes say: its curves, why
// people were refused, and which channel is silent that should be moving (R16).
func (c *Console) watchNewest(ctx context.Context, n *alert.Notice, ds []deliveryView, now time.Time) {
	if len(ds) == 0 {
		return
	}
	v := &ds[0]
	p, ok := c.Progress.Of(n.ID, v.Rev)
	if !ok {
		return
	}
	v.Silent = c.silent(p, now)
	if c.Chronicle == nil {
		return
	}
	account := c.Chronicle.Look(ctx, n.ID, v.Rev, v.Released)
	rates := map[string]float64{}
	for _, ch := range c.Channels() {
		rates[ch.Name] = ch.Rate
	}
	running := !p.Paused && !p.Stopped && p.Held == "" && !v.Past
	for i := range v.Channels {
		b := &v.Channels[i]
		a := account.Channels[b.Channel]
		b.Curve = c.curve(a, b, v.Released, now, rates[b.Channel], running)
		b.Reasons = reasonsOf(a.Reasons)
	}
}

// silentView is a channel of which nothing was heard for too long.
type silentView struct {
	Channel string // "" for a plan that is not there
	Since   time.Time
}

func (c *Console) silent(p progress.Progress, now time.Time) (out []silentView) {
	found := p.Silent(now, c.SilentAfter)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, silentView{name, found[name]})
	}
	return out
}

// reasonLine is why people were not reached, in words.
type reasonLine struct {
	progress.Reason
	Word string // Chinese, a key of the catalogue
}

func reasonsOf(rs []progress.Reason) (out []reasonLine) {
	for _, r := range rs {
		out = append(out, reasonLine{r, reasonWord(r.State, r.Code)})
	}
	return out
}

// reasonWord says a carrier's code in an officer's words. What is in no table is
// said by its state; the code stands beside it in any case.
func reasonWord(state, code string) string {
	for _, x := range reasonWords() {
		if strings.HasPrefix(code, x.code) && (x.state == "" || x.state == state) {
			return x.word
		}
	}
	switch state {
	case "deferred":
		return "运营方暂时不收，稍后再试"
	case "unsure":
		return "已交出，没有回答"
	case "undelivered":
		return "运营方已收，没有送到手机"
	case "expired":
		return "通知到期，没有发出"
	case "stopped":
		return "值班员停止了发送"
	}
	return "运营方拒收"
}

type codeWord struct{ state, code, word string }

// reasonWords are the codes that officers meet. SMPP 3.4 §5.1.3 and appendix B,
// WeChat's page of global return codes.
func reasonWords() []codeWord {
	return []codeWord{
		{"", "0x0000000b", "号码不存在或不能接收短信"}, {"", "0x00000050", "号码不存在或不能接收短信"}, {"", "0x00000051", "号码不存在或不能接收短信"},
		{"", "0x00000065", "手机拒收"}, {"", "0x00000066", "手机拒收"}, {"", "address", "号码写法不对"},
		{"", "0x00000058", "发得太快，运营方要求放慢"}, {"", "0x00000014", "运营方队列已满"},
		{"undelivered", "UNDELIV", "关机、停机或不在服务区"}, {"undelivered", "EXPIRED", "手机长时间没有开机"}, {"undelivered", "REJECTD", "运营方拦截"}, {"undelivered", "DELETED", "运营方删除"},
		{"", "errcode 43004", "已取消关注公众号"}, {"", "errcode 50005", "已取消关注公众号"}, {"", "errcode 40003", "不是本公众号的关注者"},
		{"", "errcode 43019", "在公众号黑名单里"}, {"", "errcode 43101", "没有同意接收或同意已用完"},
		{"", "failed:user block", "用户屏蔽了公众号"}, {"", "failed: user block", "用户屏蔽了公众号"}, {"", "errcode 4500", "公众号额度已用完"},
		{"", "timeout", "已交出，没有回答"}, {"", "connection refused", "连不上运营方"}, {"", "not connected", "没有连接运营方"}, {"", "connection broken", "连接中断，可能已送出"},
	}
}
