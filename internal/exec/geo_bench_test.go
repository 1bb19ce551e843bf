package exec_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// geoServer has a table of 50,000 points in a square of 10 degrees, with and without an index.
func geoServer(b *testing.B) *server {
	s := newServerIn(b, b.TempDir(), nil)
	s.run(b, `r.dbCreate("test")`)
	s.run(b, `r.tableCreate("t", durability: "soft")`)
	s.run(b, `r.table("t").indexCreate("g", geo: true)`)
	s.run(b, `r.table("t").indexWait()`)
	for i := range 50 {
		if got := s.run(b, fmt.Sprintf(
			`r.table("t").insert(r.range(1000).map(i => {id: i.add(%d), g: r.point(r.random(0, 10, float: true), r.random(0, 10, float: true))}))("inserted")`, i*1000)); got != "1000" {
			b.Fatal(got)
		}
	}
	return s
}

func benchmarkGeo(b *testing.B, query func(lon, lat float64) string) {
	s := geoServer(b)
	r := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		s.run(b, query(1+8*r.Float64(), 1+8*r.Float64()))
	}
}

func BenchmarkGetIntersecting(b *testing.B) { // some 40 rows
	benchmarkGeo(b, func(lon, lat float64) string {
		return fmt.Sprintf(`r.table("t").getIntersecting(r.circle([%f, %f], 17000), index: "g").count()`, lon, lat)
	})
}

func BenchmarkGetNearest(b *testing.B) {
	benchmarkGeo(b, func(lon, lat float64) string {
		return fmt.Sprintf(`r.table("t").getNearest([%f, %f], index: "g", max_results: 10)("dist").count()`, lon, lat)
	})
}

func BenchmarkFilterIntersects(b *testing.B) { // 50,000 rows
	benchmarkGeo(b, func(lon, lat float64) string {
		return fmt.Sprintf(`r.table("t").filter(x => x("g").intersects(r.circle([%f, %f], 17000))).count()`, lon, lat)
	})
}
