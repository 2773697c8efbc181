package roll

import (
	"fmt"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// placeNames finds divisions by code or by any of the names people write, each
// name looked up once: 禅城区, 禅城, 祖庙街道, 祖庙, 祖庙镇 (a town may have become
// a sub-district since), 禅城区祖庙, 佛山市禅城区祖庙街道.
type placeNames struct {
	places *alert.Gazetteer
	byName map[string][]string // several codes where a name is not enough
}

func namePlaces(places *alert.Gazetteer) placeNames {
	n := placeNames{places: places, byName: map[string][]string{}}
	city := names(places, places.City())
	n.add(places.City(), append(city, "全市"))
	for _, d := range places.Districts() {
		district := names(places, d)
		n.add(d, behind(city, district))
		for _, t := range places.Children(d) {
			n.add(t, behind(city, behind(district, names(places, t))))
		}
	}
	return n
}

func (n placeNames) add(code string, names []string) {
	for _, name := range names {
		if !slices.Contains(n.byName[name], code) {
			n.byName[name] = append(n.byName[name], code)
		}
	}
}

// names returns a division's full name and its short ones.
func names(places *alert.Gazetteer, code string) []string {
	full := places.Name(code)
	if bare, ok := kind(full, "市", "区", "县"); ok {
		return []string{full, bare}
	}
	bare, ok := kind(full, "街道", "镇", "乡")
	if !ok {
		return []string{full}
	}
	out := []string{full, bare}
	if again, ok := kind(bare, "镇", "街"); ok { // 石湾镇街道
		bare = again
	}
	for _, k := range []string{"", "街道", "街", "镇", "乡"} {
		out = append(out, bare+k)
	}
	return out
}

// kind cuts one of the words off a name that is longer than the word and one
// character.
func kind(name string, words ...string) (bare string, ok bool) {
	for _, w := range words {
		if bare, ok = strings.CutSuffix(name, w); ok && len([]rune(bare)) >= 2 {
			return bare, true
		}
	}
	return name, false
}

// behind returns the names alone and behind each of the fronts.
func behind(fronts, names []string) []string {
	out := slices.Clone(names)
	for _, f := range fronts {
		for _, n := range names {
			out = append(out, f+n)
		}
	}
	return out
}

// codes finds every place, or says which one is not to be found (R11).
func (n placeNames) codes(texts []string) ([]string, *alert.Problem) {
	if len(texts) == 0 {
		return nil, nil
	}
	codes := make([]string, 0, len(texts))
	for _, t := range texts {
		code, p := n.code(t)
		if p != nil {
			return nil, p
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// code takes a code (6 digits, a town's 9, or either with zeros up to 12) or a name.
func (n placeNames) code(s string) (string, *alert.Problem) {
	if n.places.Known(s) {
		return s, nil
	}
	name := strings.Join(strings.FieldsFunc(narrow(s), func(c rune) bool { return strings.ContainsRune(" \t-/·>", c) }), "")
	for code := name; len(name) <= 12; {
		if n.places.Known(code) {
			return code, nil
		}
		short, ok := strings.CutSuffix(code, "000")
		if !ok {
			break
		}
		code = short
	}
	found := n.byName[name]
	if len(found) == 1 {
		return found[0], nil
	}
	p := problem("areas", "未知区划："+quote(s), "unknown division: "+quote(s))
	switch {
	case len(found) > 1:
		list := n.describe(found)
		p = problem("areas", "名称不唯一："+quote(s)+"，可能是"+list+"，请用代码或写明区", "several divisions have this name: "+quote(s)+", it may be "+list+"; use a code or name the district")
	case scientific(name):
		p = problem("areas", spoiltZH("代码"), spoiltEN("code"))
	}
	p.Rule = "R11"
	return "", p
}

func (n placeNames) describe(codes []string) string {
	const most = 5
	var list []string
	for i, c := range codes {
		if i == most {
			list = append(list, "…")
			break
		}
		list = append(list, fmt.Sprintf("%s（%s）", n.places.FullName(c), c))
	}
	return strings.Join(list, "、")
}
