package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// previewBody is the panel beside the form.
type previewBody struct {
	Statement string
	Channels  []channelPreview
	Problems  alert.Problems // what still stands between the text and its submission
	Employers string
	Failed    bool          // the audience could not be counted just now
	OnlyPage  []string      // what no chosen channel carries to a phone
	Longest   time.Duration // until the slowest channel is through; 0: not known
	Unknown   bool          // of some channel the speed is not known
	Page      *alert.Content
}

type channelPreview struct {
	Name      string
	Health    ChannelStatus
	People    int
	Districts []districtCount
	Text      string
	Parts     int
	Rendered  bool
	Fields    [][2]string
	Chat      bool     // fields, shown as a card rather than a phone's bubble
	Left      []string // what stands on the page only
	Speed     speed
	Takes     time.Duration // 0: not known, or nobody
	OverQuota bool
}

type districtCount struct {
	Name   string
	People int
}

func (c *Console) previewed(lang string, mode alert.Mode, n *alert.Content, p desk.Preview) previewBody {
	b := previewBody{
		Statement: c.statement(lang, mode, n, p.Audience), Problems: p.Problems, Employers: p.Employers, OnlyPage: onlyPage(n.Channels, p.Texts), Page: n,
	}
	health := map[string]ChannelStatus{}
	for _, h := range c.Channels() {
		health[h.Name] = h
	}
	for _, name := range n.Channels {
		ch := channelPreview{Name: name, Health: health[name], People: p.Audience[name]}
		if t, ok := p.Texts[name]; ok {
			ch.Rendered, ch.Text, ch.Parts, ch.Chat = true, t.Text, t.Parts, len(t.Fields) > 0
			ch.Fields, ch.Left = fieldsInOrder(t), leftWords(t.Left)
		}
		ch.Speed = c.speedOf(ch.Health)
		ch.Takes = ch.Speed.takes(ch.People, ch.Parts)
		ch.OverQuota = ch.Health.Quota > 0 && ch.People*max(1, ch.Parts) > ch.Health.Quota
		b.Longest = max(b.Longest, ch.Takes)
		b.Unknown = b.Unknown || ch.People > 0 && ch.Takes == 0
		for _, code := range c.Gazetteer.Districts() {
			if k := p.Districts[name][code]; k > 0 {
				ch.Districts = append(ch.Districts, districtCount{c.Gazetteer.Name(code), k})
			}
		}
		b.Channels = append(b.Channels, ch)
	}
	return b
}

// exactly replaces a preview's texts by those of one revision, with its number,
// verb and code. A channel that cannot render it keeps the preview's.
func (c *Console) exactly(texts map[string]desk.Text, said desk.Said) {
	if c.Renderer == nil {
		return
	}
	for _, ch := range said.Content.Channels {
		if t, err := c.Renderer.Render(ch, said, zh); err == nil {
			texts[ch] = t
		}
	}
}

// fieldsInOrder pairs a structured text's fields, in the order in which their
// values stand in the text.
func fieldsInOrder(t desk.Text) [][2]string {
	var out [][2]string
	for k, v := range t.Fields {
		out = append(out, [2]string{k, v})
	}
	slices.SortFunc(out, func(a, b [2]string) int {
		if d := strings.Index(t.Text, a[1]) - strings.Index(t.Text, b[1]); d != 0 {
			return d
		}
		return strings.Compare(a[0], b[0])
	})
	for i := range out {
		out[i][0] = strings.TrimRight(out[i][0], "0123456789")
		if strings.IndexFunc(out[i][0], func(r rune) bool { return r > 'z' }) < 0 {
			out[i][0] = "" // "thing1" is the carrier's word; people see a title of its template
		}
	}
	return out
}

// suspendChoices pairs what the rule proposes with the officer's answers: those
// in the form when there is one, else those of the draft. What a saved draft
// does not hold was declined; what a new one does not hold was not asked yet.
func suspendChoices(proposed, kept []alert.Suspension, form url.Values, saved bool) []suspendChoice {
	var out []suspendChoice
	for _, p := range proposed {
		ch := suspendChoice{Suspension: p}
		if saved && form == nil {
			ch.Answer = "no"
		}
		for _, k := range kept {
			if k.District != p.District {
				continue
			}
			ch.Suspension, ch.Answer = k, ""
			if k.Confirmed {
				ch.Answer = "yes"
			}
		}
		if form.Get("suspend."+p.District) == "no" {
			ch.Answer = "no"
		}
		out = append(out, ch)
	}
	return out
}
