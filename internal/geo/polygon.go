package geo

import (
	"slices"

	"github.com/golang/geo/s2"

	"rethinkdb/internal/datum"
)

// parsePolygon reads the rings of a polygon. Whatever their direction, a ring encloses the smaller part of the sphere;
// the first is the shell and the others are holes. Edges that a hole shares with the shell or with another hole vanish,
// so that a hole may lie against the shell. The interior is what an odd number of the remaining loops contains.
func parsePolygon(c datum.Value) (*s2.Polygon, error) {
	if err := checkArray(c); err != nil {
		return nil, err
	}
	loops := make([]*s2.Loop, c.Len())
	for i := range loops {
		var err error
		if loops[i], err = parseLoop(c.At(i)); err != nil {
			return nil, err
		}
	}
	if len(loops) > 1 {
		if shareVertices(loops) {
			for _, hole := range loops[1:] {
				hole.Invert()
			}
			var ok bool
			if loops, ok = assemble(loops); !ok {
				return nil, errUnusedEdges()
			}
		}
		if !nestable(loops) {
			return nil, errUnusedEdges()
		}
	}
	return s2.PolygonFromLoops(loops), nil
}

func errUnusedEdges() error {
	return errorf("Some edges in GeoJSON polygon could not be used.  Are they intersecting?")
}

func parseLoop(c datum.Value) (*s2.Loop, error) {
	if err := checkArray(c); err != nil {
		return nil, err
	}
	if c.Len() < 4 {
		return nil, errorf("GeoJSON LinearRing must have at least four positions.")
	}
	points, err := parseS2Points(c)
	if err != nil {
		return nil, err
	}
	last := len(points) - 1
	if points[0] != points[last] {
		return nil, errorf("First and last vertex of GeoJSON LinearRing must be identical.")
	}
	points = points[:last:last]
	if duplicates(points) || crossesItself(points) {
		return nil, errorf("Invalid LinearRing.  Are there antipodal or duplicate vertices? Is it self-intersecting?")
	}
	loop := s2.LoopFromPoints(points)
	loop.Normalize()
	return loop, nil
}

func comparePoints(a, b s2.Point) int { return a.Cmp(b.Vector) }

func duplicates(points []s2.Point) bool {
	if len(points) <= 8 {
		for i, p := range points {
			if slices.Contains(points[:i], p) {
				return true
			}
		}
		return false
	}
	sorted := slices.Clone(points)
	slices.SortFunc(sorted, comparePoints)
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return true
		}
	}
	return false
}

// bruteForceEdges is the number of edges up to which testing each against each beats building an index of them.
const bruteForceEdges = 40

// crossesItself tells whether two edges of the closed loop cross, other than at a vertex.
func crossesItself(points []s2.Point) bool {
	n := len(points)
	if n <= bruteForceEdges {
		for i := range n {
			a, b := points[i], points[(i+1)%n]
			crosser := s2.NewEdgeCrosser(a, b)
			for j := i + 2; j < n; j++ {
				if crosser.CrossingSign(points[j], points[(j+1)%n]) == s2.Cross {
					return true
				}
			}
		}
		return false
	}
	chain := s2.Polyline(append(points[:n:n], points[0]))
	index := s2.NewShapeIndex()
	index.Add(&chain)
	query := s2.NewCrossingEdgeQuery(index)
	for i := range n {
		if len(query.Crossings(chain[i], chain[i+1], &chain, s2.CrossingTypeInterior)) > 0 {
			return true
		}
	}
	return false
}
