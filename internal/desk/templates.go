package desk

import (
	"context"
	"strings"

	"mingluo/internal/alert"
)

// ProposeTemplate puts a template, or the next version of one, before the
// reviewers. It returns the version's number.
func (d *Desk) ProposeTemplate(ctx context.Context, who alert.Actor, t alert.Template, reason string) (version int, err error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover, alert.RoleAdmin); err != nil {
		return 0, err
	}
	if ps := t.Check(); ps != nil {
		return 0, ps
	}
	if ps := d.tryTemplate(t, who.Mode); ps != nil {
		return 0, ps
	}
	err = d.act(ctx, who, t.ID, func(st *alert.State) (alert.Fact, error) {
		h := st.Templates[t.ID]
		if h != nil && h.Mode != who.Mode {
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", Field: "id", ZH: "演练与实战分开：这个模板属于另一种模式，请换一个编号。", EN: "Drill and live are apart: this template belongs to the other mode, choose another id."}
		}
		if h != nil {
			if last := h.Versions[len(h.Versions)-1]; last.Approved == nil && last.Template.Same(&t) {
				return nil, &alert.Problem{Kind: alert.Conflict, ZH: "同样的文字已经在审。", EN: "The same text is waiting already."}
			}
			version = len(h.Versions)
		}
		version++
		t.Version = version
		return alert.TemplateProposed{Template: t, Reason: strings.TrimSpace(reason)}, nil
	})
	return version, err
}

// tryTemplate fills a template with sample values and checks the notice that
// comes of it, so that nobody finds out at night that it cannot go out.
func (d *Desk) tryTemplate(t alert.Template, mode alert.Mode) alert.Problems {
	now := d.Now().UTC()
	c := alert.Content{
		Effective: now, Expires: now.Add(hours(t.Hours)), AreaDesc: d.Gazetteer.Name(d.Gazetteer.City()), Areas: []string{d.Gazetteer.City()},
		SenderName: "佛山市应急管理局", Contact: "12350", Authority: alert.Authority{Basis: "own"}, Scope: t.Scope, Openness: alert.Openness{Attribute: "active"},
	}
	if t.Scope == alert.ScopeSector {
		c.Authority.Basis = "sector"
		if c.Groups = t.Groups; len(c.Groups) == 0 {
			c.Groups = []string{"应急责任人"} // chosen when the template is used
		}
	}
	if t.Kind == alert.KindRelay {
		c.Source = &alert.Source{Sender: "sample", Identifier: "sample", Sent: now, Name: "佛山市气象台"}
	}
	values := map[string]string{}
	for _, f := range t.Fields {
		values[f.Name] = f.Sample(now)
	}
	c, ps := t.Fill(c, values)
	if ps != nil {
		return ps
	}
	for _, p := range c.Check(d.Gazetteer, mode, now) {
		switch p.Field {
		case "suspend": // confirmed when the notice is written
		default:
			ps = append(ps, p)
		}
	}
	return ps
}

// ReviewTemplate records the confidentiality review (保密审查) of a version; the
// notices made from it carry it.
func (d *Desk) ReviewTemplate(ctx context.Context, who alert.Actor, id string, version int, hash, note string) error {
	if err := need(who, alert.RoleReviewer); err != nil {
		return err
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		v, err := judgedTemplate(st, who, id, version, hash)
		if err != nil || v.Reviewed != nil {
			return nil, err
		}
		return alert.TemplateReviewed{Version: version, Hash: hash, Note: strings.TrimSpace(note)}, nil
	})
}

// ApproveTemplate puts a reviewed version into use. With emergency set, a named
// officer may release notices made from it alone (紧急发布), where the
// configuration allows that at all.
func (d *Desk) ApproveTemplate(ctx context.Context, who alert.Actor, id string, version int, hash string, emergency bool) error {
	if err := need(who, alert.RoleApprover); err != nil {
		return err
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		v, err := judgedTemplate(st, who, id, version, hash)
		switch {
		case err != nil:
			return nil, err
		case v.Reviewed == nil:
			return nil, blocked("启用前须先完成保密审查。", "The confidentiality review comes first.")
		case v.Approved != nil && st.Templates[id].Withdrawn == nil && v.Emergency == emergency:
			return nil, nil
		}
		return alert.TemplateApproved{Version: version, Hash: hash, Emergency: emergency}, nil
	})
}

// judgedTemplate returns the version that somebody else than its author judges.
func judgedTemplate(st *alert.State, who alert.Actor, id string, version int, hash string) (*alert.TemplateVersion, error) {
	h := st.Templates[id]
	v := h.Version(version)
	switch {
	case v == nil:
		return nil, notFound("template", "没有这个模板或版本。", "There is no such template or version.")
	case h.Mode != who.Mode:
		return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开：这个模板属于另一种模式。", EN: "Drill and live are apart: this template belongs to the other mode."}
	case version != len(h.Versions):
		return nil, &alert.Problem{Kind: alert.Conflict, Field: "version", ZH: "已经有更新的版本，请看新的。", EN: "There is a newer version: look at that one."}
	case v.Hash != hash:
		return nil, &alert.Problem{Kind: alert.Conflict, Rule: "R1", Field: "hash", ZH: "您看到的文字不是现在这一版，请重新打开看一看。", EN: "The text you saw is not this one: look again."}
	case v.Proposed.By == who.ID:
		return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: "模板是您提出的，须由另一位同事审查和启用。", EN: "You proposed this template: another officer has to judge it."}
	}
	return v, nil
}

// WithdrawTemplate takes a template out of use; notices already made stay.
func (d *Desk) WithdrawTemplate(ctx context.Context, who alert.Actor, id, reason string) error {
	if err := need(who, alert.RoleApprover, alert.RoleAdmin); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明停用的原因。", EN: "Say why it is withdrawn."}
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		h := st.Templates[id]
		if h == nil {
			return nil, notFound("template", "没有这个模板。", "There is no such template.")
		}
		if h.Mode != who.Mode {
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
		}
		if h.Withdrawn != nil {
			return nil, nil
		}
		return alert.TemplateWithdrawn{Reason: reason}, nil
	})
}

// FromTemplate fills a template in use into a content whose place, times and
// sender stand already. What cannot be filled comes back as problems beside
// the content with its gaps.
func (d *Desk) FromTemplate(who alert.Actor, id string, c alert.Content, values map[string]string) (alert.Content, alert.Problems, error) {
	var v *alert.TemplateVersion
	d.Read(func(st *alert.State) {
		if h := st.Templates[id]; h.Usable(who.Mode) {
			v = h.Current()
		}
	})
	if v == nil {
		return c, nil, notFound("template", "没有这个模板，或它还没有启用。", "There is no such template in use.")
	}
	filled, ps := v.Template.Fill(c, values)
	return filled, ps, nil
}

// Templates lists what is in use in a mode, and what waits to be judged.
func (d *Desk) Templates(mode alert.Mode) (inUse, waiting []alert.TemplateVersion) {
	d.Read(func(st *alert.State) {
		for _, h := range st.Templates {
			if h.Usable(mode) {
				inUse = append(inUse, *h.Current())
			}
			if last := h.Versions[len(h.Versions)-1]; last.Approved == nil && h.Mode == mode {
				waiting = append(waiting, *last)
			}
		}
	})
	sortTemplates(inUse)
	sortTemplates(waiting)
	return inUse, waiting
}
