package console

import (
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
	Approved  *alert.Decision `json:"approved,omitempty"`
	Emergency bool            `json:"emergency,omitempty"`
}

type templateList struct {
	InUse   []templateAnswer `json:"in_use"`
	Waiting []templateAnswer `json:"waiting"` // to be reviewed and approved
}

// proposeTemplate is a template, or the next version of one, as it is proposed.
type proposeTemplate struct {
	Template alert.Template `json:"template"`
	Reason   string         `json:"reason,omitempty"`
}

// templateAct is what another officer than its author does with a version.
type templateAct struct {
	Version   int    `json:"version,omitempty"`
	Hash      string `json:"hash,omitempty"`
	Note      string `json:"note,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Emergency bool   `json:"emergency,omitempty"`
	Factor    string `json:"factor,omitempty"`
}

type templateDone struct {
	Template string `json:"template"`
	Version  int    `json:"version,omitempty"`
}

func answerTemplates(ts []alert.TemplateVersion) []templateAnswer {
	out := []templateAnswer{}
	for _, t := range ts {
		out = append(out, templateAnswer{t.Template, t.Hash, t.Proposed, t.Reviewed, t.Approved, t.Emergency})
	}
	return out
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

// apiTemplateAct reviews, approves or withdraws.
func (c *Console) apiTemplateAct(r *apiRequest) (int, any, error) {
	var a templateAct
	if err := readJSON(r.Body, &a); err != nil {
		return 0, nil, err
	}
	id, err := r.PathValue("template"), error(errNoAct)
	switch r.PathValue("act") {
	case "review":
		err = c.Desk.ReviewTemplate(r.Context(), r.Who, id, a.Version, a.Hash, a.Note)
	case "approve":
		if err = c.fresh(r.Context(), r.Who, nil, "template-approve", a.Factor); err == nil {
			err = c.Desk.ApproveTemplate(r.Context(), r.Who, id, a.Version, a.Hash, a.Emergency)
		}
	case "withdraw":
		err = c.Desk.WithdrawTemplate(r.Context(), r.Who, id, a.Reason)
	}
	return http.StatusOK, templateDone{id, a.Version}, err
}

func (c *Console) templateAPI(t *apiTable) {
	write := roles(alert.RoleWriter, alert.RoleApprover, alert.RoleAdmin)
	t.add("GET", "/templates", c.apiTemplates, openapi.Call{ZH: "启用的和待审的模板", EN: "the templates in use, and those that wait to be judged", Answer: templateList{}})
	t.add("POST", "/templates", c.apiProposeTemplate, openapi.Call{ZH: "提出模板或它的新版本", EN: "propose a template, or the next version of one", Roles: write, Status: http.StatusCreated,
		Body: proposeTemplate{}, Needs: []string{"template"}, Example: `{"template": {"id": "gas-leak", "version": 0, "zh": "燃气泄漏", "en": "Gas leak", "kind": "caution", "hazard": "XGAS", "level": "orange", "category": "Safety", "event": "燃气泄漏", "urgency": "Immediate", "certainty": "Observed", "headline": "{{地点}}燃气泄漏", "description": "{{开始}}，{{地点}}燃气泄漏，预计{{结束}}前恢复。", "instruction": "请立即撤离。", "hours": 6, "scope": "public"}, "reason": "写明恢复时间"}`, Answer: templateDone{}})
	one := func(word, zh, en string, who []string, example string, needs ...string) openapi.Call {
		return openapi.Call{Path: word, ZH: zh, EN: en, Roles: who, Body: templateAct{}, Needs: needs, Example: example, Answer: templateDone{}}
	}
	t.acts("/templates/{template}", c.apiTemplateAct,
		one("review", "保密审查通过", "pass the confidentiality review", roles(alert.RoleReviewer), `{"version": 2, "hash": `+exampleHash+`}`, "version", "hash"),
		one("approve", "启用这一版", "put the version into use", roles(alert.RoleApprover), `{"version": 2, "hash": `+exampleHash+`, "factor": "492039"}`, "version", "hash"),
		one("withdraw", "停用模板", "take the template out of use", roles(alert.RoleApprover, alert.RoleAdmin), `{"reason": "已有新的规定"}`, "reason"),
	)
}
