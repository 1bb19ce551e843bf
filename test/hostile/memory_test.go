//go:build hostile

package hostile

import (
	"strings"
	"testing"
)

const mega = 1 << 20

// megabytes is a term for a string of n megabytes, which takes few bytes to ask for: n must be a power of two.
func megabytes(n int) term {
	text := expr(strings.Repeat("x", mega))
	if n == 1 {
		return text
	}
	doublings := 0
	for 1<<doublings < n {
		doublings++
	}
	return doubled(text, doublings)
}

// doubled adds a value to itself, n times over.
func doubled(value term, n int) term {
	return T(tFold, T(tRange, n), value, fn(1, 2, T(tAdd, v(1), v(1))))
}

func attackLargeValues(t *testing.T, s *target) {
	text := strings.Repeat("x", 100*mega)
	row := func(field string) term {
		return T(tInsert, T(tTable, "victim"), term(field)).with(`"conflict":"replace"`)
	}
	s.ask(t, []inquiry{
		{"a string of 100 MB", start(T(tCount, text)), `{"t":1,"r":[104857600]}`},
		{"a string of 100 MB and back", start(term(`"` + text + `"`)), `{"t":1,"r":["xxxx`},
		{"a string of 100 MB in a row", start(row(`{"id":"large","text":"` + text + `"}`)), `"inserted":1`},
		{"a row of 100 MB", start(T(tGet, T(tTable, "victim"), "large")), `{"t":1,"r":[{"id":"large","text":"xxxx`},
		{"a row of 100 MB that is replaced", start(row(`{"id":"large"}`)), `"replaced":1`},
		{"a string of escapes", "[1,\"" + strings.Repeat(`\u0001`, 10*mega) + `"]`, `{"t":1,"r":["\u0001\u0001`},
		{"a name of 10 MB", start(term(`{"` + strings.Repeat("k", 10*mega) + `":1}`)), `{"t":1,"r":[{"kkkk`},
		{"100,000 elements", start(array(term(list("1", 100_000)))), `{"t":1,"r":[[1,1,1`},
		{"100,001 elements", start(array(term(list("1", 100_001)))), arrayOf},
		{"a million elements in a datum", "[1,[1,[" + list("1", 1_000_000) + "]]]", `{"t":1,"r":[[1,1,1`},
		{"a million elements in a row", start(row(`{"id":1,"a":[1,[` + list("1", 1_000_000) + `]]}`)), "Array too large for disk writes (limit 100,000 elements)."},
		{"a million strings", startWith(array(term(list(`"abc"`, 1_000_000))), `"array_limit":2000000`), `{"t":1,"r":[["abc","abc"`},
		{"a million empty objects", startWith(array(term(list(`{}`, 1_000_000))), `"array_limit":2000000`), `{"t":1,"r":[[{},{}`},
		{"a million terms", startWith(array(term(list("[24,[1,2]]", 1_000_000))), `"array_limit":2000000`), anything},
		{"ten million short terms", start(array(term(list("[13]", 10_000_000)))), anything},
		{"thirty million numbers", start(array(term(list("1", 30_000_000)))), "more than 16777216 JSON values in one query."},
		{"100,000 fields", start(term("{" + numbered(100_000) + "}")), `{"t":1,"r":[{"`},
		{"a field twice among 100,000", start(term("{" + numbered(100_000) + `,"k1":1}`)), "Duplicate"},
		{"100,000 options", start(T(tFilter, array(), true).with(numbered(100_000))), "Unrecognized optional argument"},
		{"100,000 arguments from an array", start(T(tAdd, T(tArgs, T(tCoerceTo, T(tRange, 100_000), "array")))), `{"t":1,"r":[4999950000]}`},
		{"a sum of 100,000 terms", start(term("[24,[" + list("1", 100_000) + "]]")), `{"t":1,"r":[100000]}`},
		{"100,000 rows in one insert", start(T(tInsert, T(tTable, "victim"), T(tMap, T(tRange, 100_000), fn(1, 1, term(`{"id":[10,[1]]}`)))).with(`"durability":"soft"`)), `"inserted":`},
		{"a string of 10 MB that is split", start(T(tCount, T(tSplit, doubled(expr(strings.Repeat("x ", mega/2)), 4)))), arrayOf},
		{"a string of 10 MB that is split into characters", start(T(tCount, T(tSplit, megabytes(8), ""))), arrayOf},
		{"a search in 16 MB", start(T(tMatch, megabytes(16), "(x+x+)+y")), `{"t":1,"r":[null]}`},
		{"a merge of 1,000 objects of 1,000 fields", start(T(tMerge, term(list("{"+numbered(1000)+"}", 1000)))), `{"t":1,"r":[{`},
	})
}

// numbered is the inside of an object of n fields.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k`)
		b.WriteString(string(expr(i)))
		b.WriteString(`":1`)
	}
	return b.String()
}

// attackMemory has short queries that want much memory. Either they get what they want, in bounds, or a resource error.
func attackMemory(t *testing.T, s *target) {
	unlimited := `"array_limit":1000000000000`
	each := func(body any) term { return T(tMap, T(tRange, 100_000), fn(1, 1, body)) }
	// unshared is a megabyte that each row has for itself.
	unshared := T(tAdd, megabytes(1), T(tCoerceTo, v(1), "string"))
	laugh := func(body term) term { return T(tDo, fn(9, 1, body), megabytes(1)) }
	many := T(tMul, array(v(9)), 100_000) // 100 GB, though they share a megabyte
	s.ask(t, []inquiry{
		{"a billion numbers", start(T(tCoerceTo, T(tMap, T(tRange, 1_000_000_000), fn(1, 1, v(1))), "array")), arrayOf},
		{"a billion numbers without a limit", startWith(T(tCoerceTo, T(tRange, 1_000_000_000), "array"), unlimited), tooBig},
		{"an array times a billion", start(T(tMul, array(1), 1_000_000_000)), arrayOf},
		{"an array times a billion without a limit", startWith(T(tMul, array(1), 1_000_000_000), unlimited), tooBig},
		{"an array times 2^53", startWith(T(tMul, array(1), term("9007199254740992")), unlimited), tooBig},
		{"a string that doubles", start(doubled(`"x"`, 100)), tooBig},
		{"a string that doubles by reduce", start(T(tReduce, each("x"), fn(1, 2, T(tAdd, v(1), v(1))))), tooBig},
		{"a string that grows", start(T(tReduce, each(megabytes(16)), fn(1, 2, T(tAdd, v(1), v(2))))), tooBig},
		{"an array that doubles", start(doubled(array(1), 100)), arrayOf},
		{"an array that doubles without a limit", startWith(doubled(array(1), 100), unlimited), tooBig},
		{"arrays that contain themselves twice", start(T(tFold, T(tRange, 100), 1, fn(1, 2, array(v(1), v(1))))), tooBig},
		{"objects that contain themselves twice", start(T(tFold, T(tRange, 100), 1, fn(1, 2, term(`{"a":[10,[1]],"b":[10,[1]]}`)))), tooBig},
		{"a comparison of such arrays", start(T(tDo, fn(5, 1, T(tEq, array(v(5)), array(v(5)))), T(tFold, T(tRange, 100), 1, fn(1, 2, array(v(1), v(1)))))), tooBig},
		{"a merge that doubles", start(T(tFold, T(tRange, 100), term(`{"a":1}`), fn(1, 2, T(tMerge, v(1), term(`{"b":[10,[1]],"a":[10,[1]]}`))))), tooBig},
		{"an uppercase that grows", start(T(tUpcase, doubled(`"ŉŉŉŉŉŉŉŉ"`, 26))), tooBig},
		{"100 GB as the result", start(laugh(many)), tooBig},
		{"100 GB as a stream", start(laugh(each(v(9)))), `{"t":3,`},
		{"100 GB as rows of a stream", start(laugh(T(tMap, T(tRange, 10), fn(1, 1, many)))), tooBig},
		{"100 GB as JSON text", start(laugh(T(tToJSON, many))), tooBig},
		{"100 GB as a string", start(laugh(T(tCoerceTo, many, "string"))), tooBig},
		{"100 GB in a row", start(laugh(T(tInsert, T(tTable, "victim"), term(`{"id":"huge","a":`+string(many)+`}`)))), `limit|exceeded|larger`},
		{"100 GB as a key", start(laugh(T(tGet, T(tTable, "victim"), many))), `{"t":18,`},
		{"100 GB as a group", start(laugh(T(tGroup, T(tRange, 10), fn(1, 1, many)))), tooBig},
		{"100 GB that are distinct", start(laugh(T(tDistinct, array(many, many)))), tooBig},
		{"100 GB as an order", start(laugh(T(tOrderBy, array(1, 2), fn(1, 1, many)))), tooBig},
		{"100 GB by reduce", start(laugh(T(tReduce, array(many, many), fn(1, 2, v(1))))), tooBig},
		{"100 GB in an error", start(laugh(T(tGetField, term(`{"a":`+string(many)+`}`), "b"))), `{"t":18,`},
		{"100 GB in an error about a type", start(laugh(T(tOrderBy, term(`{"a":`+string(many)+`}`), "b"))), `{"t":18,`},
		{"100 GB in a template", start(laugh(T(tFormat, strings.Repeat("{x}", 100_000), term(`{"x":[10,[9]]}`)))), tooBig},
		{"100 GB in one sum", start(laugh(T(tAdd, T(tArgs, many)))), tooBig},
		{"a stream of large values as an array", start(T(tCount, T(tCoerceTo, each(unshared), "array"))), tooBig},
		{"large values in an order", start(T(tOrderBy, each(unshared), fn(2, 1, v(2)))), tooBig},
		{"large values that are distinct", start(T(tDistinct, each(unshared))), tooBig},
		{"large groups", start(T(tCount, T(tGroup, each(unshared), fn(2, 1, v(2))))), tooBig},
		{"a group of large values", start(T(tGroup, each(unshared), fn(2, 1, 1))), tooBig},
		{"an array of large values", start(T(tFold, each(unshared), array(), fn(2, 2, T(tAppend, v(2), v(3))))), tooBig},
		{"an object of large values", start(T(tFold, each(unshared), term("{}"), fn(2, 2, T(tMerge, v(2), T(tObject, T(tSlice, v(3), mega), v(3)))))), tooBig},
		{"a sample of large values", start(T(tSample, each(unshared), 100_000)), tooBig},
		{"a union of large values", start(T(tCount, T(tCoerceTo, T(tUnion, each(unshared), each(unshared)), "array"))), tooBig},
		{"large values in one array", start(T(tDo, fn(9, 1, T(tCount, array(term(list(string(T(tUpcase, v(9))), 10_000))))), megabytes(1))), tooBig},
		{"the numbers of a random sample", start(T(tSample, T(tRange, 10_000_000), 10_000_000)), arrayOf},
		{"many regular expressions", start(T(tCount, T(tMap, T(tRange, 2000), fn(1, 1, T(tMatch, "a", T(tAdd, "((a{100}){9})", T(tCoerceTo, v(1), "string"))))))), anything},
		{"many arrays from JSON text", start(T(tCount, T(tJSON, T(tAdd, "[1", doubled(`",1"`, 25), "]")))), "There are more than 8388608 values.|" + tooMuch},
		{"an array limit error in a group", start(T(tGroup, T(tRange, 1_000_000), fn(1, 1, v(1)))), "2000000"},
		{"an array limit error in an order", start(T(tOrderBy, T(tRange, 1_000_000), fn(1, 1, v(1)))), arrayOf},
		{"an array limit error in distinct", start(T(tDistinct, T(tRange, 1_000_000))), arrayOf},
		{"an array limit error in concat_map", start(T(tCoerceTo, T(tConcatMap, T(tRange, 1000), fn(1, 1, T(tRange, 1000))), "array")), arrayOf},
	})
}
