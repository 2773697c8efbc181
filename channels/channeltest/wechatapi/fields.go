package wechatapi

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// fieldType is the rule of one type of keyword. The limits are those of
// WeChat's table of parameter values for typed templates (订阅消息参数值内容限制说明),
// which the typed templates of Official Accounts share.
type fieldType struct {
	limit int // characters
	ok    func(string) bool
}

const clock = `([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?`
const day = `(\d{4}年)?\d{1,2}月\d{1,2}日|\d{4}年\d{1,2}月|(\d{4}[-/.])?\d{1,2}[-/.]\d{1,2}`
const moment = `((` + day + `) ?)?` + clock
const dayMoment = `(` + day + `)( ?` + clock + `)?`

// newFieldTypes compiles the table; a server holds one.
func newFieldTypes() map[string]fieldType {
	timeRange := regexp.MustCompile(`^` + moment + `(~` + moment + `)?$`)
	dateRange := regexp.MustCompile(`^` + dayMoment + `(~` + dayMoment + `)?$`)
	number := regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
	plain := func(s string) bool { return strings.IndexFunc(s, unicode.IsControl) < 0 }
	ascii := func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) < 0
	}
	han := func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) < 0
	}
	return map[string]fieldType{
		"thing":            {20, plain},
		"short_thing":      {5, plain},
		"const":            {20, plain},
		"phrase":           {5, han},
		"name":             {10, plain},
		"character_string": {32, ascii},
		"letter":           {32, ascii},
		"symbol":           {5, plain},
		"number":           {32, number.MatchString},
		"phone_number":     {17, ascii},
		"time":             {64, timeRange.MatchString},
		"date":             {64, dateRange.MatchString},
	}
}

// valid reports whether the value may stand in the field called name.
func valid(types map[string]fieldType, name, value string) bool {
	t, known := types[strings.TrimRight(name, "0123456789")]
	if !known || value == "" || !utf8.ValidString(value) {
		return false
	}
	return len(utf16.Encode([]rune(value))) <= t.limit && t.ok(value)
}
