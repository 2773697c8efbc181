package alert

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Template is a notice written in daylight: its words with typed gaps. A
// notice that holds nothing but a template's words and values of its fields
// carries the template's confidentiality review, because nothing in it is new
// but what the types allow.
//
// A gap is {{name}} with the name of a field, or one of the words that the
// notice itself fills: {{地点}}, {{开始}}, {{结束}}, {{发布单位}}, {{电话}}
// ({{place}}, {{from}}, {{until}}, {{sender}}, {{phone}} in the English texts),
// and for a relayed signal {{原发布单位}}, {{原发布时间}} ({{issuer}}, {{issued}}).
type Template struct {
	ID      string `json:"id" toml:"id"`           // lower-case letters, digits and dashes
	Version int    `json:"version" toml:"version"` // counts proposals from 1
	ZH      string `json:"zh" toml:"zh"`           // what officers call it
	EN      string `json:"en" toml:"en"`

	Kind      NoticeKind `json:"kind" toml:"kind"`
	Hazard    Hazard     `json:"hazard,omitempty" toml:"hazard"`
	Level     Level      `json:"level" toml:"level"`
	Category  string     `json:"category" toml:"category"` // CAP
	Event     string     `json:"event" toml:"event"`       // the danger in words
	Urgency   string     `json:"urgency" toml:"urgency"`
	Certainty string     `json:"certainty" toml:"certainty"`

	Headline    string `json:"headline" toml:"headline"`
	Description string `json:"description" toml:"description"`
	Instruction string `json:"instruction" toml:"instruction"`
	HeadlineEN  string `json:"headline_en,omitempty" toml:"headline_en"`
	TextEN      string `json:"text_en,omitempty" toml:"text_en"`

	Fields   []TemplateField `json:"fields,omitempty" toml:"fields"`
	Hours    int             `json:"hours" toml:"hours"`                 // how long it is in force unless changed
	Groups   []string        `json:"groups,omitempty" toml:"groups"`     // preset
	Channels []string        `json:"channels,omitempty" toml:"channels"` // preset; empty is every channel
	Scope    Scope           `json:"scope" toml:"scope"`

	Occasion string   `json:"occasion,omitempty" toml:"occasion"` // 节后复工, 汛期 …: when it is wanted
	Daytime  bool     `json:"daytime,omitempty" toml:"daytime"`   // an article first, no siren wording
	Quick    int      `json:"quick,omitempty" toml:"quick"`       // 1 to 9: its place among the big buttons
	Words    []string `json:"words,omitempty" toml:"words"`       // other words that officers look for it by
}

// FieldType is what may stand in a gap.
type FieldType string

const (
	FieldText   FieldType = "text"   // words, at most Max characters
	FieldNumber FieldType = "number" // digits, Min to Max
	FieldTime   FieldType = "time"   // an instant, RFC 3339; shown as officers read it
	FieldChoice FieldType = "choice" // one of Choices
	FieldPlace  FieldType = "place"  // a place in words, at most Max characters
)

// TemplateField is one typed gap.
type TemplateField struct {
	Name     string    `json:"name" toml:"name"` // as in {{name}}
	ZH       string    `json:"zh" toml:"zh"`     // what the officer is asked
	EN       string    `json:"en" toml:"en"`
	Type     FieldType `json:"type" toml:"type"`
	Min      int       `json:"min,omitempty" toml:"min"`
	Max      int       `json:"max,omitempty" toml:"max"`
	Choices  []string  `json:"choices,omitempty" toml:"choices"`
	Unit     string    `json:"unit,omitempty" toml:"unit"`
	Preset   string    `json:"preset,omitempty" toml:"preset"`
	Optional bool      `json:"optional,omitempty" toml:"optional"`
}

// TemplateUse says which template a notice was made from and with which values.
type TemplateUse struct {
	ID      string            `json:"id"`
	Version int               `json:"version"`
	Values  map[string]string `json:"values,omitempty"`
}

const (
	maxFields    = 12
	maxFieldText = 200 // characters; more is not a gap but a text
	maxWords     = 30  // choices of a gap, words to find a template by
	maxWord      = 60  // characters of a name, a choice, a word
)

var (
	gap        = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	templateID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
)

// filledByNotice are the gaps that the notice's own place, times and sender fill.
func filledByNotice(c *Content) map[string]string {
	var from Source
	if c.Source != nil {
		from = *c.Source
	}
	zh := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return ShowTime(t)
	}
	return map[string]string{
		"原发布单位": from.Name, "原发布时间": zh(from.Sent), "issuer": from.Name, "issued": showTimeEN(from.Sent),
		"地点": c.AreaDesc, "开始": zh(c.Effective), "结束": zh(c.Expires), "发布单位": c.SenderName, "电话": c.Contact,
		"place": c.AreaDesc, "from": showTimeEN(c.Effective), "until": showTimeEN(c.Expires), "sender": c.SenderName, "phone": c.Contact,
	}
}

// OwnGap says which field of the notice fills a gap that is no field of the
// template; "" for any other name.
func OwnGap(name string) string {
	switch name {
	case "地点", "place":
		return "area_desc"
	case "开始", "from":
		return "effective"
	case "结束", "until":
		return "expires"
	case "发布单位", "sender":
		return "sender_name"
	case "电话", "phone":
		return "contact"
	case "原发布单位", "原发布时间", "issuer", "issued":
		return "source"
	}
	return ""
}

func showTimeEN(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(beijing).Format("15:04 on 2 January")
}

// Check returns what is wrong with the template itself.
func (t *Template) Check() Problems {
	var ps Problems
	bad := func(field, zh, en string) {
		ps = append(ps, &Problem{Kind: Invalid, Field: field, ZH: zh, EN: en})
	}
	if !templateID.MatchString(t.ID) || t.ID == "new" || t.ID == "find" { // words of addresses
		bad("id", "模板编号须为小写字母、数字和短横线。", "A template's id is made of lower-case letters, digits and dashes.")
	}
	if t.ZH == "" || t.EN == "" {
		bad("zh", "请写模板的中文名和英文名。", "Give the template's name in Chinese and English.")
	}
	if t.Quick < 0 || t.Quick > 9 {
		bad("quick", "大按钮是 1 到 9，不要则填 0。", "A big button is 1 to 9, 0 for none.")
	}
	for field, words := range map[string][]string{"zh": {t.ZH, t.EN}, "event": {t.Event}, "occasion": {t.Occasion}, "words": t.Words, "groups": t.Groups, "channels": t.Channels} {
		if len(words) > maxWords || slices.ContainsFunc(words, overlong) {
			bad(field, fmt.Sprintf("太多或太长：最多 %d 个，每个最多 %d 字，不含控制字符。", maxWords, maxWord), fmt.Sprintf("Too many or too long: at most %d, each of at most %d characters, none of them invisible.", maxWords, maxWord))
		}
	}
	if t.Hours < 1 || t.Hours > int(MaxAhead/time.Hour) {
		bad("hours", "请写有效小时数，1 到 720。", "Say how many hours it is in force, 1 to 720.")
	}
	if len(t.Fields) > maxFields {
		bad("fields", fmt.Sprintf("最多 %d 个空。", maxFields), fmt.Sprintf("At most %d fields.", maxFields))
	}
	known := filledByNotice(&Content{})
	for _, f := range t.Fields {
		if _, twice := known[f.Name]; twice || f.Name == "" || strings.ContainsAny(f.Name, "{}") {
			bad("fields."+f.Name, "空的名字为空、重复或不能用："+f.Name, "A field's name is empty, used twice or not allowed: "+f.Name)
		}
		known[f.Name] = ""
		ps = append(ps, f.check()...)
	}
	for field, text := range t.texts() {
		for _, m := range gap.FindAllStringSubmatch(text, -1) {
			if _, ok := known[m[1]]; !ok {
				bad(field, "文中的空 "+m[0]+" 没有说明。", "The gap "+m[0]+" is not described.")
			}
		}
	}
	return ps
}

// overlong reports whether a name or a word cannot stand in a list.
func overlong(word string) bool {
	_, unsafe := UnsafeRune(word)
	return unsafe || utf8.RuneCountInString(word) > maxWord || strings.Contains(word, "\n")
}

func (t *Template) texts() map[string]string {
	return map[string]string{"headline": t.Headline, "description": t.Description, "instruction": t.Instruction, "headline_en": t.HeadlineEN, "text_en": t.TextEN}
}

func (f TemplateField) check() (ps Problems) {
	bad := func(zh, en string) {
		ps = append(ps, &Problem{Kind: Invalid, Field: "fields." + f.Name, ZH: f.Name + "：" + zh, EN: f.Name + ": " + en})
	}
	if len(f.Choices) > maxWords || slices.ContainsFunc(append([]string{f.Name, f.ZH, f.EN, f.Unit}, f.Choices...), overlong) || utf8.RuneCountInString(f.Preset) > maxFieldText {
		bad(fmt.Sprintf("文字太长（每项最多 %d 字）或选项太多（最多 %d 个）。", maxWord, maxWords), fmt.Sprintf("a text is too long (at most %d characters) or there are too many choices (at most %d).", maxWord, maxWords))
	}
	if f.ZH == "" || f.EN == "" {
		bad("请写明问什么，中英文各一句。", "say what is asked, in Chinese and in English.")
	}
	switch f.Type {
	case FieldText, FieldPlace:
		if f.Max < 1 || f.Max > maxFieldText {
			bad(fmt.Sprintf("字数上限须为 1 到 %d。", maxFieldText), fmt.Sprintf("its limit is 1 to %d characters.", maxFieldText))
		}
	case FieldNumber:
		if f.Max <= f.Min {
			bad("上限须大于下限。", "its maximum has to be above its minimum.")
		}
	case FieldChoice:
		if len(f.Choices) < 2 {
			bad("至少两个选项。", "at least two choices.")
		}
	case FieldTime:
	default:
		bad("没有这种类型的空。", "there is no such type of field.")
	}
	return ps
}

// read returns a value as it will stand in the text, or what is wrong with it.
func (f TemplateField) read(v string) (string, *Problem) {
	bad := func(zh, en string) (string, *Problem) {
		return "", &Problem{Kind: Invalid, Field: "field." + f.Name, ZH: f.ZH + "：" + zh, EN: f.EN + ": " + en}
	}
	if v = strings.TrimSpace(v); v == "" {
		v = f.Preset
	}
	if v == "" {
		if f.Optional {
			return "", nil
		}
		return bad("请填写。", "please fill it in.")
	}
	switch f.Type {
	case FieldNumber:
		n, err := strconv.Atoi(v)
		if err != nil || n < f.Min || n > f.Max {
			return bad(fmt.Sprintf("须为 %d 到 %d 的整数。", f.Min, f.Max), fmt.Sprintf("a whole number, %d to %d.", f.Min, f.Max))
		}
		return strconv.Itoa(n), nil
	case FieldTime:
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return bad("时间不对。", "not an instant.")
		}
		return ShowTime(at), nil
	case FieldChoice:
		for _, c := range f.Choices {
			if c == v {
				return v, nil
			}
		}
		return bad("请从选项中选择。", "choose one of the list.")
	}
	if strings.ContainsAny(v, "{}\n\t") {
		return bad("不能含有大括号或换行。", "no braces or line breaks.")
	}
	if n := utf8.RuneCountInString(v); n > f.Max {
		return bad(fmt.Sprintf("太长：%d 字，最多 %d 字。", n, f.Max), fmt.Sprintf("too long: %d characters, at most %d.", n, f.Max))
	}
	if r, found := UnsafeRune(v); found {
		return bad(fmt.Sprintf("含有不可见的控制字符 U+%04X。", r), fmt.Sprintf("contains the invisible character U+%04X.", r))
	}
	return v, nil
}

// Sample returns a value that the field takes, to try a template with.
func (f TemplateField) Sample(now time.Time) string {
	switch {
	case f.Preset != "":
		return f.Preset
	case f.Type == FieldNumber:
		return strconv.Itoa(f.Max)
	case f.Type == FieldTime:
		return now.Format(time.RFC3339)
	case f.Type == FieldChoice:
		return f.Choices[0]
	}
	return strings.Repeat("佛", f.Max)
}

// Example returns a value of the kind that an officer types, to show a template
// with: a preset, the first choice, or what is asked for in brackets.
func (f TemplateField) Example(now time.Time) string {
	if f.Preset != "" || f.Type != FieldText && f.Type != FieldPlace {
		return f.Sample(now)
	}
	r := []rune("〔" + f.ZH + "〕")
	return string(r[:min(len(r), max(f.Max, 0))])
}

// Fill writes the template's words into a content whose place, times and
// sender are set already, and presets what is still empty. Values are the
// fields' by name; unknown ones are refused. What could not be filled stays a
// gap in the text, which blocks a submission (R10), beside its problem.
func (t *Template) Fill(c Content, values map[string]string) (Content, Problems) {
	var ps Problems
	words := filledByNotice(&c)
	known := map[string]bool{}
	for _, f := range t.Fields {
		known[f.Name] = true
		v, p := f.read(values[f.Name])
		if p != nil {
			ps = append(ps, p)
			continue
		}
		words[f.Name] = v
	}
	for name := range values {
		if !known[name] {
			ps = append(ps, &Problem{Kind: Invalid, Field: "field." + name, ZH: "模板里没有这个空：" + name, EN: "The template has no such field: " + name})
		}
	}
	for name, v := range words {
		if v == "" && !known[name] {
			delete(words, name) // a place or a sender that is missing must not read as if nothing were
		}
	}
	fill := func(text string) string {
		return gap.ReplaceAllStringFunc(text, func(m string) string {
			if v, ok := words[m[2:len(m)-2]]; ok {
				return v
			}
			return m
		})
	}
	c.Kind, c.Hazard, c.Level, c.Category, c.Event = t.Kind, t.Hazard, t.Level, t.Category, t.Event
	c.Urgency, c.Severity, c.Certainty = t.Urgency, t.Level.Severity(), t.Certainty
	c.Headline, c.Description, c.Instruction = fill(t.Headline), fill(t.Description), fill(t.Instruction)
	c.HeadlineEN, c.TextEN = fill(t.HeadlineEN), fill(t.TextEN)
	c.Template = &TemplateUse{ID: t.ID, Version: t.Version, Values: values}
	return c, ps
}

// Made reports whether the content says exactly what the template says with
// the values that the content names: then nothing in it is free text.
func (t *Template) Made(c *Content) bool {
	if c.Template == nil || c.Template.ID != t.ID || c.Template.Version != t.Version {
		return false
	}
	want, ps := t.Fill(*c, c.Template.Values)
	return ps == nil && want.Headline == c.Headline && want.Description == c.Description && want.Instruction == c.Instruction &&
		want.HeadlineEN == c.HeadlineEN && want.TextEN == c.TextEN && want.Event == c.Event &&
		want.Kind == c.Kind && want.Hazard == c.Hazard && want.Level == c.Level && want.Category == c.Category &&
		want.Urgency == c.Urgency && want.Severity == c.Severity && want.Certainty == c.Certainty
}
