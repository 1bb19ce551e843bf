package geo

import "rethinkdb/internal/datum"

// Subtract returns the polygon outer with inner cut out of it. Both must be polygons without holes.
func Subtract(outer, inner datum.Value) (datum.Value, error) {
	a, err := Parse(outer)
	if err != nil {
		return datum.Value{}, err
	}
	b, err := Parse(inner)
	if err != nil {
		return datum.Value{}, err
	}
	in, err := Includes(a, b)
	if err != nil {
		return datum.Value{}, err
	}
	if !in {
		return datum.Value{}, errorf("The second argument to `polygon_sub` is not contained in the first one.")
	}
	shells, holes := rings(outer), rings(inner)
	if holes.Len() == 0 {
		return datum.Value{}, &datum.Error{Class: datum.NonExistence, Msg: "Index out of bounds: 0"}
	}
	all := make([]datum.Value, 0, shells.Len()+1)
	for i := range shells.Len() {
		all = append(all, shells.At(i))
	}
	g := geometry("Polygon", datum.Array(append(all, holes.At(0))))
	return g, Validate(g)
}

func rings(polygon datum.Value) datum.Value {
	c, _ := polygon.Get("coordinates")
	return c
}
