package geo

import (
	"slices"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Intersects tells whether two shapes have a point in common. Borders belong to the shapes, but two polygons must share
// more than borders.
func Intersects(a, b *Shape) bool {
	switch {
	case a.rect != nil:
		return b.intersectsRect(*a.rect)
	case b.rect != nil:
		return a.intersectsRect(*b.rect)
	case a.point != nil:
		return b.touches(*a.point)
	case b.point != nil:
		return a.touches(*b.point)
	case a.line != nil && b.line != nil:
		return linesIntersect(*b.line, *a.line)
	case a.line != nil:
		return clip(b, *a.line, true)
	case b.line != nil:
		return clip(a, *b.line, true)
	}
	return a.polygon.NumLoops() > 0 && b.polygon.NumLoops() > 0 && b.polygon.Intersects(a.polygon)
}

// touches tells whether x is a point of the shape.
func (s *Shape) touches(x s2.Point) bool {
	switch {
	case s.point != nil:
		return *s.point == x
	case s.line != nil:
		return closestOnLine(*s.line, x) == x
	case s.polygon.NumLoops() == 0 || s.farFrom(x):
		return false
	}
	if s.polygon.NumEdges() > bruteForceEdges && !s.polygon.ContainsPoint(x) && !s.nearEdge(x) {
		return false
	}
	return closestInPolygon(s.polygon, x) == x
}

// farFrom tells whether x is outside of a cap around the polygon.
func (s *Shape) farFrom(x s2.Point) bool {
	s.bounding.Do(func() { s.bound = s.polygon.CapBound().Expanded(1e-14) })
	return !s.bound.ContainsPoint(x)
}

// nearEdge tells whether x may touch an edge of a polygon that has many.
func (s *Shape) nearEdge(x s2.Point) bool {
	query := s2.NewClosestEdgeQuery(s.edges(), nil)
	return query.IsDistanceLess(s2.NewMinDistanceToPointTarget(x), s1.ChordAngleFromAngle(1e-14))
}

// edges is the index of the edges of a polygon.
func (s *Shape) edges() *s2.ShapeIndex {
	s.indexing.Do(func() {
		s.index = s2.NewShapeIndex()
		s.index.Add(s.polygon)
		s.index.Build()
	})
	return s.index
}

// intersectsRect takes lines and polygons for the rectangles around them.
func (s *Shape) intersectsRect(r s2.Rect) bool {
	switch {
	case s.point != nil:
		return r.ContainsPoint(*s.point)
	case s.line != nil:
		return r.Intersects(s.line.RectBound())
	case s.polygon != nil:
		return r.Intersects(s.polygon.RectBound())
	}
	return r.Intersects(*s.rect)
}

// Includes tells whether b is inside of a, which must be a polygon. Borders belong to it.
func Includes(a, b *Shape) (bool, error) {
	switch {
	case b.point != nil:
		return a.touches(*b.point), nil
	case b.line != nil:
		return !clip(a, *b.line, false), nil
	case b.polygon != nil:
		return a.polygon.Contains(b.polygon), nil
	}
	return false, errorf("Inclusion test not implemented on LatLngRect.")
}

func linesIntersect(a, b s2.Polyline) bool {
	if !a.RectBound().Intersects(b.RectBound()) {
		return false
	}
	if len(a)*len(b) <= bruteForceEdges*bruteForceEdges {
		return a.Intersects(&b)
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	index := s2.NewShapeIndex()
	index.Add(&b)
	query := s2.NewCrossingEdgeQuery(index)
	for i := 1; i < len(a); i++ {
		if len(query.Crossings(a[i-1], a[i], &b, s2.CrossingTypeAll)) > 0 {
			return true
		}
	}
	return false
}

// cut is where a line's edge crosses the border of a polygon: the fraction of the edge, 0 to 1, and the point.
type cut struct {
	at float64
	p  s2.Point
}

// clip tells whether any part of a line is inside of a polygon, or outside of it. Each edge is cut where it crosses the
// border, and then is inside and outside by turns. A cut at a corner counts when the line changes sides there.
func clip(polygon *Shape, line s2.Polyline, inside bool) bool {
	if polygon.polygon.NumLoops() == 0 {
		return !inside
	}
	counts := polygon.polygon.ContainsPoint(line[0]) == inside // whether the current place is where we look
	var cuts []cut
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		cuts = polygon.cuts(cuts[:0], a, b)
		if counts {
			cuts = append(cuts, cut{0, a})
		}
		if counts = len(cuts)%2 == 1; counts {
			cuts = append(cuts, cut{1, b})
		}
		slices.SortFunc(cuts, func(x, y cut) int {
			switch {
			case x.at < y.at:
				return -1
			case x.at > y.at:
				return 1
			}
			return comparePoints(x.p, y.p)
		})
		for k := 0; k < len(cuts); k += 2 {
			if cuts[k] != cuts[k+1] {
				return true
			}
		}
	}
	return false
}

// cuts appends where the edge ab crosses the polygon's border.
func (s *Shape) cuts(cuts []cut, a, b s2.Point) []cut {
	add := func(crossing s2.Crossing, c, d s2.Point) {
		switch {
		case crossing == s2.Cross:
			x := crossingPoint(a, b, c, d)
			cuts = append(cuts, cut{fraction(x, a, b), x})
		case crossing == s2.DoNotCross || !s2.VertexCrossing(a, b, c, d):
		case a == c || a == d:
			cuts = append(cuts, cut{0, a})
		default:
			cuts = append(cuts, cut{1, b})
		}
	}
	if s.polygon.NumEdges() <= bruteForceEdges {
		for _, l := range s.polygon.Loops() {
			crosser := s2.NewChainEdgeCrosser(a, b, l.Vertex(0))
			for i := range l.NumVertices() {
				add(crosser.ChainCrossingSign(l.Vertex(i+1)), l.Vertex(i), l.Vertex(i+1))
			}
		}
		return cuts
	}
	query := s2.NewCrossingEdgeQuery(s.edges())
	for _, e := range query.Crossings(a, b, s.polygon, s2.CrossingTypeAll) {
		edge := s.polygon.Edge(e)
		add(s2.CrossingSign(a, b, edge.V0, edge.V1), edge.V0, edge.V1)
	}
	return cuts
}
