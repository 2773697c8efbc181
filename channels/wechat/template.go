package wechat

import (
	"errors"
	"fmt"
	"strings"
)

// Says is what stands in a field.
type Says string

const (
	SaysWhat   Says = "what"   // verb, hazard and level: 解除台风黄色预警信号 (thing)
	SaysWhere  Says = "where"  // the area in words (thing)
	SaysWhen   Says = "when"   // from–until, Asia/Shanghai (time)
	SaysAction Says = "action" // what to do (thing)
	SaysIssuer Says = "issuer" // who says so, and the verification code (thing)
	SaysLevel  Says = "level"  // 黄色 (phrase or thing)
	SaysVerb   Says = "verb"   // 发布, 更新, 解除 … (phrase or thing)
	SaysCode   Says = "code"   // the verification code alone (character_string)
)

// Field is one keyword of a template.
type Field struct {
	Name string // as WeChat names it: the type and a number, thing1, time3
	Says Says
}

// Template is which approved template is filled, and with what. The first and
// the last field are things: they carry the drill's mark (R6).
type Template struct {
	ID     string
	Fields []Field // in the order in which the phone shows them
}

// DefaultFields are those of a template with five keywords, as many as WeChat
// lets an account choose: 预警类型, 影响地区, 时间, 应对措施, 发布单位.
func DefaultFields() []Field {
	return []Field{
		{"thing1", SaysWhat}, {"thing2", SaysWhere}, {"time3", SaysWhen}, {"thing4", SaysAction}, {"thing5", SaysIssuer},
	}
}

// fieldLimit returns how many characters a field's type takes, and its type.
// Source: WeChat's table of parameter values for typed templates
// (订阅消息参数值内容限制说明). A time has a form instead of a limit.
func fieldLimit(name string) (typ string, limit int) {
	typ = strings.TrimRight(name, "0123456789")
	switch typ {
	case "thing":
		return typ, 20
	case "phrase":
		return typ, 5
	case "character_string":
		return typ, 32
	case "time", "date":
		return typ, 64
	}
	return "", 0
}

// Validate reports what keeps the template from carrying a warning.
func (t Template) Validate() error {
	if len(t.Fields) < 2 {
		return errors.New("template fields: at least what and who says so are needed")
	}
	var errs []error
	seen, says := map[string]bool{}, map[Says]bool{}
	for i, f := range t.Fields {
		typ, limit := fieldLimit(f.Name)
		switch {
		case limit == 0 || typ == f.Name:
			errs = append(errs, fmt.Errorf("template field %q: want thing, phrase, character_string, time or date and a number", f.Name))
		case !carries(typ, f.Says):
			errs = append(errs, fmt.Errorf("template field %q: a %s cannot say %q", f.Name, typ, f.Says))
		case seen[f.Name]:
			errs = append(errs, fmt.Errorf("template field %q: named twice", f.Name))
		case typ != "thing" && (i == 0 || i == len(t.Fields)-1):
			errs = append(errs, fmt.Errorf("template field %q: the first and the last are things, they carry the drill's mark", f.Name))
		}
		seen[f.Name], says[f.Says] = true, true
	}
	for _, s := range []Says{SaysWhat, SaysWhere, SaysWhen, SaysAction, SaysIssuer} {
		if !says[s] {
			errs = append(errs, fmt.Errorf("template fields: no field says %q", s)) // R8, R13
		}
	}
	return errors.Join(errs...)
}

func carries(typ string, s Says) bool {
	switch s {
	case SaysWhat, SaysWhere, SaysAction, SaysIssuer:
		return typ == "thing"
	case SaysWhen:
		return typ == "time" || typ == "date"
	case SaysLevel, SaysVerb:
		return typ == "phrase" || typ == "thing"
	case SaysCode:
		return typ == "character_string"
	}
	return false
}
