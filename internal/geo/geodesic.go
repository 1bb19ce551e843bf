package geo

import "math"

// Geodesics after C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87, 43–55 (2013). A geodesic of the ellipsoid
// corresponds to a great circle of an auxiliary sphere on which latitudes φ become reduced latitudes β, with
// tan β = (1−f) tan φ, azimuths α stay as they are, and distances and longitudes become arc lengths σ and longitudes ω by
// two integrals that the series of series.go approximate. α0 is the azimuth at which the great circle crosses the equator.

const (
	epsilon = 0x1p-52
	// tiny is about the square root of the least number. In place of a zero cosine it keeps the poles apart from division
	// by zero.
	tiny = 0x1p-511
)

// reduced gives the reduced latitude of a latitude in degrees.
func (e *Ellipsoid) reduced(lat float64) angle {
	b := degrees(lat)
	b.sin *= 1 - e.f
	b = b.normal()
	b.cos = max(tiny, b.cos)
	return b
}

// expansion gives k² and the parameter ε of the series.
func (e *Ellipsoid) expansion(cosAlpha0 float64) (k2, eps float64) {
	k2 = cosAlpha0 * cosAlpha0 * e.ep2
	return k2, k2 / (2*(1+math.Sqrt(1+k2)) + k2)
}

// Direct returns the place at a distance in meters from p in the direction of an azimuth, in degrees from north to east.
func (e *Ellipsoid) Direct(p LonLat, azimuth, distance float64) LonLat {
	alpha1, beta1 := degrees(azimuth), e.reduced(p.Lat)
	sinAlpha0 := alpha1.sin * beta1.cos
	cosAlpha0 := math.Hypot(alpha1.cos, alpha1.sin*beta1.sin)
	sigma1 := angle{beta1.sin, beta1.cos * alpha1.cos}
	if sigma1 == (angle{}) {
		sigma1.cos = 1 // along the equator
	}
	omega1 := angle{sinAlpha0 * sigma1.sin, sigma1.cos}
	sigma1 = sigma1.normal()

	k2, eps := e.expansion(cosAlpha0)
	a1, c1 := distanceSeries(eps)
	c1p := inverseDistanceSeries(eps)
	start := sines(&c1, sigma1)
	tau12 := distance / (e.b * a1)
	tau2 := sigma1.add(angleOf(start)).add(angleOf(tau12))
	sigma12 := tau12 + start + sines(&c1p, tau2)
	sigma2 := sigma1.add(angleOf(sigma12))
	if e.f > 0.01 {
		// The series back from the distance is the least exact one; a step of Newton's method mends it.
		sigma12 -= (a1*(sigma12+sines(&c1, sigma2)-start) - distance/e.b) / math.Sqrt(1+k2*sigma2.sin*sigma2.sin)
		sigma2 = sigma1.add(angleOf(sigma12))
	}

	sinBeta2 := cosAlpha0 * sigma2.sin
	cosBeta2 := math.Hypot(sinAlpha0, cosAlpha0*sigma2.cos)
	if cosBeta2 == 0 { // at a pole
		cosBeta2, sigma2.cos = tiny, tiny
	}
	a3, c3 := e.longitude(eps)
	omega12 := angle{sinAlpha0 * sigma2.sin, sigma2.cos}.sub(omega1).rad()
	lambda12 := omega12 - e.f*sinAlpha0*a3*(sigma12+sines(&c3, sigma2)-sines(&c3, sigma1))
	return LonLat{
		Lon: normalLongitude(p.Lon + lambda12*(180/math.Pi)),
		Lat: atan2(sinBeta2, (1-e.f)*cosBeta2) * (180 / math.Pi),
	}
}

// normalLongitude gives a longitude between −180, included, and 180.
func normalLongitude(lon float64) float64 {
	lon = math.Remainder(lon, 360)
	if lon == 180 {
		return -180
	}
	return lon
}

// Inverse returns the length in meters of the shortest line between two places.
func (e *Ellipsoid) Inverse(p, q LonLat) float64 {
	// By symmetry the first place may be taken for the one further from the equator, on the southern side, and the second
	// for one to the east of it.
	lon12 := math.Abs(math.Remainder(q.Lon-p.Lon, 360))
	lat1, lat2 := p.Lat, q.Lat
	if math.Abs(lat1) < math.Abs(lat2) {
		lat1, lat2 = lat2, lat1
	}
	if lat1 > 0 {
		lat1, lat2 = -lat1, -lat2
	}
	in := inverse{
		e: e, lon: lon12 * (math.Pi / 180), lambda: degrees(lon12),
		beta1: e.reduced(lat1), beta2: e.reduced(lat2),
	}
	in.dn1 = math.Sqrt(1 + e.ep2*in.beta1.sin*in.beta1.sin)
	in.dn2 = math.Sqrt(1 + e.ep2*in.beta2.sin*in.beta2.sin)
	switch {
	case lat1 == -90 || in.lambda.sin == 0:
		// Along a meridian, if need be over the pole; on an oblate ellipsoid that is always the shortest.
		sigma1 := angle{in.beta1.sin, in.lambda.cos * in.beta1.cos}
		sigma12 := in.beta2.sub(sigma1).notNegative().rad()
		s, _ := in.lengths(e.n, sigma1, in.beta2, sigma12, false)
		return s * e.b
	case lat1 == 0 && in.lon <= (1-e.f)*math.Pi:
		return e.a * in.lon // along the equator
	}
	alpha1, s := in.guess()
	if s >= 0 {
		return s
	}
	return in.solve(alpha1) * e.b
}

// inverse is the state of solving one inverse problem: to find the azimuth α1 for which the geodesic from the first place
// passes the latitude of the second at its longitude.
type inverse struct {
	e            *Ellipsoid
	lon          float64 // the difference of the longitudes in radians, 0 … π
	lambda       angle   // the same
	beta1, beta2 angle
	dn1, dn2     float64 // √(1 + e'² sin² β)
}

// lengths gives s/b, the distance, and if wanted m/b, the reduced length, between two points of a great circle.
func (in *inverse) lengths(eps float64, sigma1, sigma2 angle, sigma12 float64, reduced bool) (s, m float64) {
	a1, c1 := distanceSeries(eps)
	i1 := a1 * (sigma12 + sines(&c1, sigma2) - sines(&c1, sigma1))
	if reduced {
		a2, c2 := reducedLengthSeries(eps)
		j := i1 - a2*(sigma12+sines(&c2, sigma2)-sines(&c2, sigma1))
		m = in.dn2*sigma1.cos*sigma2.sin - in.dn1*sigma1.sin*sigma2.cos - sigma1.cos*sigma2.cos*j
	}
	return i1, m
}

// guess gives a first α1, or for two places that are very close to each other the distance between them, else −1.
func (in *inverse) guess() (alpha1 angle, distance float64) {
	e, b1, b2 := in.e, in.beta1, in.beta2
	between := b2.sub(b1)
	short := between.cos >= 0 && between.sin < 0.5 && b2.cos*in.lon < 0.5
	omega, scale := in.lambda, 0.0
	if short {
		mean := (b1.cos + b2.cos) / 2
		scale = math.Sqrt(1 - e.e2*mean*mean)
		omega = angleOf(in.lon / scale)
	}
	alpha1, sigma12 := sphericalAzimuth(b1, b2, omega)
	if short && sigma12.sin < e.shortest {
		return alpha1, e.a * scale * sigma12.rad()
	}
	if sigma12.cos < 0 && e.n <= 0.1 && sigma12.sin < 6*e.n*math.Pi*b1.cos*b1.cos {
		alpha1 = in.guessAntipodal()
	}
	return alpha1.normal(), -1
}

// sphericalAzimuth gives α1 and σ12 of the great circle between two latitudes that are the longitude ω apart. The
// azimuth is not normalized.
func sphericalAzimuth(b1, b2, omega angle) (alpha1, sigma12 angle) {
	alpha1.sin = b2.cos * omega.sin
	// cos β1 sin β2 − sin β1 cos β2 cos ω, without cancellation
	if omega.cos >= 0 {
		alpha1.cos = b2.sub(b1).sin + b2.cos*b1.sin*omega.sin*omega.sin/(1+omega.cos)
	} else {
		alpha1.cos = b2.add(b1).sin - b2.cos*b1.sin*omega.sin*omega.sin/(1-omega.cos)
	}
	return alpha1, angle{math.Hypot(alpha1.sin, alpha1.cos), b1.sin*b2.sin + b1.cos*b2.cos*omega.cos}
}

// guessAntipodal is for places that are almost opposite. Around the antipode of the first place geodesics envelop an
// astroid; in coordinates (x, y) scaled to its size the azimuth follows from a quartic equation.
func (in *inverse) guessAntipodal() angle {
	e := in.e
	_, eps := e.expansion(in.beta1.sin) // that of the geodesic going due east
	a3, _ := e.longitude(eps)
	scale := e.f * in.beta1.cos * a3 * math.Pi
	x := (in.lon - math.Pi) / scale
	y := in.beta1.add(in.beta2).sin / (scale * in.beta1.cos)
	if y > -100*epsilon && x > -1-1000*math.Sqrt(epsilon) {
		s := min(1, -x)
		return angle{s, -math.Sqrt(1 - s*s)}
	}
	mu := astroid(x, y)
	return angle{-x / (1 + mu), y / mu}.normal()
}

// astroid gives the positive root μ of (x/(1+μ))² + (y/μ)² = 1. The left side falls and is convex, so that Newton's method
// ascends to the root from any place before it.
func astroid(x, y float64) float64 {
	mu := max(math.Abs(y), math.Abs(x)-1)
	for range 60 {
		p, q := x/(1+mu), y/mu
		g := p*p + q*q - 1
		step := g / (2 * (p*p/(1+mu) + q*q/mu))
		if !(step > mu*epsilon) {
			break
		}
		mu += step
	}
	return mu
}

const (
	newtonSteps = 20
	// bisections end with the interval between adjacent numbers.
	maxSteps = newtonSteps + 63
)

// solve gives s/b. The longitude at which a geodesic reaches the second latitude grows with α1, so that Newton's method
// is kept inside of an interval that shrinks, and where it leaves that, or the series are too bad, bisection goes on.
func (in *inverse) solve(alpha1 angle) float64 {
	low, high := angle{tiny, 1}, angle{tiny, -1}
	enough := epsilon
	for i := 0; ; i++ {
		t := in.try(alpha1, i < newtonSteps)
		if math.Abs(t.miss) <= enough || i == maxSteps {
			s, _ := in.lengths(t.eps, t.sigma1, t.sigma2, t.sigma12, false)
			return s
		}
		if t.miss > 0 && alpha1.cos*high.sin > high.cos*alpha1.sin {
			high = alpha1
		} else if t.miss < 0 && alpha1.cos*low.sin < low.cos*alpha1.sin {
			low = alpha1
		}
		if i < newtonSteps && t.slope > 0 {
			if step := -t.miss / t.slope; math.Abs(step) < math.Pi {
				if next := alpha1.add(angleOf(step)); next.sin > 0 {
					if math.Abs(t.miss) <= 16*epsilon {
						enough = 8 * epsilon // it cannot get much better
					}
					alpha1 = next.normal()
					continue
				}
			}
		}
		enough = 8 * epsilon
		next := angle{(low.sin + high.sin) / 2, (low.cos + high.cos) / 2}.normal()
		if next == alpha1 {
			i = maxSteps - 1
		}
		alpha1 = next
	}
}

// attempt is the geodesic with one azimuth α1: by how much it misses the second longitude, in radians, and how that
// changes with α1.
type attempt struct {
	eps            float64
	sigma1, sigma2 angle
	sigma12        float64
	miss, slope    float64
}

func (in *inverse) try(alpha1 angle, slope bool) attempt {
	e, b1, b2 := in.e, in.beta1, in.beta2
	if b1.sin == 0 && alpha1.cos == 0 {
		alpha1.cos = -tiny // let it leave the equator
	}
	sinAlpha0 := alpha1.sin * b1.cos
	cosAlpha0 := math.Hypot(alpha1.cos, alpha1.sin*b1.sin)
	sigma1 := angle{b1.sin, alpha1.cos * b1.cos}
	omega1 := angle{sinAlpha0 * b1.sin, sigma1.cos}

	// sin α2 = sin α0 / cos β2, and the cosine is that of a line going north.
	cosAlpha2 := math.Abs(alpha1.cos)
	if b2.cos != b1.cos || math.Abs(b2.sin) != -b1.sin {
		var d float64 // cos² β2 − cos² β1
		if b1.cos < -b1.sin {
			d = (b2.cos - b1.cos) * (b1.cos + b2.cos)
		} else {
			d = (b1.sin - b2.sin) * (b1.sin + b2.sin)
		}
		c := alpha1.cos * b1.cos
		cosAlpha2 = math.Sqrt(max(0, c*c+d)) / b2.cos
	}
	sigma2 := angle{b2.sin, cosAlpha2 * b2.cos}
	omega2 := angle{sinAlpha0 * b2.sin, sigma2.cos}

	t := attempt{sigma1: sigma1.normal(), sigma2: sigma2.normal()}
	t.sigma12 = t.sigma2.sub(t.sigma1).notNegative().rad()
	_, t.eps = e.expansion(cosAlpha0)
	a3, c3 := e.longitude(t.eps)
	t.miss = omega2.sub(omega1).notNegative().normal().sub(in.lambda).rad() -
		e.f*sinAlpha0*a3*(t.sigma12+sines(&c3, t.sigma2)-sines(&c3, t.sigma1))
	if slope {
		if cosAlpha2 == 0 {
			t.slope = -2 * (1 - e.f) * in.dn1 / b1.sin
		} else {
			_, m := in.lengths(t.eps, t.sigma1, t.sigma2, t.sigma12, true)
			t.slope = m * (1 - e.f) / (cosAlpha2 * b2.cos)
		}
	}
	return t
}
