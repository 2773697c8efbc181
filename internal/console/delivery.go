package console

import (
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

// deliveryView is one revision's fan-out as the officer watches it.
type deliveryView struct {
	Rev      int
	Verb     alert.Verb
	Released time.Time
	Channels []barView
	Planned  bool
	Held     string // why the plan waits for an officer (R12)
	Differs  []string
	Paused   *alert.Decision
	Stopped  *alert.Decision
	Done     bool
	Silent   []silentView // channels that should be moving and say nothing (R16)
	Past     bool         // a later revision took its place
	// Settled and Open are the people of all channels who have a result, and
	// those who have none: what a pause holds up and a stop leaves out.
	Settled, Open int
}

// barView is one channel's bar. The states are what the carrier's protocol
// said, never more (R23); a simulated send is its own state (R24).
type barView struct {
	progress.ChannelProgress
	Parts []barPart // those that are not empty, in the order of the bar
	Open  int       // nothing is known of them yet
	// Silent are those whom an update left in peace: they have the notice.
	Silent  int
	Curve   *curveView
	Reasons []reasonLine // why people were not reached
}

// Unsettled is how many a pause holds up and a stop leaves out: those nothing
// is known of, and those who are to be tried again.
func (v barView) Unsettled() int { return max(0, v.Planned-v.Settled) }

type barPart struct {
	State string // class and key
	Word  string // Chinese, a key of the catalogue
	Count int
	X, W  string // in percent of the bar
}

// barStates is the order of a bar's parts, from the surest to the least sure.
func barStates() []barState {
	return []barState{
		{"delivered", "已送达"}, {"accepted", "运营方已接收"}, {"simulated", "模拟（未发送）"},
		{"unsure", "不确定"}, {"deferred", "稍后再试"}, {"undelivered", "回执未送达"}, {"refused", "被拒绝"},
		{"expired", "到期未发"}, {"left", "已退订"}, {"stopped", "停止未发"}, {"closed", "被更正截止"},
	}
}

type barState struct{ state, word string }

func bar(p progress.ChannelProgress) barView {
	v := barView{ChannelProgress: p}
	known := 0
	for _, s := range barStates() {
		n := p.Counts[s.state]
		if n == 0 {
			continue
		}
		v.Parts = append(v.Parts, barPart{State: s.state, Word: s.word, Count: n, X: percent(known, p.Planned), W: percent(n, p.Planned)})
		known += n
	}
	v.Open = max(0, p.Planned-known)
	return v
}

// deliveries are the fan-outs of a notice's released revisions, newest first.
func (c *Console) deliveries(n *alert.Notice, plans map[string]*alert.Plan) []deliveryView {
	var out []deliveryView
	released := n.Released()
	for i := len(released) - 1; i >= 0; i-- {
		r := released[i]
		v := deliveryView{Rev: r.No, Verb: r.Verb, Released: r.Released.At, Paused: r.Paused, Stopped: r.Stopped, Past: n.Superseded(r.No)}
		if p, ok := c.Progress.Of(n.ID, r.No); ok {
			v.Planned, v.Held, v.Done = p.Planned, p.Held, p.Done
			for _, ch := range p.Channels {
				b := bar(ch)
				v.Channels = append(v.Channels, b)
				v.Settled += b.Settled
				v.Open += b.Unsettled()
			}
		}
		if p := plans[alert.PlanID(n.ID, r.No)]; p != nil {
			v.Differs = p.Differs
			silent(p, &v)
		}
		out = append(out, v)
	}
	return out
}

// reached is how many people hold the notice already, per channel: those to
// whom a correction goes.
func (c *Console) reached(n *alert.Notice) map[string]int {
	out := map[string]int{}
	for _, r := range n.Released() {
		p, ok := c.Progress.Of(n.ID, r.No)
		if !ok {
			continue
		}
		for _, ch := range p.Channels {
			sum := 0
			for s := alert.StateNone; s <= alert.LastState; s++ {
				if s.Reached() {
					sum += ch.Counts[s.String()]
				}
			}
			out[ch.Channel] = max(out[ch.Channel], sum)
		}
	}
	return out
}
