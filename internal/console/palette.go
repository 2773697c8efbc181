package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/templates"
)

// command is one thing the palette leads to. It opens a page and never acts:
// what is sent to people is confirmed on a page of its own (R2, R3).
type command struct {
	ZH, EN string // a key of the catalogue, or a headline
	Of     string // what it belongs to, in the words of the catalogue
	URL    string
	Words  string // what else it is called
}

// paletteBody is what was asked for and what answers it.
type paletteBody struct {
	Query string
	Found []command
}

const (
	maxCommands = 60 // shown at once
	maxAsked    = 40 // characters of a search; more is a text
)

// palette lists everything that the officer can open, best answer first. The
// page is a plain list with a search field; palette.js shows the same list over
// the page that is open.
func (c *Console) palette(w http.ResponseWriter, r *http.Request, s *seat) error {
	asked := []rune(strings.TrimSpace(r.URL.Query().Get("q")))
	b := paletteBody{Query: string(asked[:min(len(asked), maxAsked)])}
	b.Found = findCommands(c.commands(s), b.Query)
	v := &view{seat: s, Title: "去哪里", Nav: "go", Body: b}
	if !byPerson(r) {
		return c.render(w, r, http.StatusOK, "palette", "palette-list", v)
	}
	return c.show(w, r, http.StatusOK, "palette", v)
}

// findCommands ranks by Chinese, full pinyin, initials and English.
func findCommands(all []command, q string) []command {
	type hit struct {
		command
		rank int
	}
	var hits []hit
	for _, x := range all {
		rank := 1
		if q != "" {
			rank = templates.Rank(q, x.ZH, x.EN, x.Words)
		}
		if rank > 0 {
			hits = append(hits, hit{x, rank})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.rank, a.rank) })
	out := []command{}
	for _, h := range hits[:min(len(hits), maxCommands)] {
		out = append(out, h.command)
	}
	return out
}

func (c *Console) commands(s *seat) []command {
	return slices.Concat(c.pageCommands(s), c.noticeCommands(s), c.templateCommands(s))
}

// pageCommands are the pages of the officer's roles.
func (c *Console) pageCommands(s *seat) (out []command) {
	page := func(may bool, path, zh, words string) {
		if may {
			out = append(out, command{ZH: zh, EN: c.texts.say(en, zh), Of: "页面", URL: s.Base + path, Words: words})
		}
	}
	admin := s.Can(alert.RoleAdmin)
	page(true, "/", "值班台", "首页 board home")
	page(s.Writes(), "/new", "新通知", "发布 起草 compose")
	page(s.Keeps(), "/templates", "模板", "模板库 改模板 审模板")
	page(s.Proposes(), "/templates/new", "新模板", "提出模板")
	page(true, "/inbox", "收件箱", "信号 申请")
	page(true, "/notices", "通知", "")
	page(true, "/applications", "市平台申请", "依申请发布 申请表 受理")
	page(true, "/incidents", "突发事件", "")
	page(s.Writes(), "/incidents/new", "记录突发事件", "事故 接报")
	page(true, "/roster", "值班人员", "排班 值班表")
	page(admin, "/officers", "人员账号", "密码 角色 值班员")
	page(admin, "/grants", "授权名单", "授权表 签发权")
	page(s.Manages(), "/roll", "订阅者", "导入 名册")
	page(c.Safe != nil, "/safe", "密钥与备份", "恢复页")
	page(s.Audits(), "/audit", "审计记录", "日志 导出")
	page(true, "/account", "我的账号", "密码 验证器")
	out = append(out, command{ZH: "接口", EN: "API", Of: "页面", URL: "/api/", Words: "openapi 程序"})
	return out
}

// templateCommands begin a notice from a template.
func (c *Console) templateCommands(s *seat) (out []command) {
	if !s.Writes() {
		return nil
	}
	inUse, _ := c.Desk.Templates(s.Actor.Mode)
	for _, t := range inUse {
		out = append(out, command{ZH: t.ZH, EN: t.EN, Of: "新通知", URL: s.Base + "/new?" + url.Values{"template": {t.ID}}.Encode(), Words: strings.Join(append([]string{t.Event, t.Occasion}, t.Words...), " ")})
	}
	return out
}

// noticeCommands are what waits for the officer and what is in force, with the
// three verbs of a correction.
func (c *Console) noticeCommands(s *seat) (out []command) {
	now := time.Now()
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.NoticeIDs) {
			n := st.Notices[id]
			if n.Mode != s.Actor.Mode || len(out) > 200 {
				continue
			}
			headline, page := n.Latest().Content.Headline, s.Base+"/notices/"+id
			if n.Pending() != nil {
				out = append(out, command{ZH: headline, Of: n.State(now).ZH(), URL: page, Words: id})
			}
			if !n.InForce(now) {
				continue
			}
			out = append(out, command{ZH: headline, Of: n.State(now).ZH(), URL: page, Words: id})
			for _, v := range []alert.Verb{alert.Correct, alert.Lift, alert.Retract} {
				if s.Writes() {
					out = append(out, command{ZH: v.ZH() + "：" + headline, Of: v.ZH(), URL: page + "/" + string(v), Words: string(v)})
				}
			}
		}
	})
	return out
}
