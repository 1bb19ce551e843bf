package exec

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
)

// compileFunction gives the function of a script such as `x => x("a")`, and a frame to call it in.
func compileFunction(t testing.TB, script string) (*function, *frame) {
	t.Helper()
	body, err := reqltest.Query("r.expr([1]).map(" + script + ")")
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil || q.Err != nil {
		t.Fatal(bad, q.Err)
	}
	b := &builder{}
	n, err := b.compile(q.Term.Args[1])
	if err != nil {
		t.Fatal(err)
	}
	fr := &frame{q: &query{plan: &Plan{}, ctx: context.Background(), arrayLimit: defaultArrayLimit}, vars: make([]datum.Value, b.slots)}
	v, err := n.eval(fr)
	if err != nil {
		t.Fatal(err)
	}
	return v.x.(*function), fr
}

// encodedRow is a row of about 1 KB as a table reads it.
func encodedRow(t testing.TB) datum.Value {
	t.Helper()
	v, err := datum.ParseJSON(fmt.Appendf(nil, `{"id":"7d0e6c3b","a":7,"b":"c","name":"Grace Hopper","email":"grace@example.com","age":37,`+
		`"score":12.75,"active":true,"at":{"$reql_type$":"TIME","epoch_time":1700000000.5,"timezone":"+00:00"},"tags":["alpha","beta","gamma"],`+
		`"address":{"street":"1 Main Street","city":"Arlington","zip":"22201"},"note":null,"text":%q}`, strings.Repeat("lorem ipsum dolor ", 38)))
	if err != nil {
		t.Fatal(err)
	}
	return datum.View(datum.AppendEncoded(nil, v))
}

// predicates are functions whose evaluation on a row allocates nothing, with their results.
var predicates = []struct {
	name, script string
	want         datum.Value
}{
	{"field", `x => x("a")`, datum.Int(7)},
	{"nested field", `x => x("address")("zip").eq("22201")`, datum.True},
	{"compare", `x => x("a").gt(5)`, datum.True},
	{"arithmetic and logic", `x => x("a").add(1).gt(5).and(x("b").eq("c"))`, datum.True},
	{"default of a missing field", `x => x("missing").add(1).default(0).lt(1)`, datum.True},
	{"constant time", `x => x("at").gt(r.time(2020, 1, 2, "Z")).and(x("at").lt(r.iso8601("2030-01-02T03:04:05Z")))`, datum.True},
	{"part of a time", `x => x("at").year().eq(2023)`, datum.True},
	{"branch", `x => r.branch(x("a").gt(100), "many", x("a").gt(5), "some", "few")`, datum.String("some")},
	{"not", `x => x("active").not()`, datum.False},
	{"coerce", `x => x("note").coerceTo("bool")`, datum.False},
	{"bits", `x => x("a").bitAnd(3).mod(2)`, datum.Int(1)},
}

func TestPredicatesDoNotAllocate(t *testing.T) {
	row := encodedRow(t)
	for _, p := range predicates {
		t.Run(p.name, func(t *testing.T) {
			f, fr := compileFunction(t, p.script)
			d, err := f.call1(fr, row)
			if err != nil || !datum.Equal(d, p.want) {
				t.Fatalf("%s gives %s, %v; want %s", p.script, d.Print(), err, p.want.Print())
			}
			if n := testing.AllocsPerRun(100, func() { _, _ = f.call1(fr, row) }); n > 0 {
				t.Errorf("%s allocates %v times", p.script, n)
			}
		})
	}
}

// A field that is not there is worth no error to those who do not look at errors.
func TestMissingDoesNotAllocate(t *testing.T) {
	row := encodedRow(t)
	for _, script := range []string{
		`x => x("missing")`, `x => x("missing")("deeper").eq(1)`, `x => x("missing").add(1).gt(5).and(x("b").eq("c"))`,
		`x => r.not(x("missing"))`, `x => r.branch(x("missing").gt(1), 1, 2)`,
	} {
		f, fr := compileFunction(t, script)
		if d, err := f.maybe(fr, row); err != nil || !d.IsAbsent() {
			t.Errorf("%s gives %s, %v; want nothing", script, d.Print(), err)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = f.maybe(fr, row) }); n > 0 {
			t.Errorf("%s allocates %v times", script, n)
		}
	}
}

func BenchmarkPredicate(b *testing.B) {
	row := encodedRow(b)
	for _, p := range predicates {
		b.Run(p.name, func(b *testing.B) {
			f, fr := compileFunction(b, p.script)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.call1(fr, row); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
