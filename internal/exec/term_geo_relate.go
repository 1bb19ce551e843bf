package exec

import (
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/geo"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Geospatial
	//
	// geometry.intersects(geometry) → bool
	// sequence.intersects(geometry) → sequence
	//
	// Whether two geometries have a point in common, be it on their edges. Of a sequence, the geometries that do.
	//
	//	> r.circle([0, 0], 1000).intersects(r.point(0, 0.005))
	//	true
	register(reql.TermIntersects, spec{min: 2, max: 2, opts: []string{"_NO_RECURSE_"}, val: evalIntersects, compile: compileGeometries,
		det: detSingleServer, groupedSeq: true})

	// polygon.includes(geometry) → bool
	// sequence.includes(geometry) → sequence
	//
	// Whether a polygon has another geometry wholly inside. Of a sequence, the polygons that do.
	//
	//	> r.polygon([0, 0], [2, 0], [0, 2]).includes(r.line([0.2, 0.2], [3, 3]))
	//	false
	register(reql.TermIncludes, spec{min: 2, max: 2, opts: []string{"_NO_RECURSE_"}, val: evalIncludes, compile: compileGeometries,
		det: detSingleServer, groupedSeq: true})

	// polygon.polygonSub(polygon) → geometry
	//
	// The polygon with another one, which has to be inside, cut out.
	//
	// Errors:
	// - QueryLogic: The second argument to `polygon_sub` is not contained in the first one.
	// - QueryLogic: Expected a Polygon with only an outer shell.  This one has holes.
	//
	//	> r.polygon([0, 0], [9, 0], [0, 9]).polygonSub(r.polygon([1, 1], [3, 1], [1, 3])).includes(r.point(1.5, 1.5))
	//	false
	register(reql.TermPolygonSub, spec{min: 2, max: 2, datum: evalPolygonSub, det: detSingleServer})
}

var (
	intersecting = &polymorphic{name: "intersects", mode: asFilter, takes: objectOrGeometry, row: func(c call, row datum.Value) (datum.Value, error) {
		return c.intersects(val{d: row, at: c.n.t}, nil)
	}}
	including = &polymorphic{name: "includes", mode: asFilter, takes: objectOrGeometry, row: func(c call, row datum.Value) (datum.Value, error) {
		return c.includes(val{d: row, at: c.n.t}, nil)
	}}
)

func objectOrGeometry(d datum.Value) bool { return d.Kind() == datum.KindGeometry || plainObject(d) }

func evalIntersects(c call) (val, error) { return c.relate(intersecting, call.intersects) }
func evalIncludes(c call) (val, error)   { return c.relate(including, call.includes) }

// relate evaluates a term on two geometries that becomes a filter when the first is a sequence.
func (c call) relate(p *polymorphic, relation func(c call, v val, first node) (datum.Value, error)) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return val{}, err
		}
		if objectOrGeometry(d) {
			d, err := relation(c, val{d: d, at: v.at}, c.args[0])
			return c.ret(d), err
		}
	}
	return p.on(c, v)
}

// intersects is the term on v, which the node first has made, or no node.
func (c call) intersects(v val, first node) (datum.Value, error) {
	other, err := c.val(1)
	if err != nil {
		return datum.Value{}, err
	}
	h, err := other.geometry(c.fr) // the original looks at it first, too
	if err != nil {
		return h, err
	}
	g, err := v.geometry(c.fr)
	if err != nil {
		return g, err
	}
	a, err := c.shape(first, g)
	if err != nil {
		return g, err
	}
	b, err := c.shape(c.args[1], h)
	if err != nil {
		return g, err
	}
	return datum.Bool(geo.Intersects(a, b)), nil
}

func (c call) includes(v val, first node) (datum.Value, error) {
	other, err := c.val(1)
	if err != nil {
		return datum.Value{}, err
	}
	g, err := v.geometry(c.fr)
	if err != nil {
		return g, err
	}
	if err := geo.CheckType(g, "Polygon"); err != nil {
		return g, err
	}
	a, err := c.shape(first, g)
	if err != nil {
		return g, err
	}
	h, err := other.geometry(c.fr)
	if err != nil {
		return g, err
	}
	b, err := c.shape(c.args[1], h)
	if err != nil {
		return g, err
	}
	in, err := geo.Includes(a, b)
	return datum.Bool(in), err
}

// shape reads a geometry that the node n has made, or takes what it knows of it.
func (c call) shape(n node, g datum.Value) (*geo.Shape, error) {
	if f, ok := n.(*fixedGeometry); ok {
		return f.shape(c.fr, g)
	}
	return geo.Parse(g)
}

// fixedGeometry is a node whose geometry does not depend on any row: a term that makes one out of literals. It is
// evaluated once and its shape is kept, so that a filter does not read a large polygon again for each row.
type fixedGeometry struct {
	node
	known atomic.Pointer[knownGeometry]
}

type knownGeometry struct {
	v     val
	limit int // the array limit that it was made under
	shape atomic.Pointer[geo.Shape]
}

func (f *fixedGeometry) eval(fr *frame) (val, error) {
	if k := f.known.Load(); k != nil && k.limit == fr.q.arrayLimit {
		return k.v, nil
	}
	v, err := f.node.eval(fr)
	if err == nil && v.x == nil {
		f.known.Store(&knownGeometry{v: v, limit: fr.q.arrayLimit})
	}
	return v, err
}

func (f *fixedGeometry) datum(fr *frame) (datum.Value, *reql.Term, error) {
	v, err := f.eval(fr)
	if err != nil {
		return datum.Value{}, v.at, err
	}
	d, err := v.datum(fr)
	return d, v.at, err
}

// shape is that of g, to which the node has evaluated.
func (f *fixedGeometry) shape(fr *frame, g datum.Value) (*geo.Shape, error) {
	k := f.known.Load()
	if k == nil || k.limit != fr.q.arrayLimit {
		return geo.Parse(g)
	}
	if s := k.shape.Load(); s != nil {
		return s, nil
	}
	s, err := geo.Parse(g)
	if err == nil {
		k.shape.Store(s)
	}
	return s, err
}

// compileGeometries finds the arguments that are fixed.
func compileGeometries(b *builder, n *opNode) error {
	for i, a := range n.args {
		if len(b.globals) == 0 && fixed(a) {
			n.args[i] = &fixedGeometry{node: a}
		}
	}
	return nil
}

// fixed tells whether n consists of literals and of terms that make geometry and arrays of them.
func fixed(n node) bool {
	switch n := n.(type) {
	case *constNode:
		return n.v.x == nil
	case *objNode:
		for _, v := range n.values {
			if !fixed(v) {
				return false
			}
		}
		return true
	case *opNode:
		switch n.t.Type {
		case reql.TermMakeArray, reql.TermPoint, reql.TermLine, reql.TermPolygon, reql.TermCircle, reql.TermFill,
			reql.TermGeoJSON, reql.TermPolygonSub:
		default:
			return false
		}
		for _, a := range n.args {
			if !fixed(a) {
				return false
			}
		}
		for _, o := range n.opts {
			if !fixed(o.node) {
				return false
			}
		}
		return !n.splices && !n.groups
	}
	return false
}

func evalPolygonSub(c call) (datum.Value, error) {
	outer, err := c.shell(0)
	if err != nil {
		return outer, err
	}
	inner, err := c.shell(1)
	if err != nil {
		return inner, err
	}
	d, err := geo.Subtract(outer, inner)
	if err != nil {
		return d, err
	}
	return d, c.fr.checkArray(2)
}

// shell evaluates argument i to a polygon without holes.
func (c call) shell(i int) (datum.Value, error) {
	v, err := c.val(i)
	if err != nil {
		return datum.Value{}, err
	}
	g, err := v.geometry(c.fr)
	if err != nil {
		return g, err
	}
	kind, err := field(g, "type")
	if err != nil {
		return g, err
	}
	if err := typed(kind, datum.KindString, "STRING"); err != nil {
		return g, err
	}
	if kind.AsString() != "Polygon" {
		return g, failAt(v.at, reql.QueryLogic, "Expected a Polygon but found a %s.", kind.AsString())
	}
	rings, err := field(g, "coordinates")
	if err != nil {
		return g, err
	}
	if err := typed(rings, datum.KindArray, "ARRAY"); err != nil {
		return g, err
	}
	if rings.Len() > 1 {
		return g, failAt(v.at, reql.QueryLogic, "Expected a Polygon with only an outer shell.  This one has holes.")
	}
	return g, nil
}
