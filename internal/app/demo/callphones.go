package demo

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// callPhone is an officer's own phone: what the desk sent there to call.
type callPhone struct {
	Name, Number string
	Messages     []callMessage // newest first
}

// callMessage is one message; Link is its address, to be tapped.
type callMessage struct {
	At                time.Time
	Means             string
	Text, Link, After string
}

// callPhones are the phones of those who can be called to sign.
func (c *Carriers) callPhones() []callPhone {
	var out []callPhone
	for _, o := range staff() {
		if o.WeChat == "" {
			continue
		}
		p := callPhone{Name: o.Name, Number: o.Phone}
		for _, m := range c.SMS.Messages(o.Phone) {
			text, link, after := cutLink(m.Text)
			p.Messages = append(p.Messages, callMessage{m.At, "短信", text, link, after})
		}
		for _, m := range c.WeChat.Messages(o.WeChat) {
			var lines []string
			for _, f := range m.Fields {
				lines = append(lines, f.Label+"："+f.Value)
			}
			p.Messages = append(p.Messages, callMessage{m.At, "微信", strings.Join(lines, "\n"), m.URL, ""})
		}
		slices.SortFunc(p.Messages, func(a, b callMessage) int { return cmp.Compare(b.At.UnixNano(), a.At.UnixNano()) })
		p.Messages = p.Messages[:min(len(p.Messages), maxShown)]
		out = append(out, p)
	}
	return out
}

// cutLink finds the address in a text, as phones do.
func cutLink(text string) (before, link, after string) {
	at := strings.Index(text, "http://")
	if at < 0 {
		at = strings.Index(text, "https://")
	}
	if at < 0 {
		return text, "", ""
	}
	rest := text[at:]
	if end := strings.IndexAny(rest, " \n"); end >= 0 {
		return text[:at], rest[:end], rest[end:]
	}
	return text[:at], rest, ""
}
