package geo

import "math"

// The series of C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87, 43–55 (2013), to the sixth order: equations
// (15) to (18), (21), (24), (25), (42) and (43). The integrals over the arc length σ of the auxiliary sphere are all of
// the form A·(σ + Σ C[l] sin 2lσ); the arrays hold C[1] … C[6] from index 0.
const order = 6

// distanceSeries gives A1 and C1, for the distance I1(σ) = s/b.
func distanceSeries(eps float64) (a float64, c [order]float64) {
	e2 := eps * eps
	a = (1 + e2*(1./4+e2*(1./64+e2/256))) / (1 - eps)
	d := eps
	c[0] = d * (-1./2 + e2*(3./16-e2/32))
	d *= eps
	c[1] = d * (-1./16 + e2*(1./32-e2*9/2048))
	d *= eps
	c[2] = d * (-1./48 + e2*3/256)
	d *= eps
	c[3] = d * (-5./512 + e2*3/512)
	d *= eps
	c[4] = -d * 7 / 1280
	d *= eps
	c[5] = -d * 7 / 2048
	return a, c
}

// inverseDistanceSeries gives C1', which leads back: σ = τ + Σ C1'[l] sin 2lτ for τ = I1(σ)/A1.
func inverseDistanceSeries(eps float64) (c [order]float64) {
	e2 := eps * eps
	d := eps
	c[0] = d * (1./2 + e2*(-9./32+e2*205/1536))
	d *= eps
	c[1] = d * (5./16 + e2*(-37./96+e2*1335/4096))
	d *= eps
	c[2] = d * (29./96 - e2*75/128)
	d *= eps
	c[3] = d * (539./1536 - e2*2391/2560)
	d *= eps
	c[4] = d * 3467 / 7680
	d *= eps
	c[5] = d * 38081 / 61440
	return c
}

// reducedLengthSeries gives A2 and C2, which with A1 and C1 make the reduced length m.
func reducedLengthSeries(eps float64) (a float64, c [order]float64) {
	e2 := eps * eps
	a = (1 + e2*(1./4+e2*(9./64+e2*25/256))) * (1 - eps)
	d := eps
	c[0] = d * (1./2 + e2*(1./16+e2/32))
	d *= eps
	c[1] = d * (3./16 + e2*(1./32+e2*35/2048))
	d *= eps
	c[2] = d * (5./48 + e2*5/256)
	d *= eps
	c[3] = d * (35./512 + e2*7/512)
	d *= eps
	c[4] = d * 63 / 1280
	d *= eps
	c[5] = d * 77 / 2048
	return a, c
}

// longitudeSeries gives for an ellipsoid the coefficients of A3 and C3 by powers of ε: A3 = Σ a[j] ε^j and
// C3[l] = Σ c[l-1][j] ε^j.
func longitudeSeries(n float64) (a [order]float64, c [order][order]float64) {
	n2 := n * n
	a = [order]float64{
		1,
		-(1./2 - n/2),
		-(1./4 + n/8 - n2*3/8),
		-(1./16 + n*3/16 + n2/16),
		-(3./64 + n/32),
		-3. / 128,
	}
	c[0] = [order]float64{
		1: 1./4 - n/4,
		2: 1./8 - n2/8,
		3: 3./64 + n*3/64 - n2/64,
		4: 5./128 + n/64,
		5: 3. / 128,
	}
	c[1] = [order]float64{
		2: 1./16 - n*3/32 + n2/32,
		3: 3./64 - n/32 - n2*3/64,
		4: 3./128 + n/128,
		5: 5. / 256,
	}
	c[2] = [order]float64{
		3: 5./192 - n*3/64 + n2*5/192,
		4: 3./128 - n*5/192,
		5: 7. / 512,
	}
	c[3] = [order]float64{
		4: 7./512 - n*14/512,
		5: 7. / 512,
	}
	c[4] = [order]float64{5: 21. / 2560}
	return a, c
}

// longitude gives A3 and C3 for ε.
func (e *Ellipsoid) longitude(eps float64) (a float64, c [order]float64) {
	a = polynomial(&e.a3, eps)
	for l := range c[:order-1] {
		c[l] = polynomial(&e.c3[l], eps)
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
		b1, b2 = c[l]+twice*b1-b2, b1
	}
	return 2 * s.sin * s.cos * b1
}

// angle is an angle by its sine and cosine.
type angle struct{ sin, cos float64 }

func angleOf(rad float64) angle {
	s, c := sincos(rad)
	return angle{s, c}
}

// degrees gives an angle of degrees; multiples of 90 are exact.
func degrees(deg float64) angle {
	r := math.Mod(deg, 360)
	quarter := math.Round(r / 90)
	s, c := sincos((r - 90*quarter) * (math.Pi / 180))
	switch int(quarter) & 3 {
	case 1:
		s, c = c, -s
	case 2:
		s, c = -s, -c
	case 3:
		s, c = -c, s
	}
	return angle{s, c}
}

// normal scales a to the unit circle.
func (a angle) normal() angle {
	h := math.Hypot(a.sin, a.cos)
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
