package datum

import "testing"

// TestCompareOfViewsIsThatOfTrees edits random objects a little, so that views share the beginning.
func TestCompareOfViewsIsThatOfTrees(t *testing.T) {
	r := newGenerator(5)
	keys := []string{"a", "b", "c", "d", "e", "f"}
	for range 5000 {
		var fields []Field
		for _, k := range keys {
			if r.IntN(4) > 0 {
				fields = append(fields, Field{k, r.value(2)})
			}
		}
		tree := Object(fields)
		other := tree.WithField(keys[r.IntN(len(keys))], r.value(2))
		if r.IntN(3) == 0 {
			other = tree.Edit(nil, []string{keys[r.IntN(len(keys))]})
		}
		a, b := View(AppendEncoded(nil, tree)), View(AppendEncoded(nil, other))
		if got, want := Compare(a, b), compare(tree, other); got != want || Compare(b, a) != -want {
			t.Fatalf("%s and %s: got %d, want %d", tree.Print(), other.Print(), got, want)
		}
	}
}
