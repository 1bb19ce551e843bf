package geo

import "math"

// Ellipsoid is the surface on which distances are measured: an ellipse turned about its shorter axis. It is constant.
type Ellipsoid struct {
	a, b     float64 // the radius of the equator and half of the distance between the poles, in meters
	f        float64 // the flattening (a−b)/a
	n        float64 // the third flattening (a−b)/(a+b)
	e2, ep2  float64 // the squares of the eccentricity and of the second eccentricity
	shortest float64 // the angle on the auxiliary sphere below which a line counts as straight

	// The coefficients of the series A3 and C3, which are polynomials of n, by powers of ε. See series.go.
	a3 [order]float64
	c3 [order - 1][order]float64
}

// The surfaces that have names.
var (
	WGS84      = NewEllipsoid(6378137, 1/298.257223563)
	UnitSphere = NewEllipsoid(1, 0)
)

// NewEllipsoid returns the ellipsoid with the radius a > 0 at the equator and the flattening 0 ≤ f < 1.
func NewEllipsoid(a, f float64) *Ellipsoid {
	e := &Ellipsoid{a: a, b: a * (1 - f), f: f, n: f / (2 - f), e2: f * (2 - f)}
	e.ep2 = e.e2 / ((1 - f) * (1 - f))
	// A straight line on the auxiliary sphere is off by about f σ² of its length σ; this keeps that below rounding errors.
	e.shortest = 0.1 * math.Sqrt(epsilon) / math.Sqrt(max(0.001, f)*min(1, 1-f/2)/2)
	e.a3, e.c3 = longitudeSeries(e.n)
	return e
}

// MaxRadius is a quarter of the circumference along a meridian of a sphere with the smaller radius; larger circles cannot
// be made.
func (e *Ellipsoid) MaxRadius() float64 { return 0.5 * math.Pi * min(e.a, e.b) }
