package geo

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s is %.17g, want %.17g", what, got, want)
	}
}

func TestKnownDistances(t *testing.T) {
	grs80 := NewEllipsoid(6378137, 1/298.257222101)
	for _, x := range []struct {
		name     string
		on       *Ellipsoid
		p, q     LonLat
		want     float64
		decimals float64
	}{
		{"Karney 2013, table 4: a short line", WGS84, LonLat{0, -30.12345}, LonLat{0.00005, -30.12344}, 4.944208, 6},
		{"Karney 2013, table 6: almost antipodal", WGS84, LonLat{0, -30}, LonLat{179.8, 29.9}, 19989832.827610, 6},
		{"Flinders Peak to Buninyong", grs80,
			LonLat{144 + 25./60 + 29.52440/3600, -(37 + 57./60 + 3.72030/3600)},
			LonLat{143 + 55./60 + 35.38390/3600, -(37 + 39./60 + 10.15610/3600)}, 54972.271, 3},
		{"New York to London", WGS84, LonLat{-73.8, 40.6}, LonLat{-0.5, 51.6}, 5551759.400, 3},
		{"from the equator to the pole", WGS84, LonLat{10, 0}, LonLat{77, 90}, 10001965.729, 3},
		{"from pole to pole", WGS84, LonLat{10, -90}, LonLat{77, 90}, 2 * 10001965.7293, 3},
		{"a degree of the equator", WGS84, LonLat{-0.5, 0}, LonLat{0.5, 0}, 6378137 * math.Pi / 180, 6},
		{"over the date line", WGS84, LonLat{-179.5, 0}, LonLat{179.5, 0}, 6378137 * math.Pi / 180, 6},
		{"antipodes of the equator go over a pole", WGS84, LonLat{0, 0}, LonLat{180, 0}, 2 * 10001965.7293, 3},
		{"the same place", WGS84, LonLat{12, 34}, LonLat{12, 34}, 0, 9},
		{"a right angle on the unit sphere", UnitSphere, LonLat{0, 0}, LonLat{90, 45}, math.Pi / 2, 12},
	} {
		if got := x.on.Inverse(x.p, x.q); math.Abs(got-x.want) > 0.6*math.Pow(10, -x.decimals) {
			t.Errorf("%s: %.9f, want %.*f", x.name, got, int(x.decimals), x.want)
		}
	}
}

func TestKnownDirect(t *testing.T) {
	// Karney 2013, table 2.
	got := WGS84.Direct(LonLat{0, 40}, 30, 10_000_000)
	if math.Abs(got.Lat-41.79331020506) > 6e-12 || math.Abs(got.Lon-137.84490004377) > 6e-12 {
		t.Errorf("got %.12f %.12f", got.Lat, got.Lon)
	}
	for _, x := range []struct {
		azimuth  float64
		lat, lon bool // which stay exactly zero
	}{{0, false, true}, {90, true, false}, {-90, true, false}, {-180, false, true}, {180, false, true}} {
		got := WGS84.Direct(LonLat{0, 0}, x.azimuth, 1000)
		if (got.Lat == 0) != x.lat || (got.Lon == 0) != x.lon {
			t.Errorf("1000 m from 0, 0 with azimuth %v: %v", x.azimuth, got)
		}
	}
}

// TestSeries compares the series with the integrals that they stand for.
func TestSeries(t *testing.T) {
	e := WGS84
	for _, cosAlpha0 := range []float64{0.1, 0.5, 0.9, 1} {
		k2, eps := e.expansion(cosAlpha0)
		a1, c1 := distanceSeries(eps)
		c1p := inverseDistanceSeries(eps)
		a2, c2 := reducedLengthSeries(eps)
		a3, c3 := e.longitude(eps)
		for _, sigma := range []float64{0.3, 1, 2, 3} {
			s := angleOf(sigma)
			i1 := integral(sigma, func(x float64) float64 { return math.Sqrt(1 + k2*sin2(x)) })
			near(t, "I1", a1*(sigma+sines(&c1, s)), i1, 1e-14)
			near(t, "I2", a2*(sigma+sines(&c2, s)),
				integral(sigma, func(x float64) float64 { return 1 / math.Sqrt(1+k2*sin2(x)) }), 1e-14)
			near(t, "I3", a3*(sigma+sines(&c3, s)),
				integral(sigma, func(x float64) float64 { return (2 - e.f) / (1 + (1-e.f)*math.Sqrt(1+k2*sin2(x))) }), 1e-14)
			near(t, "σ from I1", i1/a1+sines(&c1p, angleOf(i1/a1)), sigma, 1e-14)
		}
	}
}

func sin2(x float64) float64 { return math.Sin(x) * math.Sin(x) }

// integral is that of f from 0 to x, by Simpson's rule.
func integral(x float64, f func(float64) float64) float64 {
	const n = 2000
	sum := f(0) + f(x)
	for i := 1; i < n; i++ {
		sum += f(x*float64(i)/n) * float64(2+2*(i&1))
	}
	return sum * x / (3 * n)
}

func randomPlace(r *rand.Rand) LonLat {
	return LonLat{Lon: r.Float64()*360 - 180, Lat: r.Float64()*180 - 90}
}

// TestRoundTrip goes from place to place and measures how far that was.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, e := range []*Ellipsoid{WGS84, NewEllipsoid(6378137, 0), NewEllipsoid(6.4e6, 1./150)} {
		for range 20000 {
			p := randomPlace(r)
			s := math.Pow(10, r.Float64()*6.9) // 1 m to 8,000 km, so that the way is the shortest
			q := e.Direct(p, r.Float64()*360, s)
			if d := math.Abs(e.Inverse(p, q) - s); d > 2e-8 {
				t.Fatalf("f=%g: %.3g m from %v lead to %v, at %.3g m more or less", e.f, s, p, q, d)
			}
		}
	}
}

func TestDistanceProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		p, q := randomPlace(r), randomPlace(r)
		if r.IntN(4) == 0 { // near the antipode, where the problem is hard
			q = LonLat{Lon: p.Lon + 180 + r.NormFloat64()*0.3, Lat: max(-90, min(90, -p.Lat+r.NormFloat64()*0.3))}
		}
		d := WGS84.Inverse(p, q)
		if back := WGS84.Inverse(q, p); back != d {
			t.Fatalf("%v to %v is %v, back %v", p, q, d, back)
		}
		if mirrored := WGS84.Inverse(LonLat{-p.Lon, -p.Lat}, LonLat{-q.Lon, -q.Lat}); math.Abs(mirrored-d) > 1e-8 {
			t.Fatalf("%v to %v is %v, mirrored %v", p, q, d, mirrored)
		}
		if shifted := WGS84.Inverse(LonLat{p.Lon + 360, p.Lat}, q); math.Abs(shifted-d) > 1e-5 {
			t.Fatalf("%v to %v is %v, a turn further %v", p, q, d, shifted)
		}
		if d < 0 || d > 2*10001965.7294 {
			t.Fatalf("%v to %v is %v", p, q, d)
		}
		// The triangle over a third place is no shorter.
		m := randomPlace(r)
		if via := WGS84.Inverse(p, m) + WGS84.Inverse(m, q); via < d-1e-6 {
			t.Fatalf("%v to %v is %v, over %v only %v", p, q, d, m, via)
		}
	}
}

func TestSphereAgreesWithHaversine(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 10000 {
		p, q := randomPlace(r), randomPlace(r)
		a := sin2((q.Lat-p.Lat)*math.Pi/360) +
			math.Cos(p.Lat*math.Pi/180)*math.Cos(q.Lat*math.Pi/180)*sin2((q.Lon-p.Lon)*math.Pi/360)
		if want, got := 2*math.Asin(math.Sqrt(a)), UnitSphere.Inverse(p, q); math.Abs(got-want) > 1e-7 {
			t.Fatalf("%v to %v is %v, want %v", p, q, got, want)
		}
	}
}

// TestAllFlattenings only wants an answer: the series are not made for very flat ellipsoids.
func TestAllFlattenings(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		e := NewEllipsoid(math.Exp(r.NormFloat64()*20), math.Pow(r.Float64(), 0.2))
		if d := e.Inverse(randomPlace(r), randomPlace(r)); !(d >= 0) && e.f < 0.5 {
			t.Errorf("a=%g f=%g: %v", e.a, e.f, d)
		}
	}
}

func BenchmarkInverse(b *testing.B) {
	b.ReportAllocs()
	r := rand.New(rand.NewPCG(9, 10))
	var p [1024]LonLat
	for i := range p {
		p[i] = randomPlace(r)
	}
	for i := 0; b.Loop(); i++ {
		WGS84.Inverse(p[i&1023], p[(i*7+1)&1023])
	}
}

func BenchmarkDirect(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		WGS84.Direct(LonLat{10, 50}, float64(i%360), 12345)
	}
}
