package console

import (
	"context"
	"net/http"

	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// templateAnswer is one version of a template as the API gives it.
type templateAnswer struct {
	Template  alert.Template  `json:"template"`
	Hash      string          `json:"hash"` // what a review and an approval name
	Proposed  alert.Decision  `json:"proposed"`
	Reviewed  *alert.Decision `json:"reviewed,omitempty"`
	Checklist []string        `json:"checklist,omitempty"` // what the review ticked
	Returned  *alert.Decision `json:"returned,omitempty"`
	Approved  *alert.Decision `json:"approved,omitempty"`
	Emergency bool            `json:"emergency,omitempty"`
}

type templateList struct {
	InUse   []templateAnswer `json:"in_use"`
	Waiting []templateAnswer `json:"waiting"` // to be reviewed and approved
}

// templateHistory is one template with all its versions, the oldest first.
type templateHistory struct {
	Template  string           `json:"template"`
	InUse     int              `json:"in_use,omitempty"` // the version that notices are made from now
	Withdrawn *alert.Decision  `json:"withdrawn,omitempty"`
	Versions  []templateAnswer `json:"versions"`
}

// proposeTemplate is a template, or the next version of one, as it is proposed.
type proposeTemplate struct {
	Template alert.Template `json:"template"`
	Reason   string         `json:"reason,omitempty"`
}

// templateAct is what another officer than its author does with a version.
type templateAct struct {
	Version   int      `json:"version,omitempty"`
	Hash      string   `json:"hash,omitempty"`
	Note      string   `json:"note,omitempty"`
	Checklist []string `json:"checklist,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	Emergency bool     `json:"emergency,omitempty"`
	Factor    string   `json:"factor,omitempty"`
}

type templateDone struct {
	Template string `json:"template"`
	Version  int    `json:"version,omitempty"`
}

func answerTemplates(ts []alert.TemplateVersion) []templateAnswer {
	out := []templateAnswer{}
	for _, t := range ts {
		out = append(out, answerTemplate(&t))
	}
	return out
}

func answerTemplate(t *alert.TemplateVersion) templateAnswer {
	return templateAnswer{Template: t.Template, Hash: t.Hash, Proposed: t.Proposed, Reviewed: t.Reviewed, Checklist: t.Checklist, Returned: t.Returned, Approved: t.Approved, Emergency: t.Emergency}
}

func (c *Console) apiTemplate(r *apiRequest) (int, any, error) {
	h, err := c.findTemplate(r.PathValue("template"), r.Who.Mode)
	if err != nil {
		return 0, nil, err
	}
	out := templateHistory{Template: h.ID, Withdrawn: h.Withdrawn}
	if v := h.Current(); v != nil {
		out.InUse = v.Version
	}
	for _, v := range h.Versions {
		out.Versions = append(out.Versions, answerTemplate(v))
	}
	return http.StatusOK, out, nil
}

func (c *Console) apiTemplates(r *apiRequest) (int, any, error) {
	inUse, waiting := c.Desk.Templates(r.Who.Mode)
	return http.StatusOK, templateList{answerTemplates(inUse), answerTemplates(waiting)}, nil
}

func (c *Console) apiProposeTemplate(r *apiRequest) (int, any, error) {
	var in proposeTemplate
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	version, err := c.Desk.ProposeTemplate(r.Context(), r.Who, in.Template, in.Reason)
	return http.StatusCreated, templateDone{in.Template.ID, version}, err
}

// apiTemplateAct reviews, approves, returns, withdraws or restores.
func (c *Console) apiTemplateAct(r *apiRequest) (int, any, error) {
	var a templateAct
	if err := readJSON(r.Body, &a); err != nil {
		return 0, nil, err
	}
	id := r.PathValue("template")
	err := c.judgeTemplate(r.Context(), r.Who, nil, r.PathValue("act"), id, a)
	return http.StatusOK, templateDone{id, a.Version}, err
}

// judgeTemplate carries out an act on a template, for pages and API alike; sess
// is nil for the API.
func (c *Console) judgeTemplate(ctx context.Context, who alert.Actor, sess *session, name, id string, a templateAct) error {
	if err := c.fresh(ctx, who, sess, "template-"+name, a.Factor); err != nil {
		return err
	}
	switch name {
	case "review":
		return c.Desk.ReviewTemplate(ctx, who, id, a.Version, a.Hash, a.Note, a.Checklist...)
	case "approve":
		return c.Desk.ApproveTemplate(ctx, who, id, a.Version, a.Hash, a.Emergency)
	case "return":
		return c.Desk.ReturnTemplate(ctx, who, id, a.Version, a.Hash, a.Reason)
	case "withdraw":
		return c.Desk.WithdrawTemplate(ctx, who, id, a.Reason)
	case "restore":
		return c.Desk.RestoreTemplate(ctx, who, id, a.Reason)
	}
	return errNoAct
}

func (c *Console) templateAPI(t *apiTable) {
	write := roles(alert.RoleWriter, alert.RoleApprover, alert.RoleAdmin)
	t.add("GET", "/templates", c.apiTemplates, openapi.Call{ZH: "启用的和待审的模板", EN: "the templates in use, and those that wait to be judged", Answer: templateList{}})
	t.add("POST", "/templates", c.apiProposeTemplate, openapi.Call{ZH: "提出模板或它的新版本", EN: "propose a template, or the next version of one", Roles: write, Status: http.StatusCreated,
		Body: proposeTemplate{}, Needs: []string{"template"}, Example: `{"template": {"id": "gas-leak", "version": 0, "zh": "燃气泄漏", "en": "Gas leak", "kind": "caution", "hazard": "XGAS", "level": "orange", "category": "Safety", "event": "燃气泄漏", "urgency": "Immediate", "certainty": "Observed", "headline": "{{地点}}燃气泄漏", "description": "{{开始}}，{{地点}}燃气泄漏，预计{{结束}}前恢复。", "instruction": "请立即撤离。", "hours": 6, "scope": "public"}, "reason": "写明恢复时间"}`, Answer: templateDone{}})
	t.add("GET", "/templates/{template}", c.apiTemplate, openapi.Call{ZH: "一个模板和它的全部版本：谁提出、谁审查、谁启用", EN: "a template with all its versions: who proposed, reviewed and approved each", Answer: templateHistory{}})
	one := func(word, zh, en string, who []string, example string, needs ...string) openapi.Call {
		return openapi.Call{Path: word, ZH: zh, EN: en, Roles: who, Body: templateAct{}, Needs: needs, Example: example, Answer: templateDone{}}
	}
	t.acts("/templates/{template}", c.apiTemplateAct,
		one("review", "保密审查通过", "pass the confidentiality review", roles(alert.RoleReviewer), `{"version": 2, "hash": `+exampleHash+`, "checklist": ["secret", "safety", "private", "internal"]}`, "version", "hash", "checklist"),
		one("approve", "启用这一版", "put the version into use", roles(alert.RoleApprover), `{"version": 2, "hash": `+exampleHash+`, "factor": "492039"}`, "version", "hash"),
		one("return", "退回提出人修改", "give the version back to its author", roles(alert.RoleReviewer, alert.RoleApprover), `{"version": 2, "hash": `+exampleHash+`, "reason": "撤离范围没有依据"}`, "version", "hash", "reason"),
		one("restore", "恢复停用的模板", "use a withdrawn template again", roles(alert.RoleApprover), `{"reason": "新的规定已撤销", "factor": "492039"}`, "reason"),
		one("withdraw", "停用模板", "take the template out of use", roles(alert.RoleApprover, alert.RoleAdmin), `{"reason": "已有新的规定"}`, "reason"),
	)
}
