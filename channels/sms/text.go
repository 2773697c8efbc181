package sms

import (
	"strings"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// detail is how much of the text is told in the message itself; the rest is on
// the notice's page.
type detail int

const (
	everything    detail = iota
	noDescription        // the description is on the page
	noInstruction        // what to do is on the page, too
	shortPlace           // and so is the whole list of places
	details
)

// placeRoom is how many characters of a long list of places a short text keeps.
const placeRoom = 60

// place returns the place in words, cut to its beginning in the shortest form:
// the rest stands on the page that the text links to (W13).
func (w *writer) place(andSoOn string) string {
	place := []rune(tidy(w.m.Content.AreaDesc))
	if w.detail < shortPlace || len(place) <= placeRoom {
		return string(place)
	}
	return string(place[:placeRoom]) + andSoOn
}

// writer writes one text.
type writer struct {
	m      *channels.Message
	detail detail
	b      strings.Builder
}

// chinese writes a notice for a reader of Chinese.
func (c *Config) chinese(m *channels.Message, d detail) string {
	w := writer{m: m, detail: d}
	mark := channels.DrillMark(m.Mode, "zh")
	w.b.WriteString(mark)
	w.b.WriteString("【" + c.Signature + "】")
	if m.Verb != alert.Issue && m.Verb != "" {
		w.b.WriteString("【" + m.Verb.ZH() + "】")
	}
	ct := &m.Content
	headline := strings.TrimPrefix(tidy(ct.Headline), m.Verb.ZH()+"：") // the bracket says it already
	w.sentence(headline)
	if place := w.place("…等地，全部见文末网址"); !strings.Contains(headline, place) {
		w.sentence(place)
	}
	w.sentence(periodZH(m))
	w.zhBody()
	w.sentence(issuerZH(m))
	if ct.Contact != "" {
		w.sentence("电话" + tidy(ct.Contact))
	}
	w.tail("校验码", mark)
	return w.b.String()
}

func (w *writer) zhBody() {
	ct := &w.m.Content
	if w.detail < noInstruction {
		w.sentence(tidy(ct.Instruction))
		for _, s := range alert.SuspensionSentences(ct.Suspend) {
			w.sentence(tidy(s))
		}
	}
	switch w.detail {
	case everything:
		w.sentence(tidy(ct.Description))
	case noDescription:
		w.sentence("详情见文末网址")
	default:
		w.sentence("应对措施和详情见文末网址")
	}
}

// sentence appends s and ends it with a full stop unless it ends by itself.
func (w *writer) sentence(s string) {
	if s == "" {
		return
	}
	w.b.WriteString(s)
	if !endsSentence(s) {
		w.b.WriteString("。")
	}
}

func endsSentence(s string) bool {
	for _, end := range []string{"。", "！", "？", "；", "…", ".", "!", "?", ";"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}

// tail appends code, address and the drill's mark. The address stands between
// spaces so that phones find its end.
func (w *writer) tail(codeWord, mark string) {
	var rest []string
	if w.m.Code != "" {
		rest = append(rest, codeWord+w.m.Code)
	}
	if w.m.URL != "" {
		rest = append(rest, w.m.URL)
	}
	if mark != "" {
		rest = append(rest, mark)
	}
	w.b.WriteString(strings.Join(rest, " "))
}

// tidy makes one line of a text.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

// periodZH says from when until when, or when it ended (R8, R13).
func periodZH(m *channels.Message) string {
	from, until := m.Content.Effective.In(alert.Beijing()), m.Content.Expires.In(alert.Beijing())
	if o := m.Content.Onset; !o.IsZero() && !m.Verb.Ends() {
		from = o.In(alert.Beijing())
	}
	switch {
	case m.Content.Effective.IsZero():
		return "" // a text that is still being written
	case m.Verb.Ends():
		return from.Format("1月2日15:04") + m.Verb.ZH()
	case m.Content.Expires.IsZero():
		return from.Format("1月2日15:04") + "起"
	case from.Year() != until.Year():
		return from.Format("2006年1月2日15:04") + "至" + until.Format("2006年1月2日15:04")
	case from.YearDay() != until.YearDay():
		return from.Format("1月2日15:04") + "至" + until.Format("1月2日15:04")
	}
	return from.Format("1月2日15:04") + "至" + until.Format("15:04")
}

// issuerZH says who says so and since when. A relayed signal is its issuer's
// (R25), whoever passes it on.
func issuerZH(m *channels.Message) string {
	sender := tidy(m.Content.SenderName)
	if s := m.Content.Source; m.Content.Kind == alert.KindRelay && s != nil && s.Name != "" {
		text := tidy(s.Name)
		if !s.Sent.IsZero() {
			text += s.Sent.In(alert.Beijing()).Format("1月2日15:04")
		}
		text += "发布"
		if sender != "" && sender != tidy(s.Name) {
			text += "，" + sender + "转发"
		}
		return text
	}
	if sender == "" {
		return ""
	}
	at := m.Issued
	if at.IsZero() { // a preview
		at = m.Content.Effective
	}
	if at.IsZero() {
		return sender + "发布"
	}
	return sender + at.In(alert.Beijing()).Format("1月2日15:04") + "发布"
}
