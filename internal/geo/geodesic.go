package geo

import "math"

// Geodesics after C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87, 43–55 (2013). A geodesic of the ellipsoid
// corresponds to a great circle of an auxiliary sphere on which latitudes φ become reduced latitudes β, with
// tan β = (1−f) tan φ, azimuths α stay as they are, and distances and longitudes become arc lengths σ and longitudes ω by
// two integrals that the series of series.go approximate. α0 is the azimuth at which the great circle crosses the equator.
//
// The operations here and in series.go have the order of those of GeographicLib, which RethinkDB measures with, because
// users see the last digits of a distance.

const (
	epsilon = 0x1p-52
	// tiny is about the square root of the least number. In place of a zero cosine it keeps the poles apart from division
	// by zero.
	tiny = 0x1p-511
)

// roundTiny rounds what is very close to 0 to multiples of 2^-57, so that nothing underflows.
func roundTiny(x float64) float64 {
	if y := math.Abs(x); y < 1./16 {
		return math.Copysign(1./16-(1./16-y), x)
	}
	return x
}

// direction gives an azimuth of −180 to 180 degrees; those along meridians and the equator are exact.
func direction(azimuth float64) angle {
	a := angleOf(azimuth * degree)
	switch math.Abs(azimuth) {
	case 180:
		a.sin = 0
	case 90:
		a.cos = 0
	}
	return a
}

// reduced gives the reduced latitude of a latitude in degrees.
func (e *Ellipsoid) reduced(lat float64) angle {
	b := angleOf(lat * degree)
	b.sin *= 1 - e.f
	if math.Abs(lat) == 90 {
		b.cos = tiny
	}
	return b.normal()
}

// expansion gives k² and the parameter ε of the series.
func (e *Ellipsoid) expansion(cosAlpha0 float64) (k2, eps float64) {
	k2 = cosAlpha0 * cosAlpha0 * e.ep2
	return k2, k2 / (2*(1+math.Sqrt(1+k2)) + k2)
}

// Direct returns the place at a distance in meters from p in the direction of an azimuth, in degrees from north to east.
func (e *Ellipsoid) Direct(p LonLat, azimuth, distance float64) LonLat {
	alpha1, beta1 := direction(roundTiny(normalDegrees(azimuth))), e.reduced(p.Lat)
	sinAlpha0 := alpha1.sin * beta1.cos
	cosAlpha0 := norm(alpha1.cos, alpha1.sin*beta1.sin)
	sigma1 := angle{beta1.sin, beta1.cos * alpha1.cos}
	if beta1.sin == 0 && alpha1.cos == 0 {
		sigma1.cos = 1 // along the equator
	}
	omega1 := angle{sinAlpha0 * beta1.sin, sigma1.cos}
	sigma1 = sigma1.normal()

	k2, eps := e.expansion(cosAlpha0)
	a1, c1 := distanceSeries(eps)
	c1p := inverseDistanceSeries(eps)
	start := sines(&c1, sigma1)
	tau12 := distance / (e.b * a1)
	tau2 := sigma1.add(angleOf(start)).add(angleOf(tau12))
	sigma12 := tau12 - (-sines(&c1p, tau2) - start)
	sigma2 := sigma1.add(angleOf(sigma12))
	if e.f > 0.01 {
		// The series back from the distance is the least exact one; a step of Newton's method mends it.
		excess := a1*(sigma12+(sines(&c1, sigma2)-start)) - distance/e.b
		sigma12 -= excess / math.Sqrt(1+k2*(sigma2.sin*sigma2.sin))
		sigma2 = sigma1.add(angleOf(sigma12))
	}

	sinBeta2 := cosAlpha0 * sigma2.sin
	cosBeta2 := norm(sinAlpha0, cosAlpha0*sigma2.cos)
	if cosBeta2 == 0 { // at a pole
		cosBeta2, sigma2.cos = tiny, tiny
	}
	a3, c3 := e.longitude(eps)
	omega12 := angle{sinAlpha0 * sigma2.sin, sigma2.cos}.sub(omega1).rad()
	lambda12 := omega12 + -e.f*sinAlpha0*a3*(sigma12+(sines(&c3, sigma2)-sines(&c3, sigma1)))
	return LonLat{
		Lon: normalDegrees(normalDegrees(p.Lon) + normalDegrees(math.Mod(lambda12/degree, 360))),
		Lat: atan2(sinBeta2, (1-e.f)*cosBeta2) / degree,
	}
}

// normalDegrees gives an angle between −180, included, and 180 degrees. It may be at most a turn outside of that.
func normalDegrees(x float64) float64 {
	switch {
	case x >= 180:
		return x - 360
	case x < -180:
		return x + 360
	}
	return x
}

// degreesBetween is y − x, between −180 and 180, and exact before it is rounded.
func degreesBetween(x, y float64) float64 {
	d := anySum2(-normalDegrees(x), normalDegrees(y))
	switch {
	case (d.hi-180)+d.lo > 0:
		d.hi -= 360
	case (d.hi+180)+d.lo <= 0:
		d.hi += 360
	}
	return d.hi + d.lo
}

// Inverse returns the length in meters of the shortest line between two places.
func (e *Ellipsoid) Inverse(p, q LonLat) float64 {
	// By symmetry the first place may be taken for the one further from the equator, on the southern side, and the second
	// for one to the east of it.
	lon12 := math.Abs(roundTiny(degreesBetween(p.Lon, q.Lon)))
	lat1, lat2 := roundTiny(p.Lat), roundTiny(q.Lat)
	if math.Abs(lat1) < math.Abs(lat2) {
		lat1, lat2 = lat2, lat1
	}
	if lat1 >= 0 {
		lat1, lat2 = -lat1, -lat2
	}
	in := inverse{e: e, lon: lon12 * degree, beta1: e.reduced(lat1), beta2: e.reduced(lat2)}
	in.lambda = angleOf(in.lon)
	if lon12 == 180 {
		in.lambda.sin = 0
	}
	// Places on the same or on opposite latitudes are exactly so.
	if in.beta1.cos < -in.beta1.sin {
		if in.beta2.cos == in.beta1.cos {
			in.beta2.sin = math.Copysign(in.beta1.sin, in.beta2.sin)
		}
	} else if math.Abs(in.beta2.sin) == -in.beta1.sin {
		in.beta2.cos = in.beta1.cos
	}
	in.dn1 = math.Sqrt(1 + e.ep2*(in.beta1.sin*in.beta1.sin))
	in.dn2 = math.Sqrt(1 + e.ep2*(in.beta2.sin*in.beta2.sin))
	switch {
	case lat1 == -90 || in.lambda.sin == 0:
		// Along a meridian, if need be over the pole; on an oblate ellipsoid that is always the shortest.
		sigma1 := angle{in.beta1.sin, in.lambda.cos * in.beta1.cos}
		sigma12 := in.beta2.sub(sigma1).notNegative().rad()
		s, _ := in.lengths(e.n, sigma1, in.beta2, sigma12, false)
		return s * e.b
	case in.beta1.sin == 0 && (e.f <= 0 || in.lon <= math.Pi-e.f*math.Pi):
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
	rest1 := a1 * (sines(&c1, sigma2) - sines(&c1, sigma1))
	if reduced {
		a2, c2 := reducedLengthSeries(eps)
		rest2 := a2 * (sines(&c2, sigma2) - sines(&c2, sigma1))
		j := ((a1-1)-(a2-1))*sigma12 + (rest1 - rest2)
		m = in.dn2*(sigma1.cos*sigma2.sin) - in.dn1*(sigma1.sin*sigma2.cos) - sigma1.cos*sigma2.cos*j
	}
	return a1*sigma12 + rest1, m
}

// guess gives a first α1, or for two places that are very close to each other the distance between them, else −1.
func (in *inverse) guess() (alpha1 angle, distance float64) {
	e, b1, b2 := in.e, in.beta1, in.beta2
	between := b2.sub(b1)
	short := between.cos >= 0 && between.sin < 0.5 && b2.cos*in.lon < 0.5
	omega, dn := in.lon, 0.0 // dn is that of the mean latitude
	if short {
		sin, cos := b1.sin+b2.sin, b1.cos+b2.cos
		dn = math.Sqrt(1 + e.ep2*(sin*sin/(sin*sin+cos*cos)))
		omega /= (1 - e.f) * dn
	}
	alpha1, sigma12 := sphericalAzimuth(b1, b2, angleOf(omega))
	if short && sigma12.sin < e.shortest {
		return alpha1, sigma12.rad() * e.b * dn
	}
	if sigma12.cos < 0 && e.n <= 0.1 && sigma12.sin < 6*e.n*math.Pi*(b1.cos*b1.cos) {
		alpha1 = in.guessAntipodal()
	}
	if !(alpha1.sin > 0) {
		return angle{1, 0}, -1
	}
	return alpha1.normal(), -1
}

// sphericalAzimuth gives α1 and σ12 of the great circle between two latitudes that are the longitude ω apart. The
// azimuth is not normalized.
func sphericalAzimuth(b1, b2, omega angle) (alpha1, sigma12 angle) {
	alpha1.sin = b2.cos * omega.sin
	// cos β1 sin β2 − sin β1 cos β2 cos ω, without cancellation
	if omega.cos >= 0 {
		alpha1.cos = b2.sub(b1).sin + b2.cos*b1.sin*(omega.sin*omega.sin)/(1+omega.cos)
	} else {
		alpha1.cos = b2.add(b1).sin - b2.cos*b1.sin*(omega.sin*omega.sin)/(1-omega.cos)
	}
	return alpha1, angle{norm(alpha1.sin, alpha1.cos), b1.sin*b2.sin + b1.cos*b2.cos*omega.cos}
}

// guessAntipodal is for places that are almost opposite. Around the antipode of the first place geodesics envelop an
// astroid; in coordinates (x, y) scaled to its size the longitude on the sphere follows from a quartic equation.
func (in *inverse) guessAntipodal() angle {
	e := in.e
	_, eps := e.expansion(in.beta1.sin) // that of the geodesic going due east
	a3, _ := e.longitude(eps)
	scale := e.f * in.beta1.cos * a3 * math.Pi
	x := (in.lon - math.Pi) / scale
	y := in.beta2.add(in.beta1).sin / (scale * in.beta1.cos)
	if y > -200*epsilon && x > -1-1000*math.Sqrt(epsilon) {
		s := min(1, -x)
		return angle{s, -math.Sqrt(1 - s*s)}
	}
	k := astroid(x, y)
	fromPi := angleOf(scale * (-x * k / (1 + k)))
	alpha1, _ := sphericalAzimuth(in.beta1, in.beta2, angle{fromPi.sin, -fromPi.cos})
	return alpha1
}

// astroid gives the positive root k of k⁴ + 2k³ − (x²+y²−1)k² − 2y²k − y² = 0, by Ferrari's method.
func astroid(x, y float64) float64 {
	p, q := x*x, y*y
	r := (p + q - 1) / 6
	if q == 0 && r <= 0 {
		return 0
	}
	s := p * q / 4
	r2 := r * r
	r3 := r * r2
	// The resolvent cubic has one real root or three, by the sign of its discriminant.
	u := r
	if d := s * (s + 2*r3); d >= 0 {
		t3 := s + r3
		t3 += math.Copysign(math.Sqrt(d), t3) // without cancellation
		if t := math.Cbrt(t3); t != 0 {
			u += t + r2/t
		}
	} else {
		u += 2 * r * math.Cos(atan2(math.Sqrt(-d), -(s+r3))/3)
	}
	v := math.Sqrt(u*u + q)
	uv := u + v
	if u < 0 {
		uv = q / (v - u)
	}
	w := (uv - q) / (2 * v)
	return uv / (math.Sqrt(uv+w*w) + w)
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
	enough, last := 2*epsilon, false
	for i := 0; ; i++ {
		t := in.try(alpha1, i < newtonSteps)
		if last || !(math.Abs(t.miss) >= enough) || i == maxSteps {
			s, _ := in.lengths(t.eps, t.sigma1, t.sigma2, t.sigma12, false)
			return s
		}
		cot := alpha1.cos / alpha1.sin
		if t.miss > 0 && (i > newtonSteps || cot > high.cos/high.sin) {
			high = alpha1
		} else if t.miss < 0 && (i > newtonSteps || cot < low.cos/low.sin) {
			low = alpha1
		}
		if i < newtonSteps && t.slope > 0 {
			if step := -t.miss / t.slope; math.Abs(step) < math.Pi {
				if next := alpha1.add(angleOf(step)); next.sin > 0 {
					alpha1 = next.normal()
					enough = 2 * epsilon
					if math.Abs(t.miss) <= 16*epsilon {
						enough = 8 * epsilon // it cannot get much better
					}
					continue
				}
			}
		}
		enough = 2 * epsilon
		alpha1 = angle{(low.sin + high.sin) / 2, (low.cos + high.cos) / 2}.normal()
		const narrow = epsilon * 0x1p-26
		last = math.Abs(low.sin-alpha1.sin)+(low.cos-alpha1.cos) < narrow ||
			math.Abs(alpha1.sin-high.sin)+(alpha1.cos-high.cos) < narrow
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
	cosAlpha0 := norm(alpha1.cos, alpha1.sin*b1.sin)
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
	t.miss = omega2.sub(omega1).notNegative().rad() +
		sinAlpha0*(-e.f*a3)*(t.sigma12+(sines(&c3, t.sigma2)-sines(&c3, t.sigma1))) - in.lon
	if slope {
		if cosAlpha2 == 0 {
			t.slope = -2 * (1 - e.f) * in.dn1 / b1.sin
		} else {
			_, m := in.lengths(t.eps, t.sigma1, t.sigma2, t.sigma12, true)
			t.slope = m * ((1 - e.f) / (cosAlpha2 * b2.cos))
		}
	}
	return t
}
