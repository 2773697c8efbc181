package sms

import (
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/channels/sms/gsm"
	"mingluo/internal/alert"
)

// english writes a notice for a reader of English. What has no English words in
// the notice keeps the words it has.
func (c *Config) english(m *channels.Message, d detail) string {
	w := writer{m: m, detail: d}
	ct := &m.Content
	mark := channels.DrillMark(m.Mode, "en")
	if mark != "" {
		w.b.WriteString(mark + " ")
	}
	w.b.WriteString(c.SignatureEN + " " + verbEN(m.Verb))
	headline := tidy(first(ct.HeadlineEN, ct.Headline))
	w.phrase(headline)
	if place := w.place("... and more, see the page below"); !strings.Contains(headline, place) {
		w.phrase(place)
	}
	w.phrase(periodEN(m))
	w.enBody()
	w.phrase(issuerEN(m))
	if ct.Contact != "" {
		w.phrase("Tel " + tidy(ct.Contact))
	}
	w.tail("Code ", mark)
	return plain(w.b.String())
}

func (w *writer) enBody() {
	ct := &w.m.Content
	if ct.TextEN != "" { // says both what happens and what to do
		if w.detail == everything {
			w.phrase(tidy(ct.TextEN))
		} else {
			w.phrase("What to do and details: see the page below")
		}
		return
	}
	if w.detail < noInstruction {
		w.phrase(tidy(ct.Instruction))
	}
	switch w.detail {
	case everything:
		w.phrase(tidy(ct.Description))
	case noDescription:
		w.phrase("Details: see the page below")
	default:
		w.phrase("What to do and details: see the page below")
	}
}

// phrase appends s with a full stop and a space.
func (w *writer) phrase(s string) {
	if s == "" {
		return
	}
	w.b.WriteString(s)
	if !endsSentence(s) {
		w.b.WriteString(".")
	}
	w.b.WriteString(" ")
}

func first(a, b string) string {
	if strings.TrimSpace(a) != "" {
		return a
	}
	return b
}

func verbEN(v alert.Verb) string {
	switch v {
	case alert.Update:
		return "UPDATE: "
	case alert.Correct:
		return "CORRECTION: "
	case alert.Lift:
		return "ENDED: "
	case alert.Retract:
		return "WITHDRAWN: "
	}
	return ""
}

func periodEN(m *channels.Message) string {
	from, until := m.Content.Effective, m.Content.Expires
	if o := m.Content.Onset; !o.IsZero() && !m.Verb.Ends() {
		from = o
	}
	switch {
	case m.Content.Effective.IsZero():
		return ""
	case m.Verb == alert.Lift:
		return "Ended " + timeEN(from)
	case m.Verb == alert.Retract:
		return "Withdrawn " + timeEN(from)
	case until.IsZero():
		return "From " + timeEN(from)
	}
	if from, until = from.In(alert.Beijing()), until.In(alert.Beijing()); from.Format(dayEN) == until.Format(dayEN) {
		return from.Format("15:04") + " to " + timeEN(until)
	}
	return timeEN(from) + " to " + timeEN(until)
}

const dayEN = "2 Jan 2006"

func timeEN(t time.Time) string { return t.In(alert.Beijing()).Format("15:04 " + dayEN) }

func issuerEN(m *channels.Message) string {
	sender := tidy(m.Content.SenderName)
	if s := m.Content.Source; m.Content.Kind == alert.KindRelay && s != nil && s.Name != "" {
		text := "Issued by " + tidy(s.Name)
		if !s.Sent.IsZero() {
			text += " " + timeEN(s.Sent)
		}
		if sender != "" && sender != tidy(s.Name) {
			text += ", relayed by " + sender
		}
		return text
	}
	if sender == "" {
		return ""
	}
	at := m.Issued
	if at.IsZero() {
		at = m.Content.Effective
	}
	if at.IsZero() {
		return "Issued by " + sender
	}
	return "Issued by " + sender + " " + timeEN(at)
}

// plain writes typographic signs as typewriters do, where that alone brings the
// whole text into the seven-bit alphabet and more than doubles what fits.
func plain(text string) string {
	p := strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`, "–", "-", "—", "-", "…", "...", "\u00a0", " ", "•", "*", "`", "'").Replace(text)
	if gsm.Encode(p).Alphabet == gsm.Seven {
		return p
	}
	return text
}
