package wechat

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/channels/channeltest/wechatapi"
)

// TestPromises holds the account to what every channel promises.
func TestPromises(t *testing.T) {
	channeltest.Exercise(t, func(t *testing.T) channeltest.Rig {
		const within = 1500 * time.Millisecond // a loaded machine answers late
		d := open(t, func(c *Config) { c.Timeout = within })
		var people []channels.Recipient
		return channeltest.Rig{
			Channel:      d.Account,
			AnswerWithin: within,
			Recipients: func(n int) []channels.Recipient {
				people = d.people(n)
				return people
			},
			Fault:    func(f channeltest.Fault, who ...string) bool { return d.misbehave(f, who) },
			Received: func() []channeltest.Received { return d.received(people) },
			Receipt: func(address string, delivered bool) {
				status := "success"
				if !delivered {
					status = "failed:user block"
				}
				ms := d.api.Messages(address)
				if err := d.api.Report(t.Context(), address, ms[len(ms)-1].MsgID, status); err != nil {
					t.Errorf("report: %v", err)
				}
			},
		}
	})
}

// misbehave sets the fault for everybody or for some, and everything else well.
// Receipts come only when the suite asks for them.
func (d *desk) misbehave(f channeltest.Fault, who []string) bool {
	bad := wechatapi.Faults{CallbackLose: 1}
	switch f {
	case channeltest.Well:
	case channeltest.Slow:
		bad.Delay = 20 * time.Millisecond
	case channeltest.Refuse:
		bad.FailFor = map[string]int{}
		for _, id := range who {
			bad.FailFor[id] = 43004
		}
	case channeltest.Busy:
		bad.FailNext, bad.FailCode = 1<<30, -1
	case channeltest.Halt:
		bad.Quota = -1
	case channeltest.Silent:
		bad.Silent = true
	case channeltest.Cut:
		bad.ResetFor = who
		if len(who) == 0 {
			bad.ResetNext = 1 << 30
		}
	default:
		return false
	}
	d.api.SetFaults(func(now *wechatapi.Faults) { *now = bad })
	return true
}

func (d *desk) received(people []channels.Recipient) []channeltest.Received {
	type arrival struct {
		id int64
		r  channeltest.Received
	}
	var all []arrival
	for _, p := range people {
		for _, m := range d.api.Messages(p.Address) {
			var lines []string
			for _, f := range m.Fields {
				lines = append(lines, f.Value)
			}
			all = append(all, arrival{m.MsgID, channeltest.Received{Address: p.Address, Text: strings.Join(lines, "\n")}})
		}
	}
	slices.SortFunc(all, func(a, b arrival) int { return int(a.id - b.id) })
	var out []channeltest.Received
	for _, a := range all {
		out = append(out, a.r)
	}
	return out
}
