package alert

import (
	"bufio"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed foshan.txt
var foshanText string

// Point is a place in WGS 84 degrees, latitude first as in CAP.
type Point struct{ Lat, Lon float64 }

// Ring is a closed outline: the last point equals the first.
type Ring []Point

// Division is a city, a district or a town.
type Division struct {
	Code     string // GB/T 2260, 6 digits; towns 9 digits
	Name     string
	Parent   string // "" for the city
	Label    Point  // where a map writes the name; zero for towns
	Outlines []Ring // districts only: schematic
}

// Gazetteer is the set of places a notice can be for. It is read once and
// never changes, so it may be shared freely.
type Gazetteer struct {
	city     string
	byCode   map[string]*Division
	order    []string // codes as listed
	children map[string][]string
}

// Foshan returns the divisions of the first customer: 5 districts, 32 towns.
func Foshan() *Gazetteer {
	g, err := ParseGazetteer(foshanText)
	if err != nil {
		panic("the embedded divisions cannot be read: " + err.Error())
	}
	return g
}

// ParseGazetteer reads the text format described at the head of foshan.txt.
// Parents come before their children; the first line is the city.
func ParseGazetteer(text string) (*Gazetteer, error) {
	g := &Gazetteer{byCode: map[string]*Division{}, children: map[string][]string{}}
	var last *Division
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		var err error
		switch {
		case word == "d":
			last, err = g.add(strings.Fields(rest))
		case last == nil:
			err = fmt.Errorf("%q before any division", word)
		case word == "c":
			last.Label, err = parsePoint(rest)
		case word == "o":
			var ring Ring
			if ring, err = parseRing(rest); err == nil {
				last.Outlines = append(last.Outlines, ring)
			}
		default:
			err = fmt.Errorf("unknown line %q", word)
		}
		if err != nil {
			return nil, fmt.Errorf("divisions, line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("divisions: %w", err)
	}
	if g.city == "" {
		return nil, fmt.Errorf("divisions: no city")
	}
	return g, nil
}

func (g *Gazetteer) add(f []string) (*Division, error) {
	if len(f) < 2 || len(f) > 3 {
		return nil, fmt.Errorf("want code, name and parent")
	}
	d := &Division{Code: f[0], Name: f[1]}
	if len(f) == 3 {
		d.Parent = f[2]
	}
	if _, dup := g.byCode[d.Code]; dup {
		return nil, fmt.Errorf("code %s stands twice", d.Code)
	}
	switch {
	case d.Parent == "" && g.city != "":
		return nil, fmt.Errorf("%s has no parent", d.Code)
	case d.Parent == "":
		g.city = d.Code
	case g.byCode[d.Parent] == nil:
		return nil, fmt.Errorf("parent %s of %s is not listed before it", d.Parent, d.Code)
	}
	g.byCode[d.Code] = d
	g.order = append(g.order, d.Code)
	g.children[d.Parent] = append(g.children[d.Parent], d.Code)
	return d, nil
}

func parsePoint(s string) (Point, error) {
	lat, lon, ok := strings.Cut(s, ",")
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lon, 64)
	if !ok || err1 != nil || err2 != nil {
		return Point{}, fmt.Errorf("point %q: want latitude,longitude", s)
	}
	return Point{y, x}, nil
}

func parseRing(s string) (Ring, error) {
	var r Ring
	for _, f := range strings.Fields(s) {
		p, err := parsePoint(f)
		if err != nil {
			return nil, err
		}
		r = append(r, p)
	}
	if len(r) < 4 || r[0] != r[len(r)-1] {
		return nil, fmt.Errorf("outline of %d points: want at least 4, the last equal to the first", len(r))
	}
	return r, nil
}

// City returns the city's code.
func (g *Gazetteer) City() string { return g.city }

// Known reports whether the code is listed.
func (g *Gazetteer) Known(code string) bool { return g.byCode[code] != nil }

// Lookup returns the division with this code.
func (g *Gazetteer) Lookup(code string) (Division, bool) {
	if d := g.byCode[code]; d != nil {
		return *d, true
	}
	return Division{}, false
}

// Name returns the division's name, or the code itself when it is not listed.
func (g *Gazetteer) Name(code string) string {
	if d := g.byCode[code]; d != nil {
		return d.Name
	}
	return code
}

// FullName names a town with its district (禅城区祖庙街道); a district alone.
func (g *Gazetteer) FullName(code string) string {
	d := g.byCode[code]
	if d == nil {
		return code
	}
	if p := g.byCode[d.Parent]; p != nil && p.Parent != "" {
		return p.Name + d.Name
	}
	return d.Name
}

// Parent returns the code of the division above, "" for the city.
func (g *Gazetteer) Parent(code string) string {
	if d := g.byCode[code]; d != nil {
		return d.Parent
	}
	return ""
}

// Children returns the codes directly below, as listed.
func (g *Gazetteer) Children(code string) []string { return append([]string(nil), g.children[code]...) }

// Districts returns the codes of the city's districts.
func (g *Gazetteer) Districts() []string { return g.Children(g.city) }

// District returns the district that the code is or lies in; "" for the city
// and for unknown codes.
func (g *Gazetteer) District(code string) string {
	for d := g.byCode[code]; d != nil; d = g.byCode[d.Parent] {
		if d.Parent == g.city {
			return d.Code
		}
	}
	return ""
}

// Codes returns every code, the city first.
func (g *Gazetteer) Codes() []string { return append([]string(nil), g.order...) }

// ByName finds divisions by full or short name (禅城区 or 禅城, 祖庙街道 or 祖庙).
func (g *Gazetteer) ByName(name string) []string {
	name = strings.TrimSpace(name)
	var found []string
	for _, c := range g.order {
		if n := g.byCode[c].Name; name != "" && (n == name || shortName(n) == name) {
			found = append(found, c)
		}
	}
	return found
}

// InText finds the divisions whose names stand in a text, full or short. A
// town whose district's name stands right before it is found as the town alone.
func (g *Gazetteer) InText(text string) []string {
	var found []string
	for _, c := range g.order {
		n := g.byCode[c].Name
		if strings.Contains(text, n) || strings.Contains(text, shortName(n)) {
			found = append(found, c)
		}
	}
	return g.narrow(found, text)
}

// narrow drops a division that is only named to say where a smaller one lies.
func (g *Gazetteer) narrow(found []string, text string) []string {
	var out []string
	for _, c := range found {
		n, only := g.byCode[c].Name, false
		for _, d := range found {
			if g.byCode[d].Parent != c {
				continue
			}
			child := g.byCode[d].Name
			for _, joined := range []string{n + child, n + shortName(child), shortName(n) + child} {
				only = only || strings.Contains(text, joined)
			}
		}
		if !only {
			out = append(out, c)
		}
	}
	return out
}

// shortName drops 市, 区, 街道, 镇; names of one character stay whole.
func shortName(n string) string {
	for _, suffix := range []string{"街道", "市", "区", "镇"} {
		if s := strings.TrimSuffix(n, suffix); s != n && len([]rune(s)) >= 2 {
			return s
		}
	}
	return n
}

// Covers reports whether a notice for area concerns a person who asked about
// place: they are the same, or one lies in the other. Somebody who asked about
// a district wants to know of any of its towns.
func (g *Gazetteer) Covers(area, place string) bool {
	return g.within(place, area) || g.within(area, place)
}

func (g *Gazetteer) within(inner, outer string) bool {
	for d := g.byCode[inner]; d != nil; d = g.byCode[d.Parent] {
		if d.Code == outer {
			return true
		}
	}
	return false
}

// Describe joins areas for a text: 全市, or names by district.
func (g *Gazetteer) Describe(codes []string) string {
	var names []string
	all := len(codes) > 0
	have := map[string]bool{}
	for _, c := range codes {
		have[c] = true
	}
	for _, d := range g.Districts() {
		all = all && have[d]
	}
	if all || have[g.city] {
		return g.Name(g.city)
	}
	for _, c := range g.order {
		if have[c] {
			names = append(names, g.FullName(c))
		}
	}
	return strings.Join(names, "、")
}
