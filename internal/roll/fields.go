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

// understand turns names into codes and texts into values. What concerns the
// roll's own rules is checked later, by the roll.
func (f fields) understand(places *alert.Gazetteer) (Subscription, alert.Problems) {
	var ps alert.Problems
	s := Subscription{
		Channel: channelWord(f.Channel), Address: f.Address,
		Groups: f.Groups, Lang: strings.ToLower(strings.TrimSpace(f.Lang)),
	}
	for _, a := range f.Areas {
		code, p := areaCode(places, a)
		if p != nil {
			ps = append(ps, p)
			break
		}
		s.Areas = append(s.Areas, code)
	}
	for _, h := range f.Hazards {
		s.Hazards = append(s.Hazards, hazardCode(h))
	}
	var err error
	if s.MinLevel, err = alert.ParseLevel(f.MinLevel); err != nil {
		ps = append(ps, problem("min_level", "未知级别："+clip(f.MinLevel), "unknown level: "+clip(f.MinLevel)))
	}
	if s.Quiet, err = ParseQuiet(f.Quiet); err != nil {
		ps = append(ps, problem("quiet", "免打扰时段应写作 22:00-07:00", "quiet hours are written 22:00-07:00"))
	}
	if s.Joined, err = parseJoined(f.Joined); err != nil {
		ps = append(ps, problem("joined", "时间应写作 2026-05-01 或 2026-05-01T08:00:00+08:00", "a time is written 2026-05-01 or 2026-05-01T08:00:00+08:00"))
	}
	return s, ps
}

func channelWord(s string) string {
	switch s = strings.ToLower(strings.TrimSpace(s)); s {
	case "短信", "手机", "手机短信":
		return SMS
	case "微信", "weixin":
		return WeChat
	}
	return s
}

// areaCode takes a code (6 digits, 9, or a town's 12 with 000 behind), a name,
// or a town's name behind its district's.
func areaCode(places *alert.Gazetteer, s string) (string, *alert.Problem) {
	s = strings.TrimSpace(s)
	if places.Known(s) {
		return s, nil
	}
	if code, ok := strings.CutSuffix(s, "000"); ok && len(s) == 12 && places.Known(code) {
		return code, nil
	}
	found := places.ByName(s)
	if len(found) == 0 {
		for _, d := range places.Districts() {
			if town, ok := strings.CutPrefix(s, places.Name(d)); ok {
				found = within(places, places.ByName(town), d)
			}
		}
	}
	var p *alert.Problem
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		p = problem("areas", "未知区划："+clip(s), "unknown division: "+clip(s))
	default:
		p = problem("areas", "名称不唯一，请用代码："+clip(s), "several divisions have this name, use a code: "+clip(s))
	}
	p.Rule = "R11"
	return "", p
}

func within(places *alert.Gazetteer, codes []string, district string) []string {
	var in []string
	for _, c := range codes {
		if places.District(c) == district {
			in = append(in, c)
		}
	}
	return in
}

func hazardCode(s string) alert.Hazard {
	s = strings.TrimSpace(s)
	for _, h := range alert.Hazards() {
		if s == h.ZH || strings.EqualFold(s, h.EN) {
			return h.Code
		}
	}
	return alert.Hazard(s)
}

func parseJoined(s string) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, chinaTime()); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, s)
}
