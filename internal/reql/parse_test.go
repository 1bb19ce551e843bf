package reql_test

import (
	"strings"
	"testing"

	"rethinkdb/internal/reql"
)

// answer gives what a client gets for a message that is refused before it runs, or the term in JavaScript.
func answer(body string) string {
	q, err := reql.ParseQuery([]byte(body))
	if err == nil {
		err = q.Err
	}
	if err != nil {
		return string(reql.AppendError(nil, err))
	}
	if q.Term == nil {
		return "control"
	}
	return q.Print()
}

func TestParseQuery(t *testing.T) {
	const buggy = `{"t":16,"r":["Client is buggy (failed to deserialize query)."],"b":[]}`
	for name, c := range map[string]struct{ body, want string }{
		"empty":                         {"", buggy},
		"cut off":                       {"[1,[24,[1", buggy},
		"text after the query":          {"[1,5]x", buggy},
		"text after a NUL":              {"[1,5]\x00x", "5"},
		"leading zero":                  {"[1,01]", buggy},
		"number out of range":           {"[1,1e400]", buggy},
		"lone surrogate":                {`[1,"\ud800"]`, buggy},
		"surrogate pair":                {`[1,"\ud83d\ude00"]`, `"😀"`},
		"control character in a string": {"[1,\"a\nb\"]", buggy},
		"object":                        {"{}", `{"t":16,"r":["Server could not parse query: Expected a query to be an array, but found OBJECT."],"b":[]}`},
		"unknown query type":            {"[99]", `{"t":16,"r":["Server could not parse query: Unrecognized QueryType: 99."],"b":[]}`},
		"control query":                 {"[2]", "control"},
		"unknown term":                  {"[1,[9999,[]]]", `{"t":17,"r":["Unrecognized TermType: 9999."],"b":[]}`},
		"unknown term inside":           {"[1,[24,[1,[9999,[]]]]]", `{"t":17,"r":["Unrecognized TermType: 9999."],"b":[1]}`},
		"place in an optional argument": {`[1,[15,["t"],{"read_mode":[]}]]`, `{"t":17,"r":["Expected between 1 and 3 elements in a raw term, but found 0."],"b":["read_mode"]}`},
		"write inside a map":            {"[1,[38,[[2,[1]],[69,[[2,[1]],[57,[\"x\"]]]]]]]", `{"t":17,"r":["Cannot nest writes or meta ops in stream operations.  Use FOR_EACH instead."],"b":[1,1]}`},
		"order outside of order_by":     {"[1,[73,[\"x\"]]]", `{"t":17,"r":["ASC may only be used as an argument to ORDER_BY or UNION."],"b":[]}`},
		"unknown global option":         {`[1,1,{"bogus":1}]`, `{"t":17,"r":["Unrecognized global optional argument ` + "`bogus`" + `."],"b":[]}`},
		"folded literals":               {`[1,{"a":[2,[1,{"b":[2,[]]}]]}]`, `r.expr({"a":[1,{"b":[]}]})`},
		"not all literals":              {`[1,[2,[1,[24,[1,2]]]]]`, `[1, r.add(1, 2)]`},
	} {
		if got := answer(c.body); got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", name, c.body, got, c.want)
		}
	}
}

func TestStaticOptions(t *testing.T) {
	for body, want := range map[string]bool{
		`[1,5]`:                          false,
		`[1,5,{"noreply":true}]`:         true,
		`[1,5,{"noreply":[1,true]}]`:     true,
		`[1,5,{"noreply":1}]`:            false,
		`[1,5,{"noreply":[24,[1,2]]}]`:   false,
		`[1,[9999],{"noreply":true}]`:    true, // even for a query that does not compile
		`[1,[],{"x":1,"noreply":false}]`: false,
	} {
		q, err := reql.ParseQuery([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if q.NoReply != want {
			t.Errorf("%s: noreply is %v, want %v", body, q.NoReply, want)
		}
	}
}

func TestDepthIsBounded(t *testing.T) {
	nest := func(n int, open, end string) string {
		return "[1," + strings.Repeat(open, n) + "1" + strings.Repeat(end, n) + "]"
	}
	if got := answer(nest(10_000, "[2,[", "]]")); !strings.HasPrefix(got, "r.expr([") {
		t.Errorf("10,000 nested arrays: %.100s", got)
	}
	if got := answer(nest(3000, `{"a":`, "}")); !strings.HasPrefix(got, `r.expr({`) {
		t.Errorf("3,000 nested objects: %.100s", got)
	}
	for _, n := range []int{30_000, 1_000_000} {
		if got := answer(nest(n, `{"a":`, "}")); !strings.Contains(got, "nesting depth limit") {
			t.Errorf("%d nested objects: %.100s", n, got)
		}
	}
}

// TestFoldingIsLinear parses terms that cannot be folded because of what is at their bottom.
func TestFoldingIsLinear(t *testing.T) {
	const n = 8000
	body := "[1," + strings.Repeat("[2,[", n) + "[13,[]]" + strings.Repeat(`,{"a":1}]]`, n) + "]"
	if got := answer(body); !strings.HasPrefix(got, "[[[") {
		t.Errorf("got %.100s", got)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{`[1,[24,[1,2]],{"db":[14,["test"]]}]`, `[1,[56,[[15,["t"]],{"id":1,"a":[2,["x","é\n"]]}]]]`,
		`[1,{"$reql_type$":"TIME","epoch_time":1,"timezone":"Z"}]`, `[1,[69,[[2,[1]],[10,[1]]]]]`, `[4]`, `[1,"\ud83d\ude00"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := reql.ParseQuery(body)
		if err != nil {
			reql.AppendError(nil, err)
			return
		}
		if q.Err != nil {
			reql.AppendError(nil, q.Err)
		} else if q.Term != nil {
			q.Print()
		}
	})
}

func BenchmarkParseQuery(b *testing.B) {
	doc := `{"id":"0a1b2c3d-0000-4000-8000-000000000000","seq":17,"name":"amber basalt","email":"x@example.com","age":33,"tags":[2,["a","b","c"]],"address":{"street":"1 x street","city":"y","loc":{"lat":1.5,"lon":2.25}},"bio":"` + strings.Repeat("words and ", 60) + `"}`
	for name, body := range map[string]string{
		"ping":      `[1,[24,[12345,1]]]`,
		"get":       `[1,[16,[[15,[[14,["bench_a"]],"u"]],"0a1b2c3d-0000-4000-8000-000000000000"]]]`,
		"insert1":   `[1,[56,[[15,[[14,["bench_a"]],"u"]],` + doc + `],{"durability":"soft"}]]`,
		"insert200": `[1,[56,[[15,[[14,["bench_a"]],"u"]],[2,[` + strings.Repeat(doc+",", 199) + doc + `]]],{"durability":"soft"}]]`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			in := []byte(body)
			for b.Loop() {
				if _, err := reql.ParseQuery(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
