package desk

import (
	"context"
	"strings"

	"mingluo/internal/alert"
)

// ReviewTemplate records the confidentiality review (保密审查) of a version, item
// by item; the notices made from it carry it.
func (d *Desk) ReviewTemplate(ctx context.Context, who alert.Actor, id string, version int, hash, note string, ticked ...string) error {
	if err := need(who, alert.RoleReviewer); err != nil {
		return err
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		v, err := judgedTemplate(st, who, id, version, hash)
		if err != nil || v.Vouched() {
			return nil, err
		}
		if err := alert.CheckReview(ticked); err != nil {
			return nil, err
		}
		return alert.TemplateReviewed{Version: version, Hash: hash, Note: strings.TrimSpace(note), Checklist: alert.Checked()}, nil
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
		case !v.Vouched():
			return nil, blocked("启用前须先完成保密审查。", "The confidentiality review comes first.")
		case v.Approved != nil && st.Templates[id].Withdrawn == nil && v.Emergency == emergency:
			return nil, nil
		}
		if p := buttonTaken(st, &v.Template, who.Mode); p != nil {
			return nil, p
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
	case v.Returned != nil:
		return nil, &alert.Problem{Kind: alert.Conflict, ZH: "这一版已经退回了。", EN: "This version was returned already."}
	case v.Hash != hash:
		return nil, &alert.Problem{Kind: alert.Conflict, Rule: "R1", Field: "hash", ZH: "您看到的文字不是现在这一版，请重新打开看一看。", EN: "The text you saw is not this one: look again."}
	case v.Proposed.By == who.ID:
		return nil, errOwnTemplate()
	}
	return v, nil
}

// ReturnTemplate gives a version that waits back to its author with a reason.
func (d *Desk) ReturnTemplate(ctx context.Context, who alert.Actor, id string, version int, hash, reason string) error {
	if err := need(who, alert.RoleReviewer, alert.RoleApprover); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明退回的原因，作者要照它改。", EN: "Say why, so that the author can mend it."}
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		v, err := judgedTemplate(st, who, id, version, hash)
		if err != nil {
			return nil, err
		}
		if v.Approved != nil {
			return nil, &alert.Problem{Kind: alert.Conflict, ZH: "这一版已经启用；不用它了，请停用模板。", EN: "This version is in use already: take the template out of use instead."}
		}
		return alert.TemplateReturned{Version: version, Hash: hash, Reason: reason}, nil
	})
}

// RestoreTemplate takes a withdrawal back. What stood in use goes back into use
// as it was reviewed and approved; its author does not decide that alone.
func (d *Desk) RestoreTemplate(ctx context.Context, who alert.Actor, id, reason string) error {
	if err := need(who, alert.RoleApprover); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明恢复使用的原因。", EN: "Say why it is used again."}
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		h, err := ownTemplate(st, who, id)
		if err != nil || h.Withdrawn == nil {
			return nil, err
		}
		v := h.InUse()
		if v == nil {
			return nil, blocked("这个模板还没有启用过，没有可以恢复的一版。", "The template never was in use: there is no version to restore.")
		}
		if v.Proposed.By == who.ID {
			return nil, errOwnTemplate()
		}
		if p := buttonTaken(st, &v.Template, who.Mode); p != nil {
			return nil, p
		}
		return alert.TemplateRestored{Reason: reason}, nil
	})
}

// ownTemplate finds a template of the officer's mode.
func ownTemplate(st *alert.State, who alert.Actor, id string) (*alert.TemplateHistory, error) {
	h := st.Templates[id]
	if h == nil {
		return nil, notFound("template", "没有这个模板。", "There is no such template.")
	}
	if h.Mode != who.Mode {
		return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开：这个模板属于另一种模式。", EN: "Drill and live are apart: this template belongs to the other mode."}
	}
	return h, nil
}

func errOwnTemplate() *alert.Problem {
	return &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: "模板是您提出的，须由另一位同事审查和启用。", EN: "You proposed this template: another officer has to judge it."}
}
