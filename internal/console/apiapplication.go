package console

import (
	"net/http"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// applicationRoutes are the pages of applications to the city's platform.
func (c *Console) applicationRoutes(page func(method, path string, h seatedHandler)) {
	page("GET", "/applications", c.applications)
	page("GET", "/notices/{notice}/application", c.application)
	page("GET", "/notices/{notice}/application/form", c.applicationForm)
	page("GET", "/notices/{notice}/application/cap", c.applicationCAP)
	page("GET", "/notices/{notice}/application/{act}", c.applicationAgain)
	page("POST", "/notices/{notice}/application/{act}", c.applicationAct)
}

// applicationAnswer is an application as the API gives it.
type applicationAnswer struct {
	Notice    string                     `json:"notice"`
	Rev       int                        `json:"rev"`
	Hash      string                     `json:"hash"`
	Headline  string                     `json:"headline"`
	State     string                     `json:"state"` // none, prepared, handed, accepted, refused, withdrawn
	StateZH   string                     `json:"state_zh"`
	Since     time.Time                  `json:"since"` // of the state
	Stale     bool                       `json:"stale"` // another revision waits now: apply anew
	Ref       string                     `json:"ref,omitempty"`
	Platform  string                     `json:"platform,omitempty"`
	Form      string                     `json:"form,omitempty"`
	CAP       string                     `json:"cap,omitempty"` // SHA-256 of the file
	Made      *alert.Decision            `json:"made,omitempty"`
	Handed    *alert.ApplicationHanded   `json:"handed,omitempty"`
	HandedBy  *alert.Decision            `json:"handed_by,omitempty"`
	Answer    *alert.ApplicationAnswered `json:"answer,omitempty"`
	Answered  *alert.Decision            `json:"answered,omitempty"`
	Withdrawn *alert.Decision            `json:"withdrawn,omitempty"`
}

type applicationList struct {
	Applications []applicationAnswer `json:"applications"`
}

func answerApplication(v *applicationView) applicationAnswer {
	out := applicationAnswer{Notice: v.ID, Rev: v.Rev.No, Hash: v.Rev.Hash, Headline: v.Headline, State: "none", StateZH: v.Word(), Since: v.Since, Stale: v.Stale}
	if v.Made.By == "" {
		return out
	}
	out.State, out.Platform, out.Form, out.CAP, out.Made = string(v.State()), v.Platform, v.Form, v.CAP, &v.Made
	out.Handed, out.HandedBy, out.Answer, out.Answered, out.Withdrawn = v.Handed, v.HandedBy, v.Answer, v.Answered, v.Withdrawn
	if v.Answer != nil {
		out.Ref = v.Answer.Ref
	}
	return out
}

func (c *Console) apiApplications(r *apiRequest) (int, any, error) {
	out := applicationList{[]applicationAnswer{}}
	open, past := c.allApplications(r.Context(), r.Who.Mode)
	if r.URL.Query().Get("past") == "1" {
		open = append(open, past...)
	}
	for _, v := range open {
		out.Applications = append(out.Applications, answerApplication(v))
	}
	return http.StatusOK, out, nil
}

func (c *Console) apiApplication(r *apiRequest) (int, any, error) {
	n, err := c.apiFind(r)
	if err != nil {
		return 0, nil, err
	}
	v := c.applicationOf(r.Context(), n)
	if v == nil {
		return 0, nil, &alert.Problem{Kind: alert.NotFound, Field: "application", ZH: "这条通知没有申请，也不需要申请。", EN: "The notice has no application and needs none."}
	}
	v.ID = n.ID
	return http.StatusOK, answerApplication(v), nil
}

func (c *Console) apiApplicationAct(r *apiRequest) (int, any, error) {
	var a applicationAct
	if err := readJSON(r.Body, &a); err != nil {
		return 0, nil, err
	}
	n, err := c.apiFind(r)
	if err != nil {
		return 0, nil, err
	}
	if err := c.applyAct(r.Context(), r.Who, n, r.PathValue("act"), a); err != nil {
		return 0, nil, err
	}
	return c.apiApplication(r)
}

// apiApplicationCAP serves the CAP file to a program.
func (c *Console) apiApplicationCAP(w http.ResponseWriter, r *http.Request) {
	who, err := c.bearer(r)
	var n *alert.Notice
	if err == nil {
		n, err = c.apiFind(&apiRequest{Request: r, Who: who})
	}
	if err == nil {
		err = c.serveCAP(w, r, n)
	}
	if err != nil {
		c.fail(w, r, nil, err)
	}
}

func (c *Console) applicationAPI(t *apiTable) {
	t.add("GET", "/applications", c.apiApplications, openapi.Call{
		ZH: "向市平台的申请：还没有办完的，最早的在前", EN: "applications to the city's platform that are open, oldest first", Answer: applicationList{},
		Query: []openapi.Parameter{query("past", "1：包括办完的", "1: also those that are done", "0", "1")},
	})
	t.add("GET", "/notices/{notice}/application", c.apiApplication, openapi.Call{ZH: "这条通知向市平台的申请", EN: "the notice's application to the city's platform", Answer: applicationAnswer{}})
	t.raw("GET", "/notices/{notice}/application/cap", c.apiApplicationCAP, openapi.Call{ZH: "申请所附的 CAP 1.2 文件，与备好时一字不差", EN: "the application's CAP 1.2 file, byte by byte as it was prepared", AnswerMedia: []string{"application/cap+xml"}})
	one := func(word, zh, en, example string, needs ...string) openapi.Call {
		return openapi.Call{Path: word, ZH: zh, EN: en, Roles: roles(alert.RoleWriter, alert.RoleApprover), Body: applicationAct{}, Needs: needs, Example: example, Answer: applicationAnswer{}}
	}
	t.acts("/notices/{notice}/application", c.apiApplicationAct,
		one("prepare", "备好申请表和 CAP 文件，绑定所看到的这一版", "prepare the form and the CAP file for exactly the revision that was looked at", `{"rev": 1, "hash": `+exampleHash+`}`, "rev", "hash"),
		one("handover", "记录何时怎样递交的", "record when and how it was handed over", `{"way": "online", "at": "2026-08-20T02:30:00Z", "to": "市预警发布中心 张工"}`, "way"),
		one("accept", "平台受理，记录返回的编号", "the platform accepted it and returned this id", `{"ref": "FS-2026-0820-03"}`, "ref"),
		one("refuse", "平台未受理，记录理由", "the platform refused it for this reason", `{"note": "影响范围不明确"}`, "note"),
		one("withdraw", "撤回申请", "withdraw it", `{"reason": "险情已排除"}`, "reason"),
	)
}
