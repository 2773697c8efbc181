package console

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"mingluo/internal/alert"
)

// mapView is a schematic map of the districts, drawn as SVG on the server. It
// is no official map (示意图 stands beside it) and helps to see what is chosen.
type mapView struct {
	Width, Height int
	Districts     []mapDistrict
}

type mapDistrict struct {
	Code, Name string
	Path       string
	X, Y       string
	Chosen     string // "", "some" towns, "all"
}

const mapWidth = 360

// surface projects degrees on a plane: longitudes scaled to the city's
// latitude, which over 80 km is off by less than the outlines are.
type surface struct {
	lo, hi         alert.Point
	squeeze, scale float64
}

func newSurface(rings []alert.Ring) surface {
	s := surface{lo: alert.Point{Lat: 90, Lon: 180}, hi: alert.Point{Lat: -90, Lon: -180}}
	for _, ring := range rings {
		for _, p := range ring {
			s.lo = alert.Point{Lat: math.Min(s.lo.Lat, p.Lat), Lon: math.Min(s.lo.Lon, p.Lon)}
			s.hi = alert.Point{Lat: math.Max(s.hi.Lat, p.Lat), Lon: math.Max(s.hi.Lon, p.Lon)}
		}
	}
	s.squeeze = math.Cos((s.lo.Lat + s.hi.Lat) / 2 * math.Pi / 180)
	s.scale = (mapWidth - 8) / ((s.hi.Lon - s.lo.Lon) * s.squeeze)
	return s
}

func (s surface) at(p alert.Point) (x, y float64) {
	return 4 + (p.Lon-s.lo.Lon)*s.squeeze*s.scale, 4 + (s.hi.Lat-p.Lat)*s.scale
}

// drawMap draws the districts once; choose marks what a notice is for.
func drawMap(g *alert.Gazetteer) mapView {
	var rings []alert.Ring
	for _, code := range g.Districts() {
		d, _ := g.Lookup(code)
		rings = append(rings, d.Outlines...)
	}
	if len(rings) == 0 {
		return mapView{}
	}
	s := newSurface(rings)
	m := mapView{Width: mapWidth, Height: int((s.hi.Lat-s.lo.Lat)*s.scale) + 8}
	for _, code := range g.Districts() {
		d, _ := g.Lookup(code)
		x, y := s.at(roomiest(d))
		m.Districts = append(m.Districts, mapDistrict{Code: code, Name: d.Name, Path: s.path(d.Outlines), X: coord(x), Y: coord(y + 4)})
	}
	return m
}

// choose returns the map with a notice's areas marked.
func (m mapView) choose(g *alert.Gazetteer, areas []string) mapView {
	m.Districts = slices.Clone(m.Districts)
	for i := range m.Districts {
		d := &m.Districts[i]
		whole := slices.Contains(areas, d.Code) || slices.Contains(areas, g.City())
		some := slices.ContainsFunc(areas, func(a string) bool { return g.Parent(a) == d.Code })
		switch {
		case whole:
			d.Chosen = "all"
		case some:
			d.Chosen = "some"
		}
	}
	return m
}

func (s surface) path(rings []alert.Ring) string {
	var b strings.Builder
	for _, ring := range rings {
		word, last := "M", ""
		for _, p := range ring {
			x, y := s.at(p)
			if at := coord(x) + " " + coord(y); at != last {
				b.WriteString(word + at)
				word, last = "L", at
			}
		}
		b.WriteString("Z")
	}
	return b.String()
}

// coord is a number to half a pixel, which keeps the page small.
func coord(v float64) string { return strconv.FormatFloat(math.Round(v*2)/2, 'f', -1, 64) }

// roomiest finds where a district's name has most room: of a grid of points
// inside its outline, the one farthest from the border. The seat of the
// government, which the divisions give as label, can lie at a border.
func roomiest(d alert.Division) alert.Point {
	const steps = 24
	best, room := d.Label, 0.0
	for _, ring := range d.Outlines {
		s := newSurface([]alert.Ring{ring})
		for i := 1; i < steps; i++ {
			for k := 1; k < steps; k++ {
				p := alert.Point{Lat: s.lo.Lat + (s.hi.Lat-s.lo.Lat)*float64(i)/steps, Lon: s.lo.Lon + (s.hi.Lon-s.lo.Lon)*float64(k)/steps}
				if !ring.Contains(p) {
					continue
				}
				if r := toBorder(ring, p, s.squeeze); r > room {
					best, room = p, r
				}
			}
		}
	}
	return best
}

// toBorder is the squared distance to the nearest corner, in degrees of
// latitude; names are wide, so east and west count for less.
func toBorder(ring alert.Ring, p alert.Point, squeeze float64) float64 {
	nearest := math.Inf(1)
	for _, q := range ring {
		dx, dy := (p.Lon-q.Lon)*squeeze/1.6, p.Lat-q.Lat
		nearest = math.Min(nearest, dx*dx+dy*dy)
	}
	return nearest
}
