package console

import (
	"fmt"
	"net/http"

	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// apiRoutes are the calls of the API. A new group of them belongs in a function
// of its own that takes t (or t.add), like rollAPI.
func (c *Console) apiRoutes(mux *http.ServeMux) error {
	t := c.newAPITable(mux)
	c.noticeAPI(t)
	c.draftAPI(t.add)
	c.composeAPI(t.add)
	c.applicationAPI(t)
	c.templateAPI(t)
	c.incidentAPI(t)
	c.inboxAPI(t)
	c.rollAPI(t)
	c.peopleAPI(t)
	c.auditAPI(t)
	t.add("GET", "/me", c.apiMe, openapi.Call{ZH: "令牌属于谁", EN: "whose token this is", Answer: meAnswer{}})
	mux.Handle(apiBase+"/", c.api(func(*apiRequest) (int, any, error) { return 0, nil, errNoPage }))
	mux.HandleFunc("GET /api/openapi.json", c.serveOpenAPI)
	mux.Handle("GET /api/{$}", c.open(c.apiPage))
	return c.describeAPI(t)
}

// Examples of bodies. A test checks them against their types.
const (
	exampleContent = `{"kind": "caution", "hazard": "XCHEM", "level": "orange", "headline": "张槎街道仓库危化品泄漏警示", "description": "张槎街道一仓库发生液氨泄漏，气味正向东扩散。", "instruction": "请关好门窗，不要靠近现场。", "sender_name": "佛山市应急管理局", "contact": "12350", "effective": "2026-08-20T03:00:00Z", "expires": "2026-08-20T09:00:00Z", "areas": ["440604"], "channels": ["sms", "wechat"], "authority": {"basis": "own"}, "scope": "public", "openness": {"attribute": "active"}}`
	exampleFacts   = `{"title": "狮山一车间爆燃", "unit": "某金属制品公司", "place": "狮山镇", "area": "440605", "course": "打磨车间粉尘爆燃", "measures": "人员已疏散", "occurred": "2026-08-20T02:10:00Z", "received": "2026-08-20T02:25:00Z", "deaths": 3, "missing": 0, "injured": 5, "loss": 0}`
	exampleHash    = `"5f0c7e0e6d5b8f7a4c3b2a1908f7e6d5c4b3a2918070605f4e3d2c1b0a998877"`
)

func (c *Console) noticeAPI(t *apiTable) {
	write, sign := roles(alert.RoleWriter, alert.RoleApprover), roles(alert.RoleApprover)
	t.add("GET", "/notices", c.apiNotices, openapi.Call{
		ZH: "通知列表，最新的在前", EN: "the notices, newest first", Answer: noticeList{},
		Query: []openapi.Parameter{query("in_force", "1：只列生效中的", "1: only those in force", "0", "1")},
	})
	t.add("POST", "/notices", c.apiNewNotice, openapi.Call{
		ZH: "新通知：JSON 或 CAP 1.2，成为草稿", EN: "a new notice from JSON or CAP 1.2, as a draft", Roles: write, Status: http.StatusCreated,
		Notes: "submit=1 时立即提交审核；不能提交时什么也不留下。 With submit=1 it is submitted at once; when that is refused nothing stays behind.",
		Query: []openapi.Parameter{query("submit", "1：立即提交审核", "1: submit it at once", "0", "1")},
		Body:  alert.Content{}, Example: exampleContent, Media: []string{"application/cap+xml", "application/xml", "text/xml"}, Answer: draftAnswer{},
	})
	t.add("GET", "/notices/{notice}", c.apiNotice, openapi.Call{ZH: "一条通知和它的各版", EN: "a notice with its revisions", Answer: noticeAnswer{}})
	t.add("GET", "/notices/{notice}/progress", c.apiProgress, openapi.Call{ZH: "各渠道发送进度", EN: "how far the sending is, by channel", Answer: progressAnswer{}})
	t.add("GET", "/notices/{notice}/went", c.apiWent, openapi.Call{ZH: "发送随时间的曲线、没有送到的原因、没有回音的渠道", EN: "the sending over time, why people were not reached, which channels are silent", Query: []openapi.Parameter{query("rev", "第几版，默认最新", "the revision; by default the newest")}, Answer: wentAnswer{}})
	t.add("GET", "/notices/{notice}/trail", c.apiTrail, openapi.Call{ZH: "这条通知的全部记录", EN: "everything recorded about the notice", Answer: trailAnswer{}})
	one := func(word, zh, en string, who []string, example string, needs ...string) openapi.Call {
		return openapi.Call{Path: word, ZH: zh, EN: en, Roles: who, Body: act{}, Needs: needs, Example: example, Answer: done{}}
	}
	hash, rev, reason := fmt.Sprintf(`{"rev": 1, "hash": %s}`, exampleHash), `{"rev": 1}`, `{"rev": 1, "reason": "人数有误，请再核实"}`
	signed := fmt.Sprintf(`{"rev": 1, "hash": %s, "factor": "492039"}`, exampleHash)
	t.acts("/notices/{notice}", c.apiAct,
		one("return", "退回，文字成为草稿", "return it: the text becomes a draft", roles(alert.RoleReviewer, alert.RoleApprover), reason, "rev", "reason"),
		one("review", "保密审查通过", "pass the confidentiality review", roles(alert.RoleReviewer), hash, "rev", "hash"),
		one("approve", "签发所看到的这一版", "approve exactly the revision that was looked at", sign, signed, "rev", "hash"),
		one("release", "发布已签发的一版", "release the approved revision", sign, `{"rev": 1, "factor": "492039"}`, "rev"),
		one("sign", "签发并发布", "approve and release in one", sign, signed, "rev", "hash"),
		one("update", "由生效的一版开一份更新草稿", "open a draft that updates the revision in force", write, `{}`),
		one("restore", "由撤回前的一版开一份恢复发布的草稿", "open a draft that publishes again what was retracted", write, `{}`),
		one("correct", "更正：发布的内容有误", "correct: what was released is wrong", write, reason, "rev"),
		one("lift", "解除：危险已过", "lift: the danger is over", write, rev, "rev"),
		one("retract", "撤回：本不该发布", "retract: it should never have gone out", write, reason, "rev"),
		one("pause", "暂停发送", "pause the sending", write, reason, "rev", "reason"),
		one("resume", "继续发送", "resume the sending", write, rev, "rev"),
		one("stop", "停止发送，不再继续", "stop the sending for good", write, reason, "rev", "reason"),
		one("countersign", "补签紧急发布的一版", "countersign an emergency release", sign, signed, "rev", "hash"),
		one("open", "被呼叫的人打开看了", "the officer who was called looks at it", roles(alert.RoleReviewer, alert.RoleApprover), rev, "rev"),
		one("confirm", "确认与签发时不同的分发计划", "confirm a plan that differs from what was approved", sign, rev, "rev"),
	)
}

func (c *Console) draftAPI(add apiAdd) {
	write := roles(alert.RoleWriter, alert.RoleApprover)
	add("POST", "/preview", c.apiPreview, openapi.Call{ZH: "检查文字，数人数，按渠道渲染；什么也不记录", EN: "check a text, count its audience, render it for its channels; nothing is recorded", Body: alert.Content{}, Example: exampleContent, Answer: previewAnswer{}})
	add("GET", "/drafts", c.apiDrafts, openapi.Call{ZH: "未提交的草稿", EN: "drafts that were not submitted", Answer: draftList{}})
	add("GET", "/drafts/{draft}", c.apiDraft, openapi.Call{ZH: "一份草稿", EN: "a draft", Answer: draftAnswer{}})
	add("PUT", "/drafts/{draft}", c.apiSaveDraft, openapi.Call{ZH: "保存草稿；别人先存过就是冲突", EN: "save a draft; a save in between is a conflict", Roles: write, Body: saveDraft{}, Needs: []string{"seq", "content"}, Example: `{"seq": 17, "content": ` + exampleContent + `}`, Answer: draftAnswer{}})
	add("DELETE", "/drafts/{draft}", c.apiDropDraft, openapi.Call{ZH: "丢弃草稿", EN: "drop a draft", Roles: write, Answer: dropAnswer{}})
	add("POST", "/drafts/{draft}/submit", c.apiSubmit, openapi.Call{ZH: "提交审核", EN: "submit it for review", Roles: write, Body: submitDraft{}, Needs: []string{"seq"}, Example: `{"seq": 17}`, Answer: done{}})
}

func (c *Console) incidentAPI(t *apiTable) {
	write := roles(alert.RoleWriter, alert.RoleApprover)
	t.add("GET", "/incidents", c.apiIncidents, openapi.Call{ZH: "突发事件", EN: "the incidents", Answer: incidentList{}})
	t.add("POST", "/incidents", c.apiRecordIncident, openapi.Call{ZH: "记录一起事件，时限随之起算", EN: "record an incident; its deadlines begin to run", Roles: write, Status: http.StatusCreated, Body: alert.IncidentFacts{}, Example: exampleFacts, Answer: incidentAnswer{}})
	t.add("GET", "/incidents/{incident}", c.apiIncident, openapi.Call{ZH: "一起事件和它的时限", EN: "an incident with its deadlines", Answer: incidentAnswer{}})
	one := func(word, zh, en, example string, needs ...string) openapi.Call {
		return openapi.Call{Path: word, ZH: zh, EN: en, Roles: write, Body: incidentAct{}, Needs: needs, Example: example, Answer: incidentAnswer{}}
	}
	answer := one("answer", "开一份回应这起事件的草稿", "open a draft that answers the incident", `{}`)
	answer.Answer, answer.Status = draftAnswer{}, http.StatusCreated
	t.acts("/incidents/{incident}", c.apiIncidentAct,
		one("record", "记录现在所知的全部事实", "record everything as it is known now", `{"facts": `+exampleFacts+`, "reason": "续报"}`, "facts"),
		one("conference", "记录新闻发布会", "record a press conference", `{"at": "2026-08-20T08:00:00Z", "place": "新闻发布厅"}`, "at", "place"),
		one("done", "登记一项时限已办，或更正一条登记", "enter that a duty was done, or correct an entry", `{"duty": "up2h", "at": "2026-08-20T08:00:00Z", "evidence": "省应急管理厅值班室已接"}`, "duty"),
		one("close", "结束事件", "close the incident", `{"reason": "处置完毕"}`, "reason"),
		one("acknowledge", "知悉一次提醒", "acknowledge a reminder", `{"milestone": "20260820-abcde-info5h-half"}`, "milestone"),
		answer,
	)
	t.add("GET", "/duties", c.apiDuties, openapi.Call{ZH: "全部法定时限", EN: "all legal deadlines", Answer: dutyList{}})
}

func (c *Console) rollAPI(t *apiTable) {
	if c.Roll == nil {
		return
	}
	manage := roles(alert.RoleAdmin)
	t.raw("POST", "/roll/import", c.apiImport, openapi.Call{
		ZH: "导入订阅者文件（CSV 或 NDJSON，最多 1 GiB）", EN: "import a file of subscribers (CSV or NDJSON, 1 GiB at most)", Roles: manage,
		Notes: "Accept: application/x-ndjson 时边导入边回答：每条退回的行、每批进度各一行。 Asked for application/x-ndjson it answers while it imports: a line for every rejected row and every batch.",
		Query: []openapi.Parameter{query("name", "文件名", "the file's name")},
		Media: []string{"text/csv", "application/x-ndjson"}, Answer: importState{}, AnswerMedia: []string{"application/x-ndjson"},
	})
	t.add("GET", "/roll/imports", c.apiImports, openapi.Call{ZH: "近来的导入", EN: "recent imports", Roles: manage, Answer: importList{}})
	t.add("GET", "/roll/imports/{import}", c.apiImportState, openapi.Call{ZH: "一次导入和退回的行", EN: "an import with its rejected rows", Roles: manage, Answer: importState{}})
}
