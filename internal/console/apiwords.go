package console

import (
	"reflect"

	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// apiTags are the groups of calls in the order in which they are read.
func apiTags() []openapi.Tag {
	return []openapi.Tag{
		{Name: "notices", Description: "通知 / Notices"},
		{Name: "drafts", Description: "草稿 / Drafts"},
		{Name: "templates", Description: "模板 / Templates"},
		{Name: "preview", Description: "预览 / Preview"},
		{Name: "inbox", Description: "收件箱 / Inbox"},
		{Name: "incidents", Description: "突发事件 / Incidents"},
		{Name: "duties", Description: "时限 / Deadlines"},
		{Name: "applications", Description: "市平台申请 / Applications to the city's platform"},
		{Name: "roll", Description: "订阅者 / Subscribers"},
		{Name: "audit", Description: "审计 / Audit"},
		{Name: "roster", Description: "值班表 / The roster"},
		{Name: "grants", Description: "授权表 / The table of authority"},
		{Name: "officers", Description: "人员 / Officers"},
		{Name: "me", Description: "自己 / Oneself"},
	}
}

// apiParams are the variable parts of paths.
func apiParams() []openapi.Parameter {
	says := func(name, zh, en string) openapi.Parameter {
		return openapi.Parameter{Name: name, Description: zh + " / " + en}
	}
	return []openapi.Parameter{
		says("notice", "通知编号", "the notice's id"),
		says("draft", "草稿编号", "the draft's id"),
		says("incident", "事件编号", "the incident's id"),
		says("import", "导入编号", "the import's id"),
		says("officer", "值班员账号", "the officer's id"),
		says("template", "模板编号", "the template's id"),
		says("item", "收件编号", "the inbox item's id"),
		says("shift", "班次编号", "the shift's id"),
		says("call", "呼叫编号", "the call's id"),
		says("channel", "渠道", "the channel"),
	}
}

// apiWords are the values of types that are written as one of a few words.
func apiWords() map[reflect.Type][]string {
	var kinds, levels, incidents []string
	for _, k := range alert.NoticeKinds {
		kinds = append(kinds, string(k))
	}
	for l := alert.NoLevel; l <= alert.Red; l++ {
		levels = append(levels, l.String())
	}
	for l := alert.Unclassified; l <= alert.Grave; l++ {
		incidents = append(incidents, l.String())
	}
	return map[reflect.Type][]string{
		reflect.TypeFor[alert.Mode]():          words(alert.Live, alert.Drill),
		reflect.TypeFor[alert.Level]():         levels,
		reflect.TypeFor[alert.IncidentLevel](): incidents,
		reflect.TypeFor[alert.HandedWay]():     append(words(alert.HandedWays()...), ""),
		reflect.TypeFor[alert.Role]():          words(alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover, alert.RoleAdmin, alert.RoleAuditor),
		reflect.TypeFor[alert.Verb]():          words(alert.Issue, alert.Update, alert.Correct, alert.Lift, alert.Retract),
		reflect.TypeFor[alert.ProblemKind]():   words(alert.Invalid, alert.Forbidden, alert.Conflict, alert.NotFound, alert.TooLarge, alert.Blocked, alert.Unready),
		reflect.TypeFor[alert.MilestoneWhat](): words(alert.Remind50, alert.Remind80, alert.Remind1d, alert.Remind30m, alert.Remind10m, alert.Missed, alert.Over1h, alert.Over24h, alert.AroseOver, alert.MetInTime, alert.MetLate, alert.NoticeEnds, alert.Unsigned),
		reflect.TypeFor[alert.DutyState]():     words(alert.DutyRunning, alert.DutyOverdue, alert.DutyLate, alert.DutyMet, alert.DutyMetLate, alert.DutyMetAfter, alert.DutyVoid, alert.DutyNone),
		reflect.TypeFor[alert.IncidentKind]():  append(words(alert.IncidentKinds...), ""),
		// A draft has no kind yet, or no scope; a submitted notice has both.
		reflect.TypeFor[alert.NoticeKind](): append(kinds, ""),
		reflect.TypeFor[alert.Scope]():      words(alert.ScopeSector, alert.ScopePublic, ""),
	}
}

func words[W ~string](ws ...W) (out []string) {
	for _, w := range ws {
		out = append(out, string(w))
	}
	return out
}
