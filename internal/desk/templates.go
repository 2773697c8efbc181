package desk

import (
	"context"
	"strings"

	"mingluo/internal/alert"
)

// ProposeTemplate puts a template, or the next version of one, before the
// reviewers. t.Version is the version that it was written from, 0 where that does
// not matter. It returns the new version's number.
func (d *Desk) ProposeTemplate(ctx context.Context, who alert.Actor, t alert.Template, reason string) (version int, err error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover, alert.RoleAdmin); err != nil {
		return 0, err
	}
	if ps := d.CheckTemplate(who.Mode, t); ps != nil {
		return 0, ps
	}
	err = d.act(ctx, who, t.ID, func(st *alert.State) (alert.Fact, error) {
		h := st.Templates[t.ID]
		if h != nil && h.Mode != who.Mode {
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", Field: "id", ZH: "演练与实战分开：这个模板属于另一种模式，请换一个编号。", EN: "Drill and live are apart: this template belongs to the other mode, choose another id."}
		}
		if h != nil {
			if last := h.Latest(); last.Waits() && last.Template.Same(&t) {
				return nil, &alert.Problem{Kind: alert.Conflict, ZH: "同样的文字已经在审。", EN: "The same text is waiting already."}
			}
			if version = len(h.Versions); t.Version != 0 && t.Version != version {
				return nil, &alert.Problem{Kind: alert.Conflict, Field: "version", ZH: "有人先提出了更新的版本，请先看那一版，再改。", EN: "Somebody proposed a newer version first: look at it before you change it."}
			}
		}
		if p := buttonTaken(st, &t, who.Mode); p != nil {
			return nil, p
		}
		version++
		t.Version = version
		return alert.TemplateProposed{Template: t, Reason: strings.TrimSpace(reason)}, nil
	})
	return version, err
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
		h, err := ownTemplate(st, who, id)
		if err != nil || h.Withdrawn != nil {
			return nil, err
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
			if last := h.Latest(); last.Waits() && h.Mode == mode {
				waiting = append(waiting, *last)
			}
		}
	})
	sortTemplates(inUse)
	sortTemplates(waiting)
	return inUse, waiting
}
