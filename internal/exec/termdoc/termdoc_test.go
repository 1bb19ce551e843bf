package termdoc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rethinkdb/internal/reql"
)

func TestFormsCountTheirArguments(t *testing.T) {
	for text, want := range map[string]struct {
		name     string
		min, max int
	}{
		"r.now() → time":                        {"now", 0, 0},
		"r.minval → value":                      {"minval", 0, 0},
		"string.match(expression) → object":     {"match", 2, 2},
		"array.slice(from[, to]) → array":       {"slice", 2, 3},
		"value.eq(value…) → bool":               {"eq", 2, -1},
		"table.getAll([key…], index: x) → rows": {"getAll", 1, -1},
		"value.do([value…, ]function) → value":  {"do", 2, -1},
		"r.branch(a, b[, a, b…], c) → value":    {"branch", 3, -1},
	} {
		f, err := parseForm(text)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != want.name || f.Min != want.min || f.Max != want.max {
			t.Errorf("%s is %s of %d to %d arguments, want %v", text, f.Name, f.Min, f.Max, want)
		}
	}
}

func TestQueriesBecomeJavaScript(t *testing.T) {
	for query, want := range map[string]string{
		`r.range(3)`: `r.range(3)`,
		`r.table("a, b: (c").between(1, 2, index: "x", left_bound: "open").count()`: `r.table("a, b: (c").between(1, 2, {index: "x", left_bound: "open"}).count()`,
		`r.table("t").min(index: r.asc("x"))`:                                       `r.table("t").min({index: r.asc("x")})`,
		`r.table("t").insert({a: 1, b: [{c: 2}]}, conflict: "update")`:              `r.table("t").insert({a: 1, b: [{c: 2}]}, {conflict: "update"})`,
		`r.range(3); array_limit: 2, noreply: true`:                                 `r.range(3).run(conn, {array_limit: 2, noreply: true})`,
	} {
		if got := javaScript(query); got != want {
			t.Errorf("%s\nbecomes %s\nand not %s", query, got, want)
		}
	}
}

const source = `package p

func init() {
	// Family: Strings
	//
	// string.split() → array
	// string.split(separator) → array
	//
	// The parts
	// of a string.
	//
	// Options:
	// - index (string; the key): where to look,
	//   and where not
	//
	// Errors:
	// - QueryLogic: Too %s.
	//
	//	> r.expr("a b")
	//	>   .split()
	//	["a","b"]
	//	> r.expr([])
	register(reql.TermSplit, spec{})

	// No documentation: this goes → there.

	// r.monday → number
	// r.sunday → number
	//
	// Days.
	//
	//	> r.monday
	//	1
	for i := reql.TermMonday; i <= reql.TermSunday; i++ {
	}
}
`

func TestDocumentationIsReadFromSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "term.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := ReadSources(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 || len(entries[0].Terms) != 7 || entries[0].Family != "Strings" || entries[1].Terms[0] != reql.TermSplit {
		t.Fatalf("entries are %+v", entries)
	}
	e := entries[1]
	if len(e.Forms) != 2 || e.Text[0] != "The parts of a string." || len(e.Errors) != 1 || e.Errors[0] != (Error{"QueryLogic", "Too %s."}) {
		t.Errorf("the entry is %+v", e)
	}
	if want := (Option{"index", "string", "the key", "where to look, and where not"}); len(e.Options) != 1 || e.Options[0] != want {
		t.Errorf("options are %v, want %v", e.Options, want)
	}
	if len(e.Examples) != 2 || e.Examples[0].Query != "r.expr(\"a b\")\n  .split()" || e.Examples[0].Answer != `["a","b"]` || e.Examples[1].Answer != "" {
		t.Fatalf("examples are %+v", e.Examples)
	}

	e.Examples[0].Answer, e.Examples[1].Answer = "[]\n1", "2"
	if err := Rewrite(file, e.Examples); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(source, "\t//\t[\"a\",\"b\"]\n\t//\t> r.expr([])\n", "\t//\t[]\n\t//\t1\n\t//\t> r.expr([])\n\t//\t2\n", 1)
	if string(got) != want {
		t.Errorf("rewritten:\n%s", got)
	}
}

func TestWrongDocumentationIsRefused(t *testing.T) {
	for comment, want := range map[string]string{
		"r.now() → time\n\nText.":                                      "no example",
		"r.now() → time\n\n\t> r.now()":                                "no text",
		"r.now()\n\nText.\n\n\t> r.now()":                              "has no →",
		"r.now() → time\n\nText.\n\n\tr.now()":                         "begins with >",
		"r.now() → time\n\nText.\n\nOptions:\n- index: x\n\n\t> r.a()": "name (type; default): text",
		"r.now() → time\n\nText.\n\nErrors:\n- Too late.\n\n\t> r.a()": "class: text",
	} {
		_, err := parseEntry("term.go", 1, strings.Split(comment, "\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", comment, err, want)
		}
	}
}

func TestDeadLinksAreFound(t *testing.T) {
	for page, want := range map[string]string{
		"## Dates and times\n[x](#dates-and-times)": "",
		"# A\n[x](#b)":     "no heading for the link ](#b)",
		"### get\n### get": `there are two headings "get"`,
	} {
		got := ""
		if err := checkLinks(page); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", page, got, want)
		}
	}
}
