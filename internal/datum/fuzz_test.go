package datum

import (
	"bytes"
	"testing"
)

// walk touches every value, so that a fuzzer finds what panics.
func walk(v Value) {
	for i := range v.Len() {
		switch v.Kind() {
		case KindArray:
			walk(v.At(i))
		case KindObject, KindGeometry:
			key, val := v.FieldAt(i)
			if got, ok := v.Get(key); !ok || !Equal(got, val) {
				panic("Get does not find " + key)
			}
			walk(val)
		}
	}
}

func FuzzCheck(f *testing.F) {
	g := newGenerator(7)
	for range 50 {
		f.Add(AppendEncoded(nil, g.value(3)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if Check(b) != nil {
			viewDamaged(b)
			return
		}
		v := View(b)
		walk(v)
		if v.IsAbsent() {
			return
		}
		again := AppendEncoded(nil, v.Own())
		if err := Check(again); err != nil {
			t.Fatalf("%x: %v", again, err)
		}
		if _, err := AppendJSON(nil, v); err == nil && v.Print() == "" {
			t.Fatal("no print")
		}
		if key, err := AppendKey(nil, v); err == nil {
			if d, _, err := DecodeKey(key); err != nil || !Equal(d, v) {
				t.Fatalf("key %x: %s, %v", key, d.Print(), err)
			}
		}
	})
}

// viewDamaged reads bytes that Check refused: that may panic, but must not read what is not in b (which checkptr of
// the race detector would see), nor run for ever.
func viewDamaged(b []byte) {
	defer func() { _ = recover() }()
	if len(b) < 1<<10 {
		_, _ = AppendJSON(nil, View(b))
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{benchDocument, `[1,-2.5e3,"\ud83d\ude00\n",null,{"a":{"$reql_type$":"TIME","epoch_time":1,"timezone":"Z"}}]`,
		`{"$reql_type$":"BINARY","data":"Zm9v"}`, `{"a":1,"a":2}`, "[[[[[", `"\u00zz"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseJSON(b)
		if err != nil {
			return
		}
		walk(v)
		text, err := AppendJSON(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseJSON(text)
		if err != nil || !identical(v, again) {
			t.Fatalf("%s became %s: %v", b, text, err)
		}
		enc := AppendEncoded(nil, v)
		if err := Check(enc); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if view, _ := AppendJSON(nil, View(enc)); !bytes.Equal(view, text) {
			t.Fatalf("view prints %s, tree %s", view, text)
		}
	})
}

func FuzzDecodeKey(f *testing.F) {
	g := newGenerator(8)
	for range 50 {
		f.Add(must(AppendKey(nil, g.value(2))))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := DecodeKey(b)
		if err != nil {
			return
		}
		key, err := AppendKey(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if used := b[:len(b)-len(rest)]; !bytes.Equal(key, used) {
			t.Fatalf("%x decodes to %s, whose key is %x", used, v.Print(), key)
		}
	})
}
