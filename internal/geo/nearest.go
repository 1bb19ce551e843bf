package geo

import (
	"math"

	"rethinkdb/internal/datum"
)

// Search looks for what is nearest to a place, with an index that can only tell what intersects a polygon: in rings that
// become wider. A round asks the index for what intersects Ring, takes what Distance finds near enough, and tells Widen how
// much that was. Rounds answer in the order of the distance, so that a search that has enough can stop.
type Search struct {
	on      *Ellipsoid
	center  LonLat
	point   *Shape
	maxDist float64

	done, radius float64 // all within done was found by earlier rounds; this one looks as far as radius
}

const (
	// firstRadius is that of the first round: on the earth it is 10 m.
	firstRadius = 10.0 / 6378137
	// growth is by how much the radius may grow from round to round. Where a circle had nothing, one that is ten times as
	// wide has mostly no more than a round should have.
	growth = 10
	// roundResults is how many results a round should have; the density in the round before says how wide that is.
	roundResults = 100
	// ringVertices is the number of corners of the polygons that stand for circles.
	ringVertices = 8
	// The polygons are computed on the ellipsoid but their edges are those of a sphere, and numbers are rounded.
	wider, narrower = 1.01, 0.99
)

// Search begins to look for what is at most maxDist meters from center.
func (e *Ellipsoid) Search(center LonLat, maxDist float64) (*Search, error) {
	s := &Search{on: e, center: center, maxDist: maxDist, radius: min(maxDist, firstRadius*e.a)}
	p, err := center.s2Point()
	if err != nil {
		return nil, tooFar(err)
	}
	s.point = &Shape{point: &p}
	return s, nil
}

func tooFar(err error) error {
	return errorf("The distance has become too large for continuing the indexed nearest traversal.  "+
		"Consider specifying a smaller `max_dist` parameter.  (%s)", err)
}

// Ring returns a polygon that intersects everything that is further away than what earlier rounds have seen and not
// further than this round looks.
func (s *Search) Ring() (*Shape, error) {
	var holes [][]LonLat
	if s.done > 0 {
		hole, err := s.on.Circle(s.center, s.done*narrower, ringVertices)
		if err != nil {
			return nil, tooFar(err)
		}
		holes = append(holes, hole)
	}
	// The polygon around a circle has its corners further out, by 1/cos(π/8) in the plane and by less on a sphere. What
	// the ellipsoid may distort comes on top.
	outer := s.radius * wider / math.Cos(math.Pi/ringVertices) * (max(s.on.a, s.on.b) / min(s.on.a, s.on.b))
	shell, err := s.on.Circle(s.center, outer, ringVertices)
	if err != nil {
		return nil, tooFar(err)
	}
	ring, err := Parse(Polygon(shell, holes...))
	if err != nil {
		return nil, tooFar(err)
	}
	return ring, nil
}

// Distance returns the distance of a shape from the center, and whether this round looks as far.
func (s *Search) Distance(to *Shape) (meters float64, near bool, err error) {
	meters, err = s.on.Distance(s.point, to)
	return meters, meters <= s.radius, err
}

// Widen ends a round that has found so many shapes that no earlier one had, and tells whether there is another one.
func (s *Search) Widen(found int) bool {
	area := math.Pi * (s.radius*s.radius - s.done*s.done)
	s.done = s.radius
	if density := float64(found) / area; density != 0 {
		s.radius = min(growth*s.done, math.Sqrt(roundResults/math.Pi/density+s.done*s.done))
	} else {
		s.radius = growth * s.done
	}
	s.radius = min(s.radius, s.maxDist)
	return s.done < s.maxDist
}

// Geometries calls f with each geometry that an index has for a row with the value v: in an index with several values
// those of an array, otherwise v itself.
func Geometries(v datum.Value, multi bool, f func(s *Shape) error) error {
	each := func(v datum.Value) error {
		s, err := Parse(v)
		if err != nil {
			return err
		}
		return f(s)
	}
	if !multi || v.Kind() != datum.KindArray {
		return each(v)
	}
	for i := range v.Len() {
		if err := each(v.At(i)); err != nil {
			return err
		}
	}
	return nil
}
