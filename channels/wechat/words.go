package wechat

import (
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// words turns one message into what fields say.
type words struct {
	m          channels.Message
	c          *alert.Content
	lang       string
	issuerRoom int
	codeApart  bool // the code has a field of its own
}

// missing refuses what cannot be shown: an empty field is refused by WeChat
// with 47003, and a warning without place, time, action and issuer is none
// (R8, R13, R14).
func (w *words) missing() error {
	var ps alert.Problems
	need := func(ok bool, rule, field, zh, en string) {
		if !ok {
			ps = append(ps, &alert.Problem{Kind: alert.Invalid, Rule: rule, Field: field, ZH: "微信消息缺少" + zh + "。", EN: "The WeChat message lacks " + en + "."})
		}
	}
	need(w.what() != "", "R8", "headline", "标题", "a headline")
	need(tidy(w.c.AreaDesc) != "", "R13", "area_desc", "影响地区", "the area")
	need(!w.c.Effective.IsZero() || !w.c.Onset.IsZero(), "R13", "effective", "开始时间", "its start")
	need(w.m.Verb.Ends() || !w.c.Expires.IsZero(), "R14", "expires", "结束时间", "its end")
	need(w.action() != "", "R8", "instruction", "应对措施", "what to do")
	need(w.issuer() != "", "R8", "sender_name", "发布单位", "who says so")
	return ps.Err()
}

func (w *words) say(s Says, limit int) string {
	switch s {
	case SaysWhat:
		return w.whatWithin(limit)
	case SaysWhere:
		return fitPlaces(tidy(w.c.AreaDesc), limit, w.lang)
	case SaysWhen:
		return w.when()
	case SaysAction:
		return w.actionWithin(limit)
	case SaysIssuer:
		return w.issuerWithin(limit)
	case SaysLevel:
		return fit(w.level(), limit)
	case SaysVerb:
		return fit(w.m.Verb.ZH(), limit)
	case SaysCode:
		if w.m.Code == "" {
			return "-" // WeChat refuses an empty field
		}
		return fit(tidy(w.m.Code), limit)
	}
	return ""
}

// what is the verb, when it is not the first issue, and the hazard with its
// level, or the headline where these do not name the matter.
func (w *words) what() string {
	if w.lang == "en" {
		verb, level, name := w.whatEN()
		if name == "" {
			return ""
		}
		return verb + level + name
	}
	verb := ""
	if w.m.Verb != alert.Issue && w.m.Verb != "" {
		verb = w.m.Verb.ZH()
	}
	if subject := w.subject(); subject != "" {
		return verb + subject
	}
	headline := tidy(w.c.Headline)
	if headline == "" {
		headline = tidy(w.c.Event)
	}
	if headline == "" || strings.HasPrefix(headline, verb) {
		return headline
	}
	return verb + "：" + headline
}

// subject is 台风黄色预警信号 or 危险化学品橙色预警; "" when the notice is not a
// warning of a level, or the hazard has no name.
func (w *words) subject() string {
	if w.c.Level == alert.NoLevel || w.c.Kind == alert.KindPolicy || w.c.Kind == alert.KindInstruction || w.c.Kind == alert.KindIncident {
		return ""
	}
	name := w.c.Hazard.Info().ZH
	if name == string(w.c.Hazard) { // not in our table: the code is no name
		name = tidy(w.c.Event)
	}
	if name == "" {
		return ""
	}
	if w.c.Kind == alert.KindRelay {
		return name + w.c.Level.ZH() + "预警信号"
	}
	return name + w.c.Level.ZH() + "预警"
}

// whatEN is short on purpose: twenty letters are what a field has, thirteen in
// a drill.
func (w *words) whatEN() (verb, level, name string) {
	verb = map[alert.Verb]string{alert.Update: "Update: ", alert.Correct: "Fix: ", alert.Lift: "End: ", alert.Retract: "Void: "}[w.m.Verb]
	name = strings.ToLower(w.c.Hazard.Info().EN)
	if w.c.Hazard.Info().EN == string(w.c.Hazard) {
		name = tidy(w.c.Event)
	}
	if w.subject() == "" || name == "" {
		if name = tidy(w.c.HeadlineEN); name == "" {
			name = tidy(w.c.Headline)
		}
		return verb, "", name
	}
	level = w.c.Level.String()
	return verb, strings.ToUpper(level[:1]) + level[1:] + " ", name
}

// whatWithin prefers the hazard to its colour where an English field cannot
// hold both.
func (w *words) whatWithin(limit int) string {
	whole := w.what()
	if w.lang != "en" || width(whole) <= limit {
		return fit(whole, limit)
	}
	verb, _, name := w.whatEN()
	if short := verb + name + "…"; width(short) <= limit {
		return short
	}
	return fit(whole, limit)
}

// when is from–until, in the form that a time field takes. What ends a notice
// has one instant: when it ended.
func (w *words) when() string {
	from := w.c.Onset
	if from.IsZero() || w.m.Verb.Ends() {
		from = w.c.Effective
	}
	if from.IsZero() {
		from = w.c.Onset
	}
	if w.m.Verb.Ends() {
		return clock(from)
	}
	return clock(from) + "~" + clock(w.c.Expires)
}

// clock is the moment in China's one time zone, which has no summer time.
func clock(t time.Time) string {
	return t.In(time.FixedZone("Asia/Shanghai", 8*60*60)).Format("2006年1月2日 15:04")
}

func (w *words) action() string {
	text := w.c.Instruction
	if w.lang == "en" && w.c.TextEN != "" {
		text = w.c.TextEN
	}
	if tidy(text) == "" {
		text = w.c.Description
	}
	return tidy(text)
}

// actionWithin also carries the verification code when the issuer's field has
// no room for it. English prose is of no use when cut to twenty letters: the
// reader is told where it stands.
func (w *words) actionWithin(limit int) string {
	code := ""
	if w.code() != "" && !w.codeFits(w.issuerRoom) && width(w.code()) < limit/2 {
		code = " " + w.code()
		limit -= width(code)
	}
	text := w.action()
	if w.lang == "en" && width(text) > limit {
		if text = "Open for what to do…"; width(text) > limit {
			text = "Open page…"
		}
	}
	return fit(text, limit) + code
}

// issuer is who issued: of a relayed signal its source (R25), whatever the
// account is called.
func (w *words) issuer() string {
	if w.c.Kind == alert.KindRelay && w.c.Source != nil && tidy(w.c.Source.Name) != "" {
		return tidy(w.c.Source.Name)
	}
	return tidy(w.c.SenderName)
}

// code is what stands beside other words.
func (w *words) code() string {
	if w.codeApart {
		return ""
	}
	return tidy(w.m.Code)
}

func (w *words) codeFits(limit int) bool { return width(w.issuer())+width(w.code()) <= limit }

func (w *words) issuerWithin(limit int) string {
	name, code := w.issuer(), w.code()
	switch {
	case code == "" || !w.codeFits(limit):
		return fit(name, limit)
	case width(name)+1+width(code) <= limit:
		return name + " " + code
	}
	return name + code
}

func (w *words) level() string {
	if w.c.Level == alert.NoLevel {
		return "通知"
	}
	return w.c.Level.ZH()
}
