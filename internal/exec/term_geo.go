package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/geo"
	"rethinkdb/internal/reql"
)

// Terms that compute with coordinates may differ between processors, so that they are deterministic on one server only;
// point and to_geojson only move numbers around.

func init() {
	// Family: Geospatial
	//
	// r.point(longitude, latitude) → geometry
	//
	// A point on earth, in degrees: longitude from -180 to 180, latitude from -90 to 90.
	//
	// Errors:
	// - QueryLogic: Longitude must be between -180 and 180.  Got …
	// - QueryLogic: Latitude must be between -90 and 90.  Got …
	//
	//	> r.point(16.37, 48.21)
	//	{"$reql_type$":"GEOMETRY","coordinates":[16.37,48.21],"type":"Point"}
	register(reql.TermPoint, spec{min: 2, max: 2, datum: evalPoint})

	// r.line(point, point…) → geometry
	//
	// The line through two points or more: geometries, or arrays of longitude and latitude. Between them it takes the
	// shortest way.
	//
	// Errors:
	// - QueryLogic: Invalid LineString.  Are there antipodal or duplicate vertices?
	//
	//	> r.line([0, 0], r.point(1, 1)).typeOf()
	//	"PTYPE<GEOMETRY>"
	register(reql.TermLine, spec{min: 2, max: -1, datum: evalLine, det: detSingleServer})

	// r.polygon(point, point, point…) → geometry
	//
	// The polygon with three points or more as its corners; it is closed by itself.
	//
	// Errors:
	// - QueryLogic: Invalid LinearRing.  Are there antipodal or duplicate vertices? Is it self-intersecting?
	//
	//	> r.polygon([0, 0], [2, 0], [0, 2]).includes(r.point(0.5, 0.5))
	//	true
	register(reql.TermPolygon, spec{min: 3, max: -1, datum: evalPolygon, det: detSingleServer})

	// line.fill() → geometry
	//
	// The polygon that a line encloses.
	//
	//	> r.line([0, 0], [2, 0], [0, 2]).fill().includes(r.point(0.5, 0.5))
	//	true
	register(reql.TermFill, spec{min: 1, max: 1, datum: evalFill, det: detSingleServer})

	// r.geojson(object) → geometry
	//
	// The geometry that an object of GeoJSON stands for: a Point, LineString or Polygon without altitudes.
	//
	// Errors:
	// - QueryLogic: Unrecognized GeoJSON type `…`.
	//
	//	> r.geojson({type: "Point", coordinates: [16.37, 48.21]}).eq(r.point(16.37, 48.21))
	//	true
	register(reql.TermGeoJSON, spec{min: 1, max: 1, datum: evalGeoJSON, det: detSingleServer})

	// geometry.toGeojson() → object
	//
	// A geometry as an object of GeoJSON.
	//
	//	> r.point(16.37, 48.21).toGeojson()
	//	{"coordinates":[16.37,48.21],"type":"Point"}
	register(reql.TermToGeoJSON, spec{min: 1, max: 1, datum: evalToGeoJSON})
}

// geometry converts v to a geometry. As in the original all other pseudo-types pass, and fail later for want of a field.
func (v val) geometry(fr *frame) (datum.Value, error) {
	d, err := v.datum(fr)
	if err != nil {
		return d, err
	}
	if k := d.Kind(); k == datum.KindGeometry || k == datum.KindTime || k == datum.KindBinary || d.IsLiteral() {
		return d, nil
	}
	if err := printable(d); err != nil {
		return d, blame(err, v.at)
	}
	return d, failAt(v.at, reql.QueryLogic, "Not a GEOMETRY pseudotype: `%s`.", d.PrintTrunc())
}

// geometry evaluates argument i to a geometry.
func (c call) geometry(i int) (datum.Value, error) {
	v, err := c.val(i)
	if err != nil {
		return datum.Value{}, err
	}
	return v.geometry(c.fr)
}

// newGeometry is the result of a term that made the geometry d, whose longest array has n elements.
func (c call) newGeometry(d datum.Value, n int) (datum.Value, error) {
	if err := c.fr.checkArray(max(n, 2)); err != nil {
		return datum.Value{}, err
	}
	return d, geo.Validate(d)
}

func evalPoint(c call) (datum.Value, error) {
	lon, err := c.num(0)
	if err != nil {
		return datum.Value{}, err
	}
	lat, err := c.num(1)
	if err != nil {
		return datum.Value{}, err
	}
	return c.newGeometry(geo.Point(geo.LonLat{Lon: lon, Lat: lat}), 2)
}

// points evaluates all arguments to places.
func (c call) points() ([]geo.LonLat, error) {
	line := make([]geo.LonLat, c.len())
	for i := range line {
		d, err := c.datum(i)
		if err != nil {
			return nil, err
		}
		if line[i], err = geo.ParsePoint(d); err != nil {
			return nil, err
		}
	}
	return line, nil
}

func evalLine(c call) (datum.Value, error) {
	line, err := c.points()
	if err != nil {
		return datum.Value{}, err
	}
	return c.newGeometry(geo.Line(line), len(line))
}

func evalPolygon(c call) (datum.Value, error) {
	shell, err := c.points()
	if err != nil {
		return datum.Value{}, err
	}
	return c.newPolygon(shell)
}

func (c call) newPolygon(shell []geo.LonLat) (datum.Value, error) {
	return c.newGeometry(geo.Polygon(shell), len(shell))
}

func evalFill(c call) (datum.Value, error) {
	g, err := c.geometry(0)
	if err != nil {
		return g, err
	}
	shell, err := geo.ParseLine(g)
	if err != nil {
		return g, err
	}
	return c.newPolygon(shell)
}

func evalGeoJSON(c call) (datum.Value, error) {
	d, err := c.datum(0)
	if err != nil {
		return d, err
	}
	return geo.FromGeoJSON(d)
}

func evalToGeoJSON(c call) (datum.Value, error) {
	g, err := c.geometry(0)
	if err != nil {
		return g, err
	}
	return geo.ToGeoJSON(g)
}

// IndexCells computes what a geospatial index has of a value.
func IndexCells(v datum.Value, add func(cell []byte)) error { return geo.Cells(v, add) }
