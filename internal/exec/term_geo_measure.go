package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/geo"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Geospatial
	//
	// geometry.distance(geometry) → number
	// r.distance(geometry, geometry) → number
	//
	// The shortest distance between a point and another geometry, 0 inside of a polygon. Between points it is exact on the
	// ellipsoid.
	//
	// Options:
	// - unit (string; "m"): of the result: "m", "km", "mi", "nm" or "ft"
	// - geo_system (string or object; "WGS84"): or "unit_sphere", or an ellipsoid of its equatorial radius `a` and its
	//   flattening `f`
	//
	// Errors:
	// - QueryLogic: Unrecognized distance unit `…`.
	//
	//	> r.point(-0.13, 51.51).distance(r.point(16.37, 48.21), unit: "km").round()
	//	1239
	register(reql.TermDistance, spec{min: 2, max: 2, opts: []string{"geo_system", "unit"}, datum: evalDistance, compile: compileGeometries,
		det: detSingleServer})

	// r.circle(point, radius) → geometry
	//
	// A polygon, or a line, whose corners all have the same distance from a point.
	//
	// Options:
	// - num_vertices (integer; 32): how many corners
	// - unit (string; "m"): of the radius: "m", "km", "mi", "nm" or "ft"
	// - geo_system (string or object; "WGS84"): or "unit_sphere", or an ellipsoid of its equatorial radius `a` and its
	//   flattening `f`
	// - fill (bool; true): a polygon; false gives a line
	//
	// Errors:
	// - QueryLogic: Radius must be positive
	// - QueryLogic: num_vertices must be positive.
	//
	//	> r.circle([16.37, 48.21], 10, unit: "km").includes(r.point(16.4, 48.2))
	//	true
	register(reql.TermCircle, spec{min: 2, max: 2, opts: []string{"geo_system", "unit", "fill", "num_vertices"}, datum: evalCircle,
		det: detSingleServer})
}

// ellipsoid gives the surface that the option geo_system names or describes.
func (c call) ellipsoid() (*geo.Ellipsoid, error) {
	d, at, ok, err := c.optDatum("geo_system")
	if err != nil {
		return nil, err
	}
	if !ok {
		return geo.WGS84, nil
	}
	if d.IsObject() || d.Kind() == datum.KindTime {
		return customEllipsoid(d, at)
	}
	name, err := strAt(d, at)
	if err != nil {
		return nil, err
	}
	switch name {
	case "WGS84":
		return geo.WGS84, nil
	case "unit_sphere":
		return geo.UnitSphere, nil
	}
	return nil, failAt(at, reql.QueryLogic, `Unrecognized geo system "%s" (valid options: "WGS84", "unit_sphere").`, name)
}

func customEllipsoid(d datum.Value, at *reql.Term) (*geo.Ellipsoid, error) {
	var x [2]float64
	for i, key := range [...]string{"a", "f"} {
		v, err := field(d, key)
		if err != nil {
			return nil, err
		}
		if err := typed(v, datum.KindNumber, "NUMBER"); err != nil {
			return nil, err
		}
		x[i] = v.AsNumber()
	}
	a, f := x[0], x[1]
	if !(a > 0) {
		return nil, failAt(at, reql.QueryLogic, "The equator radius `a` must be positive.")
	}
	if !(f >= 0 && f < 1) {
		return nil, failAt(at, reql.QueryLogic, "The flattening `f` must be in the range [0, 1).")
	}
	return geo.NewEllipsoid(a, f), nil
}

// unit gives the unit of length that the option unit names.
func (c call) unit() (geo.Unit, error) {
	name, ok, err := c.optStr("unit")
	if err != nil {
		return 0, err
	}
	if !ok {
		return geo.Meter, nil
	}
	return geo.ParseUnit(name)
}

func evalDistance(c call) (datum.Value, error) {
	var args [2]val
	for i := range args {
		var err error
		if args[i], err = c.val(i); err != nil {
			return datum.Value{}, err
		}
	}
	on, err := c.ellipsoid()
	if err != nil {
		return datum.Value{}, err
	}
	unit, err := c.unit()
	if err != nil {
		return datum.Value{}, err
	}
	g, err := args[0].geometry(c.fr)
	if err != nil {
		return g, err
	}
	first := geo.CheckType(g, "Point")
	if first != nil && !geo.HasType(g) {
		return g, first
	}
	h, err := args[1].geometry(c.fr)
	if err != nil {
		return h, err
	}
	point, other := c.args[0], c.args[1]
	if first != nil { // then the second must be the point
		g, h, point, other = h, g, other, point
		if err := geo.CheckType(g, "Point"); err != nil {
			return g, err
		}
	}
	p, err := c.shape(point, g)
	if err != nil {
		return g, err
	}
	to, err := c.shape(other, h)
	if err != nil {
		return g, err
	}
	m, err := on.Distance(p, to)
	if err != nil {
		return g, err
	}
	return datum.NewNumber(unit.FromMeters(m))
}

func evalCircle(c call) (datum.Value, error) {
	center, err := c.val(0)
	if err != nil {
		return datum.Value{}, err
	}
	size, err := c.val(1)
	if err != nil {
		return datum.Value{}, err
	}
	fill, ok, err := c.optBool("fill")
	if err != nil {
		return datum.Value{}, err
	}
	fill = fill || !ok
	vertices, err := c.vertices()
	if err != nil {
		return datum.Value{}, err
	}
	on, err := c.ellipsoid()
	if err != nil {
		return datum.Value{}, err
	}
	unit, err := c.unit()
	if err != nil {
		return datum.Value{}, err
	}
	p, err := center.datum(c.fr)
	if err != nil {
		return p, err
	}
	at, err := geo.ParsePoint(p)
	if err != nil {
		return p, err
	}
	d, err := size.datum(c.fr)
	if err != nil {
		return d, err
	}
	radius, err := numAt(d, size.at)
	if err != nil {
		return d, err
	}
	// No more of the line is computed than shows that it is too long.
	line, err := on.Circle(at, unit.ToMeters(radius), min(vertices, c.fr.q.arrayLimit+1))
	if err != nil {
		return d, err
	}
	if err := c.fr.checkArray(max(2, len(line))); err != nil {
		return d, err
	}
	if fill {
		d = geo.Polygon(line)
	} else {
		d = geo.Line(line)
	}
	return d, geo.Validate(d)
}

// vertices is how many corners a circle is to have.
func (c call) vertices() (int, error) {
	d, at, ok, err := c.optDatum("num_vertices")
	if err != nil {
		return 0, err
	}
	if !ok {
		return 32, nil
	}
	n, err := intAt(d, at)
	switch {
	case err != nil:
		return 0, err
	case n != int64(uint32(n)): //nolint:gosec // it is the question whether this loses something
		return 0, failAt(at, reql.QueryLogic, "Integer too large: %d", n)
	case n == 0:
		return 0, failAt(at, reql.QueryLogic, "num_vertices must be positive.")
	}
	return int(n), nil
}
