package demo

import (
	"strings"
	"time"

	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// holders returns who holds a message about a notice, by "channel address", with
// how many copies, from the carriers' own books. A message is known by the
// address of the notice's page in it.
func (c *Carriers) holders(notice string) map[string]int {
	out := map[string]int{}
	page := "/n/" + notice
	for _, phone := range c.SMS.Phones() {
		for _, m := range c.SMS.Messages(phone) {
			if strings.Contains(m.Text, page) {
				out[roll.SMS+" "+phone]++
			}
		}
	}
	c.WeChat.Count(func(openid string, m wechatapi.Message) bool {
		if strings.Contains(m.URL, page) {
			out[roll.WeChat+" "+openid]++
		}
		return false
	})
	return out
}

// slow makes the carriers take so long for each answer.
func (c *Carriers) slow(pause time.Duration) {
	c.SMS.SetFaults(smsc.Faults{AnswerDelay: pause})
	c.WeChat.SetFaults(func(f *wechatapi.Faults) { f.Delay = pause })
}

// invited are the sample people, by "channel address": those whom a notice for
// the whole city that everybody wants is for.
func invited(c Config) map[string]bool {
	out := map[string]bool{}
	for s := range roll.Samples(alert.Foshan(), c.SMS, c.WeChat) {
		out[s.Channel+" "+s.Address] = true
	}
	return out
}

// verdict is what the books say at the end.
type verdict struct {
	Reached   int // people who hold the notice
	Missed    int // people who should and do not
	Strangers int // people who should not and do
	Twice     int // people who hold more than one copy
	HeldBack  int // second copies that WeChat knew by their number and did not show
}

// judge compares who holds a notice with who was to be told. heldBack is what
// WeChat counted.
func judge(held map[string]int, want map[string]bool, heldBack int) verdict {
	v := verdict{Reached: len(held), HeldBack: heldBack}
	for who, copies := range held {
		if !want[who] {
			v.Strangers++
		}
		if copies > 1 {
			v.Twice++
		}
	}
	for who := range want {
		if held[who] == 0 {
			v.Missed++
		}
	}
	return v
}
