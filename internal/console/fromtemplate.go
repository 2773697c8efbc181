package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/templates"
)

// choice is what a new notice can be made from: the nine big buttons, what a
// search found, and what has just come in.
type choice struct {
	Query string
	Quick []alert.TemplateVersion
	Found []alert.TemplateVersion
	Inbox []arrivedView
}

// gapView is one typed gap of the template that a notice is made from.
type gapView struct {
	alert.TemplateField
	Value string // as the form shows it
}

// templateView is the template of the form, when there is one.
type templateView struct {
	ID      string
	Version int
	Name    string
	NameEN  string
	Gaps    []gapView
	Carries bool // its confidentiality review stands for the notice
	Daytime bool
}

// choices lists what a new notice can be made from.
func (c *Console) choices(s *seat, query string) choice {
	inUse, _ := c.Desk.Templates(s.Actor.Mode)
	finder := templates.NewFinder(inUse)
	ch := choice{Query: strings.TrimSpace(query)}
	for _, t := range finder.Find("") {
		if t.Quick > 0 && len(ch.Quick) < 9 {
			ch.Quick = append(ch.Quick, t)
		}
	}
	if ch.Query != "" {
		ch.Found = finder.Find(ch.Query)
	}
	ch.Inbox = c.arrived(s, inUse)
	return ch
}

// findTemplates answers a search while it is typed, with the list alone.
func (c *Console) findTemplates(w http.ResponseWriter, r *http.Request, s *seat) error {
	b := &composeBody{Choice: c.choices(s, r.URL.Query().Get("q"))}
	return c.render(w, r, http.StatusOK, "compose", "found", &view{seat: s, Body: b})
}

// filled writes the words of the form's template into what was read. A form
// without one, or that was changed to free text, stays as it is.
func (c *Console) filled(s *seat, values url.Values, n alert.Content) (alert.Content, alert.Problems) {
	id := values.Get("template")
	if id == "" {
		n.Template = nil
		return n, nil
	}
	given := map[string]string{}
	f := &reader{Values: values}
	for _, g := range c.gapsOf(s, id) {
		name := "value." + g.Name
		if v := f.text(name); v != "" {
			if g.Type == alert.FieldTime {
				if at := f.time(name); !at.IsZero() {
					v = at.Format(time.RFC3339)
				}
			}
			given[g.Name] = v
		}
	}
	out, ps, err := c.Desk.FromTemplate(s.Actor, id, n, given)
	if err != nil {
		n.Template = nil
		return n, append(alert.AsProblems(err), f.problems...)
	}
	if values.Get("act") == "free" { // the words stay, the template does not: a reviewer reads them
		out.Template, ps = nil, nil
	}
	return out, append(ps, f.problems...)
}

// templateInUse finds a template; nil for none.
func (c *Console) templateInUse(s *seat, id string) *alert.TemplateVersion {
	if id == "" {
		return nil
	}
	inUse, _ := c.Desk.Templates(s.Actor.Mode)
	for i := range inUse {
		if inUse[i].ID == id {
			return &inUse[i]
		}
	}
	return nil
}

func (c *Console) gapsOf(s *seat, id string) []alert.TemplateField {
	if t := c.templateInUse(s, id); t != nil {
		return t.Fields
	}
	return nil
}

// startFrom is a new notice from a template, before anything was typed.
// signal is one in the inbox that it relays, or "".
func (c *Console) startFrom(s *seat, id, signal string, n alert.Content) (alert.Content, error) {
	inUse, _ := c.Desk.Templates(s.Actor.Mode)
	for _, t := range inUse {
		if t.ID != id {
			continue
		}
		n.Expires = n.Effective.Add(time.Duration(t.Hours) * time.Hour)
		n.Groups, n.Scope = t.Groups, t.Scope
		if len(t.Channels) > 0 {
			n.Channels = t.Channels
		}
		if t.Scope == alert.ScopeSector {
			n.Authority.Basis = "sector"
		}
		n.Kind = t.Kind
		if from, ok := c.signal(s, signal); ok {
			c.asSignal(&n, from, time.Now())
			n.Suspend = alert.ProposeSuspension(c.Gazetteer, t.Hazard, t.Level, n.Areas) // not answered yet (R26)
		}
		n, _, err := c.Desk.FromTemplate(s.Actor, id, n, nil)
		return n, err
	}
	return n, &alert.Problem{Kind: alert.NotFound, Field: "template", ZH: "没有这个模板，或它还没有启用。", EN: "There is no such template in use."}
}

// templateOf shows the template of a content; nil when it is free text.
func (c *Console) templateOf(s *seat, n *alert.Content) *templateView {
	if n.Template == nil {
		return nil
	}
	inUse, _ := c.Desk.Templates(s.Actor.Mode)
	for _, t := range inUse {
		if t.ID != n.Template.ID || t.Version != n.Template.Version {
			continue
		}
		v := &templateView{ID: t.ID, Version: t.Version, Name: t.ZH, NameEN: t.EN, Daytime: t.Daytime, Carries: t.Reviewed != nil}
		for _, f := range t.Fields {
			g := gapView{TemplateField: f, Value: n.Template.Values[f.Name]}
			if g.Value == "" {
				g.Value = f.Preset
			}
			if at, err := time.Parse(time.RFC3339, g.Value); err == nil && f.Type == alert.FieldTime {
				g.Value = toForm(at)
			}
			v.Gaps = append(v.Gaps, g)
		}
		return v
	}
	return nil
}
