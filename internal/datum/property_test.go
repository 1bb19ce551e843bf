package datum

import (
	"bytes"
	"math"
	"testing"
)

const rounds = 4000

// identical is Equal that also sees what Compare does not: -0, time zones, and kinds that compare as others.
func identical(a, b Value) bool {
	if a.Kind() != b.Kind() || a.IsLiteral() != b.IsLiteral() {
		return false
	}
	switch a.Kind() {
	case KindNumber:
		return math.Float64bits(a.AsNumber()) == math.Float64bits(b.AsNumber())
	case KindTime:
		ea, za := a.TimeParts()
		eb, zb := b.TimeParts()
		return math.Float64bits(ea) == math.Float64bits(eb) && za == zb
	case KindArray:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !identical(a.At(i), b.At(i)) {
				return false
			}
		}
		return true
	case KindObject, KindGeometry:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			ka, va := a.FieldAt(i)
			kb, vb := b.FieldAt(i)
			if ka != kb || !identical(va, vb) {
				return false
			}
			if got, ok := a.Get(ka); !ok || !Equal(got, vb) {
				return false
			}
		}
		return true
	}
	return Equal(a, b)
}

func TestEncodingRoundTrip(t *testing.T) {
	g := newGenerator(1)
	for range rounds {
		v := g.value(4)
		b := AppendEncoded(nil, v)
		if err := Check(b); err != nil {
			t.Fatalf("Check(%x) of %s: %v", b, v.Print(), err)
		}
		got := View(b)
		if !identical(got, v) {
			t.Fatalf("got %s\nwant %s", got.Print(), v.Print())
		}
		if again := AppendEncoded(nil, got); !bytes.Equal(again, b) {
			t.Fatalf("encoding a view of %s gave other bytes", v.Print())
		}
		mixed := g.encodeSome(v)
		if !identical(mixed, v) {
			t.Fatalf("mixed %s\nwant %s", mixed.Print(), v.Print())
		}
		b = AppendEncoded([]byte("before"), mixed)
		if err := Check(b[6:]); err != nil {
			t.Fatalf("Check(%x) of mixed %s: %v", b[6:], v.Print(), err)
		}
		if got := View(b[6:]); !identical(got, v) {
			t.Fatalf("got %s\nwant %s", got.Print(), v.Print())
		}
	}
}

func TestOwnDoesNotReferToTheBuffer(t *testing.T) {
	g := newGenerator(2)
	for range rounds {
		v := g.value(4)
		b := AppendEncoded(nil, v)
		view := View(b)
		parts := []Value{view}
		var want []Value
		for i := range view.Len() {
			switch view.Kind() {
			case KindArray:
				parts = append(parts, view.At(i))
			case KindObject, KindGeometry:
				key, val := view.FieldAt(i)
				parts = append(parts, val, Object([]Field{{key, val}}))
			}
		}
		if view.Kind() == KindObject {
			parts = append(parts, view.WithField("new", Null), must(Merge(view, Object([]Field{{"new", True}}))))
		}
		for i, p := range parts {
			want = append(want, must(decodeAgain(p)))
			parts[i] = p.Own()
		}
		for i := range b {
			b[i] = 0xAA
		}
		for i, p := range parts {
			if !identical(p, want[i]) {
				t.Fatalf("part %d of %s changed with the buffer", i, v.Print())
			}
			if o := p.Own(); o.ptr != p.ptr {
				t.Fatalf("part %d of %s was copied although it was its own", i, v.Print())
			}
		}
	}
}

// decodeAgain returns a copy of v that shares nothing with it.
func decodeAgain(v Value) (Value, error) {
	b := AppendEncoded(nil, v)
	return View(b), Check(b)
}

func TestKeyOrderIsCompare(t *testing.T) {
	g := newGenerator(3)
	for range 10 * rounds {
		a, b := g.value(2), g.value(2)
		if g.IntN(4) == 0 {
			b = Array([]Value{a, b})
			a = Array([]Value{a, g.value(1)})
		}
		a, b = g.encodeSome(a), g.encodeSome(b)
		ka, kb := must(AppendKey(nil, a)), must(AppendKey(nil, b))
		if got, want := bytes.Compare(ka, kb), Compare(a, b); got != want {
			t.Fatalf("keys compare %d, values %d:\n%s %x\n%s %x", got, want, a.Print(), ka, b.Print(), kb)
		}
		if got := Compare(b, a); got != -Compare(a, b) {
			t.Fatalf("Compare is not antisymmetric for %s and %s", a.Print(), b.Print())
		}
		both := append(append([]byte(nil), ka...), kb...)
		d, rest, err := DecodeKey(both)
		if err != nil || !Equal(d, a) || !bytes.Equal(rest, kb) {
			t.Fatalf("DecodeKey(%x) = %s, %x, %v; want %s", both, d.Print(), rest, err, a.Print())
		}
	}
}

func TestCompareIsTransitive(t *testing.T) {
	g := newGenerator(4)
	for range rounds {
		a, b, c := g.value(2), g.value(2), g.value(2)
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Fatalf("%s <= %s <= %s, but not first <= last", a.Print(), b.Print(), c.Print())
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	g := newGenerator(5)
	g.storable = true
	for range rounds {
		v := g.value(4)
		tree := must(AppendJSON(nil, v))
		view := must(AppendJSON(nil, View(AppendEncoded(nil, v))))
		if !bytes.Equal(tree, view) {
			t.Fatalf("tree prints %s\nview prints %s", tree, view)
		}
		got, err := ParseJSON(tree)
		if err != nil || !identical(got, v) {
			t.Fatalf("ParseJSON(%s) = %s, %v", tree, got.Print(), err)
		}
		if got, err := ParseJSON([]byte(v.Print())); err != nil || !identical(got, v) {
			t.Fatalf("ParseJSON(%s) = %s, %v", v.Print(), got.Print(), err)
		}
	}
}

func TestViewPrintsAsTree(t *testing.T) {
	g := newGenerator(6)
	for range rounds {
		v := g.value(4)
		if got, want := View(AppendEncoded(nil, v)).Print(), v.Print(); got != want {
			t.Fatalf("view prints\n%s\ntree prints\n%s", got, want)
		}
	}
}
