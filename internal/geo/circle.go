package geo

import (
	"math"

	"rethinkdb/internal/datum"
)

// Circle returns places at a distance in meters around a center, and the first of them again.
func (e *Ellipsoid) Circle(center LonLat, radius float64, vertices int) ([]LonLat, error) {
	if radius <= 0 {
		return nil, errorf("Radius must be positive")
	}
	if limit := e.MaxRadius(); radius >= limit {
		return nil, errorf("Radius must be smaller than a quarter of the circumference along the minor axis of the "+
			"reference ellipsoid.  Got %sm, but must be smaller than %sm.", datum.FormatNumber(radius), datum.FormatNumber(limit))
	}
	line := make([]LonLat, vertices, vertices+1)
	for i := range line {
		azimuth := -180 + 360/float64(vertices)*float64(i)
		line[i] = e.Direct(center, azimuth, radius)
		for _, x := range [...]float64{line[i].Lon, line[i].Lat} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				_, err := datum.NewNumber(x)
				return nil, err
			}
		}
	}
	return append(line, line[0]), nil
}
