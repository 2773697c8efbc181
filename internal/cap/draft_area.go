package cap

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// maxEdges bounds the edges that are held against the city's outlines: some
// 0.2 s. What is more complex than that within the city is not mapped.
const maxEdges = 20_000

// areas keeps the source's words for the place and finds the city's divisions.
func (d *drafter) areas() {
	c := &d.out.Content
	areas := d.placed(d.info)
	var words []string
	f := finder{g: d.g, edges: maxEdges, context: d.alert.Sender + d.info.SenderName + d.info.Headline}
	for n := range areas {
		desc := line(areas[n].AreaDesc)
		if desc != "" && !slices.Contains(words, desc) {
			words = append(words, desc)
		}
		if !f.area(&areas[n]) && len(d.out.Unmapped) < maxWarnings {
			d.out.Unmapped = append(d.out.Unmapped, firstOf(desc, "（未写明地点）"))
		}
	}
	d.out.AreasFound = f.found
	c.Areas = f.codes()
	separator := "、"
	if languageRank(d.out.Language) < 2 {
		separator = "; "
	}
	c.AreaDesc = d.oneLine("area_desc", strings.Join(words, separator), alert.MaxAreaDesc)
	if c.AreaDesc == "" && len(c.Areas) > 0 {
		c.AreaDesc = d.g.Describe(c.Areas)
	}
	if f.tooComplex {
		d.warn("areas", "R11", "来源的图形太复杂，没有全部对照；请核对区域。", "The source's shapes are too complex and were not all looked at; check the areas.")
	}
	if f.widened {
		d.warn("areas", "", "来源的区域比镇街更小，已按所在镇街处理，请核对。", "The source's area is smaller than a town; the town it lies in was taken. Check it.")
	}
	switch {
	case len(c.Areas) == 0:
		d.warn("areas", "R11", "来源的区域（"+quote(c.AreaDesc)+"）对应不到本市的区或镇街。在您选定区域之前，没有接收人。",
			"The source's area ("+quote(c.AreaDesc)+") is none of the city's districts or towns. There is no audience until you choose one.")
	case len(d.out.Unmapped) > 0:
		d.warn("areas", "", "来源的部分区域不在本市，已略去。", "Some of the source's areas are not in the city; they were left out.")
	}
	if c.AreaDesc == "" {
		d.warn("area_desc", "R13", "来源没有用文字写明地点，请补充。", "The source does not say the place in words; add it.")
	}
}

// placed returns an info's areas. Some authorities write them only once, in
// the first language.
func (d *drafter) placed(i *Info) []Area {
	if len(i.Area) > 0 {
		return i.Area
	}
	for n := range d.alert.Info {
		if a := d.alert.Info[n].Area; len(a) > 0 {
			return a
		}
	}
	return nil
}

// touches reports whether any of an info's areas is in the city.
func (d *drafter) touches(i *Info) bool {
	if len(d.alert.Info) == 1 {
		return false // no choice to make
	}
	f := finder{g: d.g, edges: maxEdges / len(d.alert.Info)}
	for n := range i.Area {
		if f.area(&i.Area[n]) {
			return true
		}
	}
	return false
}

// finder collects divisions.
type finder struct {
	g          *alert.Gazetteer
	context    string // who speaks, to know which "whole city" is meant
	edges      int
	found      []FoundArea
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

// byShape finds the districts whose outlines a polygon or circle shares ground
// with.
func (f *finder) byShape(a *Area) bool {
	ok := false
	for _, r := range a.Polygon {
		near := f.near(r)
		if len(near) < 4 {
			continue
		}
		if f.edges -= len(near); f.edges < 0 {
			f.tooComplex = true
			break
		}
		ok = f.addAll(f.g.Touching(near), "polygon", "polygon") || ok
	}
	for _, c := range a.Circle {
		ok = f.addAll(f.g.TouchingCircle(c.Center, c.RadiusKM), "polygon", "circle") || ok
	}
	return ok
}

// near cuts a ring to the city's surroundings, so that a country's border with
// a hundred thousand points costs little.
func (f *finder) near(r alert.Ring) alert.Ring {
	lo, hi := alert.Point{Lat: 90, Lon: 180}, alert.Point{Lat: -90, Lon: -180}
	for _, c := range f.g.Districts() {
		d, _ := f.g.Lookup(c)
		for _, o := range d.Outlines {
			for _, p := range o {
				lo = alert.Point{Lat: min(lo.Lat, p.Lat), Lon: min(lo.Lon, p.Lon)}
				hi = alert.Point{Lat: max(hi.Lat, p.Lat), Lon: max(hi.Lon, p.Lon)}
			}
		}
	}
	const margin = 0.1 // degrees: the cut's own edges stay clear of the outlines
	lo, hi = alert.Point{Lat: lo.Lat - margin, Lon: lo.Lon - margin}, alert.Point{Lat: hi.Lat + margin, Lon: hi.Lon + margin}
	r = clip(r, func(p alert.Point) float64 { return p.Lat - lo.Lat })
	r = clip(r, func(p alert.Point) float64 { return hi.Lat - p.Lat })
	r = clip(r, func(p alert.Point) float64 { return p.Lon - lo.Lon })
	return clip(r, func(p alert.Point) float64 { return hi.Lon - p.Lon })
}

// clip keeps the part of a closed ring where inside is not negative
// (Sutherland and Hodgman), closed again.
func clip(r alert.Ring, inside func(alert.Point) float64) alert.Ring {
	var out alert.Ring
	for i := 1; i < len(r); i++ {
		a, b := r[i-1], r[i]
		va, vb := inside(a), inside(b)
		if va < 0 != (vb < 0) {
			t := va / (va - vb)
			out = append(out, alert.Point{Lat: a.Lat + (b.Lat-a.Lat)*t, Lon: a.Lon + (b.Lon-a.Lon)*t})
		}
		if vb >= 0 {
			out = append(out, b)
		}
	}
	if len(out) > 0 && out[0] != out[len(out)-1] {
		out = append(out, out[0])
	}
	return out
}
