package wechat

import (
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// Render implements channels.Channel. A field that its type cannot hold whole
// is shortened and ends with …; the message opens the notice's page, which has
// the whole (W13). Drill marks are not shortened (R6).
func (a *Account) Render(m channels.Message, lang string) (channels.Rendering, error) {
	t, lang := a.templateFor(lang)
	values, err := t.fill(m, lang)
	if err != nil {
		return channels.Rendering{}, err
	}
	r := channels.Rendering{Parts: 1, Fields: make(map[string]string, len(values))}
	for i, f := range t.Fields {
		r.Fields[f.Name] = values[i]
	}
	r.Text = strings.Join(values, "\n")
	return r, nil
}

// templateFor chooses the template. A reader of English gets English words also
// in the Chinese template: its labels are Chinese, as WeChat approved them.
func (a *Account) templateFor(lang string) (t Template, valueLang string) {
	t = a.cfg.Template
	if lang == "en" && a.cfg.TemplateEN.ID != "" {
		t = a.cfg.TemplateEN
	}
	if len(t.Fields) == 0 { // a preview before anything is configured
		t.Fields = DefaultFields()
	}
	if lang != "en" {
		lang = "zh"
	}
	return t, lang
}

// fill returns the fields' values in order.
func (t Template) fill(m channels.Message, lang string) ([]string, error) {
	w := words{m: m, c: &m.Content, lang: lang}
	if err := w.missing(); err != nil {
		return nil, err
	}
	mark := channels.DrillMark(m.Mode, lang)
	w.issuerRoom = t.roomFor(SaysIssuer, mark)
	values := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		before, after := "", ""
		if i == 0 {
			before = mark
		}
		if i == len(t.Fields)-1 {
			after = mark
		}
		_, limit := fieldLimit(f.Name)
		values[i] = before + w.say(f.Says, limit-width(before)-width(after)) + after
	}
	return values, nil
}

// roomFor returns the characters that the field for s has besides the marks.
func (t Template) roomFor(s Says, mark string) int {
	for i, f := range t.Fields {
		if f.Says == s {
			_, limit := fieldLimit(f.Name)
			if i == 0 || i == len(t.Fields)-1 {
				limit -= width(mark)
			}
			return limit
		}
	}
	return 0
}

// words turns one message into what fields say.
type words struct {
	m          channels.Message
	c          *alert.Content
	lang       string
	issuerRoom int
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
		return fit(w.what(), limit)
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
		return fit(w.code(), limit)
	}
	return ""
}

// what is the verb, when it is not the first issue, and the hazard with its
// level, or the headline where these do not name the matter.
func (w *words) what() string {
	if w.lang == "en" {
		return w.whatEN()
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

func (w *words) whatEN() string {
	verb := map[alert.Verb]string{alert.Update: "Update: ", alert.Correct: "Corrected: ", alert.Lift: "Lifted: ", alert.Retract: "Withdrawn: "}[w.m.Verb]
	name := w.c.Hazard.Info().EN
	if name == string(w.c.Hazard) {
		name = tidy(w.c.Event)
	}
	if w.subject() == "" || name == "" {
		if name = tidy(w.c.HeadlineEN); name == "" {
			name = tidy(w.c.Headline)
		}
		return verb + name
	}
	level := w.c.Level.String()
	return verb + strings.ToUpper(level[:1]) + level[1:] + " " + strings.ToLower(name)
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
		text = "Open for what to do…"
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

func (w *words) code() string { return tidy(w.m.Code) }

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
