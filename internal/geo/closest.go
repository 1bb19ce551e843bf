package geo

import (
	"math"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"
)

// Whether a point touches an edge is decided by exact equality with the closest point of that edge, as RethinkDB does: no
// distance is small enough to be nothing. The computations here go the same way as there, so that they are mostly rounded
// to the same results.

// edgeNormal is a vector at right angles to the plane of an edge. The cross product of the sum and the difference of its
// ends, which are orthogonal, has the same direction as that of the ends but stays exact for short and long edges.
func edgeNormal(a, b s2.Point) r3.Vector {
	n := b.Add(a.Vector).Cross(b.Sub(a.Vector))
	if n == (r3.Vector{}) {
		return s2.Ortho(a).Vector
	}
	return n
}

func counterClockwise(a, b, c r3.Vector) bool { return c.Cross(a).Dot(b) > 0 }

// edgeDistance is the angle between x and the edge ab, in radians.
func edgeDistance(x, a, b s2.Point) float64 {
	n := edgeNormal(a, b)
	if counterClockwise(n, a.Vector, x.Vector) && counterClockwise(x.Vector, b.Vector, n) {
		// x is beside the edge: its distance to the edge's plane counts.
		return math.Asin(min(1, math.Abs(x.Dot(n))/n.Norm()))
	}
	d2 := min(x.Sub(a.Vector).Norm2(), x.Sub(b.Vector).Norm2())
	return 2 * math.Asin(min(1, 0.5*math.Sqrt(d2)))
}

// closestOnEdge is the point of the edge ab that is closest to x. Even for an end of the edge it may be rounded to another
// point.
func closestOnEdge(x, a, b s2.Point) s2.Point {
	n := edgeNormal(a, b)
	p := x.Sub(n.Mul(x.Dot(n) / n.Norm2()))
	if counterClockwise(n, a.Vector, p) && counterClockwise(p, b.Vector, n) {
		return s2.Point{Vector: p.Normalize()}
	}
	if x.Sub(a.Vector).Norm2() <= x.Sub(b.Vector).Norm2() {
		return a
	}
	return b
}

// closest finds the edge that is closest to a point, the first one if several are.
type closest struct {
	x        s2.Point
	distance float64
	a, b     s2.Point
}

func closestTo(x s2.Point) closest { return closest{x: x, distance: math.Inf(1)} }

func (c *closest) edge(a, b s2.Point) {
	if d := edgeDistance(c.x, a, b); d < c.distance {
		c.distance, c.a, c.b = d, a, b
	}
}

func (c *closest) point() s2.Point { return closestOnEdge(c.x, c.a, c.b) }

func closestOnLine(line s2.Polyline, x s2.Point) s2.Point {
	c := closestTo(x)
	for i := 1; i < len(line); i++ {
		c.edge(line[i-1], line[i])
	}
	return c.point()
}

// closestInPolygon is x itself when the polygon, which must not be empty, contains it.
func closestInPolygon(p *s2.Polygon, x s2.Point) s2.Point {
	if p.ContainsPoint(x) {
		return x
	}
	c := closestTo(x)
	for _, l := range p.Loops() {
		for i := range l.NumVertices() {
			c.edge(l.Vertex(i), l.Vertex(i+1))
		}
	}
	return c.point()
}
