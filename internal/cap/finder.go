package cap

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// finder collects divisions.
type finder struct {
	g          *alert.Gazetteer
	context    string // who speaks, to know which "whole city" is meant
	edges      int
	found      []FoundArea
	lo, hi     alert.Point // the city's surroundings, once they are needed
	widened    bool
	tooComplex bool
}

// area finds one area: by code, else by name, else by shape. CAP's shapes and
// codes add up, but they describe the same place, and a code says it best.
func (f *finder) area(a *Area) bool {
	for _, by := range []func(*Area) bool{f.byCode, f.byName, f.byShape} {
		if by(a) {
			return true
		}
	}
	return false
}

func (f *finder) add(code, by, from string) bool {
	for _, x := range f.found {
		if x.Code == code {
			return true
		}
	}
	f.found = append(f.found, FoundArea{code, by, from})
	return true
}

// addAll adds the divisions; the city is its districts.
func (f *finder) addAll(codes []string, by, from string) bool {
	for _, c := range codes {
		if c == f.g.City() {
			f.addAll(f.g.Districts(), by, from)
			continue
		}
		f.add(c, by, from)
	}
	return len(codes) > 0
}

// codes returns what was found in the gazetteer's order, without towns whose
// district was found too.
func (f *finder) codes() []string {
	var out []string
	has := func(code string) bool {
		return slices.ContainsFunc(f.found, func(x FoundArea) bool { return x.Code == code })
	}
	for _, c := range f.g.Codes() {
		if has(c) && !has(f.g.Parent(c)) {
			out = append(out, c)
		}
	}
	return out
}

// foreignCodes are vocabularies of other countries whose codes can look like
// China's: SAME's 000000 is the whole of the United States.
func foreignCode(valueName string) bool {
	n := strings.ToLower(valueName)
	for _, w := range []string{"same", "ugc", "fips", "emma", "nuts", "warncell", "clc", "cap-cp", "cap-au", "ags", "ars", "insee", "dico", "wmo", "iso"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

// chineseCode are the names that China's codes were seen or are likely under.
// Only with one of these does a code for the whole country count.
func chineseCode(valueName string) bool {
	n := strings.ToLower(valueName)
	for _, w := range []string{"cpeas", "cnaf", "行政区", "区划", "gb/t 2260", "gb2260", "gb/t2260", "adcode", "china"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

// byCode reads division codes of 6, 9 or 12 digits, several in one value too.
// A code of the city, of its province, or, under a Chinese name, of the whole
// country covers every district; no other code does.
func (f *finder) byCode(a *Area) bool {
	ok := false
	for _, g := range a.Geocode {
		if strings.Contains(strings.ToLower(g.ValueName), "3166") {
			if v := strings.ToUpper(g.Value); v == "CN-GD" || v == "CN-44" || v == "CN" {
				ok = f.addAll([]string{f.g.City()}, "code", g.Value)
			}
			continue
		}
		if foreignCode(g.ValueName) {
			continue
		}
		for _, code := range strings.FieldsFunc(g.Value, func(r rune) bool { return !unicode.IsDigit(r) }) {
			if c := f.division(code, g.ValueName); c != "" {
				ok = f.addAll([]string{c}, "code", code)
			}
		}
	}
	return ok
}

// division returns the listed division for a code, "" for none.
func (f *finder) division(code, valueName string) string {
	short := code
	switch len(code) {
	case 12:
		if short = strings.TrimSuffix(code, "000"); len(short) == 12 {
			f.widened = f.widened || f.g.Known(code[:9])
			short = code[:9] // a village: the town it lies in
		}
		short = strings.TrimSuffix(short, "000")
	case 9:
		short = strings.TrimSuffix(code, "000")
	case 6:
	default:
		return ""
	}
	if len(short) == 6 || len(short) == 9 {
		if f.g.Known(short) {
			return short
		}
	}
	city := f.g.City()
	switch full := (code + "000000")[:12]; {
	case strings.HasPrefix(full, city[:2]) && strings.Trim(full[2:], "0") == "":
		return city // its province
	case chineseCode(valueName) && (full == "100000000000" || full == "000000000000"):
		return city // its country
	}
	return ""
}

// byName looks for divisions in areaDesc. Full names count anywhere. Short
// names (南海 is also a sea, 南山 and 九江 are towns elsewhere) count only where
// the text or the sender says which city is meant.
func (f *finder) byName(a *Area) bool {
	text := strings.Join(strings.Fields(a.AreaDesc), "")
	if text == "" {
		return false
	}
	city := f.g.Name(f.g.City())
	local := strings.Contains(text, strings.TrimSuffix(city, "市")) || strings.Contains(strings.ToLower(a.AreaDesc), "foshan")
	var codes []string
	for _, c := range f.g.InText(text) {
		if c != f.g.City() && (local || strings.Contains(text, f.g.Name(c))) && !f.elsewhere(text, c) {
			codes = append(codes, c)
		}
	}
	if len(codes) == 0 {
		codes = f.byPinyin(a.AreaDesc)
	}
	whole := slices.Contains([]string{"全市", "全境", "我市", "本市", "全市范围"}, text) && strings.Contains(f.context, strings.TrimSuffix(city, "市"))
	if len(codes) == 0 && (local || whole || text == "广东省" || text == "广东省全省") {
		codes = []string{f.g.City()}
	}
	return f.addAll(codes, "name", a.AreaDesc)
}

// elsewhere reports whether the name stands behind another city's name only:
// 深圳市南山街道 is not 佛山's.
func (f *finder) elsewhere(text, code string) bool {
	if f.g.Parent(code) == f.g.City() {
		return false
	}
	before, _, ok := strings.Cut(text, f.g.Name(code))
	if !ok {
		return false
	}
	i := strings.LastIndexAny(before, "市区县")
	if i < 0 {
		return false
	}
	_, size := utf8.DecodeRuneInString(before[i:])
	owner := before[:i+size]
	return !strings.HasSuffix(owner, f.g.Name(f.g.City())) && !strings.HasSuffix(owner, f.g.Name(f.g.Parent(code)))
}

// byPinyin finds the city and its districts in English text.
func (f *finder) byPinyin(text string) []string {
	names := map[string]string{"440600": "foshan", "440604": "chancheng", "440605": "nanhai", "440606": "shunde", "440607": "sanshui", "440608": "gaoming"}
	low := strings.ToLower(text)
	if !strings.Contains(low, "foshan") && !strings.Contains(low, "district") {
		return nil
	}
	var codes []string
	for _, c := range f.g.Districts() {
		if n := names[c]; n != "" && strings.Contains(low, n) {
			codes = append(codes, c)
		}
	}
	if len(codes) == 0 && strings.Contains(low, names[f.g.City()]) && names[f.g.City()] != "" {
		return []string{f.g.City()}
	}
	return codes
}
