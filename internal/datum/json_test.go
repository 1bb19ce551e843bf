package datum

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestNumbersInJSON(t *testing.T) {
	for want, f := range map[string]float64{
		"0": 0, "-0.0": math.Copysign(0, -1), "1": 1, "-1": -1, "1.5": 1.5, "-0.5": -0.5, "0.1": 0.1, "67498.89278": 67498.89278,
		"9007199254740992": 1 << 53, "-9007199254740992": -1 << 53, "9007199254740994.0": 1<<53 + 2,
		"18014398509481985.0": 1 << 54, "100000000000000000000.0": 1e20, "123456789012345680000.0": 123456789012345680000,
		"1e21": 1e21, "1.2345678901234569e39": 1234567890123456789012345678901234567890, "1e308": 1e308, "-1e308": -1e308,
		"1.7976931348623157e308": math.MaxFloat64, "5e-324": 5e-324, "1e-7": 1e-7, "1.5e-7": 1.5e-7, "0.000001": 1e-6,
		"0.30000000000000007": 0.30000000000000004, "40007862.917250897": 40007862.917250894, "0.0000015": 1.5e-6, "1700000000.123": 1700000000.123, "-1.5e-10": -1.5e-10, "-9007199254740994.0": -9007199254740994,
	} {
		if got := string(appendNumber(nil, f)); got != want {
			t.Errorf("%v prints as %s, want %s", f, got, want)
		}
	}
}

func TestDigitsReadBack(t *testing.T) {
	check := func(f float64) {
		s := string(appendNumber(nil, f))
		if got, err := strconv.ParseFloat(s, 64); err != nil || got != f {
			t.Fatalf("%v prints as %s, which reads as %v, %v", f, s, got, err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			check(f)
		}
		check(r.NormFloat64())
		check(math.Float64frombits(1 + r.Uint64N(1<<52))) // subnormal
	}
	for exp := -1074; exp < 1024; exp++ {
		check(math.Ldexp(1, exp))
	}
}

// TestShortDecimalsHaveTheDigitsOfGrisu compares the two ways to find digits, also next to short decimals, and at the ends of the
// ranges in which short ones are looked for.
func TestShortDecimalsHaveTheDigitsOfGrisu(t *testing.T) {
	short := 0
	check := func(f float64) {
		n, exp, ok := shortDecimal(f)
		if !ok {
			return
		}
		short++
		got := strconv.FormatUint(n, 10)
		if want, wantExp := appendGrisu(nil, f); got != string(want) || exp != wantExp {
			t.Fatalf("%v: got %s × 10^%d, want %s × 10^%d", f, got, exp, want, wantExp)
		}
	}
	around := func(f float64) {
		for range 3 {
			check(f)
			f = math.Nextafter(f, math.Inf(1))
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		n := float64(r.Uint64N(1 << r.IntN(52)))
		around(n / math.Pow10(r.IntN(9)))
		check(math.Ldexp(r.Float64(), r.IntN(60)-20))
	}
	for exp := -24; exp < 50; exp++ {
		around(math.Nextafter(math.Ldexp(1, exp), 0))
	}
	around(1<<49 - 1.0/8)
	if short < 100_000 {
		t.Errorf("only %d numbers were short", short)
	}
}

func TestStringsInJSON(t *testing.T) {
	for s, want := range map[string]string{
		"": `""`, "abc": `"abc"`, "é \x01": `"é \u0001"`, "x\"\\\n": `"x\"\\\n"`, "\b\f\r\t/": `"\b\f\r\t/"`,
		"\x1f\x7f": "\"\\u001F\x7f\"", "12345678\"": `"12345678\""`, "\x00": `"\u0000"`, "日本": `"日本"`,
	} {
		if got := String(s).PrintCompact(); got != want {
			t.Errorf("%q prints as %s, want %s", s, got, want)
		}
		if got := View(AppendEncoded(nil, String(s))).PrintCompact(); got != want {
			t.Errorf("view: %q prints as %s, want %s", s, got, want)
		}
	}
}

func TestExtremesHaveNoJSON(t *testing.T) {
	for want, v := range map[string]Value{
		"Cannot convert `r.minval` to JSON.": Array([]Value{Min}),
		"Cannot convert `r.maxval` to JSON.": Object([]Field{{"a", Max}}),
	} {
		for _, v := range []Value{v, View(AppendEncoded(nil, v))} {
			if _, err := AppendJSON(nil, v); errorText(err) != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

func TestParseJSON(t *testing.T) {
	for in, want := range map[string]string{
		" [1 , 2\t,\r\n3 ] ":             `[1,2,3]`,
		`{"b":1,"a":{"d":[],"c":{}}}`:    `{"a":{"c":{},"d":[]},"b":1}`,
		`{}`:                             `{}`,
		`"foo"`:                          `"foo"`,
		`"\u00e9\u0041\/\b"`:             `"éA/\b"`,
		`"\ud83d\ude00"`:                 `"😀"`,
		"\"\xed\xa0\x80\"":               "\"\xed\xa0\x80\"",
		`"\udc00"`:                       "\"\xed\xb0\x80\"",
		`[-0,-0.0,0.0,1E2,1e+2,1e-2,-1]`: `[-0.0,-0.0,0,100,100,0.01,-1]`,
		`[9007199254740993,123456789012345678901234567890]`: `[9007199254740992,1.2345678901234568e29]`,
		`[1e-400,0e5]`: `[0,0]`,
		`{"$reql_type$":"TIME","epoch_time":1,"timezone":"Z"}`:                                              `{"$reql_type$":"TIME","epoch_time":1,"timezone":"+00:00"}`,
		`[{"$reql_type$":"BINARY","data":"Zm9v"}]`:                                                          `[{"$reql_type$":"BINARY","data":"Zm9v"}]`,
		`{"\u0024reql_type$":"GEOMETRY","type":"Point","coordinates":[1,2]}`:                                `{"$reql_type$":"GEOMETRY","coordinates":[1,2],"type":"Point"}`,
		`{"p":1,"o":2,"n":3,"m":4,"l":5,"k":6,"j":7,"i":8,"h":9,"g":0,"f":1,"e":2,"d":3,"c":4,"b":5,"a":6}`: `{"a":6,"b":5,"c":4,"d":3,"e":2,"f":1,"g":0,"h":9,"i":8,"j":7,"k":6,"l":5,"m":4,"n":3,"o":2,"p":1}`,
		`{"` + strings.Repeat("long", 40) + `":1}`:                                                          `{"` + strings.Repeat("long", 40) + `":1}`,
		`[` + strings.Repeat(`{"a":[1,"x"]},`, 50) + `null]`:                                                `[` + strings.Repeat(`{"a":[1,"x"]},`, 50) + `null]`,
		`{"$reql_type$":"LITERAL","value":{"a":1}}`:                                                         `{"$reql_type$":"LITERAL","value":{"a":1}}`,
	} {
		v, err := ParseJSON([]byte(in))
		if err != nil {
			t.Errorf("ParseJSON(%s): %v", in, err)
			continue
		}
		if got := v.PrintCompact(); got != want {
			t.Errorf("ParseJSON(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestParseJSONErrors(t *testing.T) {
	for in, want := range map[string]string{
		``: `The document is empty.`, ` `: `The document is empty.`, `1 2`: `The document root must not follow by other values.`,
		`01`: `The document root must not follow by other values.`, `[`: `Invalid value.`, `[1,]`: `Invalid value.`, `NaN`: `Invalid value.`,
		`nul`: `Invalid value.`, `truE`: `Invalid value.`, `-`: `Invalid value.`, `+1`: `Invalid value.`, `.5`: `Invalid value.`, `'a'`: `Invalid value.`,
		`a b`: `Invalid value.`, `[1,2`: `Missing a comma or ']' after an array element.`, `[1 2]`: `Missing a comma or ']' after an array element.`,
		`[01]`: `Missing a comma or ']' after an array element.`, `{"a":1`: `Missing a comma or '}' after an object member.`,
		`{"a":1 "b"}`: `Missing a comma or '}' after an object member.`, `{`: `Missing a name for object member.`, `{a:1}`: `Missing a name for object member.`,
		`{"a":1,}`: `Missing a name for object member.`, `{"a"}`: `Missing a colon after a name of object member.`, `{"a":}`: `Invalid value.`,
		`"abc`: `Missing a closing quotation mark in string.`, `"a\"`: `Missing a closing quotation mark in string.`,
		`"\x"`: `Invalid escape character in string.`, "\"\n\"": `Invalid escape character in string.`, `"\u12g4"`: `Incorrect hex digit after \u escape in string.`,
		`"\u12`: `Incorrect hex digit after \u escape in string.`, `"\ud800"`: `The surrogate pair in string is invalid.`,
		`"\ud800\u0041"`: `The surrogate pair in string is invalid.`, `1e400`: `Number too big to be stored in double.`, `-1e400`: `Number too big to be stored in double.`,
		`1.`: `Miss fraction part in number.`, `1.e5`: `Miss fraction part in number.`, `1e`: `Miss exponent in number.`, `1e+`: `Miss exponent in number.`,
		// A syntax error later on wins over what is wrong with a value.
		`{"a":1,"a":2`: `Missing a comma or '}' after an object member.`,
	} {
		want = `Failed to parse "` + in + `" as JSON: ` + want
		if _, err := ParseJSON([]byte(in)); errorText(err) != want {
			t.Errorf("ParseJSON(%s) gave %q, want %q", in, errorText(err), want)
		}
	}
	for in, want := range map[string]string{
		`{"a":1,"a":2}`:             `Duplicate key "a" in JSON.`,
		`[{"x\"":{},"x\"":2},1]`:    `Duplicate key "x\"" in JSON.`,
		"\"\x00\"":                  `Encountered unescaped null byte in JSON string.`,
		"[\"\xff\"]":                "String `` (truncated) is not a UTF-8 string; Invalid initial byte seen at position 0.",
		`{"$reql_type$":"BOGUS"}`:   "Unknown $reql_type$ `PTYPE<BOGUS>`.",
		strings.Repeat(`[`, 50):     `Failed to parse "` + strings.Repeat(`[`, 37) + `..." as JSON: Invalid value.`,
		strings.Repeat(`[`, 100000): `Failed to parse "` + strings.Repeat(`[`, 37) + `..." as JSON: Nesting depth limit exceeded.`,
	} {
		if _, err := ParseJSON([]byte(in)); errorText(err) != want {
			t.Errorf("ParseJSON(%.50s) gave %q, want %q", in, errorText(err), want)
		}
	}
}

func TestCheckUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"abc": "", "é日😀": "", "\xed\xa0\x80": "",
		"\xff":                                   "String `` (truncated) is not a UTF-8 string; Invalid initial byte seen at position 0.",
		"\x80":                                   "String `` (truncated) is not a UTF-8 string; Invalid initial byte seen at position 0.",
		"\xc3":                                   "String `` (truncated) is not a UTF-8 string; Expected continuation byte, saw end of string at position 0.",
		"ab\xc3x":                                "String `ab` (truncated) is not a UTF-8 string; Expected continuation byte, saw something else at position 2.",
		"\xe6\x97":                               "String `\xe6` (truncated) is not a UTF-8 string; Expected continuation byte, saw end of string at position 1.",
		"\xc0\x80":                               "String `\xc0` (truncated) is not a UTF-8 string; Overlong encoding seen at position 1.",
		"\xe0\x80\x80":                           "String `\xe0\x80` (truncated) is not a UTF-8 string; Overlong encoding seen at position 2.",
		"\xf4\x90\x80\x80":                       "String `\xf4\x90\x80` (truncated) is not a UTF-8 string; Non-Unicode character encoded (beyond U+10FFFF) at position 3.",
		strings.Repeat("0123456789", 3) + "\xff": "String `01234567890123456789` (truncated) is not a UTF-8 string; Invalid initial byte seen at position 30.",
	} {
		if got := errorText(CheckUTF8(in)); got != want {
			t.Errorf("CheckUTF8(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPrint(t *testing.T) {
	for in, want := range map[string]string{
		`{}`: `{}`, `[]`: `[]`, `"x"`: `"x"`, `1e21`: `1e21`,
		`{"a":1,"b":{"c":[]}}`: "{\n\t\"a\":\t1,\n\t\"b\":\t{\n\t\t\"c\":\t[]\n\t}\n}",
		`[1,[2,3]]`:            "[\n\t1,\n\t[\n\t\t2,\n\t\t3\n\t]\n]",
		`{"t":{"$reql_type$":"TIME","epoch_time":1.5,"timezone":"+00:00"}}`: "{\n\t\"t\":\t{\n\t\t\"$reql_type$\":\t\"TIME\"," +
			"\n\t\t\"epoch_time\":\t1.5,\n\t\t\"timezone\":\t\"+00:00\"\n\t}\n}",
		`{"b":{"$reql_type$":"BINARY","data":"Zg=="}}`:   "{\n\t\"b\":{\"$reql_type$\":\"BINARY\",\"data\":\"Zg==\"}\n}",
		`[1,{"$reql_type$":"BINARY","data":"Zg=="},2]`:   "[\n\t1,{\"$reql_type$\":\"BINARY\",\"data\":\"Zg==\"},\n\t2\n]",
		`{"a":"` + strings.Repeat("x", 20) + `","b":[]}`: "{\n\t\"a\":\t\"xxxxxxxxxxxxxxxxxxxx\",\n\t\"b\":\t[]\n}",
	} {
		if got := parse(t, in).Print(); got != want {
			t.Errorf("%s prints as\n%s\nwant\n%s", in, got, want)
		}
	}
	if got, want := String(strings.Repeat("x", 400)).PrintTrunc(), `"`+strings.Repeat("x", 296)+"..."; got != want {
		t.Errorf("got %s", got)
	}
	if got := String(strings.Repeat("x", 298)).PrintTrunc(); len(got) != 300 || strings.HasSuffix(got, "...") {
		t.Errorf("got %s", got)
	}
}

func TestScanJSON(t *testing.T) {
	src := `{"a\tb": 12.5e1,`
	s, next, err := ScanJSONString(src, 2)
	if s.AsString() != "a\tb" || next != 7 || err != nil {
		t.Errorf("got %q, %d, %v", s.AsString(), next, err)
	}
	f, next, err := ScanJSONNumber(src, 9)
	if f != 125 || next != 15 || err != nil {
		t.Errorf("got %v, %d, %v", f, next, err)
	}
	if s, next, err = ScanJSONString(src, 7); err == nil {
		t.Errorf("got %q, %d", s.AsString(), next)
	}
}
