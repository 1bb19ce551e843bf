package datum

import (
	"math"
	"strings"
	"testing"
)

func TestPrimaryKeyRules(t *testing.T) {
	geo := parse(t, `{"$reql_type$":"GEOMETRY","type":"Point","coordinates":[1,2]}`)
	long := strings.Repeat("x", 128)
	for _, c := range []struct {
		name  string
		v     Value
		want  string
		class ErrorClass
	}{
		{name: "127 bytes", v: String(long[1:])},
		{name: "128 bytes", v: String(long), want: `Primary key too long (max 127 characters): "` + long + `"`},
		{name: "64 characters of 2 bytes", v: String(strings.Repeat("é", 64)),
			want: `Primary key too long (max 127 characters): "` + strings.Repeat("é", 64) + `"`},
		{name: "null", v: Null, class: NonExistence,
			want: "Primary keys must be either a number, string, bool, pseudotype or array (got type NULL):\nnull"},
		{name: "object", v: parse(t, `{"a":1}`),
			want: "Primary keys must be either a number, string, bool, pseudotype or array (got type OBJECT):\n{\n\t\"a\":\t1\n}"},
		{name: "null in an array", v: Array([]Value{Null}), class: NonExistence,
			want: "Array keys can only contain numbers, strings, bools,  pseudotypes, or arrays (got null of type NULL)."},
		{name: "object in an array", v: Array([]Value{Int(1), Object(nil)}),
			want: "Array keys can only contain numbers, strings, bools,  pseudotypes, or arrays (got {} of type OBJECT)."},
		{name: "zero byte", v: String("ab\x00c"), want: `String "ab\x00c" (truncated) contains NULL byte at offset 2 in index key.`},
		{name: "zero byte after 20", v: String(strings.Repeat("a", 30) + "\x00"),
			want: `String "aaaaaaaaaaaaaaaaaaaa" (truncated) contains NULL byte at offset 30 in index key.`},
		{name: "zero byte in an array", v: Array([]Value{String("\x00\n")}),
			want: `String "\x00\n" (truncated) contains NULL byte at offset 0 in index key.`},
		{name: "geometry", v: geo, want: "Cannot use a geometry value as a key value in a primary or non-geospatial secondary index."},
		{name: "time", v: Time(1700000000.123, 60)},
		{name: "binary", v: Binary([]byte(long[8:]))},
		{name: "binary with zero bytes counts them twice", v: Binary(make([]byte, 61)),
			want: "Primary key too long (max 127 characters): " + Binary(make([]byte, 61)).Print()},
		{name: "bool", v: True},
		{name: "minval", v: Min},
		{name: "three numbers", v: Array([]Value{Int(1), Int(2), Int(3)})},
		{name: "seven numbers", v: Array([]Value{Int(1), Int(2), Int(3), Int(4), Int(5), Int(6), Int(7)}),
			want: "Primary key too long (max 127 characters): [\n\t1,\n\t2,\n\t3,\n\t4,\n\t5,\n\t6,\n\t7\n]"},
		{name: "grouped data", v: Object([]Field{{"$reql_type$", String("GROUPED_DATA")}}),
			want: "Cannot use pseudotype PTYPE<GROUPED_DATA> as a primary or secondary key value ."},
	} {
		key, err := PrimaryKey(c.v)
		if errorText(err) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, errorText(err), c.want)
			continue
		}
		if err != nil {
			if got := classOf(t, err); got != c.class {
				t.Errorf("%s: class %s, want %s", c.name, got, c.class)
			}
			continue
		}
		if v, rest, err := DecodeKey(key); err != nil || len(rest) > 0 || !Equal(v, c.v) {
			t.Errorf("%s: key %x decodes to %s, %v", c.name, key, v.Print(), err)
		}
	}
}

func TestIndexKeyRules(t *testing.T) {
	for _, c := range []struct {
		v             Value
		stored, bound string
	}{
		{v: String(strings.Repeat("x", 500))},
		{v: String("a\x00b")},
		{v: Array([]Value{Int(1), String("a")})},
		{v: Null, stored: "Secondary keys must be a number, string, bool, pseudotype, or array (got type NULL):\nnull",
			bound: "Secondary keys must be a number, string, bool, pseudotype, or array (got null of type NULL)."},
		{v: Object(nil), stored: "Secondary keys must be a number, string, bool, pseudotype, or array (got type OBJECT):\n{}",
			bound: "Secondary keys must be a number, string, bool, pseudotype, or array (got {} of type OBJECT)."},
		{v: Array([]Value{Max}), stored: "Cannot use `r.minval` or `r.maxval` in an index key."},
	} {
		if got := errorText(CheckIndexKey(c.v)); got != c.stored {
			t.Errorf("CheckIndexKey(%s) = %q, want %q", c.v.Print(), got, c.stored)
		}
		if got := errorText(CheckIndexBound(c.v)); got != c.bound {
			t.Errorf("CheckIndexBound(%s) = %q, want %q", c.v.Print(), got, c.bound)
		}
	}
}

func TestPrimaryKeyWithoutErrorAllocatesOnce(t *testing.T) {
	v := String("0d5b1c9e-2f3a-4b6c-8d7e-9f0a1b2c3d4e")
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		if err := CheckPrimaryKey(v); err != nil {
			t.Fatal(err)
		}
		buf, _ = AppendKey(buf[:0], v)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSizeOfNumbersInKeys(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, 9, 10, -10, 1 << 53, -(1 << 53), 1<<53 + 2, 0.5, 1e20, 1e21, -1e300, 1e-7} {
		var s keySizer
		s.addNumber(f)
		if want := 18 + len(FormatNumber(f+0)); s.size != want { // + 0 takes the sign of -0 away
			t.Errorf("%v: %d bytes, want %d", f, s.size, want)
		}
	}
}
