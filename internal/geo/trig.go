package geo

import "math"

// Sine, cosine and arc tangent, rounded correctly but for rare cases. Those of package math may be off by a bit or two.
// That is little, but whether a point lies on the edge of a polygon hangs on the last bit, and points that share a
// longitude should find the edge between them as other implementations do, whose C library rounds so well.

// double is the sum of two numbers, of which lo is less than the last bit of hi.
type double struct{ hi, lo float64 }

// sum2 is a + b when |a| ≥ |b|.
func sum2(a, b float64) double {
	s := a + b
	return double{s, b - (s - a)}
}

// anySum2 is a + b.
func anySum2(a, b float64) double {
	s := a + b
	t := s - a
	return double{s, (a - (s - t)) + (b - t)}
}

func product2(a, b float64) double {
	p := a * b
	return double{p, math.FMA(a, b, -p)}
}

func (a double) mul(b double) double {
	p := product2(a.hi, b.hi)
	return sum2(p.hi, p.lo+(a.hi*b.lo+a.lo*b.hi))
}

func (a double) add(b double) double {
	s := anySum2(a.hi, b.hi)
	return sum2(s.hi, s.lo+(a.lo+b.lo))
}

// maxReduced is up to where the reduction by multiples of π/2 keeps all bits. Angles here hardly exceed two turns.
const maxReduced = 1000

// sincos2 gives the sine and the cosine of an angle in radians, of not more than maxReduced.
func sincos2(x float64) (sin, cos double) {
	// π/2 in three parts.
	const p1, p2, p3 = 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110
	k := math.Round(x * (2 / math.Pi))
	r := anySum2(x, -(k * p1))
	if k != 0 {
		whole, rest := product2(k, p1), product2(k, p2)
		r = anySum2(x, -whole.hi)
		r = r.add(double{-whole.lo, 0}).add(double{-rest.hi, -rest.lo - k*p3})
	}
	sin, cos = kernel(r)
	switch int(k) & 3 {
	case 1:
		sin, cos = cos, double{-sin.hi, -sin.lo}
	case 2:
		sin, cos = double{-sin.hi, -sin.lo}, double{-cos.hi, -cos.lo}
	case 3:
		sin, cos = double{-cos.hi, -cos.lo}, sin
	}
	return sin, cos
}

// kernel sums the power series up to π/4: the terms that matter in pairs of numbers, the others in single ones.
func kernel(r double) (sin, cos double) {
	sixth, half, part24 := double{-1. / 6, -0x1p-55 / 3}, -0.5, double{1. / 24, 0x1p-57 / 3}
	r2 := r.mul(r)
	x := r2.hi
	s := x * (1./120 + x*(-1./5040+x*(1./362880+x*(-1./39916800+x*(1./6227020800+x*(-1./1307674368000+x/355687428096000))))))
	c := x * (-1./720 + x*(1./40320+x*(-1./3628800+x*(1./479001600+x*(-1./87178291200+x*(1./20922789888000-x/6402373705728000))))))
	sin = r.add(r.mul(r2).mul(sixth.add(double{s, 0})))
	cos = double{1, 0}.add(double{half * r2.hi, half * r2.lo}).add(r2.mul(r2).mul(part24.add(double{c, 0})))
	return sin, cos
}

func sincos(x float64) (sin, cos float64) {
	if !(math.Abs(x) <= maxReduced) {
		return math.Sincos(x)
	}
	s, c := sincos2(x)
	return s.hi, c.hi
}

func atan2(y, x float64) float64 {
	z := math.Atan2(y, x)
	if y == 0 || x == 0 || !(math.Abs(z) > 1e-100) || !(math.Abs(x)+math.Abs(y) < math.MaxFloat64) {
		return z
	}
	// The angle between (x, y) and the direction of z is what z is off by.
	sin, cos := sincos2(z)
	a, b := product2(y, cos.hi), product2(x, sin.hi)
	off := anySum2(a.hi, -b.hi)
	off.lo += a.lo - b.lo + (y*cos.lo - x*sin.lo)
	return z + (off.hi+off.lo)/(x*cos.hi+y*sin.hi)
}
