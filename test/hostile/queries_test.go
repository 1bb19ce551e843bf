//go:build hostile

package hostile

import (
	"strings"
	"testing"
)

const (
	arrayOf  = "Array over size limit `100000`."
	tooDeep  = "Nesting depth limit exceeded"
	tooBig   = `{"t":18,"e":2000000,`
	tooMuch  = "The query needs more than the 64 MB of memory"
	compile  = `{"t":17,`
	anything = `{"t":`
)

// inquiry is one query and what its answer has to contain.
type inquiry struct{ name, body, want string }

// ask runs each query as an attack of its own, and checks that its connection still works.
func (s *target) ask(t *testing.T, queries []inquiry) {
	for _, q := range queries {
		s.attack(t, q.name, func(t *testing.T) {
			conn := login(t, s.Addr())
			wants(t, conn.ask(q.body), q.want)
			conn.alive()
		})
	}
}

func attackQueries(t *testing.T, s *target) {
	s.ask(t, []inquiry{
		{"an unknown term", "[1,[99999,[]]]", "Unrecognized TermType: 99999."},
		{"a negative term", "[1,[-1,[]]]", "Unrecognized TermType: -1."},
		{"a term that is out of range", "[1,[4294967320,[1,2]]]", "Unrecognized TermType"},
		{"a term that is not an integer", "[1,[24.5,[1,2]]]", "Unrecognized TermType"},
		{"a term that is a string", `[1,["24",[1,2]]]`, "Expected a TermType as a NUMBER but found STRING."},
		{"an empty term", "[1,[]]", "Expected between 1 and 3 elements in a raw term, but found 0."},
		{"a term of four elements", "[1,[24,[],{},1]]", "Expected between 1 and 3 elements in a raw term, but found 4."},
		{"arguments that are a number", "[1,[24,1]]", "Second element in a Term is neither arguments nor optional arguments."},
		{"options that are a number", "[1,[24,[1],1]]", "Third element in a Term is not optional arguments."},
		{"options twice", "[1,[24,{},{}]]", "Second and third element in a term are both optional arguments."},
		{"a datum without a value", "[1,[1]]", "Expected 3 items in array, but found 2."},
		{"too few arguments", "[1,[16,[1]]]", "Expected 2 arguments but found 1."},
		{"too many arguments", start(T(tNot, 1, 2)), "Expected 1 argument but found 2."},
		{"a million arguments", "[1,[23,[" + list("1", 1_000_000) + "]]]", "Expected 1 argument but found 1000000."},
		{"an unknown option", `[1,[39,[[2,[]],true],{"x":1}]]`, "Unrecognized optional argument `x`."},
		{"a polygon that crosses itself", start(T(tPolygon, array(0, 0), array(10, 10), array(10, 0), array(0, 10))), "Is it self-intersecting?"},
		{"a variable that is not there", start(v(1)), "Variable name not found."},
		{"a row outside of a function", "[1,[13,[]]]", "r.row is not defined in this context."},
		{"a function without a body", "[1,[69,[[2,[1]]]]]", "FUNC takes exactly two arguments (got 1)"},
		{"a function with strings as parameters", `[1,[69,[[2,["a"]],1]]]`, "FUNC variables must be a literal array of *numbers*."},
		{"a function with 100,000 parameters", start(T(tDo, term("[69,[[2,["+list("1", 100_000)+"]],1]]"), 1)), "Expected function with 1 argument but found function with 100000 arguments."},
		{"a function as the result", start(fn(1, 1, v(1))), "Query result must be of type DATUM, GROUPED_DATA, or STREAM (got FUNCTION)."},
		{"an unknown term in the tree", start(T(tAdd, 1, term("[98765,[]]"))), "Unrecognized TermType: 98765."},
		{"an array limit of zero", startWith(array(1), `"array_limit":0`), "Illegal array size limit `0`."},
		{"an array limit that is a string", startWith(array(1), `"array_limit":"x"`), "Expected type NUMBER but found STRING."},
		{"a batch of no rows", startWith(T(tRange), `"max_batch_rows":0`), `{"t":18,`},
		{"a batch of negative time", startWith(T(tRange), `"max_batch_seconds":-1`), "max_batch_seconds must be positive"},
		{"options that never end", startWith(term("1"), `"array_limit":[`+"43,[["+"173,[]]]]"), `{"t":18,|{"t":17,`},
		{"times that are out of range", "[1,[101,[1e300]]]", anything},
		{"a time in a zone that does not exist", `[1,[104,[[103,[]],"+99:99"]]]`, `{"t":18,`},
		{"an integer that is too large", "[1,[45,[[173,[10]],1e300]]]", `{"t":18,`},
		{"an index before the first", "[1,[45,[[173,[10]],-1e9]]]", `{"t":18,`},
		{"a number that overflows", start(T(tMul, term("1e300"), term("1e300"))), "Non-finite number"},
		{"a pseudo-type that does not exist", `[1,[1,{"$reql_type$":"HOSTILE"}]]`, `{"t":17,|{"t":18,`},
		{"binary data that is no base64", `[1,{"$reql_type$":"BINARY","data":"%%%%"}]`, `{"t":17,|{"t":18,`},
		{"geometry with nonsense inside", `[1,{"$reql_type$":"GEOMETRY","type":"Polygon","coordinates":[[[[1e308]]]]}]`, anything},
		{"a key with a NUL byte", start(T(tInsert, T(tTable, "victim"), term(`{"id":"a\u0000b"}`))), "contains NULL byte"},
		{"a key that is too long", start(T(tInsert, T(tTable, "victim"), term(`{"id":"`+strings.Repeat("k", 1<<20)+`"}`))), "Primary key too long"},
		{"a table name of a megabyte", start(T(tTable, strings.Repeat("x", 1<<20))), "does not exist"},
		{"a table name with a path in it", start(T(tTable, "../../etc/passwd")), "invalid (Use A-Z"},
		{"an error text of a megabyte", start(T(12, strings.Repeat("x", 1<<20))), `{"t":18,"e":5000000,"r":["xxx`},
		{"a regular expression that is none", start(T(tMatch, "a", "[")), "missing ]"},
		{"a regular expression of a megabyte", start(T(tMatch, "a", strings.Repeat("(a|b)*", 1<<20/6))), anything},
		{"a regular expression of open brackets", start(T(tMatch, "a", strings.Repeat("(", 1<<20))), `{"t":18,`},
		{"a regular expression that multiplies", start(T(tMatch, "a", "((((a{100}){100}){100}){100}){100}")), `{"t":18,`},
		{"a regular expression that backtracks", start(T(tMatch, strings.Repeat("a", 1<<20), "(a*)*(a*)*b")), `{"t":1,"r":[null]}`},
		{"JSON text that is none", start(T(tJSON, "[1,")), "as JSON"},
		{"JSON text with a NUL byte", start(T(tJSON, "[1\x00]")), "Encountered unescaped null byte in JSON string."},
		{"a template of a megabyte of braces", start(T(tFormat, strings.Repeat("{", 1<<20), term("{}"))), "Nested template parameters are not allowed"},
	})
}

func attackNesting(t *testing.T, s *target) {
	const (
		deep    = 20_000
		deepest = 1_000_000
	)
	const limit = "nesting depth limit of"
	var queries []inquiry
	for _, n := range []struct{ name, opening, inside, closing, want string }{
		{"arrays", "[2,[", "1", "]]", `{"t":1,"r":[[[[`},
		{"bare arrays", "[", "", "]", compile},
		{"arrays in a datum", "[", "", "]", `{"t":1,"r":[[[[`},
		{"objects", `{"a":`, "1", "}", `{"t":1,"r":[{"a":{"a":|` + tooMuch},
		{"objects in arrays", `{"a":[2,[`, "1", "]]}", `{"t":1,"r":[{"a":[{"a":`},
		{"objects that are computed", `{"a":`, "[24,[1,2]]", "}", `{"t":1,"r":[{"a":{"a":|` + tooMuch},
		{"sums", "[24,[1,", "1", "]]", `{"t":1,"r":[20001]}`},
		{"sums of sums on the left", "[24,[", "1", ",1]]", `{"t":1,"r":[20001]}`},
		{"negations", "[23,[", "true", "]]", `{"t":1,"r":[true]}`},
		{"branches", "[65,[true,", "1", ",2]]", `{"t":1,"r":[1]}`},
		{"branches in tests", "[65,[", "true", ",true,false]]", `{"t":1,"r":[true]}`},
		{"defaults", "[92,[", "null", ",null]]", `{"t":1,"r":[null]}`},
		{"defaults of errors", `[92,[[31,[{},"x"]],`, "1", "]]", `{"t":1,"r":[1]}`},
		{"calls of functions", "[64,[[69,[[2,[1]],", "[10,[1]]", "]],1]]", `{"t":1,"r":[1]}`},
		{"functions that are not called", "[69,[[2,[1]],", "[10,[1]]", "]]", "got FUNCTION"},
		{"maps", "[38,[[2,[1]],[69,[[2,[1]],", "[10,[1]]", "]]]]", anything},
		{"maps of maps", "[38,[", "[2,[1]]", ",[69,[[2,[1]],[10,[1]]]]]]", `{"t":1,"r":[[1]]}`},
		{"filters of streams", "[39,[", "[173,[1]]", ",true]]", `{"t":2,"r":[0]`},
		{"merges", `[35,[`, `{"a":1}`, `,{"b":1}]]`, `{"t":1,"r":[{"a":1,"b":1}]}`},
		{"merges inside of merges", `[35,[{"a":1},`, `{"b":1}`, `]]`, `{"t":1,"r":[{"a":1,"b":1}]}`},
		{"fields", "[31,[", `{"a":1}`, `,"a"]]`, `{"t":18,`},
		{"brackets", "[170,[", `{"a":1}`, `,"a"]]`, `{"t":18,`},
		{"appends", "[29,[[2,[]],", "1", "]]", `{"t":1,"r":[[[[`},
		{"unions", "[44,[", "[2,[1]]", ",[2,[]]]]", `{"t":1,"r":[[1]]}|{"t":2,"r":[1]`},
		{"concat_maps", "[40,[", "[2,[1]]", ",[69,[[2,[1]],[2,[[10,[1]]]]]]]]", `{"t":1,"r":[[1]]}`},
		{"limits", "[71,[", "[173,[5]]", ",3]]", `{"t":2,"r":[0,1,2]`},
		{"orders", "[41,[", "[2,[2,1]]", ",[69,[[2,[1]],[10,[1]]]]]]", `{"t":1,"r":[[1,2]]}`},
		{"groups", "[150,[[144,[", "[2,[1]]", ",[69,[[2,[1]],1]]]]]]", `{"t":1,"r":[|` + tooMuch},
		{"arguments from arrays", "[154,[[2,[", "1", "]]]]", anything},
		{"patterns", `[33,[{"a":1},`, `"a"`, "]]", anything},
		{"options", `[39,[[2,[]],true],{"default":`, "1", "}]", anything},
		{"loops", "[68,[[2,[1]],[69,[[2,[1]],", "[56,[[15,[\"victim\"]],{\"id\":1}]]", "]]]]", anything},
		{"conversions", "[51,[", `"1"`, `,"STRING"]]`, `{"t":1,"r":["1"]}`},
		{"JSON of JSON", "[98,[[172,[", "1", "]]]]", `{"t":1,"r":[1]}`},
		{"errors", "[12,[", `"x"`, "]]", `{"t":18,"e":5000000,"r":["x"]`},
		{"strings in uppercase", "[141,[", `"a"`, "]]", `{"t":1,"r":["A"]}`},
	} {
		body := func(depth int) string {
			text := nest(n.opening, n.inside, n.closing, depth)
			if strings.HasSuffix(n.name, "in a datum") {
				text = "[1," + text + "]"
			}
			return "[1," + text + "]"
		}
		brackets := strings.Count(n.opening, "[") + strings.Count(n.opening, "{")
		levels := deep
		want := n.want
		if brackets*deep > 24_000 { // each of these terms is several levels of JSON, of which there may be 25,000
			levels, want = 24_000/brackets, strings.Replace(want, "20001", "12001", 1)
		}
		queries = append(queries, inquiry{n.name, body(levels), want})
		if brackets > 1 {
			queries = append(queries, inquiry{n.name + ", 20,000", body(deep), limit})
		}
		queries = append(queries, inquiry{n.name + ", 1,000,000", body(deepest), limit})
	}
	array, object := nest("[", "", "]", deep), nest(`{"a":`, "1", "}", deep)
	queries = append(queries,
		inquiry{"infos", "[1," + nest("[79,[", "1", "]]", 500) + "]", `{"t":1,"r":[{"type":"OBJECT"`}, // each has the text of the one below
		inquiry{"a bracket that is never closed", "[1," + strings.Repeat("[", deepest), limit},
		inquiry{"an object that is never closed", "[1," + strings.Repeat(`{"a":`, deepest), limit},
		inquiry{"JSON text of arrays", start(T(tJSON, array)), `{"t":1,"r":[[[[`},
		inquiry{"JSON text of objects", start(T(tJSON, object)), `{"t":1,"r":[{"a":{"a":`},
		inquiry{"JSON text of arrays, 1,000,000", start(T(tJSON, nest("[", "", "]", deepest))), tooDeep},
		inquiry{"JSON text of objects, 1,000,000", start(T(tJSON, nest(`{"a":`, "1", "}", deepest))), tooDeep},
		inquiry{"JSON text that is never closed", start(T(tJSON, strings.Repeat(`[{"a":`, deepest))), tooDeep},
		inquiry{"a fold that nests", start(T(tFold, T(tRange, 40_000), 1, fn(1, 2, T(tMakeArray, v(1))))), `{"t":1,"r":[[[[`},
		inquiry{"a fold that nests beyond the limit", start(T(tFold, T(tRange, 100_000), 1, fn(1, 2, T(tMakeArray, v(1))))), tooDeep},
		inquiry{"a fold that nests objects", start(T(tFold, T(tRange, 100_000), 1, fn(1, 2, term(`{"a":[10,[1]]}`)))), tooDeep},
		inquiry{"a comparison of deep values", start(T(tEq, T(tJSON, array), T(tJSON, array))), `{"t":1,"r":[true]}`},
		inquiry{"a merge of deep values", start(T(tMerge, T(tJSON, object), T(tJSON, object))), `{"t":1,"r":[{"a":{"a":`},
		inquiry{"distinct deep values", start(T(tDistinct, T(tMakeArray, T(tJSON, array), T(tJSON, array)))), `{"t":1,"r":[[[[`},
		inquiry{"a deep pattern", start(T(tPluck, T(tJSON, object), T(tJSON, strings.Replace(object, "1", "true", 1)))), `{"t":1,"r":[{"a":{"a":`},
		inquiry{"a deep value without a pattern", start(T(tWithout, T(tJSON, object), T(tJSON, strings.Replace(object, "1", "true", 1)))), `{"t":1,"r":[{"a":{"a":`},
		inquiry{"a deep filter", start(T(tFilter, T(tMakeArray, T(tJSON, object)), T(tJSON, object))), `{"t":1,"r":[[{"a":{"a":`},
		inquiry{"the text of a deep value", start(T(tToJSON, T(tJSON, array))), `{"t":1,"r":["[[[[`},
		inquiry{"a deep value in an error", start(T(tGetField, T(tJSON, object), "b")), "No attribute `b` in object:"},
		inquiry{"a deep value as a key", start(T(tGet, T(tTable, "victim"), T(tJSON, array))), `{"t":18,`},
		inquiry{"a deep value in a row", start(T(tInsert, T(tTable, "victim"), term(`{"id":"deep","a":[98,["`+array+`"]]}`))), `"inserted":1`},
		inquiry{"a deep value from a row", start(T(tGet, T(tTable, "victim"), "deep")), `{"t":1,"r":[{"a":[[[[`},
		inquiry{"an update of a deep row", start(T(tUpdate, T(tGet, T(tTable, "victim"), "deep"), term(`{"b":1}`))), `"replaced":1`},
	)
	s.ask(t, queries)
}
