package wechat

import (
	"strings"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// Render implements channels.Channel. A field that its type cannot hold whole
// is shortened and ends with …; the message opens the notice's page, which has
// the whole (W13). Drill marks are not shortened (R6).
func (a *Account) Render(m channels.Message, lang string) (channels.Rendering, error) {
	t, lang := a.templateFor(lang)
	values, err := t.fill(m, lang)
	if err != nil {
		return channels.Rendering{}, err
	}
	r := channels.Rendering{Parts: 1, Fields: make(map[string]string, len(values))}
	for i, f := range t.Fields {
		r.Fields[f.Name] = values[i]
	}
	r.Text = strings.Join(values, "\n")
	r.Left = left(words{m: m, c: &m.Content, lang: lang}, r.Text)
	return r, nil
}

// left names what the card does not say: it has a line for what to do and none
// for what is happening.
func left(w words, text string) (out []string) {
	say := func(field, words string) {
		if words = tidy(words); words != "" && !strings.Contains(text, words) {
			out = append(out, field)
		}
	}
	say("description", w.c.Description)
	say("instruction", w.c.Instruction)
	say("suspend", strings.Join(alert.SuspensionSentences(w.c.Suspend), ""))
	say("area_desc", w.c.AreaDesc)
	return out
}

// templateFor chooses the template. A reader of English gets English words also
// in the Chinese template: its labels are Chinese, as WeChat approved them.
func (a *Account) templateFor(lang string) (t Template, valueLang string) {
	t = a.cfg.Template
	if lang == "en" && a.cfg.TemplateEN.ID != "" {
		t = a.cfg.TemplateEN
	}
	if len(t.Fields) == 0 { // a preview before anything is configured
		t.Fields = DefaultFields()
	}
	if lang != "en" {
		lang = "zh"
	}
	return t, lang
}

// fill returns the fields' values in order.
func (t Template) fill(m channels.Message, lang string) ([]string, error) {
	w := words{m: m, c: &m.Content, lang: lang}
	if err := w.missing(); err != nil {
		return nil, err
	}
	mark := channels.DrillMark(m.Mode, lang)
	w.issuerRoom = t.roomFor(SaysIssuer, mark)
	w.codeApart = t.roomFor(SaysCode, mark) > 0
	values := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		before, after := "", ""
		if i == 0 {
			before = mark
		}
		if i == len(t.Fields)-1 {
			after = mark
		}
		_, limit := fieldLimit(f.Name)
		values[i] = before + w.say(f.Says, limit-width(before)-width(after)) + after
	}
	return values, nil
}

// roomFor returns the characters that the field for s has besides the marks.
func (t Template) roomFor(s Says, mark string) int {
	for i, f := range t.Fields {
		if f.Says == s {
			_, limit := fieldLimit(f.Name)
			if i == 0 || i == len(t.Fields)-1 {
				limit -= width(mark)
			}
			return limit
		}
	}
	return 0
}
