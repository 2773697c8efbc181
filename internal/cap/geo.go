package cap

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mingluo/internal/alert"
)

// fault is what is wrong with a shape, or what is odd about one that was read.
type fault struct {
	zh, en         string
	warnZH, warnEN string
}

func (f fault) note() bool { return f.warnEN != "" }

func (f fault) problem(p place, field string) *alert.Problem {
	return &alert.Problem{Kind: alert.Invalid, Rule: "CAP 3.2.4", Field: field, ZH: f.zh, EN: f.en, Line: p.line, Column: p.column}
}

func broken(zh, en string, args ...any) (f fault) {
	f.zh, f.en = fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)
	return f
}

// parseRing reads a polygon: "lat,lon" pairs split by blanks, at least four,
// the last equal to the first.
func parseRing(text string) (alert.Ring, fault) {
	if text == "" {
		return nil, broken("多边形是空的。", "The polygon is empty.")
	}
	ring := make(alert.Ring, 0, strings.Count(text, ","))
	beyond := false
	for pair := range strings.FieldsSeq(text) {
		p, ok := parsePair(pair)
		if !ok {
			return nil, broken("多边形中的 %s 不是“纬度,经度”数字对。", "%s in the polygon is not a pair latitude,longitude of plain numbers.", quote(pair))
		}
		if math.Abs(p.Lat) > 90 {
			return nil, broken("多边形中的 %s：纬度超出 ±90；CAP 是纬度在前、经度在后。", "%s in the polygon has a latitude beyond 90 degrees; CAP writes latitude first.", quote(pair))
		}
		if math.Abs(p.Lon) > 180 {
			if beyond = true; math.Abs(p.Lon) > 360 {
				return nil, broken("多边形中的 %s：经度超出 ±180。", "%s in the polygon has a longitude beyond 180 degrees.", quote(pair))
			}
		}
		ring = append(ring, p)
	}
	if len(ring) < 4 {
		return nil, broken("多边形只有 %d 个点，至少要 4 个（首尾相同）。", "The polygon has %d points; at least 4 are needed, the last equal to the first.", len(ring))
	}
	if ring[0] != ring[len(ring)-1] {
		return nil, broken("多边形没有闭合：最后一点应等于第一点。", "The polygon is not closed: the last point must equal the first.")
	}
	if beyond {
		return overDateLine(ring)
	}
	return ring, fault{}
}

// overDateLine lets through a ring that is written on across the 180th
// meridian (179, 181, …), which GDACS does in the Pacific: its steps are
// small. A single longitude that is off makes a long step.
func overDateLine(ring alert.Ring) (alert.Ring, fault) {
	const longStep = 30 // degrees
	for i := 1; i < len(ring); i++ {
		if math.Abs(ring[i].Lon-ring[i-1].Lon) > longStep {
			return nil, broken("多边形中有经度超出 ±180。", "The polygon has longitudes beyond 180 degrees.")
		}
	}
	for i, p := range ring {
		if math.Abs(p.Lon) > 180 {
			ring[i].Lon = p.Lon - math.Copysign(360, p.Lon)
		}
	}
	return ring, fault{
		warnZH: "多边形跨过 180° 经线且经度超出 ±180，已换算。",
		warnEN: "The polygon crosses the 180th meridian with longitudes beyond 180 degrees; they were converted.",
	}
}

// parseCircle reads "lat,lon radius" with the radius in kilometres.
func parseCircle(text string) (Circle, fault) {
	center, radius, _ := strings.Cut(strings.Join(strings.Fields(text), " "), " ")
	p, ok := parsePair(center)
	km, ok2 := parseNumber(radius)
	switch {
	case !ok || !ok2 || km < 0:
		return Circle{}, broken("圆 %s 应写作“纬度,经度 半径（公里）”。", "The circle %s must be written latitude,longitude radius in kilometres.", quote(text))
	case math.Abs(p.Lat) > 90 || math.Abs(p.Lon) > 180:
		return Circle{}, broken("圆心 %s 超出范围；CAP 是纬度在前、经度在后。", "The centre %s is out of range; CAP writes latitude first.", quote(center))
	}
	return Circle{p, km}, fault{}
}

func parsePair(s string) (alert.Point, bool) {
	lat, lon, ok := strings.Cut(s, ",")
	y, ok1 := parseNumber(lat)
	x, ok2 := parseNumber(lon)
	return alert.Point{Lat: y, Lon: x}, ok && ok1 && ok2
}

// parseNumber reads a decimal, also with an exponent: programs write 9.5E-5
// for places near Greenwich. NaN, Inf and hexadecimal are not numbers here.
func parseNumber(s string) (float64, bool) {
	if s == "" || len(s) > 64 {
		return 0, false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+':
		case i > 0 && (c == 'e' || c == 'E'):
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func formatNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func formatPoint(p alert.Point) string { return formatNumber(p.Lat) + "," + formatNumber(p.Lon) }

// crossesItself reports whether two edges of the ring cross. It looks at every
// pair, so the caller keeps rings short.
func crossesItself(r alert.Ring) bool {
	side := func(a, b, c alert.Point) float64 {
		return (b.Lon-a.Lon)*(c.Lat-a.Lat) - (b.Lat-a.Lat)*(c.Lon-a.Lon)
	}
	for i := 1; i < len(r); i++ {
		a, b := r[i-1], r[i]
		for j := i + 2; j < len(r); j++ {
			c, d := r[j-1], r[j]
			if side(a, b, c)*side(a, b, d) < 0 && side(c, d, a)*side(c, d, b) < 0 {
				return true
			}
		}
	}
	return false
}
