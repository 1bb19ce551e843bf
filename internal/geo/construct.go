package geo

import "rethinkdb/internal/datum"

// Point returns the geometry of one place. This and the other constructors check nothing; see Parse.
func Point(p LonLat) datum.Value { return geometry("Point", position(p)) }

// Line returns the geometry of a line through some places.
func Line(line []LonLat) datum.Value { return geometry("LineString", positions(line)) }

// Polygon returns the geometry of the area inside of a shell, which is closed if it is not, less some holes.
func Polygon(shell []LonLat, holes ...[]LonLat) datum.Value {
	rings := make([]datum.Value, 0, 1+len(holes))
	rings = append(rings, ring(shell))
	for _, h := range holes {
		rings = append(rings, ring(h))
	}
	return geometry("Polygon", datum.Array(rings))
}

func geometry(kind string, coordinates datum.Value) datum.Value {
	return mustPseudo(datum.Object([]datum.Field{
		{Key: "$reql_type$", Val: datum.String("GEOMETRY")},
		{Key: "coordinates", Val: coordinates},
		{Key: "type", Val: datum.String(kind)},
	}))
}

// mustPseudo makes a geometry of an object of which we know that it is one.
func mustPseudo(object datum.Value) datum.Value {
	g, err := datum.FromPseudo(object)
	if err != nil {
		panic("geo: made a wrong geometry: " + err.Error())
	}
	return g
}

func position(p LonLat) datum.Value {
	return datum.Array([]datum.Value{datum.Number(p.Lon), datum.Number(p.Lat)})
}

func positions(line []LonLat) datum.Value {
	out := make([]datum.Value, len(line))
	for i, p := range line {
		out[i] = position(p)
	}
	return datum.Array(out)
}

func ring(line []LonLat) datum.Value {
	if n := len(line); n > 0 && line[0] != line[n-1] {
		line = append(line[:n:n], line[0])
	}
	return positions(line)
}
