package web

import (
	"net/url"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// filter is what somebody asks to hear of. Empty fields ask for everything.
type filter struct {
	g       *alert.Gazetteer
	areas   []string // any of them, or what lies in or around them
	hazards []string
	level   alert.Level // and graver
	notice  string
	modes   []alert.Mode
}

// maxFilter bounds the values of one parameter.
const maxFilter = 64

// parseFilter reads area, hazard, level, mode and notice; other names are
// refused unless they are listed in also: a misspelt filter must not look like
// one that lets little through.
func (s *Site) parseFilter(q url.Values, also ...string) (*filter, *alert.Problem) {
	f := &filter{g: s.cfg.Gazetteer}
	if s.cfg.DrillBanner {
		f.modes = []alert.Mode{alert.Live, alert.Drill}
	} else {
		f.modes = []alert.Mode{alert.Live}
	}
	for name, raw := range q {
		vals := split(raw)
		if len(vals) > maxFilter {
			return nil, badParam(name, "值太多。", "Too many values.")
		}
		if p := s.setFilter(f, name, vals, also); p != nil {
			return nil, p
		}
	}
	return f, nil
}

func (s *Site) setFilter(f *filter, name string, vals, also []string) *alert.Problem {
	switch name {
	case "area":
		f.areas = vals
		return every(name, vals, f.g.Known, "区划代码不在本市名录中。", "Not one of the city's division codes: see /api/public/v1/areas.")
	case "hazard":
		f.hazards = vals
		return every(name, vals, s.knownHazard, "没有这种灾种代码。", "No such hazard code.")
	case "mode":
		f.modes = nil
		for _, v := range vals {
			f.modes = append(f.modes, alert.Mode(v))
		}
		return every(name, vals, func(v string) bool { return alert.Mode(v).Valid() }, "须为 live 或 drill。", "Want live or drill.")
	case "level":
		if len(vals) != 1 {
			return badParam(name, "只能填一个级别：该级及更严重的。", "Give one level: it and graver ones are meant.")
		}
		l, err := alert.ParseLevel(vals[0])
		if err != nil || l == alert.NoLevel {
			return badParam(name, "级别须为 white、blue、yellow、orange 或 red。", "Want white, blue, yellow, orange or red.")
		}
		f.level = l
	case "notice":
		if len(vals) != 1 || len(vals[0]) > 80 {
			return badParam(name, "只能填一个通知编号。", "Give one notice id.")
		}
		f.notice = vals[0]
	default:
		if !slices.Contains(also, name) {
			return badParam(name, "没有这个参数。", "No such parameter.")
		}
	}
	return nil
}

// every refuses a parameter unless it has values and each of them will do: an
// empty filter must not look like none.
func every(name string, vals []string, good func(string) bool, zh, en string) *alert.Problem {
	if len(vals) == 0 {
		return badParam(name, "没有填值。", "No value given.")
	}
	for _, v := range vals {
		if !good(v) {
			return badParam(name, zh, en)
		}
	}
	return nil
}

func split(raw []string) []string {
	var out []string
	for _, r := range raw {
		for v := range strings.SplitSeq(r, ",") {
			if v = strings.TrimSpace(v); v != "" {
				out = append(out, v)
			}
		}
	}
	return out
}

func badParam(name, zh, en string) *alert.Problem {
	if len(name) > 40 {
		name = name[:40]
	}
	return &alert.Problem{Kind: alert.Invalid, Field: strings.ToValidUTF8(name, "?"), ZH: zh, EN: en}
}

// knownHazard: the desk's own table, or a code that some public notice carries.
func (s *Site) knownHazard(code string) bool {
	for _, h := range alert.Hazards() {
		if string(h.Code) == code {
			return true
		}
	}
	snap := s.snap.Load()
	return snap != nil && snap.dir.hazard(alert.Hazard(code))
}

func (f *filter) passes(x *facts) bool {
	if f.notice != "" && f.notice != x.notice || !slices.Contains(f.modes, x.mode) || x.level < f.level {
		return false
	}
	if len(f.hazards) > 0 && !slices.ContainsFunc(x.hazards, func(h alert.Hazard) bool { return slices.Contains(f.hazards, string(h)) }) {
		return false
	}
	if len(f.areas) == 0 {
		return true
	}
	for _, want := range f.areas {
		if slices.ContainsFunc(x.areas, func(a string) bool { return f.g.Covers(a, want) }) {
			return true
		}
	}
	return false
}
