package alert

import (
	"math"
	"slices"
)

// Plane geometry on degrees, with longitudes scaled to the city's latitude.
// A city is small: the error against the sphere is far below the outlines' own.

// At returns the district that holds the point, "" when it lies outside.
func (g *Gazetteer) At(p Point) string {
	for _, c := range g.Districts() {
		for _, r := range g.byCode[c].Outlines {
			if r.Contains(p) {
				return c
			}
		}
	}
	return ""
}

// Touching returns the districts whose outlines share ground with the ring.
func (g *Gazetteer) Touching(r Ring) []string {
	var found []string
	for _, c := range g.Districts() {
		for _, o := range g.byCode[c].Outlines {
			if r.Overlaps(o) {
				found = append(found, c)
				break
			}
		}
	}
	return found
}

// TouchingCircle returns the districts within radius kilometres of the centre.
func (g *Gazetteer) TouchingCircle(center Point, km float64) []string {
	var found []string
	for _, c := range g.Districts() {
		for _, o := range g.byCode[c].Outlines {
			if o.Contains(center) || o.distanceKM(center) <= km {
				found = append(found, c)
				break
			}
		}
	}
	return found
}

// Contains reports whether the point lies inside the ring (even-odd rule).
func (r Ring) Contains(p Point) bool {
	in := false
	for i, j := 0, len(r)-1; i < len(r); j, i = i, i+1 {
		a, b := r[i], r[j]
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) &&
			p.Lon < (b.Lon-a.Lon)*(p.Lat-a.Lat)/(b.Lat-a.Lat)+a.Lon {
			in = !in
		}
	}
	return in
}

// Overlaps reports whether two rings share ground: edges cross, or one lies
// inside the other. Neighbours that only share a border do not overlap, so the
// inside is asked at a point well within, never at a corner.
func (r Ring) Overlaps(o Ring) bool {
	if len(r) < 4 || len(o) < 4 || !r.boxMeets(o) {
		return false
	}
	if r.Contains(o.inside()) || o.Contains(r.inside()) {
		return true
	}
	for i := 1; i < len(r); i++ {
		for j := 1; j < len(o); j++ {
			if cross(r[i-1], r[i], o[j-1], o[j]) {
				return true
			}
		}
	}
	return false
}

// inside returns a point within the ring: the middle of the widest stretch
// that a line through the middle latitude spends inside it.
func (r Ring) inside() Point {
	lo, hi := r.box()
	lat := lo.Lat + (hi.Lat-lo.Lat)*0.5003 // off any corner that sits at the very middle
	var xs []float64
	for i := 1; i < len(r); i++ {
		a, b := r[i-1], r[i]
		if (a.Lat > lat) != (b.Lat > lat) {
			xs = append(xs, a.Lon+(b.Lon-a.Lon)*(lat-a.Lat)/(b.Lat-a.Lat))
		}
	}
	slices.Sort(xs)
	best := Point{lat, (lo.Lon + hi.Lon) / 2}
	width := -1.0
	for i := 1; i < len(xs); i += 2 {
		if w := xs[i] - xs[i-1]; w > width {
			width, best.Lon = w, (xs[i]+xs[i-1])/2
		}
	}
	return best
}

func (r Ring) box() (lo, hi Point) {
	lo, hi = r[0], r[0]
	for _, p := range r {
		lo = Point{math.Min(lo.Lat, p.Lat), math.Min(lo.Lon, p.Lon)}
		hi = Point{math.Max(hi.Lat, p.Lat), math.Max(hi.Lon, p.Lon)}
	}
	return lo, hi
}

func (r Ring) boxMeets(o Ring) bool {
	a, b := r.box()
	c, d := o.box()
	return a.Lat <= d.Lat && c.Lat <= b.Lat && a.Lon <= d.Lon && c.Lon <= b.Lon
}

func cross(a, b, c, d Point) bool {
	side := func(p, q, r Point) float64 {
		return (q.Lon-p.Lon)*(r.Lat-p.Lat) - (q.Lat-p.Lat)*(r.Lon-p.Lon)
	}
	return side(a, b, c)*side(a, b, d) < 0 && side(c, d, a)*side(c, d, b) < 0
}

const kmPerDegree = 111.32 // of latitude

// distanceKM is the distance from the point to the nearest edge.
func (r Ring) distanceKM(p Point) float64 {
	scale := math.Cos(p.Lat * math.Pi / 180)
	best := math.Inf(1)
	for i := 1; i < len(r); i++ {
		ax, ay := (r[i-1].Lon-p.Lon)*scale, r[i-1].Lat-p.Lat
		bx, by := (r[i].Lon-p.Lon)*scale, r[i].Lat-p.Lat
		dx, dy := bx-ax, by-ay
		t := 0.0
		if l := dx*dx + dy*dy; l > 0 {
			t = math.Max(0, math.Min(1, -(ax*dx+ay*dy)/l))
		}
		best = math.Min(best, math.Hypot(ax+t*dx, ay+t*dy))
	}
	return best * kmPerDegree
}
