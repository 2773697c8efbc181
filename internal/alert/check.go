package alert

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of a notice's texts, in characters. The description's bound is what a
// page shows well; each channel has its own, stricter ones.
const (
	MaxHeadline    = 120
	MaxDescription = 4000
	MaxInstruction = 2000
	MaxAreaDesc    = 1000
	MaxAhead       = 30 * 24 * time.Hour // a warning that ends later is a mistake in the date
)

// Check returns everything that stands between the content and a release: R8
// (what, where, from when, until when, what to do, who says so), R10, R11,
// R14, R15, R25, R26 and the drill's rule of words (R4). Channels add their own
// limits. now is the instant of checking.
func (c *Content) Check(g *Gazetteer, mode Mode, now time.Time) Problems {
	k := checker{c: c, g: g, mode: mode, now: now}
	k.kind()
	k.texts()
	k.times()
	k.areas()
	k.authority()
	k.suspension()
	k.interpretation()
	return k.ps
}

type checker struct {
	c    *Content
	g    *Gazetteer
	mode Mode
	now  time.Time
	ps   Problems
}

func (k *checker) bad(rule, field, zh, en string) {
	k.ps = append(k.ps, &Problem{Kind: Invalid, Rule: rule, Field: field, ZH: zh, EN: en})
}

func (k *checker) kind() {
	c := k.c
	if c.Kind.ZH() == "" {
		k.bad("R15", "kind", "请选择通知的种类。", "Choose the kind of notice.")
	}
	if c.Event == "" {
		k.bad("R8", "event", "请写明是什么危险。", "Say what the danger is.")
	}
	info := c.Hazard.Info()
	if c.Level > Red {
		k.bad("R15", "level", "级别不在颜色表中。", "The level is not one of the colours.")
	} else if c.Level != NoLevel && !levelIn(info.Levels, c.Level) {
		k.bad("R15", "level", fmt.Sprintf("广东省的%s信号没有%s这一级。", info.ZH, c.Level.ZH()),
			fmt.Sprintf("Guangdong's table has no %s for %s.", c.Level, strings.ToLower(info.EN)))
	}
	if c.Level == NoLevel && (c.Kind == KindRelay || c.Kind == KindCaution) {
		k.bad("R8", "level", "请选择级别（颜色）。", "Choose the level (colour).")
	}
	if c.Kind == KindRelay {
		k.relay()
	} else if info.Weather {
		k.bad("R25", "kind", "气象预警信号只能转发气象台站发布的，不能自行发布（《气象灾害防御条例》第三十条）。",
			"Weather signals may only be relayed from the weather service, never originated (Regulation on Meteorological Disasters, art. 30).")
	}
	enum := func(field, v string, allowed string) {
		if !strings.Contains(allowed, " "+v+" ") || strings.Contains(v, " ") {
			k.bad("R15", field, "取值 “"+v+"” 不是 CAP 1.2 规定的。", "The value "+v+" is not one of CAP 1.2: "+strings.TrimSpace(allowed)+".")
		}
	}
	enum("category", c.Category, " Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other ")
	enum("urgency", c.Urgency, " Immediate Expected Future Past Unknown ")
	enum("severity", c.Severity, " Extreme Severe Moderate Minor Unknown ")
	enum("certainty", c.Certainty, " Observed Likely Possible Unlikely Unknown ")
}

func (k *checker) relay() {
	s := k.c.Source
	if s == nil || s.Identifier == "" || s.Name == "" || s.Sent.IsZero() {
		k.bad("R25", "source", "转发的信号须带原发布单位、发布时间和原编号。", "A relayed signal needs its issuer, issue time and original id.")
	}
}

func levelIn(levels []Level, l Level) bool {
	for _, x := range levels {
		if x == l {
			return true
		}
	}
	return false
}

func (k *checker) texts() {
	c := k.c
	text := func(field, v string, limit int, need bool, zh, en string) {
		switch n := utf8.RuneCountInString(v); {
		case need && strings.TrimSpace(v) == "":
			k.bad("R8", field, zh, en)
		case n > limit:
			k.bad("", field, fmt.Sprintf("太长：%d 字，最多 %d 字。", n, limit), fmt.Sprintf("Too long: %d characters, at most %d.", n, limit))
		}
		if p := Placeholder(v); p != "" {
			k.bad("R10", field, "还有没填的占位符 "+p+"。", "A placeholder is left: "+p+".")
		}
		if r, bad := UnsafeRune(v); bad {
			k.bad("", field, fmt.Sprintf("含有不可见的控制字符 U+%04X，请删去。", r), fmt.Sprintf("Contains the invisible character U+%04X: remove it.", r))
		}
		if k.mode == Drill && saysNotADrill(v) {
			k.bad("R4", field, "演练中不能写“这不是演习”。", "A drill may not say that it is not a drill.")
		}
	}
	text("headline", c.Headline, MaxHeadline, true, "请写标题。", "Write the headline.")
	text("description", c.Description, MaxDescription, true, "请写明发生了什么、会怎样。", "Say what is happening and what is expected.")
	text("instruction", c.Instruction, MaxInstruction, c.Kind != KindPolicy, "请写明公众该做什么。", "Say what people should do.")
	text("sender_name", c.SenderName, 60, true, "请写明发布单位。", "Say who issues it.")
	text("contact", c.Contact, 60, false, "", "")
	text("event", c.Event, 60, false, "", "")
	text("headline_en", c.HeadlineEN, 2*MaxHeadline, false, "", "")
	text("text_en", c.TextEN, 2*MaxDescription, false, "", "")
	if c.Web != "" && !strings.HasPrefix(c.Web, "https://") && !strings.HasPrefix(c.Web, "http://") {
		k.bad("", "web", "网址须以 https:// 开头。", "The link must start with https://.")
	}
}

func (k *checker) times() {
	c := k.c
	switch {
	case c.Effective.IsZero():
		k.bad("R8", "effective", "请填写从什么时候起。", "Say from when.")
	case c.Expires.IsZero():
		k.bad("R14", "expires", "请填写到什么时候止：每条通知都有终点。", "Say until when: every notice has an end.")
	case !c.Expires.After(c.Effective):
		k.bad("R14", "expires", "结束时间须晚于开始时间。", "The end must be after the start.")
	case !c.Expires.After(k.now):
		k.bad("R14", "expires", "结束时间已经过去。", "The end has passed already.")
	case c.Expires.After(k.now.Add(MaxAhead)):
		k.bad("R14", "expires", "结束时间在30天以后，请核对日期。", "The end is more than 30 days away: check the date.")
	}
	if !c.Onset.IsZero() && c.Onset.After(c.Expires) {
		k.bad("R14", "onset", "影响开始的时间晚于结束时间。", "The onset is after the end.")
	}
}

func (k *checker) areas() {
	c := k.c
	if len(c.Areas) == 0 {
		k.bad("R11", "areas", "请选择区域：没有区域就没有接收人。", "Choose the areas: without one there is no audience.")
	}
	for _, a := range c.Areas {
		if !k.g.Known(a) {
			k.bad("R11", "areas", "区划代码 "+a+" 不在本市名录中。", "The division code "+a+" is not one of the city's.")
		}
	}
	if strings.TrimSpace(c.AreaDesc) == "" {
		k.bad("R13", "area_desc", "请用文字写明地点。", "Say the place in words.")
	}
	if n := utf8.RuneCountInString(c.AreaDesc); n > MaxAreaDesc {
		k.bad("", "area_desc", fmt.Sprintf("太长：%d 字，最多 %d 字。", n, MaxAreaDesc), fmt.Sprintf("Too long: %d characters, at most %d.", n, MaxAreaDesc))
	}
}

func (k *checker) authority() {
	c := k.c
	switch c.Authority.Basis {
	case "own", "sector", "city": // what the platform says of it is asked at the release
	default:
		k.bad("R15", "authority", "请选择发布依据：本单位授权、本系统名单或市平台申请。", "Choose the authority: own, sector or city.")
	}
	if c.Scope != ScopePublic && c.Scope != ScopeSector {
		k.bad("R15", "scope", "请选择范围：面向公众或本系统内部。", "Choose the scope: public or sector.")
	}
	if c.Scope == ScopePublic && c.Authority.Basis == "sector" {
		k.bad("", "authority", "本系统名单只能用于系统内部的通知。", "A sector list does not allow a public notice.")
	}
	if c.Scope == ScopeSector && (len(c.Groups) == 0 || slices.Contains(c.Groups, GroupPublic)) {
		k.bad("", "groups", "本系统内部的通知须选择人群，不能发给全部人群或“"+GroupPublic+"”。", "A notice for the own sector needs its groups: it is not for everybody or "+GroupPublic+".")
	}
	if n := utf8.RuneCountInString(c.Authority.Ref); n > 60 {
		k.bad("", "authority", fmt.Sprintf("文号太长：%d 字，最多 60 字。", n), fmt.Sprintf("The document's number is too long: %d characters, at most 60.", n))
	}
	switch c.Openness.Attribute {
	case "active":
	case "on-request", "closed":
		if c.Openness.Reason == "" {
			k.bad("", "openness", "不主动公开的须写明理由。", "Give the reason why it is not disclosed actively.")
		}
		if c.Scope == ScopePublic {
			k.bad("", "openness", "面向公众的通知须主动公开。", "A public notice has to be disclosed actively.")
		}
	default:
		k.bad("R15", "openness", "请选择公开属性。", "Choose the openness attribute.")
	}
}

func (k *checker) suspension() {
	for _, s := range k.c.Suspend {
		if !s.Confirmed {
			k.bad("R26", "suspend", k.g.Name(s.District)+"的停课提示还没有确认。", "The class suspension of "+s.District+" is not confirmed yet.")
		}
		if !SuspendsClasses(k.c.Hazard, k.c.Level) {
			k.bad("R26", "suspend", "这一信号不触发停课。", "This signal does not suspend classes.")
		}
	}
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}|\$\{[^}]*\}|\{[\p{Han}A-Za-z_]{1,24}\}|【(?:请?填写?|待填|插入)[^】]*】|\[(?:填写|待填|插入|INSERT|ADD|FILL)[^\]]*\]|[Xx×]{2,}(?:区|市|镇|街道|时|日|月|分|公司|路)|_{3,}|(?i:ADD [A-Z ]*MESSAGE HERE|lorem ipsum|\bTBD\b)`)

// Placeholder returns the first placeholder left in a text, "" when there is
// none (R10).
func Placeholder(text string) string { return placeholder.FindString(text) }

// UnsafeRune returns the first character that can make a text look other than
// it is (controls, direction overrides, zero width), and whether there is one.
func UnsafeRune(text string) (r rune, found bool) {
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0xFEFF, r == 0x200B, r == 0x200E, r == 0x200F, r == utf8.RuneError:
			return r, true
		}
	}
	return 0, false
}

func saysNotADrill(text string) bool {
	t := strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, s := range []string{"不是演习", "不是演练", "并非演习", "并非演练", "非演习", "非演练", "not a drill", "not a test", "not an exercise"} {
		if strings.Contains(t, s) {
			return true
		}
	}
	return false
}

// ProposeSuspension proposes the class suspension of each district that the
// areas touch, to be confirmed one by one (R26); none when the signal does not
// suspend classes.
func ProposeSuspension(g *Gazetteer, h Hazard, l Level, areas []string) []Suspension {
	if !SuspendsClasses(h, l) {
		return nil
	}
	var out []Suspension
	for _, d := range g.Districts() {
		if !touches(g, areas, d) {
			continue
		}
		where := districtAreas(g, areas, d)
		out = append(out, Suspension{District: d, Text: where + "：信号生效期间，托儿所、幼儿园、中小学校、中等职业学校停课；未启程上学的学生留在家中，已到校的服从学校安排，途中的就近避险。"})
	}
	return out
}

// EmployersSentence is the employers' duty while such a signal is in force. It
// is a duty by circumstance, never a general stop of work (R26).
const EmployersSentence = "除必需在岗的工作人员外，用人单位应当根据工作地点、工作性质、防灾避灾需要等情况，安排工作人员推迟上班、提前下班或者停工；高空、户外作业应当停止。"

func touches(g *Gazetteer, areas []string, district string) bool {
	for _, a := range areas {
		if g.Covers(a, district) {
			return true
		}
	}
	return false
}

// districtAreas names the district, or its towns when only some are meant.
func districtAreas(g *Gazetteer, areas []string, district string) string {
	var towns []string
	for _, a := range areas {
		if g.Parent(a) == district {
			towns = append(towns, a)
		}
		if a == district || a == g.City() {
			return g.Name(district)
		}
	}
	return g.Describe(towns)
}
