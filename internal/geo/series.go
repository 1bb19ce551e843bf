package geo

import "math"

// The series of C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87, 43–55 (2013), to the sixth order: equations
// (15) to (18), (21), (24), (25), (42) and (43). The integrals over the arc length σ of the auxiliary sphere are all of
// the form A·(σ + Σ C[l] sin 2lσ); the arrays hold C[1] … C[6] from index 0.
const order = 6

// distanceSeries gives A1 and C1, for the distance I1(σ) = s/b.
func distanceSeries(eps float64) (a float64, c [order]float64) {
	e2 := eps * eps
	a = 1 + (e2*(e2*(e2+4)+64)/256+eps)/(1-eps)
	d := eps
	c[0] = d * ((6-e2)*e2 - 16) / 32
	d *= eps
	c[1] = d * ((64-9*e2)*e2 - 128) / 2048
	d *= eps
	c[2] = d * (9*e2 - 16) / 768
	d *= eps
	c[3] = d * (3*e2 - 5) / 512
	d *= eps
	c[4] = -7 * d / 1280
	d *= eps
	c[5] = -7 * d / 2048
	return a, c
}

// inverseDistanceSeries gives C1', which leads back: σ = τ + Σ C1'[l] sin 2lτ for τ = I1(σ)/A1.
func inverseDistanceSeries(eps float64) (c [order]float64) {
	e2 := eps * eps
	d := eps
	c[0] = d * (e2*(205*e2-432) + 768) / 1536
	d *= eps
	c[1] = d * (e2*(4005*e2-4736) + 3840) / 12288
	d *= eps
	c[2] = d * (116 - 225*e2) / 384
	d *= eps
	c[3] = d * (2695 - 7173*e2) / 7680
	d *= eps
	c[4] = 3467 * d / 7680
	d *= eps
	c[5] = 38081 * d / 61440
	return c
}

// reducedLengthSeries gives A2 and C2, which with A1 and C1 make the reduced length m.
func reducedLengthSeries(eps float64) (a float64, c [order]float64) {
	e2 := eps * eps
	a = 1 + (e2*(e2*(25*e2+36)+64)/256*(1-eps) - eps)
	d := eps
	c[0] = d * (e2*(e2+2) + 16) / 32
	d *= eps
	c[1] = d * (e2*(35*e2+64) + 384) / 2048
	d *= eps
	c[2] = d * (15*e2 + 80) / 768
	d *= eps
	c[3] = d * (7*e2 + 35) / 512
	d *= eps
	c[4] = 63 * d / 1280
	d *= eps
	c[5] = 77 * d / 2048
	return a, c
}

// longitudeSeries gives for an ellipsoid the coefficients of A3 and C3 by powers of ε: A3 = Σ a[j] ε^j and
// C3[l] = ε^l Σ c[l-1][j] ε^j.
func longitudeSeries(n float64) (a [order]float64, c [order - 1][order]float64) {
	a = [order]float64{
		1,
		(n - 1) / 2,
		(n*(3*n-1) - 2) / 8,
		((-n-3)*n - 1) / 16,
		(-2*n - 3) / 64,
		-3. / 128,
	}
	c[0] = [order]float64{
		(1 - n) / 4,
		(1 - n*n) / 8,
		((3-n)*n + 3) / 64,
		(2*n + 5) / 128,
		3. / 128,
	}
	c[1] = [order]float64{
		((n-3)*n + 2) / 32,
		((-3*n-2)*n + 3) / 64,
		(n + 3) / 128,
		5. / 256,
	}
	c[2] = [order]float64{
		(n*(5*n-9) + 5) / 192,
		(9 - 10*n) / 384,
		7. / 512,
	}
	c[3] = [order]float64{
		(7 - 14*n) / 512,
		7. / 512,
	}
	c[4] = [order]float64{21. / 2560}
	return a, c
}

// longitude gives A3 and C3 for ε.
func (e *Ellipsoid) longitude(eps float64) (a float64, c [order]float64) {
	a = polynomial(&e.a3, eps)
	power := eps
	for l := range e.c3 {
		c[l] = polynomial(&e.c3[l], eps) * power
		power *= eps
	}
	return a, c
}

func polynomial(c *[order]float64, x float64) float64 {
	sum := c[order-1]
	for j := order - 2; j >= 0; j-- {
		sum = sum*x + c[j]
	}
	return sum
}

// sines gives Σ c[l-1] sin 2lσ, by Clenshaw's summation.
func sines(c *[order]float64, s angle) float64 {
	twice := 2 * (s.cos - s.sin) * (s.cos + s.sin) // 2 cos 2σ
	var b1, b2 float64
	for l := order - 1; l >= 0; l-- {
		b1, b2 = twice*b1-b2+c[l], b1
	}
	return 2 * s.sin * s.cos * b1
}

// angle is an angle by its sine and cosine.
type angle struct{ sin, cos float64 }

func angleOf(rad float64) angle {
	s, c := sincos(rad)
	return angle{s, c}
}

// degree is one in radians.
const degree = float64(math.Pi) / 180

// norm is the length of (x, y); nothing here is near the limits for which math.Hypot takes care.
func norm(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

// normal scales a to the unit circle.
func (a angle) normal() angle {
	h := norm(a.sin, a.cos)
	return angle{a.sin / h, a.cos / h}
}

func (a angle) rad() float64 { return atan2(a.sin, a.cos) }

func (a angle) add(b angle) angle {
	return angle{a.sin*b.cos + a.cos*b.sin, a.cos*b.cos - a.sin*b.sin}
}

// sub is a − b.
func (a angle) sub(b angle) angle {
	return angle{a.sin*b.cos - a.cos*b.sin, a.cos*b.cos + a.sin*b.sin}
}

// notNegative is a, when it is known to be between 0 and 180 degrees but for rounding.
func (a angle) notNegative() angle { return angle{max(0, a.sin), a.cos} }
