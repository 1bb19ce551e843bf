package geo

import "github.com/golang/geo/s2"

// Distance returns the meters between a point and a shape: zero inside of it. To lines and polygons it measures to the
// place that is closest on the sphere, which for great distances may be a little further than the closest one of the
// ellipsoid.
func (e *Ellipsoid) Distance(point, to *Shape) (float64, error) {
	x := *point.point
	var prj s2.Point
	switch {
	case to.point != nil:
		return e.Inverse(lonLatOf(x), lonLatOf(*to.point)), nil
	case to.line != nil:
		prj = closestOnLine(*to.line, x)
	case to.rect != nil:
		return 0, errorf("Distance calculation not implemented on LatLngRect.")
	case to.polygon.NumLoops() == 0:
		// RethinkDB crashes here.
		return 0, errorf("The polygon is empty. It must have at least an outer shell.")
	default:
		prj = closestInPolygon(to.polygon, x)
	}
	if prj == x {
		return 0, nil
	}
	return e.Inverse(lonLatOf(x), lonLatOf(prj)), nil
}

// Unit is a unit of length, in meters.
type Unit float64

// Meter is the unit that all distances of this package are in.
const Meter Unit = 1

// ParseUnit returns the unit with a name that ReQL has for it.
func ParseUnit(name string) (Unit, error) {
	switch name {
	case "m":
		return Meter, nil
	case "km":
		return 1000, nil
	case "mi":
		return 1609.344, nil
	case "nm":
		return 1852, nil
	case "ft":
		return 0.3048, nil
	}
	return 0, errorf("Unrecognized distance unit `%s`.", name)
}

// ToMeters converts a length in u to meters.
func (u Unit) ToMeters(length float64) float64 { return length * float64(u) }

// FromMeters converts a length in meters to u.
func (u Unit) FromMeters(length float64) float64 { return length * (1 / float64(u)) }
