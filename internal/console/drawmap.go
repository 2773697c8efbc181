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

// drawMap projects the outlines on a plane: longitudes scaled to the city's
// latitude, which over 80 km is off by less than the outlines are.
func (c *Console) drawMap(areas []string) mapView {
	g := c.Gazetteer
	lo, hi := alert.Point{Lat: 90, Lon: 180}, alert.Point{Lat: -90, Lon: -180}
	for _, code := range g.Districts() {
		d, _ := g.Lookup(code)
		for _, ring := range d.Outlines {
			for _, p := range ring {
				lo = alert.Point{Lat: math.Min(lo.Lat, p.Lat), Lon: math.Min(lo.Lon, p.Lon)}
				hi = alert.Point{Lat: math.Max(hi.Lat, p.Lat), Lon: math.Max(hi.Lon, p.Lon)}
			}
		}
	}
	squeeze := math.Cos((lo.Lat + hi.Lat) / 2 * math.Pi / 180)
	scale := (mapWidth - 8) / ((hi.Lon - lo.Lon) * squeeze)
	at := func(p alert.Point) (x, y string) {
		return coord(4 + (p.Lon-lo.Lon)*squeeze*scale), coord(4 + (hi.Lat-p.Lat)*scale)
	}
	m := mapView{Width: mapWidth, Height: int((hi.Lat-lo.Lat)*scale) + 8}
	for _, code := range g.Districts() {
		d, _ := g.Lookup(code)
		md := mapDistrict{Code: code, Name: d.Name, Chosen: c.chosen(code, areas)}
		md.X, md.Y = at(d.Label)
		md.Path = outline(d.Outlines, at)
		m.Districts = append(m.Districts, md)
	}
	return m
}

func (c *Console) chosen(district string, areas []string) string {
	if slices.Contains(areas, district) || slices.Contains(areas, c.Gazetteer.City()) {
		return "all"
	}
	for _, a := range areas {
		if c.Gazetteer.Parent(a) == district {
			return "some"
		}
	}
	return ""
}

func outline(rings []alert.Ring, at func(alert.Point) (string, string)) string {
	var b strings.Builder
	for _, ring := range rings {
		word, last := "M", ""
		for _, p := range ring {
			x, y := at(p)
			if s := x + " " + y; s != last {
				b.WriteString(word + s)
				word, last = "L", s
			}
		}
		b.WriteString("Z")
	}
	return b.String()
}

// coord is a number to half a pixel, which keeps the page small.
func coord(v float64) string { return strconv.FormatFloat(math.Round(v*2)/2, 'f', -1, 64) }
