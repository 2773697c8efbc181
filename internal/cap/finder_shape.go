package cap

import (
	"math"
	"slices"

	"mingluo/internal/alert"
)

// maxEdges bounds the edges that are held against the city's outlines: some
// 0.2 s. What is more complex than that within the city is not mapped.
const (
	maxEdges  = 20_000
	perShape  = 50  // what one more shape costs, in edges
	boxMargin = 0.1 // degrees: the cut's own edges stay clear of the outlines
)

// byShape finds the districts whose outlines a polygon or circle shares ground
// with.
func (f *finder) byShape(a *Area) bool {
	ok := false
	for _, r := range a.Polygon {
		for _, whole := range unwrap(r) {
			near := f.near(whole)
			if len(near) < 4 {
				continue
			}
			if f.edges -= len(near) + perShape; f.edges < 0 {
				f.tooComplex = true
				return ok
			}
			ok = f.addAll(f.g.Touching(near), "polygon", "polygon") || ok
		}
	}
	for _, c := range a.Circle {
		ok = f.addAll(f.g.TouchingCircle(c.Center, c.RadiusKM), "polygon", "circle") || ok
	}
	return ok
}

// unwrap makes the longitudes of a ring across the 180th meridian run on, so
// that on a plane it does not reach around the world the other way; where it
// then leaves ±180, it also stands one turn further on.
func unwrap(r alert.Ring) []alert.Ring {
	out, turn, beyond := make(alert.Ring, len(r)), 0.0, 0.0
	for i, p := range r {
		if i > 0 {
			switch step := p.Lon - r[i-1].Lon; {
			case step > 180:
				turn -= 360
			case step < -180:
				turn += 360
			}
		}
		p.Lon += turn
		if p.Lon > 180 || p.Lon < -180 {
			beyond = p.Lon
		}
		out[i] = p
	}
	if beyond == 0 {
		return []alert.Ring{r}
	}
	moved := slices.Clone(out)
	for i := range moved {
		moved[i].Lon -= math.Copysign(360, beyond)
	}
	return []alert.Ring{out, moved}
}

// near cuts a ring to the city's surroundings, so that a country's border with
// a hundred thousand points costs little.
func (f *finder) near(r alert.Ring) alert.Ring {
	if f.lo == f.hi {
		f.lo, f.hi = surroundings(f.g)
	}
	lo, hi := f.lo, f.hi
	r = clip(r, func(p alert.Point) float64 { return p.Lat - lo.Lat })
	r = clip(r, func(p alert.Point) float64 { return hi.Lat - p.Lat })
	r = clip(r, func(p alert.Point) float64 { return p.Lon - lo.Lon })
	return clip(r, func(p alert.Point) float64 { return hi.Lon - p.Lon })
}

// surroundings is the box around the city's outlines, and a little more.
func surroundings(g *alert.Gazetteer) (lo, hi alert.Point) {
	lo, hi = alert.Point{Lat: 90, Lon: 180}, alert.Point{Lat: -90, Lon: -180}
	for _, c := range g.Districts() {
		d, _ := g.Lookup(c)
		for _, o := range d.Outlines {
			for _, p := range o {
				lo = alert.Point{Lat: min(lo.Lat, p.Lat), Lon: min(lo.Lon, p.Lon)}
				hi = alert.Point{Lat: max(hi.Lat, p.Lat), Lon: max(hi.Lon, p.Lon)}
			}
		}
	}
	return alert.Point{Lat: lo.Lat - boxMargin, Lon: lo.Lon - boxMargin}, alert.Point{Lat: hi.Lat + boxMargin, Lon: hi.Lon + boxMargin}
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
