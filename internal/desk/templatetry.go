package desk

import (
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// CheckTemplate returns what stands between a template and its proposal: what is
// wrong with itself, else with the notice that comes of it when every gap holds
// the longest that it takes, so that nobody finds out at night that it cannot
// go out.
func (d *Desk) CheckTemplate(mode alert.Mode, t alert.Template) alert.Problems {
	if ps := t.Check(); ps != nil {
		return ps
	}
	c, ps := d.sampleContent(t, alert.TemplateField.Sample)
	if ps != nil {
		return ps
	}
	for _, p := range c.Check(d.Gazetteer, mode, d.Now()) {
		switch p.Field {
		case "suspend": // confirmed when the notice is written
		default:
			ps = append(ps, p)
		}
	}
	return ps
}

// SampleTemplate is the notice that comes of a template with values of the kind
// that an officer types, or the longest that its gaps take, as it is put to a
// renderer. What cannot be filled stays a gap.
func (d *Desk) SampleTemplate(mode alert.Mode, t alert.Template, longest bool) Said {
	value := alert.TemplateField.Example
	if longest {
		value = alert.TemplateField.Sample
	}
	c, _ := d.sampleContent(t, value)
	return Said{Notice: t.ID, Rev: 1, Verb: alert.Issue, Mode: mode, Content: c, Code: alert.VerifyCode(c.Hash(t.ID, 1, alert.Issue, mode))}
}

// sampleContent fills a template for the whole city, from now on.
func (d *Desk) sampleContent(t alert.Template, value func(alert.TemplateField, time.Time) string) (alert.Content, alert.Problems) {
	now := d.Now().UTC()
	c := alert.Content{
		Effective: now, Expires: now.Add(hours(t.Hours)), AreaDesc: d.Gazetteer.Name(d.Gazetteer.City()), Areas: []string{d.Gazetteer.City()},
		SenderName: "佛山市应急管理局", Contact: "12350", Authority: alert.Authority{Basis: "own"}, Scope: t.Scope, Openness: alert.Openness{Attribute: "active"},
		Groups: t.Groups, Channels: t.Channels,
	}
	if t.Scope == alert.ScopeSector {
		c.Authority.Basis = "sector"
		if len(c.Groups) == 0 {
			c.Groups = []string{"应急责任人"} // chosen when the template is used
		}
	}
	if t.Kind == alert.KindRelay {
		c.Source = &alert.Source{Sender: "sample", Identifier: "sample", Sent: now, Name: "佛山市气象台"}
	}
	values := map[string]string{}
	for _, f := range t.Fields {
		values[f.Name] = value(f, now)
	}
	return t.Fill(c, values)
}

// buttonTaken says which other template has the big button already; nil when it
// is free.
func buttonTaken(st *alert.State, t *alert.Template, mode alert.Mode) *alert.Problem {
	if t.Quick == 0 {
		return nil
	}
	for id, h := range st.Templates {
		if v := h.Current(); id != t.ID && h.Mode == mode && v != nil && v.Quick == t.Quick {
			return &alert.Problem{Kind: alert.Conflict, Field: "quick", ZH: fmt.Sprintf("大按钮 %d 已经是“%s”，请换一个，或先改那个模板。", t.Quick, v.ZH), EN: fmt.Sprintf("Big button %d is %s already: choose another, or change that template first.", t.Quick, v.EN)}
		}
	}
	return nil
}
