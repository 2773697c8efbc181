package roll

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// check normalises a subscription and sets its id; the problems name the
// fields by the API's spelling and never quote an address.
func (r *Roll) check(s Subscription) (Subscription, alert.Problems) {
	var ps alert.Problems
	address, p := r.rules.Normalise(s.Channel, s.Address)
	if p != nil {
		ps = append(ps, p)
	} else {
		s.Address, s.ID = address, r.keys.ID(s.Channel, address)
	}
	if s.Lang == "" {
		s.Lang = "zh"
	}
	if s.Lang != "zh" && s.Lang != "en" {
		ps = append(ps, problem("lang", "语言应为 zh 或 en", "language: want zh or en"))
	}
	if s.MinLevel > alert.Red {
		ps = append(ps, problem("min_level", "未知级别", "unknown level"))
	}
	if s.Quiet.From >= 24*60 || s.Quiet.To >= 24*60 {
		ps = append(ps, problem("quiet", "免打扰时段应在 00:00 与 23:59 之间", "quiet hours lie between 00:00 and 23:59"))
	}
	if p := r.checkAreas(s.Areas); p != nil {
		ps = append(ps, p)
	}
	if len(s.Groups) > maxGroups || slices.ContainsFunc(s.Groups, func(g string) bool { return !validGroup(g) }) {
		ps = append(ps, problem("groups", fmt.Sprintf("分组最多 %d 个，每个不超过 %d 字节，不含分隔符", maxGroups, maxGroupBytes),
			fmt.Sprintf("at most %d groups of %d bytes, without separators", maxGroups, maxGroupBytes)))
	}
	if len(s.Hazards) > maxHazards || slices.ContainsFunc(s.Hazards, func(h alert.Hazard) bool { return !validHazard(h) }) {
		ps = append(ps, problem("hazards", fmt.Sprintf("灾种代码最多 %d 个，只含字母和数字", maxHazards),
			fmt.Sprintf("at most %d hazard codes of letters and digits", maxHazards)))
	}
	s.State, s.LeftAt, s.KeepUntil = Active, time.Time{}, time.Time{}
	return s, ps
}

// checkAreas refuses a subscription without a known place: nobody could say
// what it asks for, and there is no default of everything (R11).
func (r *Roll) checkAreas(areas []string) *alert.Problem {
	var p *alert.Problem
	switch {
	case len(areas) == 0:
		p = problem("areas", "至少要有一个区或镇街", "at least one district or town is needed")
	case len(areas) > maxAreas:
		p = problem("areas", fmt.Sprintf("区域最多 %d 个", maxAreas), fmt.Sprintf("at most %d areas", maxAreas))
	default:
		for _, a := range areas {
			if !r.places.Known(a) {
				p = problem("areas", "未知区划："+quote(a), "unknown division: "+quote(a))
				break
			}
		}
	}
	if p != nil {
		p.Rule = "R11"
	}
	return p
}

// quote shows a text of an input in a problem, within bounds. What could be an
// address (seven digits or more, or a long word of ASCII) is cut short, because
// problems go into files, answers and logs: a cell can stand in a wrong column.
func quote(s string) string {
	const most = 40
	digits, plain := 0, true
	r := []rune(strings.Map(func(c rune) rune {
		if !unicode.IsGraphic(c) {
			return -1
		}
		return c
	}, strings.TrimSpace(s)))
	for _, c := range r {
		if unicode.IsDigit(c) {
			digits++
		}
		plain = plain && c < utf8.RuneSelf
	}
	switch {
	case digits >= 7, plain && len(r) >= 20:
		return string(r[:min(3, len(r))]) + "****"
	case len(r) > most:
		return string(r[:most]) + "…"
	}
	return string(r)
}
