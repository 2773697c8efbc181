package console

import (
	"time"

	"mingluo/internal/alert"
)

// lateLine is one thing that should have happened by now: a red line on the
// board, with what to do about it.
type lateLine struct {
	Word  string         // Chinese, a key of the catalogue
	Duty  alert.DutyRule // whose clock it was; zero for none
	Title string
	Since time.Time
	URL   string
}

// late gathers what is behind: clocks that ran out, signals that nobody looked
// at, channels that fell silent (R16).
func (c *Console) late(s *seat, b *boardBody, inForce []*alert.Notice, items []inboxLine, now time.Time) {
	for _, k := range b.Clocks {
		if k.Running && k.Late {
			b.Late = append(b.Late, lateLine{"时限已过", k.Rule, k.Title, k.Due, s.Base + "/incidents/" + k.Incident})
		}
	}
	for _, it := range items {
		if it.Seen == nil && now.Sub(it.At) >= c.UnseenAfter {
			b.Late = append(b.Late, lateLine{"很久没有人看", alert.DutyRule{}, it.Headline, it.At, s.Base + "/inbox"})
		}
	}
	for _, n := range inForce {
		p, ok := c.Progress.Of(n.ID, n.Current().No)
		if !ok {
			continue
		}
		for _, x := range c.silent(p, now) {
			word := "短信没有回音"
			switch x.Channel {
			case "sms":
			case "wechat":
				word = "微信没有回音"
			case "":
				word = "发送计划还没有排定"
			default:
				word = "渠道没有回音"
			}
			b.Late = append(b.Late, lateLine{word, alert.DutyRule{}, n.Current().Content.Headline, x.Since, s.Base + "/notices/" + n.ID})
		}
	}
}

// inboxToDo are the items that wait, for whoever may deal with them.
func (s *seat) inboxToDo(items []inboxLine) (out []waiting) {
	if !s.Writes() {
		return nil
	}
	for _, it := range items {
		word := "收到信号，待您处理"
		if it.From == "department" {
			word = "部门申请发布，待您处理"
		}
		out = append(out, waiting{Kind: "inbox", Word: word, Title: it.Name + " · " + it.Headline, Level: it.Level, Since: it.At, URL: s.Base + "/inbox", urgent: it.Seen == nil})
	}
	return out
}
