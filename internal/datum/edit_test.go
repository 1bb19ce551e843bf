package datum

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestEdit(t *testing.T) {
	long := `"` + strings.Repeat("long ", 20_000) + `"`
	for _, c := range []struct{ name, in, set, remove, want string }{
		{"nothing", `{"a":1}`, `{}`, ``, `{"a":1}`},
		{"empty object", `{}`, `{"a":1}`, ``, `{"a":1}`},
		{"to the empty object", `{"a":1}`, `{}`, `a`, `{}`},
		{"before, between and after", `{"b":1,"d":2}`, `{"a":0,"c":[1],"e":{"f":"g"}}`, ``, `{"a":0,"b":1,"c":[1],"d":2,"e":{"f":"g"}}`},
		{"replace the first and the last", `{"a":1,"b":2,"c":3}`, `{"a":"x","c":null}`, ``, `{"a":"x","b":2,"c":null}`},
		{"remove some that are there", `{"a":1,"b":2,"c":3,"d":4}`, `{}`, `a,c,x`, `{"b":2,"d":4}`},
		{"set and remove side by side", `{"b":1,"c":2}`, `{"a":0,"bb":5}`, `b,c`, `{"a":0,"bb":5}`},
		{"wider offsets", `{"a":1,"c":2}`, `{"b":"` + strings.Repeat("x", 300) + `"}`, ``, `{"a":1,"b":"` + strings.Repeat("x", 300) + `","c":2}`},
		{"widest offsets", `{"a":1,"c":2}`, `{"b":` + long + `}`, ``, `{"a":1,"b":` + long + `,"c":2}`},
		{"narrower offsets", `{"a":1,"b":` + long + `}`, `{}`, `b`, `{"a":1}`},
		{"deeper", `{"a":1}`, `{"b":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, ``,
			`{"a":1,"b":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`},
		{"deep", `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, `{"b":1}`, `a`, `{"b":1}`},
		{"literal", `{"a":1}`, `{"b":{"$reql_type$":"LITERAL","value":1}}`, ``, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := parse(t, c.in)
			var set []Field
			for i, s := 0, parse(t, c.set); i < s.Len(); i++ {
				k, f := s.FieldAt(i)
				set = append(set, Field{k, f})
			}
			var remove []string
			if c.remove != "" {
				remove = strings.Split(c.remove, ",")
			}
			for name, v := range map[string]Value{"tree": tree, "view": View(AppendEncoded(nil, tree))} {
				got := v.Edit(set, remove)
				if text := got.PrintCompact(); c.want != "" && text != c.want {
					t.Errorf("%s: %.200s, want %.200s", name, text, c.want)
				}
				b := AppendEncoded(nil, got)
				if err := Check(b); err != nil || !identical(View(b), got) {
					t.Errorf("%s: encoding: %v", name, err)
				}
			}
		})
	}
}

// TestEditRandom compares editing views with editing trees.
func TestEditRandom(t *testing.T) {
	for seed := range uint64(2000) {
		g := newGenerator(seed)
		tree := g.object(3)
		with := g.object(2)
		var set []Field
		var remove []string
		taken := map[string]bool{}
		for i := range with.Len() {
			k, f := with.FieldAt(i)
			set = append(set, Field{k, f})
			taken[k] = true
		}
		for i := range tree.Len() {
			if k, _ := tree.FieldAt(i); !taken[k] && g.IntN(3) == 0 {
				remove = append(remove, k)
			}
		}
		want := tree.Edit(set, remove)
		got := View(AppendEncoded(nil, tree)).Edit(set, remove)
		b := AppendEncoded(nil, got)
		if err := Check(b); err != nil || !identical(got, want) || !slices.Equal(b, AppendEncoded(nil, View(b))) {
			t.Fatalf("seed %d: %s edited with %s: %v\n%s\nwant %s", seed, tree.PrintCompact(), with.PrintCompact(), err, got.PrintCompact(), want.PrintCompact())
		}
	}
}

func BenchmarkEdit(b *testing.B) {
	tree, view := benchValue(b)
	for name, v := range map[string]Value{"tree": tree, "view": view} {
		for _, n := range []int{1, 4} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				set := []Field{{"age", Int(3)}, {"city", String("Oslo")}, {"score", Int(7)}, {"zone", True}}[:n]
				b.ReportAllocs()
				for b.Loop() {
					sinkValue = v.Edit(set, []string{"bio"})
				}
			})
		}
	}
}
