package web

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"mingluo/internal/alert"
)

// The drawing's width in units; coordinates are whole units, so that two
// districts that share a border in the gazetteer share it here.
const mapWidth = 360

// cityMap is the districts' outlines as SVG, made once. They are the
// gazetteer's, nothing is added: a town has no outline and is listed.
type cityMap struct {
	height    int
	districts []mapDistrict
}

type mapDistrict struct {
	code, name string
	path       string
	x, y       int // middle of the label
}

func drawCity(g *alert.Gazetteer) *cityMap {
	lo := alert.Point{Lat: math.Inf(1), Lon: math.Inf(1)}
	hi := alert.Point{Lat: math.Inf(-1), Lon: math.Inf(-1)}
	for _, code := range g.Districts() {
		d, _ := g.Lookup(code)
		for _, ring := range d.Outlines {
			for _, p := range ring {
				lo = alert.Point{Lat: min(lo.Lat, p.Lat), Lon: min(lo.Lon, p.Lon)}
				hi = alert.Point{Lat: max(hi.Lat, p.Lat), Lon: max(hi.Lon, p.Lon)}
			}
		}
	}
	if lo.Lat > hi.Lat {
		return &cityMap{} // no outlines, no map
	}
	const margin = 4
	flat := math.Cos((lo.Lat + hi.Lat) / 2 * math.Pi / 180) // a degree east is shorter than one north
	scale := (mapWidth - 2*margin) / ((hi.Lon - lo.Lon) * flat)
	at := func(p alert.Point) (int, int) {
		return margin + int(math.Round((p.Lon-lo.Lon)*flat*scale)), margin + int(math.Round((hi.Lat-p.Lat)*scale))
	}
	m := &cityMap{}
	_, bottom := at(lo)
	m.height = bottom + margin
	for _, code := range g.Districts() {
		d, _ := g.Lookup(code)
		md := mapDistrict{code: code, name: d.Name}
		md.x, md.y = at(roomiest(d, flat))
		var b strings.Builder
		for _, ring := range d.Outlines {
			drawRing(&b, ring, at)
		}
		md.path = b.String()
		m.districts = append(m.districts, md)
	}
	return m
}

// roomiest returns where a district's name has most room: the point of a grid
// over its largest outline that is farthest from any edge. The gazetteer's own
// points are the seats of government, and two of them lie side by side.
func roomiest(d alert.Division, flat float64) alert.Point {
	const grid = 40
	best, room := d.Label, 0.0
	for _, ring := range d.Outlines {
		lo, hi := ring[0], ring[0]
		for _, p := range ring {
			lo = alert.Point{Lat: min(lo.Lat, p.Lat), Lon: min(lo.Lon, p.Lon)}
			hi = alert.Point{Lat: max(hi.Lat, p.Lat), Lon: max(hi.Lon, p.Lon)}
		}
		for i := range grid * grid {
			p := alert.Point{Lat: lo.Lat + (hi.Lat-lo.Lat)*float64(i/grid)/grid, Lon: lo.Lon + (hi.Lon-lo.Lon)*float64(i%grid)/grid}
			if !ring.Contains(p) {
				continue
			}
			near := math.Inf(1)
			for _, q := range ring { // corners stand close enough together to stand for the edges
				near = min(near, math.Hypot((q.Lon-p.Lon)*flat, q.Lat-p.Lat))
			}
			if near > room {
				best, room = p, near
			}
		}
	}
	return best
}

// drawRing writes a ring as a path of relative moves; points that fall on the
// one before are left out.
func drawRing(b *strings.Builder, ring alert.Ring, at func(alert.Point) (int, int)) {
	x, y := at(ring[0])
	fmt.Fprintf(b, "M%d %dl", x, y)
	first := true
	for _, p := range ring[1 : len(ring)-1] {
		nx, ny := at(p)
		if nx == x && ny == y {
			continue
		}
		if dx := nx - x; !first && dx >= 0 {
			fmt.Fprintf(b, " %d", dx)
		} else {
			fmt.Fprintf(b, "%d", dx)
		}
		if dy := ny - y; dy >= 0 {
			fmt.Fprintf(b, " %d", dy)
		} else {
			fmt.Fprintf(b, "%d", dy)
		}
		x, y, first = nx, ny, false
	}
	b.WriteString("z")
}

// coverage is how far a notice concerns a district.
type coverage int

const (
	untouched coverage = iota
	partly             // some of its towns
	wholly
)

func covers(g *alert.Gazetteer, areas []string, district string) (coverage, []string) {
	var towns []string
	for _, a := range areas {
		switch {
		case a == district || a == g.City():
			return wholly, nil
		case g.Parent(a) == district:
			towns = append(towns, g.Name(a))
		}
	}
	if len(towns) > 0 {
		return partly, towns
	}
	return untouched, nil
}

// svg draws the areas; the colour comes from the page's level by CSS.
func (m *cityMap) svg(g *alert.Gazetteer, areas []string, alt string) template.HTML {
	if len(m.districts) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="map" viewBox="0 0 %d %d" role="img" aria-label="%s">`, mapWidth, m.height, template.HTMLEscapeString(alt))
	class := [...]string{untouched: "", partly: ` class="part"`, wholly: ` class="on"`}
	for _, want := range []coverage{untouched, partly, wholly} { // what is concerned is drawn over its neighbours' borders
		for _, d := range m.districts {
			if c, _ := covers(g, areas, d.code); c == want {
				fmt.Fprintf(&b, `<path%s d="%s"/>`, class[c], d.path)
			}
		}
	}
	for _, d := range m.districts {
		c, _ := covers(g, areas, d.code)
		fmt.Fprintf(&b, `<text%s x="%d" y="%d">%s</text>`, class[c], d.x, d.y, template.HTMLEscapeString(d.name))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // numbers of ours and escaped names only
}
