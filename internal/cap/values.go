package cap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits on texts, in bytes. CAP sets none; these are ten times what real
// alerts hold. Polygons, values and attached files are bounded by the document.
const (
	maxShort = 8 << 10
	maxText  = 256 << 10
)

func bounded(most int) check {
	return func(text string, _ *shape) (string, string) {
		if len(text) > most {
			return fmt.Sprintf("太长：%d 字节，上限 %d。", len(text), most), fmt.Sprintf("is too long: %d bytes, at most %d.", len(text), most)
		}
		return "", ""
	}
}

func short(t string, s *shape) (string, string) { return bounded(maxShort)(t, s) }
func text(t string, s *shape) (string, string)  { return bounded(maxText)(t, s) }
func long(string, *shape) (string, string)      { return "", "" }

// among is a closed list. Case and blanks count, as in the schema: a status
// that is nearly Actual is not Actual.
func among(values ...string) check {
	return func(text string, _ *shape) (string, string) {
		if slices.Contains(values, text) {
			return "", ""
		}
		all := strings.Join(values, ", ")
		return fmt.Sprintf("的值 %s 不在允许的列表内（区分大小写，不能有空格）：%s。", quote(text), all),
			fmt.Sprintf("is %s, which is not one of the values allowed (case and blanks count): %s.", quote(text), all)
	}
}

func instant(text string, s *shape) (string, string) {
	if _, ok := parseTime(text); ok {
		return "", ""
	}
	if s.version == "1.1" {
		if _, ok := parseOlderTime(text); ok {
			return "", ""
		}
	}
	return fmt.Sprintf("的值 %s 不是 CAP 时间；应写作 2026-06-01T08:30:00+08:00，UTC 写 -00:00，不用 Z 和小数秒。", quote(text)),
		fmt.Sprintf("is %s, which is not a CAP time; write 2026-06-01T08:30:00+08:00, UTC as -00:00, no Z and no fractions.", quote(text))
}

// parseTime reads YYYY-MM-DDThh:mm:ss±hh:mm and nothing else. Blanks around it
// are allowed, as for every xs:dateTime; so is 24:00:00, the end of a day.
func parseTime(s string) (time.Time, bool) {
	s = strings.Trim(s, " \t\r\n")
	if len(s) != 25 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[22] != ':' {
		return time.Time{}, false
	}
	var v [8]int
	for i, p := range [8][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}, {20, 22}, {23, 25}} {
		for _, c := range []byte(s[p[0]:p[1]]) {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			v[i] = v[i]*10 + int(c-'0')
		}
	}
	endOfDay := v[3] == 24 && v[4] == 0 && v[5] == 0
	if v[0] == 0 || v[3] > 23 && !endOfDay || v[4] > 59 || v[5] > 59 || v[7] > 59 || v[6]*60+v[7] > 14*60 {
		return time.Time{}, false
	}
	offset := (v[6]*60 + v[7]) * 60
	switch s[19] {
	case '-':
		offset = -offset
	case '+':
	default:
		return time.Time{}, false
	}
	if d := time.Date(v[0], time.Month(v[1]), v[2], 0, 0, 0, 0, time.UTC); v[1] < 1 || v[1] > 12 || d.Day() != v[2] {
		return time.Time{}, false
	}
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", offset)
	}
	return time.Date(v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, zone), true
}

// parseOlderTime also reads what CAP 1.1 allowed: Z, fractions, and no zone at
// all, which is taken as UTC.
func parseOlderTime(s string) (time.Time, bool) {
	s = strings.Trim(s, " \t\r\n")
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
			return t.Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}

// readTime reads a time that was checked before.
func readTime(s string) time.Time {
	if t, ok := parseTime(s); ok {
		return t
	}
	t, _ := parseOlderTime(s)
	return t
}

// formatTime writes a time as CAP wants it, UTC as -00:00.
func formatTime(t time.Time) string {
	s := t.Format("2006-01-02T15:04:05-07:00")
	if _, offset := t.Zone(); offset == 0 {
		return s[:19] + "-00:00"
	}
	return s
}

func language(text string, _ *shape) (string, string) {
	for i, part := range strings.Split(strings.Trim(text, " \t\r\n"), "-") {
		letters := func(r rune) bool {
			return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && r >= '0' && r <= '9'
		}
		if len(part) < 1 || len(part) > 8 || strings.ContainsFunc(part, func(r rune) bool { return !letters(r) }) {
			return fmt.Sprintf("的值 %s 不是语言代码；应如 zh-CN、en-US。", quote(text)), fmt.Sprintf("is %s, which is not a language code such as zh-CN or en-US.", quote(text))
		}
	}
	return "", ""
}

func integer(text string, _ *shape) (string, string) {
	t := strings.Trim(text, " \t\r\n")
	if _, err := strconv.ParseInt(t, 10, 64); err != nil {
		return fmt.Sprintf("的值 %s 不是整数（字节数）。", quote(text)), fmt.Sprintf("is %s, which is not a number of bytes.", quote(text))
	}
	return "", ""
}

func decimal(text string, _ *shape) (string, string) {
	if _, ok := parseDecimal(strings.Trim(text, " \t\r\n")); !ok {
		return fmt.Sprintf("的值 %s 不是数字。", quote(text)), fmt.Sprintf("is %s, which is not a number.", quote(text))
	}
	return "", ""
}

// parseDecimal reads an xs:decimal: digits, a sign, a point.
func parseDecimal(s string) (float64, bool) {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" || strings.Trim(digits, "0123456789.") != "" || len(s) > 64 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
