package geo

import "rethinkdb/internal/datum"

const pseudoTypeKey = "$reql_type$"

// FromGeoJSON returns the geometry of a GeoJSON object, which must be of one of the types that there are and valid. A
// bounding box in it is dropped.
func FromGeoJSON(d datum.Value) (datum.Value, error) {
	if err := Validate(d); err != nil {
		return datum.Value{}, err
	}
	b := datum.BuilderOf(datum.RawObject(d))
	if b.Add(pseudoTypeKey, datum.String("GEOMETRY")) {
		return datum.Value{}, errorf("GeoJSON object already had a $reql_type$ field.")
	}
	b.Delete("bbox")
	return datum.FromPseudo(b.Value())
}

// ToGeoJSON returns a geometry, or what passes for one, as a GeoJSON object.
func ToGeoJSON(g datum.Value) (datum.Value, error) {
	if g.Kind() == datum.KindBinary {
		return datum.Value{}, datum.ExpectedType(datum.KindObject, g)
	}
	b := datum.BuilderOf(datum.RawObject(g))
	b.Delete(pseudoTypeKey)
	return b.Value(), nil
}
