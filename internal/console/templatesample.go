package console

import (
	"slices"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// samples is what becomes of a template with example values, on every channel.
type samples struct {
	Channels []sampleChannel
	Preview  previewBody // of which the page is shown
}

// sampleChannel is a template as one channel sends it.
type sampleChannel struct {
	channelPreview
	Longest desk.Text      // with the longest that the gaps take
	Refused alert.Problems // why the channel cannot send it
}

// samplesOf renders a template for the channels that it presets, all of them
// where it presets none.
func (c *Console) samplesOf(mode alert.Mode, t alert.Template) samples {
	said, long := c.Desk.SampleTemplate(mode, t, false), c.Desk.SampleTemplate(mode, t, true)
	out := samples{Preview: previewBody{Page: &said.Content}}
	for _, health := range c.Channels() {
		if len(t.Channels) > 0 && !slices.Contains(t.Channels, health.Name) {
			continue
		}
		ch := sampleChannel{channelPreview: channelPreview{Name: health.Name, Health: health}}
		if c.Renderer != nil {
			c.sample(&ch, said, long)
		}
		out.Channels = append(out.Channels, ch)
	}
	return out
}

func (c *Console) sample(ch *sampleChannel, said, long desk.Said) {
	text, err := c.Renderer.Render(ch.Name, said, zh)
	if err == nil {
		ch.Rendered, ch.Text, ch.Parts, ch.Chat = true, text.Text, text.Parts, len(text.Fields) > 0
		ch.Fields, ch.Left = fieldsInOrder(text), leftWords(text.Left)
		ch.Longest, err = c.Renderer.Render(ch.Name, long, zh)
	}
	if err != nil {
		if ch.Refused = alert.AsProblems(err); ch.Refused == nil {
			ch.Refused = alert.Problems{{Kind: alert.Invalid, ZH: "这个渠道发不出这样的文字：" + err.Error(), EN: "This channel cannot send such a text: " + err.Error()}}
		}
	}
}
