package geo

import (
	"math"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"

	"rethinkdb/internal/datum"
)

// LonLat is a place by its longitude and latitude in degrees. It need not be a valid one.
type LonLat struct{ Lon, Lat float64 }

// ParsePoint reads a geometry of type Point or a pair of numbers, longitude first.
func ParsePoint(v datum.Value) (LonLat, error) {
	if v.Kind() == datum.KindGeometry {
		c, err := coordinatesOf(v, "Point")
		if err != nil {
			return LonLat{}, err
		}
		return parsePosition(c)
	}
	if err := checkArray(v); err != nil {
		return LonLat{}, err
	}
	if v.Len() != 2 {
		return LonLat{}, errorf("Expected point coordinate pair.  Got %d element array instead of a 2 element one.", v.Len())
	}
	return numberPair(v)
}

func numberPair(v datum.Value) (p LonLat, err error) {
	if p.Lon, err = number(v.At(0)); err != nil {
		return p, err
	}
	p.Lat, err = number(v.At(1))
	return p, err
}

// ParseLine reads the positions of a geometry of type LineString.
func ParseLine(g datum.Value) ([]LonLat, error) {
	c, err := coordinatesOf(g, "LineString")
	if err != nil {
		return nil, err
	}
	if err := checkArray(c); err != nil {
		return nil, err
	}
	line := make([]LonLat, c.Len())
	for i := range line {
		if line[i], err = parsePosition(c.At(i)); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// parsePosition reads what GeoJSON calls a position, without the altitude that it may have there.
func parsePosition(v datum.Value) (LonLat, error) {
	if err := checkArray(v); err != nil {
		return LonLat{}, err
	}
	switch n := v.Len(); {
	case n < 2:
		return LonLat{}, errorf("Too few coordinates.  Need at least longitude and latitude.")
	case n > 3:
		return LonLat{}, errorf("Too many coordinates.  GeoJSON position should have no more than three coordinates, but got %d.", n)
	case n == 3:
		return LonLat{}, errorf("A third altitude coordinate in GeoJSON positions was found, but is not supported.")
	}
	return numberPair(v)
}

// s2Point returns the point on the unit sphere, or the error of a place that there is not.
func (p LonLat) s2Point() (s2.Point, error) {
	if !(p.Lon >= -180 && p.Lon <= 180) {
		return s2.Point{}, errorf("Longitude must be between -180 and 180.  Got %s.", datum.FormatNumber(p.Lon))
	}
	if !(p.Lat >= -90 && p.Lat <= 90) {
		return s2.Point{}, errorf("Latitude must be between -90 and 90.  Got %s.", datum.FormatNumber(p.Lat))
	}
	if p.Lon == 180 {
		p.Lon = -180 // the same place must be the same point
	}
	sinLat, cosLat := sincos(p.Lat * (math.Pi / 180))
	sinLon, cosLon := sincos(p.Lon * (math.Pi / 180))
	return s2.Point{Vector: r3.Vector{X: cosLon * cosLat, Y: sinLon * cosLat, Z: sinLat}}, nil
}

// lonLatOf returns the place of a point on the unit sphere.
func lonLatOf(p s2.Point) LonLat {
	return LonLat{
		Lon: atan2(p.Y, p.X) * (180 / math.Pi),
		Lat: atan2(p.Z, math.Sqrt(p.X*p.X+p.Y*p.Y)) * (180 / math.Pi),
	}
}

func parseS2Point(v datum.Value) (s2.Point, error) {
	p, err := parsePosition(v)
	if err != nil {
		return s2.Point{}, err
	}
	return p.s2Point()
}

func parseS2Points(v datum.Value) ([]s2.Point, error) {
	points := make([]s2.Point, v.Len())
	for i := range points {
		var err error
		if points[i], err = parseS2Point(v.At(i)); err != nil {
			return nil, err
		}
	}
	return points, nil
}
