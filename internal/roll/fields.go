package roll

import (
	"strings"
	"time"

	"mingluo/internal/alert"
)

// fields is a row as a file gives it, before it is understood.
type fields struct {
	Channel  string   `json:"channel"`
	Address  string   `json:"address"`
	Areas    []string `json:"areas"`     // codes or names
	Groups   []string `json:"groups"`    //
	MinLevel string   `json:"min_level"` // blue, 蓝色 …; empty: every level
	Hazards  []string `json:"hazards"`   // codes or names
	Lang     string   `json:"lang"`
	Quiet    string   `json:"quiet"`  // 22:00-07:00
	Joined   string   `json:"joined"` // RFC 3339, or a date; empty: now
}

func (f *fields) set(c column, text string) {
	switch c {
	case colChannel:
		f.Channel = text
	case colAddress:
		f.Address = text
	case colAreas:
		f.Areas = splitList(text)
	case colGroups:
		f.Groups = splitList(text)
	case colMinLevel:
		f.MinLevel = text
	case colHazards:
		f.Hazards = splitList(text)
	case colLang:
		f.Lang = text
	case colQuiet:
		f.Quiet = text
	case colJoined:
		f.Joined = text
	}
}

// listMarks separate the parts of a list; none of them stands in a part.
const listMarks = ";；、|\n"

func splitList(s string) []string {
	if !strings.ContainsAny(s, listMarks) {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	var list []string
	for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return strings.ContainsRune(listMarks, c) }) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// understand turns names into codes and texts into values. What concerns the
// roll's own rules is checked later, by the roll.
func (f *fields) understand(names placeNames) (Subscription, alert.Problems) {
	var ps alert.Problems
	s := Subscription{Channel: channelWord(f.Channel), Address: f.Address, Lang: langWord(f.Lang)}
	wrong := func(p *alert.Problem) {
		if p != nil {
			ps = append(ps, p)
		}
	}
	var err error
	var p *alert.Problem
	s.Areas, p = names.codes(f.Areas)
	wrong(p)
	s.Hazards, p = hazardCodes(f.Hazards)
	wrong(p)
	for _, g := range f.Groups {
		s.Groups = append(s.Groups, strings.TrimSpace(g))
	}
	if s.MinLevel, err = levelWord(f.MinLevel); err != nil {
		wrong(problem("min_level", "未知级别："+quote(f.MinLevel)+"，应为蓝色、黄色、橙色、红色或不填", "unknown level: "+quote(f.MinLevel)+", want blue, yellow, orange, red or nothing"))
	}
	if s.Quiet, err = ParseQuiet(quietWord(f.Quiet)); err != nil {
		wrong(problem("quiet", "免打扰时段应写作 22:00-07:00", "quiet hours are written 22:00-07:00"))
	}
	if s.Joined, err = parseJoined(f.Joined); err != nil {
		wrong(problem("joined", "时间应写作 2026-05-01、2026/5/1 或 2026-05-01T08:00:00+08:00", "a time is written 2026-05-01, 2026/5/1 or 2026-05-01T08:00:00+08:00"))
	}
	return s, ps
}

func channelWord(s string) string {
	switch s = strings.ToLower(strings.TrimSpace(s)); s {
	case "短信", "手机", "手机短信", "phone", "mobile":
		return SMS
	case "微信", "weixin", "公众号", "微信公众号":
		return WeChat
	}
	return s
}

func langWord(s string) string {
	switch s = strings.ToLower(strings.TrimSpace(s)); s {
	case "中文", "汉语", "简体中文", "chinese", "zh-cn", "zh_cn":
		return "zh"
	case "英文", "英语", "english", "en-us", "en-gb":
		return "en"
	}
	return s
}

// everything is how people write that they want no limit.
func everything(s string) bool { return s == "全部" || s == "所有" || s == "不限" }

func levelWord(s string) (alert.Level, error) {
	if s = strings.TrimSpace(s); everything(s) {
		return alert.NoLevel, nil
	}
	return alert.ParseLevel(s)
}

// hazardCodes turns names into codes. A code that is not in our table passes,
// because nobody lists the world's hazards; a name that is not in it cannot.
func hazardCodes(names []string) ([]alert.Hazard, *alert.Problem) {
	var codes []alert.Hazard
	for _, n := range names {
		n = strings.TrimSpace(n)
		if everything(n) {
			return nil, nil
		}
		h := hazardCode(n)
		if !validHazard(h) {
			return nil, problem("hazards", "未知灾种："+quote(n), "unknown hazard: "+quote(n))
		}
		codes = append(codes, h)
	}
	return codes, nil
}

func hazardCode(s string) alert.Hazard {
	for _, h := range alert.Hazards() {
		if s == h.ZH || strings.EqualFold(s, h.EN) || strings.EqualFold(s, string(h.Code)) {
			return h.Code
		}
	}
	return alert.Hazard(s)
}

// quietWord takes the dashes and colons of a Chinese keyboard for plain ones.
func quietWord(s string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("—–~至到", c) {
			return '-'
		}
		return c
	}, narrow(s))
}

// parseJoined reads an instant, or a day in China as spreadsheets write one.
func parseJoined(s string) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.DateOnly, "2006/1/2", time.DateTime, "2006-01-02 15:04", "2006/1/2 15:04", "2006/1/2 15:04:05"} {
		if t, err := time.ParseInLocation(form, s, chinaTime()); err == nil {
			return t, nil
		}
	}
	return time.Parse(time.RFC3339, s)
}

// narrow turns the full-width letters, digits and marks of a Chinese keyboard
// into plain ones.
func narrow(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '！' && c <= '～':
			return c - '！' + '!'
		case c == '\u3000' || c == '\u00a0':
			return ' '
		}
		return c
	}, s)
}
