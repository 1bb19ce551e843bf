package geo

import (
	"slices"

	"github.com/golang/geo/s2"
)

func shareVertices(loops []*s2.Loop) bool {
	seen := map[s2.Point]bool{}
	for _, l := range loops {
		for _, v := range l.Vertices() {
			if seen[v] {
				return true
			}
			seen[v] = true // the vertices of one loop are distinct
		}
	}
	return false
}

// edgeSet holds directed edges by the vertex where they begin.
type edgeSet struct {
	from   map[s2.Point][]s2.Point
	starts []s2.Point // the vertices in the order in which they first began an edge
}

func (e *edgeSet) add(a, b s2.Point) {
	if e.remove(b, a) {
		return // an edge and its reverse cancel each other
	}
	if _, known := e.from[a]; !known {
		e.starts = append(e.starts, a)
	}
	e.from[a] = append(e.from[a], b)
}

func (e *edgeSet) remove(a, b s2.Point) bool {
	ends := e.from[a]
	i := slices.Index(ends, b)
	if i < 0 {
		return false
	}
	e.from[a] = slices.Delete(ends, i, i+1)
	return true
}

// assemble makes new loops of the edges of some, which have the polygon's interior on their left, without those that
// cancel each other. It fails when edges are left over that belong to no loop.
func assemble(loops []*s2.Loop) ([]*s2.Loop, bool) {
	edges := edgeSet{from: map[s2.Point][]s2.Point{}}
	for _, l := range loops {
		for i := range l.NumVertices() {
			edges.add(l.Vertex(i), l.Vertex(i+1))
		}
	}
	var out []*s2.Loop
	for _, start := range edges.starts {
		for len(edges.from[start]) > 0 {
			path := edges.loopFrom(start, edges.from[start][0])
			if path == nil {
				return nil, false
			}
			for i, v := range path {
				edges.remove(v, path[(i+1)%len(path)])
			}
			l := s2.LoopFromPoints(path)
			l.Normalize()
			out = append(out, l)
		}
	}
	return out, true
}

// loopFrom follows the edges from a to b and on, at each vertex the leftmost, until it meets a vertex again, and returns
// the loop that this closes. It returns nil at a dead end.
func (e *edgeSet) loopFrom(a, b s2.Point) []s2.Point {
	path := []s2.Point{a, b}
	at := map[s2.Point]int{b: 1} // not a: the leftmost edge from there may be another one
	for {
		v0, v1 := path[len(path)-2], path[len(path)-1]
		var next s2.Point
		found := false
		for _, v := range e.from[v1] {
			if v != v0 && (!found || s2.OrderedCCW(v0, next, v, v1)) {
				next, found = v, true
			}
		}
		if !found {
			return nil
		}
		if i, again := at[next]; again {
			return path[i:]
		}
		at[next] = len(path)
		path = append(path, next)
	}
}

// nestable tells whether of any two loops either one contains the other or they are apart, and no edge occurs twice.
func nestable(loops []*s2.Loop) bool {
	type edge struct{ a, b s2.Point }
	edges := map[edge]bool{}
	index := s2.NewShapeIndex()
	for _, l := range loops {
		for i := range l.NumVertices() {
			a, b := l.Vertex(i), l.Vertex(i+1)
			if edges[edge{a, b}] || edges[edge{b, a}] {
				return false
			}
			edges[edge{a, b}] = true
		}
		index.Add(l)
	}
	query := s2.NewCrossingEdgeQuery(index)
	for _, l := range loops {
		for i := range l.NumVertices() {
			for other, crossed := range query.CrossingsEdgeMap(l.Vertex(i), l.Vertex(i+1), s2.CrossingTypeInterior) {
				if other != s2.Shape(l) && len(crossed) > 0 {
					return false
				}
			}
		}
	}
	return !crossAtVertices(loops)
}

// corner is a vertex of a loop.
type corner struct{ loop, vertex int }

// crossAtVertices tells whether two loops cross where they share a vertex.
func crossAtVertices(loops []*s2.Loop) bool {
	corners := map[s2.Point][]corner{}
	for i, l := range loops {
		for j, v := range l.Vertices() {
			corners[v] = append(corners[v], corner{i, j})
		}
	}
	type pair struct{ a, b int }
	wider := map[pair]bool{} // at some vertex a has a wider angle that includes b's
	for v, at := range corners {
		for i, x := range at {
			for _, y := range at[:i] {
				switch wedge(loops[x.loop], x.vertex, v, loops[y.loop], y.vertex) {
				case s2.WedgeProperlyOverlaps:
					return true
				case s2.WedgeProperlyContains:
					wider[pair{x.loop, y.loop}] = true
				case s2.WedgeIsProperlyContained:
					wider[pair{y.loop, x.loop}] = true
				}
				if wider[pair{x.loop, y.loop}] && wider[pair{y.loop, x.loop}] {
					return true
				}
			}
		}
	}
	return false
}

func wedge(a *s2.Loop, i int, v s2.Point, b *s2.Loop, j int) s2.WedgeRel {
	n, m := a.NumVertices(), b.NumVertices()
	return s2.WedgeRelation(a.Vertex(i+n-1), v, a.Vertex(i+1), b.Vertex(j+m-1), b.Vertex(j+1))
}
