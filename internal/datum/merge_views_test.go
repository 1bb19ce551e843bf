package datum

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomFields makes objects of which two have about half of their keys in common.
func randomFields(r *rand.Rand, depth int) Value {
	var fields []Field
	for i := range r.IntN(12) {
		if r.IntN(3) == 0 {
			continue
		}
		var val Value
		switch n := r.IntN(10); {
		case n < 3 && depth > 0:
			val = randomFields(r, depth-1)
		case n == 3:
			val = String(strings.Repeat("x", r.IntN(1<<r.IntN(15))))
		case n == 4:
			val = Time(float64(r.IntN(1000)), 60)
		case n == 5:
			val = Array([]Value{Int(1), Object([]Field{{"a", Null}})})
		case n == 6:
			val = must(ParseJSON([]byte(`{"$reql_type$":"GEOMETRY","type":"Point","coordinates":[1,2]}`)))
		default:
			val = Int(r.Int64N(1 << 40))
		}
		fields = append(fields, Field{fmt.Sprint("key", i), val})
	}
	return Object(fields)
}

func TestMergedViewsAreMergedTrees(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	merged := 0
	for range 5000 {
		left, right := randomFields(r, 3), randomFields(r, 3)
		want, wantErr := Merge(left, right)
		l, rv := View(AppendEncoded(nil, left)), View(AppendEncoded(nil, right))
		if mergeable(l, rv) {
			merged++
		}
		got, err := Merge(l, rv)
		if errorText(err) != errorText(wantErr) {
			t.Fatalf("%s\nmerge %s:\ngot  %v\nwant %v", left.PrintCompact(), right.PrintCompact(), err, wantErr)
		}
		if err != nil {
			continue
		}
		if got.PrintCompact() != want.PrintCompact() || !Equal(got, want) {
			t.Fatalf("%s\nmerge %s:\ngot  %s\nwant %s", left.PrintCompact(), right.PrintCompact(), got.PrintCompact(), want.PrintCompact())
		}
		if err := Check(AppendEncoded(nil, got)); err != nil {
			t.Fatalf("%s\nmerge %s: %v", left.PrintCompact(), right.PrintCompact(), err)
		}
	}
	if merged < 4000 {
		t.Errorf("only %d pairs were merged as views", merged)
	}
}

func BenchmarkMergeViews(b *testing.B) {
	_, view := benchValue(b)
	b.ReportAllocs()
	for b.Loop() {
		sinkValue = must(Merge(view, view))
	}
}
