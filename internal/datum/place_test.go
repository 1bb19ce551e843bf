package datum

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestPlaceFindsWhatGetFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var places [12]Place
	for range 2000 {
		fields := []Field{{"a$", Null}}
		for i := range 10 {
			if r.IntN(3) > 0 {
				fields = append(fields, Field{fmt.Sprint("k", i), Int(r.Int64N(1000))})
			}
		}
		v := Object(fields)
		if r.IntN(2) == 0 {
			v = View(AppendEncoded(nil, v))
		}
		for i := range places {
			key := fmt.Sprint("k", i)
			got, ok := v.GetAt(&places[i], key)
			want, wantOK := v.Get(key)
			if ok != wantOK || ok && !Equal(got, want) {
				t.Fatalf("%s in %s: got %v %v, want %v %v", key, v.Print(), got.Print(), ok, want.Print(), wantOK)
			}
		}
	}
	for _, v := range []Value{Null, Int(1), String("a"), Array(nil), Time(1, 0), Object(nil), View(AppendEncoded(nil, Object(nil)))} {
		if got, ok := v.GetAt(new(Place), "k"); ok {
			t.Errorf("%s has a field: %v", v.Kind(), got)
		}
	}
	if got, ok := Time(1, 0).GetAt(new(Place), "epoch_time"); !ok || got.AsNumber() != 1 {
		t.Errorf("got %v, %v", got, ok)
	}
}
