package geo

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"rethinkdb/internal/race"
)

// bigSincos sums the power series with 300 bits.
func bigSincos(x float64) (sin, cos *big.Float) {
	f := func(v float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(v) }
	sin, cos = f(0), f(0)
	term := f(1)
	for n := 0; n < 120; n++ {
		switch n & 3 {
		case 0:
			cos.Add(cos, term)
		case 1:
			sin.Add(sin, term)
		case 2:
			cos.Sub(cos, term)
		case 3:
			sin.Sub(sin, term)
		}
		term.Quo(term.Mul(term, f(x)), f(float64(n+1)))
	}
	return sin, cos
}

func TestSincosIsRounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range race.Fewer(3000) {
		x := (r.Float64()*2 - 1) * 7
		if i%3 == 0 {
			x = float64(i/3-500) * (math.Pi / 180)
		}
		s, c := sincos(x)
		wantS, wantC := bigSincos(x)
		if w, _ := wantS.Float64(); s != w {
			t.Errorf("sin %v is %v, want %v", x, s, w)
		}
		if w, _ := wantC.Float64(); c != w {
			t.Errorf("cos %v is %v, want %v", x, c, w)
		}
	}
}

// TestAtan2IsRounded checks that the true sine of the angle between the result and the point is below half of a bit.
func TestAtan2IsRounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range race.Fewer(3000) {
		x, y := r.NormFloat64(), r.NormFloat64()
		z := atan2(y, x)
		s, c := bigSincos(z)
		bx, by := new(big.Float).SetPrec(300).SetFloat64(x), new(big.Float).SetPrec(300).SetFloat64(y)
		d, _ := new(big.Float).Sub(c.Mul(c, by), s.Mul(s, bx)).Float64()
		ulp := math.Nextafter(math.Abs(z), 10) - math.Abs(z)
		if off := math.Abs(d) / math.Hypot(x, y); off > 0.5001*ulp {
			t.Errorf("atan2(%v, %v) = %v is off by %g of a bit", y, x, z, off/ulp)
		}
	}
	for _, x := range []struct{ y, x, want float64 }{
		{0, 1, 0}, {0, -1, math.Pi}, {1, 0, math.Pi / 2}, {-1, 0, -math.Pi / 2}, {1, 1, math.Pi / 4},
		{1e-300, 1, 1e-300}, {math.Copysign(0, -1), -1, -math.Pi}, {1, tiny, math.Pi / 2}, {tiny, 1, tiny},
	} {
		if got := atan2(x.y, x.x); got != x.want {
			t.Errorf("atan2(%v, %v) = %v, want %v", x.y, x.x, got, x.want)
		}
	}
}

func BenchmarkSincos(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		sincos(float64(i%360) * (math.Pi / 180))
	}
}
