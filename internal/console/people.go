package console

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/openapi"
)

// People is how the desk is manned: who may approve what, who is on duty, who
// was called, and what administrators do with accounts.
type People interface {
	SetGrants(ctx context.Context, who alert.Actor, seq uint64, grants []alert.Grant) error
	PlanShift(ctx context.Context, who alert.Actor, x alert.Shift, reason string) (id string, err error)
	DropShift(ctx context.Context, who alert.Actor, id, reason string) error
	AcknowledgeShift(ctx context.Context, who alert.Actor, id string) error
	Manning(officers []alert.Officer, asking string) desk.Manning
	OpenCall(ctx context.Context, who alert.Actor, notice string, rev int) error

	MayEmergency(who alert.Actor, c *alert.Content) *alert.Problem
	EmergencyRelease(ctx context.Context, who alert.Actor, draft string, seq uint64, reason string) (notice string, rev int, err error)
	Countersign(ctx context.Context, who alert.Actor, notice string, rev int, hash, note string) error

	RecordOfficer(ctx context.Context, who alert.Actor, officer string, f alert.OfficerChanged) error
	RecordReach(ctx context.Context, who alert.Actor) error
	EnvelopeUsed(ctx context.Context, who alert.Actor, left int) error
	SeeEnvelope(ctx context.Context, who alert.Actor, officer string) error
}

// peopleRoutes are the pages about who works here.
func (c *Console) peopleRoutes(page func(method, path string, h seatedHandler)) {
	page("GET", "/banners", c.bannerPart)
	page("GET", "/drafts/{draft}/emergency", c.emergency)
	page("POST", "/drafts/{draft}/emergency", c.emergencyAct)
	page("GET", "/roster", c.roster)
	page("POST", "/roster", c.planShift)
	page("POST", "/roster/{shift}/acknowledge", c.acknowledgeShift)
	page("POST", "/roster/{shift}/drop", c.dropShift)
	page("GET", "/grants", c.grants)
	page("POST", "/grants", c.setGrant)
	page("GET", "/officers", c.officers)
	page("POST", "/officers", c.inviteOfficer)
	page("GET", "/officers/{who}", c.officer)
	page("POST", "/officers/{who}/{act}", c.officerPageAct)
}

// peopleAPI are the same acts for scripts.
func (c *Console) peopleAPI(t *apiTable) {
	t.add("GET", "/notices/{notice}/calls", c.apiCalls, openapi.Call{ZH: "为这条通知呼叫过谁，谁打开了", EN: "who was called to the notice, and who opened it", Answer: callList{}})
	t.add("POST", "/drafts/{draft}/emergency", c.apiEmergency, openapi.Call{ZH: "紧急发布：一人发布只用已审查模板的草稿，另一人 30 分钟内补签", EN: "emergency release: one officer releases a draft made of a reviewed template only, another countersigns within 30 min",
		Roles: roles(alert.RoleApprover), Body: emergencyDraft{}, Needs: []string{"seq", "reason"}, Example: `{"seq": 17, "reason": "人员被困，联系不上第二位签发人", "factor": "492039"}`, Answer: done{}})
	plan := roles(alert.RoleAdmin, alert.RoleApprover)
	t.add("GET", "/roster", c.apiRoster, openapi.Call{ZH: "值班表：现在能叫到谁，排了哪些班", EN: "the roster: who can be called now, which shifts are planned", Answer: rosterAnswer{}})
	t.add("POST", "/roster/shifts", c.apiPlanShift, openapi.Call{ZH: "排一个班，或者改一个班", EN: "plan a shift, or plan one anew", Roles: plan, Body: shiftPlan{}, Needs: []string{"from", "until", "officers"},
		Example: `{"from": "2026-08-20T00:00:00Z", "until": "2026-08-20T12:00:00Z", "officers": ["li"], "on_call": ["wang"]}`, Answer: shiftDone{}})
	t.add("POST", "/roster/shifts/{shift}/drop", c.apiDropShift, openapi.Call{ZH: "取消一个还没有结束的班次，写明原因", EN: "take a shift that is not over off the roster, and say why", Roles: plan, Body: shiftDrop{}, Needs: []string{"reason"}, Example: `{"reason": "换班"}`, Answer: shiftDone{}})
	t.add("POST", "/roster/shifts/{shift}/acknowledge", c.apiAcknowledgeShift, openapi.Call{ZH: "确认本班次能接到呼叫", EN: "say that one can be called during the shift", Answer: shiftDone{}})
	t.add("GET", "/grants", c.apiGrants, openapi.Call{ZH: "授权表：谁可以签发什么", EN: "the table of authority: who may approve what", Answer: grantsAnswer{}})
	t.add("PUT", "/grants", c.apiSetGrants, openapi.Call{ZH: "更换整张授权表；自己的一行保持原样", EN: "replace the table of authority; the own line stays as it was", Roles: roles(alert.RoleAdmin), Body: grantsChange{}, Needs: []string{"seq", "grants"},
		Example: `{"seq": 0, "grants": [{"officer": "li", "highest": "red", "areas": ["440600"]}]}`, Answer: grantsAnswer{}})
	c.officerAPI(t)
}

func (c *Console) officerAPI(t *apiTable) {
	admin := roles(alert.RoleAdmin)
	t.add("PUT", "/me/reach", c.apiOwnReach, openapi.Call{ZH: "自己在哪里能被叫到", EN: "where one can be called oneself", Body: ownReach{}, Example: `{"phone": "13800138000", "wechat": ""}`, Answer: ownReach{}})
	t.add("GET", "/officers", c.apiOfficers, openapi.Call{ZH: "全部账号", EN: "all accounts", Roles: admin, Answer: officerList{}})
	t.add("POST", "/officers", c.apiInvite, openapi.Call{ZH: "新建账号，密码只回答这一次", EN: "make an account; its password is told this once", Roles: admin, Status: http.StatusCreated, Body: invitation{}, Needs: []string{"id", "name", "roles"},
		Example: `{"id": "zhao", "name": "赵启明", "roles": ["writer"], "phone": "13800138000"}`, Answer: officerDone{}})
	one := func(word, zh, en, example string, needs ...string) openapi.Call {
		return openapi.Call{Path: word, ZH: zh, EN: en, Roles: admin, Body: officerAct{}, Needs: needs, Example: example, Answer: officerDone{}}
	}
	t.acts("/officers/{officer}", c.apiOfficerAct,
		one("roles", "调整岗位；本人的登录立即结束", "set the roles; the officer's sign-in ends at once", `{"roles": ["reviewer", "approver"]}`, "roles"),
		one("reach", "在哪里能叫到这位同事", "where the officer can be called", `{"phone": "13800138000", "wechat": ""}`),
		one("reset", "重置密码，恢复停用的账号", "reset the password; a disabled account comes back", `{}`),
		one("factor", "手机丢了：解除动态验证码", "phone lost: take the second factor away", `{}`),
		one("disable", "停用账号", "disable the account", `{}`),
		one("token", "更换接口令牌", "renew the API token", `{}`),
		one("envelope", "打印密封信封的一次性码，旧的作废", "print codes for the sealed envelope; the old are void", `{"count": 10}`),
		one("seen", "核实了密封信封的使用，解除报警", "the use of the envelope was looked into: end the alarm", `{}`),
	)
}

// unsignedGauge counts the emergency releases whose second signature is
// overdue, when it is read.
func (c *Console) unsignedGauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mingluo_desk_unsigned_overdue", Help: "Emergency releases that were not countersigned in time."}, func() float64 {
		n, now := 0, time.Now()
		c.Desk.Read(func(st *alert.State) {
			for _, id := range st.Live() {
				for _, r := range st.Notices[id].Revisions {
					if unsigned(r) && now.Sub(r.Emergency.At) > desk.CountersignWithin {
						n++
					}
				}
			}
		})
		return float64(n)
	})
}
