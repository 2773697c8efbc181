package console

import "strings"

// auditKinds is what acts can be about, in the order in which it is chosen.
func auditKinds() []string {
	return []string{"notices", "drafts", "new", "templates", "inbox", "incidents", "calls", "roll", "officers", "grants", "roster", "account", "signin", "signout", "safe", "audit", "other"}
}

// actWords translates an act word by word; what is not known stays as it is.
func actWords(act string) []string {
	parts := strings.Split(act, ".")
	for i, p := range parts {
		if zh := actWord(p); zh != "" {
			parts[i] = zh
		}
		if p == "withdraw" && i > 0 && strings.HasPrefix(act, "templates.") {
			parts[i] = "停用模板"
		}
	}
	return parts
}

func actWord(word string) string {
	return map[string]string{
		"notices": "通知", "drafts": "草稿", "new": "新通知", "templates": "模板库", "inbox": "收件箱", "incidents": "突发事件", "calls": "呼叫签发人", "roll": "订阅者",
		"officers": "人员账号", "grants": "授权名单", "roster": "值班表", "shifts": "排班", "account": "我的账号", "signin": "登录", "signout": "退出", "safe": "密钥与备份", "audit": "审计记录",
		"other": "其他", "cap": "导入文件", "demo": "演示",
		"submit": "提交审核", "save": "保存", "drop": "丢弃", "return": "退回", "review": "保密审查", "approve": "签发", "release": "发布", "sign": "签发并发布",
		"update": "更新", "correct": "更正", "lift": "解除", "retract": "撤回", "pause": "暂停发送", "resume": "继续发送", "stop": "停止发送", "confirm": "确认",
		"import": "导入", "imports": "导入", "record": "记录", "conference": "新闻发布会", "close": "结束", "acknowledge": "知悉", "answer": "回应",
		"factor": "动态验证码", "password": "密码", "seen": "已看", "decline": "不办", "done": "登记已办", "draft": "开草稿",
		"export.csv": "导出", "csv": "CSV", "ndjson": "NDJSON", "export": "导出", "application": "市平台申请", "applications": "市平台申请", "prepare": "备好", "handover": "递交", "accept": "受理", "refuse": "未受理", "withdraw": "撤回申请", "emergency": "紧急发布", "countersign": "事后补签",
		"restore": "恢复", "preview": "预览", "roles": "岗位", "reach": "联系方式", "reset": "新密码", "disable": "停用", "token": "接口令牌", "envelope": "密封信封", "c": "呼叫的链接", "remove": "移出授权表",
	}[word]
}

// Whence is where a try came from, in words where it is no address.
func (l auditLine) Whence() string {
	switch l.From {
	case "many":
		return "许多地方"
	case "":
		return "不明"
	}
	return l.From
}

// Through is the road it came by.
func (l auditLine) Through() string {
	return map[string]string{"page": "页面", "api": "接口", "machine": "本机命令"}[l.Via]
}
