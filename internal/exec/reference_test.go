package exec_test

import (
	"cmp"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/exec/termdoc"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
)

// reference is all that docs/reql.md is made of.
type reference struct {
	page       *termdoc.Page
	entries    []*termdoc.Entry
	registered map[reql.TermType]termdoc.Facts
}

func readReference(t *testing.T) *reference {
	t.Helper()
	page, err := termdoc.ReadPage("termdoc/page.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := termdoc.ReadSources(".")
	if err != nil {
		t.Fatal(err)
	}
	return &reference{page, entries, exec.Registered()}
}

// builtIn are the terms that the compiler knows itself; page.md tells how values, variables and functions are written.
var builtIn = map[reql.TermType]bool{reql.TermDatum: true, reql.TermMakeObj: true, reql.TermVar: true, reql.TermImplicitVar: true, reql.TermFunc: true}

// TestEveryTermIsDocumented checks the comments of the registrations against the registrations.
func TestEveryTermIsDocumented(t *testing.T) {
	ref := readReference(t)
	documented := map[reql.TermType]bool{}
	for _, e := range ref.entries {
		for _, term := range e.Terms {
			if documented[term] {
				t.Errorf("%s:%d: %s is documented twice", e.File, e.Line, term)
			}
			documented[term] = true
		}
		facts, ok := ref.registered[e.Terms[0]]
		if !ok {
			t.Errorf("%s:%d: %s is not registered", e.File, e.Line, e.Terms[0])
			continue
		}
		checkForms(t, e, facts)
		checkOptions(t, e, facts)
	}
	for term := range ref.registered {
		if !documented[term] {
			t.Errorf("%s has no documentation: write a comment above its registration as package termdoc has it", term)
		}
	}
	for term := range documented {
		if builtIn[term] {
			t.Errorf("%s is documented by page.md", term)
		}
	}
}

// checkForms compares the numbers of arguments.
func checkForms(t *testing.T, e *termdoc.Entry, facts termdoc.Facts) {
	if len(e.Terms) > 1 {
		return
	}
	least, most := e.Forms[0].Min, e.Forms[0].Max
	for _, f := range e.Forms[1:] {
		least = min(least, f.Min)
		if most = max(most, f.Max); f.Max < 0 || e.Forms[0].Max < 0 {
			most = -1
		}
	}
	if least != facts.Min || most != facts.Max {
		t.Errorf("%s:%d: by its forms %s takes %d to %d arguments, by its registration %d to %d", e.File, e.Line, e.Name(), least, most, facts.Min, facts.Max)
	}
}

// checkOptions compares the names of the optional arguments; those that begin with _ are between drivers and servers.
func checkOptions(t *testing.T, e *termdoc.Entry, facts termdoc.Facts) {
	names := map[string]bool{}
	for _, o := range e.Options {
		names[o.Name] = true
		if !slices.Contains(facts.Options, o.Name) {
			t.Errorf("%s:%d: %s has no option %s", e.File, e.Line, e.Name(), o.Name)
		}
	}
	for _, o := range facts.Options {
		if !names[o] && !strings.HasPrefix(o, "_") {
			t.Errorf("%s:%d: the option %s of %s is not documented", e.File, e.Line, o, e.Name())
		}
	}
}

// TestEveryOptionIsDocumented looks for the options of whole queries: in the terms that have them, or on the page.
func TestEveryOptionIsDocumented(t *testing.T) {
	ref := readReference(t)
	page, err := os.ReadFile("termdoc/page.md")
	if err != nil {
		t.Fatal(err)
	}
	ofTerms := map[string]bool{}
	for _, facts := range ref.registered {
		for _, o := range facts.Options {
			ofTerms[o] = true
		}
	}
	for _, o := range reql.GlobalOptArgs() {
		if !ofTerms[o] && !strings.Contains(string(page), "`"+o+"`") {
			t.Errorf("the option %s of whole queries is neither one of a term nor on termdoc/page.md", o)
		}
	}
}

// TestReferenceExamples runs the examples of the page. With -rewrite it writes their answers.
func TestReferenceExamples(t *testing.T) {
	ref := readReference(t)
	answers := map[string][]termdoc.Example{}
	run := func(name string, examples []termdoc.Example) {
		s := newServer(t)
		s.run(t, `r.dbCreate("test")`)
		for _, x := range ref.page.Setup {
			if _, err := reqltest.Query(x.Query); err != nil {
				t.Fatalf("%s:%d: %v", x.File, x.From, err)
			}
			s.run(t, x.Query)
		}
		for _, x := range examples {
			got := s.run(t, x.Query)
			if got != x.Answer && !rewriting() {
				t.Errorf("%s:%d: %s\n%s\nanswers\n%s\nand not\n%s", x.File, x.From, name, x.Query, got, x.Answer)
			}
			x.Answer = got
			answers[x.File] = append(answers[x.File], x)
		}
	}
	run("page", ref.page.Examples)
	for _, e := range ref.entries {
		run(e.Name(), e.Examples)
	}
	if !rewriting() {
		return
	}
	for file, examples := range answers {
		slices.SortFunc(examples, func(a, b termdoc.Example) int { return cmp.Compare(a.From, b.From) })
		if err := termdoc.Rewrite(file, examples); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReferenceIsUpToDate compares docs/reql.md with what its sources say. With -rewrite it writes the page.
func TestReferenceIsUpToDate(t *testing.T) {
	ref := readReference(t)
	want, err := ref.page.Write(ref.entries, func(e *termdoc.Entry) termdoc.Facts { return ref.registered[e.Terms[0]] })
	if err != nil {
		t.Fatal(err)
	}
	expectFile(t, "../../docs/reql.md", want)
}

// TestCompletionIsUpToDate does the same with what the Data Explorer tells of terms while somebody types.
func TestCompletionIsUpToDate(t *testing.T) {
	want, err := termdoc.Completion(readReference(t).entries)
	if err != nil {
		t.Fatal(err)
	}
	expectFile(t, "../../web/src/explorer/documentation.json", want)
}

// expectFile compares a file with what it should be. With -rewrite it writes it.
func expectFile(t *testing.T, path, want string) {
	t.Helper()
	if rewriting() {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not up to date: run go generate ./internal/exec", path)
	}
}

// rewriting tells whether -rewrite is given, the flag of package datadriven.
func rewriting() bool { return flag.Lookup("rewrite").Value.String() == "true" }
