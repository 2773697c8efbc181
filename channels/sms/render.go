package sms

import (
	"fmt"

	"mingluo/channels"
	"mingluo/channels/sms/gsm"
	"mingluo/internal/alert"
)

// Render implements channels.Channel. A text over [Config.MaxParts] is an
// *alert.Problem that says how many characters are too many, unless the notice
// has a page that can carry the description.
func (r *Route) Render(m channels.Message, lang string) (channels.Rendering, error) {
	text, e, d, err := r.cfg.compose(&m, lang)
	if err != nil {
		return channels.Rendering{}, err
	}
	return channels.Rendering{Text: text, Parts: len(e.Parts), Left: d.left(&m.Content)}, nil
}

// left names what a text of this detail leaves to the notice's page.
func (d detail) left(ct *alert.Content) (out []string) {
	say := func(field string, there bool) {
		if there {
			out = append(out, field)
		}
	}
	if d >= noDescription {
		say("description", ct.Description != "")
	}
	if d >= noInstruction {
		say("instruction", ct.Instruction != "")
		say("suspend", len(alert.SuspensionSentences(ct.Suspend)) > 0)
	}
	if d >= shortPlace {
		say("area_desc", len([]rune(tidy(ct.AreaDesc))) > placeRoom)
	}
	return out
}

// compose writes the text in the greatest detail that fits, and encodes it.
func (c *Config) compose(m *channels.Message, lang string) (string, gsm.Encoded, detail, error) {
	if p := unsafeText(&m.Content); p != nil {
		return "", gsm.Encoded{}, everything, p
	}
	write := c.chinese
	if lang == "en" {
		write = c.english
	}
	var whole gsm.Encoded
	for d := everything; d < details; d++ {
		text := write(m, d)
		e := gsm.Encode(text)
		if d == everything {
			whole = e
		}
		if len(e.Parts) <= c.MaxParts {
			return text, e, d, nil
		}
		if m.URL == "" {
			break // nowhere to send the reader
		}
	}
	return "", gsm.Encoded{}, everything, tooLong(whole, c.MaxParts, &m.Content)
}

func tooLong(e gsm.Encoded, parts int, ct *alert.Content) *alert.Problem {
	field := "description"
	if len(ct.AreaDesc) > len(ct.Description) {
		field = "area_desc"
	}
	room := e.Alphabet.Capacity(parts)
	return &alert.Problem{
		Kind: alert.Invalid, Rule: "W13", Field: field,
		ZH: fmt.Sprintf("短信超出 %d 字：最多 %d 条共 %d 字，现为 %d 字，请缩短。", e.Units-room, parts, room, e.Units),
		EN: fmt.Sprintf("The SMS is %d characters too long: at most %d parts of together %d characters, it has %d. Shorten it.", e.Units-room, parts, room, e.Units),
	}
}

// unsafeText finds a character that makes a text look other than it is.
func unsafeText(ct *alert.Content) *alert.Problem {
	for _, f := range []struct{ field, text string }{
		{"headline", ct.Headline}, {"area_desc", ct.AreaDesc}, {"instruction", ct.Instruction}, {"description", ct.Description},
		{"headline_en", ct.HeadlineEN}, {"text_en", ct.TextEN}, {"sender_name", ct.SenderName}, {"contact", ct.Contact},
	} {
		if c, bad := alert.UnsafeRune(f.text); bad {
			return &alert.Problem{
				Kind: alert.Invalid, Field: f.field,
				ZH: fmt.Sprintf("含有不可见的控制字符 U+%04X，短信不能发送，请删去。", c),
				EN: fmt.Sprintf("Contains the invisible character U+%04X, which an SMS cannot carry: remove it.", c),
			}
		}
	}
	return nil
}
