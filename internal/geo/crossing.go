package geo

import "github.com/golang/geo/s2"

// crossingPoint is where two edges that cross do so. The library's function for that is more exact; this one goes the
// way that RethinkDB goes, by which a line that ends on an edge, up to rounding errors, has its end as the crossing, so
// that nothing of it is beyond the edge.
func crossingPoint(a0, a1, b0, b1 s2.Point) s2.Point {
	na := s2.Point{Vector: edgeNormal(a0, a1).Normalize()}
	nb := s2.Point{Vector: edgeNormal(b0, b1).Normalize()}
	x := s2.Point{Vector: edgeNormal(na, nb).Normalize()}
	if x.Dot(a0.Add(a1.Vector).Add(b0.Add(b1.Vector))) < 0 {
		x.Vector = x.Mul(-1)
	}
	if s2.OrderedCCW(a0, x, a1, na) && s2.OrderedCCW(b0, x, b1, nb) {
		return x
	}
	// Otherwise it is the closest of those ends that are between those of the other edge.
	best, least := x, 10.0
	for _, end := range [...]struct {
		p, from, to, around s2.Point
	}{{a0, b0, b1, nb}, {a1, b0, b1, nb}, {b0, a0, a1, na}, {b1, a0, a1, na}} {
		if !s2.OrderedCCW(end.from, end.p, end.to, end.around) {
			continue
		}
		d := x.Sub(end.p.Vector).Norm2()
		if d < least || d == least && comparePoints(end.p, best) < 0 {
			best, least = end.p, d
		}
	}
	return best
}

// fraction is how far along an edge a point of it is, from 0 to 1.
func fraction(x, a, b s2.Point) float64 {
	da, db := float64(x.Angle(a.Vector)), float64(x.Angle(b.Vector))
	return da / (da + db)
}
