package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// speed is how fast a channel will send: what its carrier takes by contract or
// by what the route has learned, else what the channel did last time.
type speed struct {
	PerSecond float64 // messages where the route counts them, else people; 0: not known
	Parts     bool    // it counts messages
	Measured  bool    // no contract's figure: how fast the last notice went
}

const (
	// pastReleases is how many releases are looked back to for a measured speed.
	pastReleases = 5
	// leastMeasured is how many people a release must have reached for its speed
	// to say something about a bigger one.
	leastMeasured = 20
)

func (c *Console) speedOf(h ChannelStatus) speed {
	switch {
	case h.PartRate > 0:
		return speed{PerSecond: h.PartRate, Parts: true}
	case h.Rate > 0:
		return speed{PerSecond: h.Rate}
	}
	var past []alert.Release
	c.Desk.Read(func(st *alert.State) {
		all := st.Releases()
		past = slices.Clone(all[max(0, len(all)-pastReleases):])
	})
	for _, r := range slices.Backward(past) {
		p, ok := c.Progress.Of(r.Notice, r.Rev)
		if !ok {
			continue
		}
		for _, ch := range p.Channels {
			if took := ch.Last.Sub(ch.First).Seconds(); ch.Channel == h.Name && ch.Settled >= leastMeasured && took > 0 {
				return speed{PerSecond: float64(ch.Settled) / took, Measured: true}
			}
		}
	}
	return speed{}
}

// takes is how long so many people take, each with so many messages.
func (s speed) takes(people, parts int) time.Duration {
	if s.PerSecond <= 0 || people == 0 {
		return 0
	}
	n := float64(people)
	if s.Parts {
		n *= float64(max(1, parts))
	}
	return max(time.Second, time.Duration(n/s.PerSecond*float64(time.Second)).Round(time.Second))
}

// leftWords names what a text leaves to the page, as the form calls it.
func leftWords(fields []string) []string {
	words := map[string]string{"description": "正在发生什么，会怎样", "instruction": "请公众怎样做", "area_desc": "地点的全部", "suspend": "停课"}
	var out []string
	for _, f := range fields {
		if w := words[f]; w != "" {
			out = append(out, w)
		}
	}
	return out
}

// onlyPage returns what no chosen channel carries to a phone.
func onlyPage(channels []string, texts map[string]desk.Text) []string {
	var out []string
	for i, name := range channels {
		t, ok := texts[name]
		switch {
		case !ok:
			return nil // not rendered: there is a problem beside it already
		case i == 0:
			out = slices.Clone(t.Left)
		default:
			out = slices.DeleteFunc(out, func(f string) bool { return !slices.Contains(t.Left, f) })
		}
	}
	return leftWords(out)
}

// asked puts what is missing into the words of the form's own questions: of a
// gap that a template leaves, the officer is asked once and by its question,
// not told of braces in three texts.
func asked(ps alert.Problems, t *templateView) alert.Problems {
	gaps := map[string]*alert.Problem{}
	if t != nil {
		for _, g := range t.Gaps {
			gaps["{{"+g.Name+"}}"] = &alert.Problem{Kind: alert.Invalid, Rule: "R10", Field: "field." + g.Name, ZH: "请填写：" + g.ZH, EN: "Please fill in: " + g.EN}
		}
	}
	named := func(field string) bool {
		return slices.ContainsFunc(ps, func(p *alert.Problem) bool { return p.Rule != "R10" && p.Field == field })
	}
	var out alert.Problems
	for _, p := range ps {
		if p.Rule == "R10" {
			left := alert.Placeholder(p.ZH)
			own := alert.OwnGap(strings.Trim(left, "{}"))
			switch g := gaps[left]; {
			case g != nil:
				p = g
			case own == "area_desc" && named("areas") || own != "" && named(own):
				continue // said already
			case own != "":
				p = &alert.Problem{Kind: alert.Invalid, Rule: "R10", Field: own, ZH: "模板要用到：" + strings.Trim(left, "{}"), EN: "The template needs this: " + own}
			}
		}
		if p.Field == "area_desc" && p.Rule == "R13" && named("areas") {
			continue // the words follow the choice
		}
		if !slices.ContainsFunc(out, func(o *alert.Problem) bool {
			return o.Field == p.Field && (o.ZH == p.ZH || p.Rule == "R10" && o.Rule == "R10")
		}) {
			out = append(out, p)
		}
	}
	return out
}

// would is the revision that a draft's submission would make: its texts can be
// shown with the very number, address and code that they will be sent with.
// ok is false for a text that was never saved: it has no number yet.
func (c *Console) would(d *desk.Draft, n alert.Content) (said desk.Said, ok bool) {
	if d == nil {
		return desk.Said{}, false
	}
	return c.Desk.Would(d, n), true
}

// took is a length of time as people say it when it is about.
func took(t func(string, ...any) string, d time.Duration) string {
	switch s := int(d.Round(time.Second).Seconds()); {
	case s < 100:
		return t("%d 秒", s)
	case s < 100*60:
		return t("%d 分钟", (s+30)/60)
	default:
		return t("%d 小时 %d 分", s/3600, s%3600/60)
	}
}

// rateWord is a speed without decimals that nobody needs.
func rateWord(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return number(int(v))
}

// segment is a piece of a text; a gap is one that is still to be filled.
type segment struct {
	Text string
	Gap  bool
}

// gapped splits a text at the gaps that a template left in it.
func gapped(text string) (out []segment) {
	for text != "" {
		before, rest, open := strings.Cut(text, "{{")
		name, after, closed := strings.Cut(rest, "}}")
		if !open || !closed {
			return append(out, segment{Text: text})
		}
		if before != "" {
			out = append(out, segment{Text: before})
		}
		out, text = append(out, segment{name, true}), after
	}
	return out
}
