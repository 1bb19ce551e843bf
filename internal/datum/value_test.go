package datum

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unsafe"
)

func parse(t *testing.T, s string) Value {
	t.Helper()
	v, err := ParseJSON([]byte(s))
	if err != nil {
		t.Fatalf("ParseJSON(%s): %v", s, err)
	}
	return v
}

func TestValueIsThreeWords(t *testing.T) {
	if got := unsafe.Sizeof(Value{}); got != 24 {
		t.Errorf("a Value has %d bytes, want 24", got)
	}
}

func TestKindsAreInOrder(t *testing.T) {
	values := []Value{
		Min, Array(nil), Array([]Value{Min}), Array([]Value{Null}), Array([]Value{Null, Null}), False, True, Null,
		Number(-math.MaxFloat64), Int(-1), Number(-5e-324), Int(0), Number(0.5), Int(1), Object(nil),
		parse(t, `{"a":1}`), parse(t, `{"a":1,"b":0}`), parse(t, `{"a":2}`), parse(t, `{"b":0}`),
		Binary(nil), Binary([]byte{0}), Binary([]byte("a")),
		parse(t, `{"$reql_type$":"GEOMETRY","type":"Point","coordinates":[1,2]}`),
		Time(-1, 0), Time(0, 60), Time(1.5, -60), String(""), String("A"), String("a"), String("é"), String("\uFFFF"),
		String("😀"), Max,
	}
	for i, a := range values {
		for j, b := range values {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := Compare(a, b); got != want {
				t.Errorf("Compare(%s, %s) = %d, want %d", a.Print(), b.Print(), got, want)
			}
		}
	}
}

func TestGeometryRelatesToObjects(t *testing.T) {
	geometry := parse(t, `{"$reql_type$":"GEOMETRY","type":"Point","coordinates":[1,2]}`)
	for _, pair := range [][2]Value{
		{Object(nil), geometry}, {geometry, parse(t, `{"a":1}`)}, {parse(t, `{"a":1}`), Binary(nil)},
		{Binary([]byte("a")), geometry}, {geometry, Time(0, 0)},
	} {
		if Relate(pair[0], pair[1]) != -1 || Relate(pair[1], pair[0]) != 1 {
			t.Errorf("%s is not less than %s", pair[0].Print(), pair[1].Print())
		}
	}
}

func TestEqualIgnoresWhatOrderIgnores(t *testing.T) {
	for _, pair := range [][2]Value{
		{Number(math.Copysign(0, -1)), Int(0)},
		{Time(5, 60), Time(5, -90)},
		{Time(1.0004, 0), Time(1, 0)},
	} {
		if !Equal(pair[0], pair[1]) {
			t.Errorf("%s and %s differ", pair[0].Print(), pair[1].Print())
		}
	}
}

func TestTypeNames(t *testing.T) {
	for want, v := range map[string]Value{
		"MINVAL": Min, "ARRAY": Array(nil), "BOOL": True, "NULL": Null, "NUMBER": Int(1), "OBJECT": Object(nil),
		"PTYPE<BINARY>": Binary(nil), "PTYPE<TIME>": Time(0, 0), "STRING": String(""), "MAXVAL": Max,
		"PTYPE<GEOMETRY>":     parse(t, `{"$reql_type$":"GEOMETRY","type":"Point","coordinates":[]}`),
		"PTYPE<LITERAL>":      parse(t, `{"$reql_type$":"LITERAL"}`),
		"PTYPE<GROUPED_DATA>": Object([]Field{{"$reql_type$", String("GROUPED_DATA")}}),
	} {
		if got := v.TypeName(); got != want {
			t.Errorf("TypeName of %s is %s, want %s", v.Print(), got, want)
		}
	}
}

func TestTruthy(t *testing.T) {
	for _, v := range []Value{True, Int(0), String(""), Array(nil), Object(nil), Binary(nil), Time(0, 0), Min} {
		if !v.Truthy() {
			t.Errorf("%s is not true", v.Print())
		}
	}
	for _, v := range []Value{False, Null, {}} {
		if v.Truthy() {
			t.Errorf("%s is true", v.Print())
		}
	}
}

func TestInt64(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want int64
		err  string
	}{
		{v: Int(5), want: 5},
		{v: Number(math.Copysign(0, -1)), want: 0},
		{v: Number(1 << 53), want: 1 << 53},
		{v: Number(-1 << 53), want: -1 << 53},
		{v: Number(1.5), err: "Number not an integer: 1.5"},
		{v: Number(0.1), err: "Number not an integer: 0.10000000000000000555"},
		{v: Number(1e308), err: "Number not an integer (>2^53): 1.000000000000000011e+308"},
		{v: Number(1e18), err: "Number not an integer (>2^53): 1000000000000000000"},
		{v: Number(9007199254740994), err: "Number not an integer (>2^53): 9007199254740994"},
		{v: Number(-9007199254740994), err: "Number not an integer (<-2^53): -9007199254740994"},
		{v: String("1"), err: "Expected type NUMBER but found STRING."},
		{v: Null, err: "Expected type NUMBER but found NULL."},
	} {
		got, err := c.v.Int64()
		if text := errorText(err); got != c.want || text != c.err {
			t.Errorf("Int64 of %s = %d, %q; want %d, %q", c.v.Print(), got, text, c.want, c.err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func classOf(t *testing.T, err error) ErrorClass {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is not an *Error", err)
	}
	return e.Class
}

func TestAskingNullIsNonExistence(t *testing.T) {
	if got := classOf(t, ExpectedType(KindNumber, Null)); got != NonExistence {
		t.Errorf("class is %s", got)
	}
	if got := classOf(t, ExpectedType(KindNumber, True)); got != Logic {
		t.Errorf("class is %s", got)
	}
}

func TestNonFiniteNumbers(t *testing.T) {
	for want, f := range map[string]float64{
		"Non-finite number: inf": math.Inf(1), "Non-finite number: -inf": math.Inf(-1), "Non-finite number: nan": math.NaN(),
	} {
		if _, err := NewNumber(f); errorText(err) != want {
			t.Errorf("NewNumber(%v) gave %v, want %s", f, err, want)
		}
	}
	if v, err := NewNumber(1.5); err != nil || v.AsNumber() != 1.5 {
		t.Errorf("NewNumber(1.5) = %s, %v", v.Print(), err)
	}
}

func TestTooDeepValuesAreEmpty(t *testing.T) {
	v := Null
	for range MaxDepth {
		v = Array([]Value{v})
	}
	if err := v.LimitError(); err != nil {
		t.Fatal(err)
	}
	if err := Check(AppendEncoded(nil, v)); err != nil {
		t.Fatal(err)
	}
	text := must(AppendJSON(nil, v))
	if got := parse(t, string(text)); !Equal(got, v) {
		t.Error("the deepest array does not survive JSON")
	}
	if _, err := ParseJSON([]byte("[" + string(text) + "]")); err == nil {
		t.Error("ParseJSON accepted what is too deep")
	}
	deep := Object([]Field{{"a", v}})
	deep = Array([]Value{deep, View(AppendEncoded(nil, deep))})
	const want = "Nesting depth limit exceeded (max 50000 levels)."
	for name, err := range map[string]error{
		"LimitError":       deep.LimitError(),
		"AppendJSON":       second(AppendJSON(nil, deep)),
		"AppendJSON, view": second(AppendJSON(nil, View(AppendEncoded(nil, deep)))),
		"AppendKey":        second(AppendKey(nil, deep)),
		"CheckStorable":    CheckStorable(deep),
		"CheckPrimaryKey":  CheckPrimaryKey(deep),
	} {
		if errorText(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if deep.Len() != 0 || Compare(deep, Array(nil)) != 0 || deep.Print() != "[]" {
		t.Error("what is too deep is not empty")
	}
}

func TestTooBigValuesAreEmpty(t *testing.T) {
	const want = "Value over size limit of 1073741824 bytes."
	text := String(strings.Repeat("x", 1<<20))
	many := make([]Value, 1000)
	for i := range many {
		many[i] = text
	}
	shared := Array(many) // a megabyte of memory, but 1 GB of anything else
	if err := shared.LimitError(); err != nil || shared.Bytes() < 1000<<20 {
		t.Fatalf("%d bytes, %v", shared.Bytes(), err)
	}
	for name, v := range map[string]Value{
		"array":              Array([]Value{shared, shared}),
		"object":             Object([]Field{{"a", shared}, {"b", shared}}),
		"array of such":      Array([]Value{Array([]Value{shared, shared}), Null}),
		"merged":             must(Merge(Object([]Field{{"a", shared}}), Object([]Field{{"b", shared}}))),
		"object with a name": Object([]Field{{"a", shared}}).WithField("b", shared),
	} {
		if errorText(v.LimitError()) != want || errorText(second(AppendJSON(nil, v))) != want || errorText(CheckStorable(v)) != want {
			t.Errorf("%s: %v", name, v.LimitError())
		}
		if v.Len() != 0 {
			t.Errorf("%s: what is too big is not empty", name)
		}
	}
	twice := Null
	for twice.LimitError() == nil {
		twice = Array([]Value{twice, twice})
	}
	if errorText(twice.LimitError()) != want {
		t.Errorf("an array that doubles ends with %v", twice.LimitError())
	}
}

func second[T any](_ T, err error) error { return err }

func TestObjectBuilder(t *testing.T) {
	var b ObjectBuilder
	for _, key := range strings.Fields("m c x a z") {
		if b.Add(key, String(key)) {
			t.Errorf("%s was there", key)
		}
	}
	if !b.Add("c", Null) {
		t.Error("c was not there")
	}
	b.Overwrite("x", Int(1))
	b.Overwrite("b", Int(2))
	if !b.Delete("m") || b.Delete("m") {
		t.Error("m was not there, or is still there")
	}
	if v, ok := b.Get("x"); !ok || !Equal(v, Int(1)) || b.Len() != 5 {
		t.Errorf("x is %s, %v; %d fields", v.Print(), ok, b.Len())
	}
	if got := b.Value().PrintCompact(); got != `{"a":"a","b":2,"c":"c","x":1,"z":"z"}` {
		t.Errorf("got %s", got)
	}
}

func TestFieldsOfTimes(t *testing.T) {
	v := Time(1.5, -7*60)
	if got, _ := v.Get("timezone"); got.AsString() != "-07:00" {
		t.Errorf("timezone is %s", got.Print())
	}
	if _, ok := v.Get("x"); ok {
		t.Error("a time has a field x")
	}
	if got := RawObject(v); !identical(must(FromPseudo(got)), v) {
		t.Errorf("got %s", got.Print())
	}
}

func TestCheckStorable(t *testing.T) {
	long := Array(make([]Value, maxStoredElems+1))
	for i := range long.elems() {
		long.elems()[i] = Null
	}
	for _, c := range []struct {
		v    Value
		want string
	}{
		{parse(t, `{"a":[1,{"b":null}]}`), ""},
		{Array(long.elems()[1:]), ""},
		{Object([]Field{{"a", Array([]Value{Max})}}), "`r.minval` and `r.maxval` cannot be written to disk."},
		{Object([]Field{{"a", long}, {"b", Min}}), "Array too large for disk writes (limit 100,000 elements)."},
	} {
		if got := errorText(CheckStorable(c.v)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if got := errorText(CheckStorable(View(AppendEncoded(nil, c.v)))); got != c.want {
			t.Errorf("view: got %q, want %q", got, c.want)
		}
	}
}
