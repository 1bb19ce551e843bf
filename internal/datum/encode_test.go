package datum

import (
	"fmt"
	"strings"
	"testing"
)

// checkEncoding encodes v, checks the bytes, and compares what can be read from them with v.
func checkEncoding(t *testing.T, v Value) Value {
	t.Helper()
	b := AppendEncoded(nil, v)
	if err := Check(b); err != nil {
		t.Fatal(err)
	}
	view := View(b)
	if !identical(view, v) {
		t.Fatalf("got %s", view.PrintTrunc())
	}
	return view
}

func TestWidthsOfOffsets(t *testing.T) {
	nested := func(n int) Value { // its size is not known before it has been written
		return Object([]Field{{"inner", Object([]Field{{"text", String(strings.Repeat("x", n))}})}, {"z", Int(1)}})
	}
	many := make([]Value, 70_000)
	for i := range many {
		many[i] = Object([]Field{{fmt.Sprint("key", i), Int(int64(i))}})
	}
	for name, c := range map[string]struct {
		v    Value
		want header
	}{
		"flat, small":             {parse(t, `{"a":1,"b":"x"}`), 0},
		"flat, 255 bytes at most": {Array([]Value{String(strings.Repeat("x", 200))}), 0},
		"flat, more":              {Array([]Value{String(strings.Repeat("x", 250))}), flagWidth2},
		"flat, 64 KiB":            {Array([]Value{String(strings.Repeat("x", 1<<16))}), flagWidth4},
		"nested, small":           {nested(10), flagWidth2},
		"nested, just below 2^16": {nested(65000), flagWidth2},
		"nested, widened":         {nested(66000), flagWidth4},
		"nested array, widened":   {Array([]Value{Int(5), nested(70000), String("end")}), flagWidth4},
		"many elements":           {Array(many), flagWidth4},
		"some elements":           {Array(many[:1500]), flagWidth2},
	} {
		view := checkEncoding(t, c.v)
		if got := view.header & (flagWidth2 | flagWidth4); got != c.want {
			t.Errorf("%s: width %x, want %x", name, got, c.want)
		}
	}
}

func TestDepthIsKnownWithoutLooking(t *testing.T) {
	v := Int(1)
	for i := range 100 {
		v = Object([]Field{{"a", v}})
		view := checkEncoding(t, v)
		if d := view.depth(); d < uint32(i+1) || i+1 > shallowDepth && d != uint32(i+1) {
			t.Fatalf("depth %d of a view of depth %d", d, i+1)
		}
		if i == 60 {
			v = view
		}
	}
}

func TestLiteralsAreKnownWithoutLooking(t *testing.T) {
	for in, want := range map[string]bool{
		`{"a":1}`: false,
		`[[{"a":{"$reql_type$":"LITERAL","value":1}}]]`: true,
		`{"$reql_type$":"LITERAL"}`:                     true,
	} {
		view := checkEncoding(t, parse(t, in))
		if view.ContainsLiteral() != want {
			t.Errorf("%s: %v", in, !want)
		}
	}
}

func TestCheckRefusesDamage(t *testing.T) {
	good := AppendEncoded(nil, parse(t, benchDocument))
	refused := 0
	for i := range good {
		for _, flip := range []byte{0x01, 0x80, 0xFF} {
			bad := append([]byte(nil), good...)
			bad[i] ^= flip
			if Check(bad) != nil {
				refused++
				continue
			}
			walk(View(bad)) // what is accepted must be readable
		}
		if Check(good[:i]) == nil && i > 0 {
			t.Errorf("the first %d bytes pass", i)
		}
	}
	if refused < len(good)/4 {
		t.Errorf("only %d changes were refused", refused)
	}
	geometry := Object(nil)
	geometry.setKind(KindGeometry)
	for name, b := range map[string][]byte{
		"empty":                     {},
		"absent inside":             {tagContainer, 5, 1, 4, tagAbsent},
		"trailing":                  {tagNull, tagNull},
		"unknown tag":               {0x10},
		"width 3":                   {tagContainer | 3, 0, 0},
		"keys out of order":         AppendEncoded(nil, sortedObject([]Field{{"b", Null}, {"a", Null}})),
		"key twice":                 AppendEncoded(nil, sortedObject([]Field{{"a", Null}, {"a", Null}})),
		"plain string with a quote": {tagShort + 1, '"'},
		"NaN":                       {tagFloat, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F},
		"geometry without its type": AppendEncoded(nil, geometry),
	} {
		if Check(b) == nil {
			t.Errorf("%s: %x passes", name, b)
		}
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	tree := parse(t, benchDocument)
	enc := AppendEncoded(nil, tree)
	buf := make([]byte, 0, 4096)
	for name, f := range map[string]func(){
		"View and Get":          func() { sinkValue, _ = View(enc).Get("visits") },
		"AppendJSON of a view":  func() { _, _ = AppendJSON(buf, View(enc)) },
		"AppendJSON of a tree":  func() { _, _ = AppendJSON(buf, tree) },
		"AppendEncoded":         func() { AppendEncoded(buf, tree) },
		"Compare tree and view": func() { sinkInt = Compare(tree, View(enc)) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
