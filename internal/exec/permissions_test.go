package exec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/race"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

// right is one that a query takes.
type right struct {
	name, place string
	internal    bool // the refusal is of class Internal
	row         bool // it is that of a row, and the query goes on
}

// guardedQuery is a line of testdata/permissions.rights.
type guardedQuery struct {
	text   string
	rights []right
	fails  bool // for other reasons, when nothing is in its way
	body   []byte
	terms  map[reql.TermType]bool
}

func readRights(t *testing.T) []guardedQuery {
	t.Helper()
	file, err := os.ReadFile("testdata/permissions.rights")
	if err != nil {
		t.Fatal(err)
	}
	var queries []guardedQuery
	for line := range strings.Lines(string(file)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		list, text, ok := strings.Cut(line, " | ")
		if !ok {
			t.Fatalf("no | in %q", line)
		}
		q := guardedQuery{text: text, terms: map[reql.TermType]bool{}}
		list, q.fails = strings.CutSuffix(list, " ~")
		if list != "nothing" {
			for word := range strings.SplitSeq(list, ", ") {
				word, internal := strings.CutSuffix(word, "!")
				word, row := strings.CutSuffix(word, "#")
				name, place, ok := strings.Cut(word, "@")
				switch {
				case name == "connect":
					place = "global"
				case !ok:
					place = "t"
				}
				q.rights = append(q.rights, right{name, place, internal, row})
			}
		}
		if q.body, err = reqltest.Query(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		parsed, bad := reql.ParseQuery(q.body)
		if bad != nil {
			t.Fatalf("%s: %v", text, bad)
		}
		q.collectTerms(parsed.Term)
		queries = append(queries, q)
	}
	return queries
}

func (q *guardedQuery) collectTerms(term *reql.Term) {
	q.terms[term.Type], q.terms[term.Folded] = true, true
	for _, a := range term.Args {
		q.collectTerms(a)
	}
	for _, o := range term.OptArgs {
		q.collectTerms(o.Term)
	}
}

// settings are what is said of rights in places: true, false, or nothing.
type settings map[string]map[string]bool

func (s settings) set(place, name string, word bool) {
	if s[place] == nil {
		s[place] = map[string]bool{}
	}
	s[place][name] = word
}

func (s settings) String() string {
	var words []string
	for _, place := range slices.Sorted(maps.Keys(s)) {
		words = append(words, fmt.Sprint(place, s[place]))
	}
	return strings.Join(words, " ")
}

// holds is the rule in the words of RethinkDB's documentation: what the table says, else what the database says, else what is said
// globally, which does not count for the system database; else no. Writing takes the right to read as well.
func (s settings) holds(name, place string) bool {
	if name == "write" && !s.holds("read", place) {
		return false
	}
	places := []string{place, "rethinkdb"} // a system table
	switch place {
	case "global":
		places = []string{"global"}
	case "test":
		places = []string{"test", "global"}
	case "t", "other":
		places = []string{place, "test", "global"}
	}
	for _, p := range places {
		if word, ok := s[p][name]; ok {
			return word
		}
	}
	return false
}

// refusal is how a query ends for want of a right; empty if it has all of them.
func (s settings) refusal(q guardedQuery) string {
	for _, r := range q.rights {
		switch {
		case r.name == "admin":
			return "Permission: Internal permission error, required `admin` permission."
		case s.holds(r.name, r.place):
			continue
		}
		text := fmt.Sprintf("User `u` does not have the required `%s` permission.", r.name)
		switch {
		case r.internal:
			return "Internal: Unexpected exception: " + text
		case r.row:
			return text
		}
		return "Permission: " + text
	}
	return ""
}

// objects are the places that can be named in a query; system tables are named by themselves.
var objects = map[string]string{"global": `r`, "test": `r.db("test")`, "t": `r.table("t")`, "other": `r.table("other")`, "rethinkdb": `r.db("rethinkdb")`}

func (s settings) grants() []string {
	var all []string
	for _, place := range slices.Sorted(maps.Keys(s)) {
		object, ok := objects[place]
		if !ok {
			object = `r.db("rethinkdb").table("` + place + `")`
		}
		var words []string
		for _, name := range slices.Sorted(maps.Keys(s[place])) {
			words = append(words, fmt.Sprintf("%s: %t", name, s[place][name]))
		}
		all = append(all, object+`.grant("u", {`+strings.Join(words, ", ")+`})`)
	}
	return all
}

var rightNames = []string{"read", "write", "config"}

// matrix is all that is tried: every set of rights in every place alone, of a system table those that begin with read; every way in
// which table, database and everything can say yes, no or nothing; and sixty settings of everything by chance, always the same.
func matrix(systemTables []string) []settings {
	var all []settings
	for _, place := range append([]string{"global", "test", "t", "other", "rethinkdb"}, systemTables...) {
		for set := range 1 << len(rightNames) {
			s := settings{}
			for i, name := range rightNames {
				s.set(place, name, set>>i&1 == 1)
			}
			if objects[place] == "" && !s[place]["read"] {
				continue // nothing is to be had there
			}
			all = append(all, s)
		}
	}
	for _, word := range []bool{false, true} {
		s := settings{}
		s.set("global", "connect", word)
		all = append(all, s)
	}
	for n := range 27 {
		s := settings{}
		for i, place := range []string{"global", "test", "t"} {
			if word := n / []int{1, 3, 9}[i] % 3; word != 0 {
				for _, name := range rightNames {
					s.set(place, name, word == 1)
				}
			}
		}
		all = append(all, s)
	}
	chance := rand.New(rand.NewPCG(4, 4))
	for range 60 {
		s := settings{}
		for _, place := range append([]string{"global", "test", "t", "other", "rethinkdb"}, systemTables...) {
			for _, name := range rightNames {
				if word := chance.IntN(3); word != 0 {
					s.set(place, name, word == 1)
				}
			}
		}
		all = append(all, s)
	}
	yes := settings{}
	for _, place := range []string{"global", "rethinkdb"} {
		for _, name := range rightNames {
			yes.set(place, name, true)
		}
	}
	yes.set("global", "connect", true)
	return append(all, yes)
}

// TestPermissionMatrix runs a query of each family of terms with many settings of permissions.
func TestPermissionMatrix(t *testing.T) {
	queries := readRights(t)
	tables := map[string]bool{}
	seen := map[reql.TermType]bool{}
	for _, q := range queries {
		maps.Copy(seen, q.terms)
		for _, r := range q.rights {
			if objects[r.place] == "" {
				tables[r.place] = true
			}
		}
	}
	for term := range exec.Registered() {
		if !seen[term] {
			t.Errorf("there is no query with %s: whoever adds a term says what rights it takes", term)
		}
	}
	var listed []string
	if err := json.Unmarshal([]byte(newServer(t).run(t, `r.db("rethinkdb").tableList()`)), &listed); err != nil {
		t.Fatal(err)
	}
	for _, table := range listed {
		if !tables[table] {
			t.Errorf("there is no query with the system table %s", table)
		}
	}
	states := matrix(slices.Sorted(maps.Keys(tables)))
	for i, s := range states {
		last := i == len(states)-1 // where everything is allowed
		if race.Enabled && i%10 != 0 && !last {
			continue
		}
		t.Run(s.String(), func(t *testing.T) {
			server := newServer(t)
			for _, q := range append([]string{
				`r.dbCreate("test")`, `r.tableCreate("t")`, `r.tableCreate("other")`,
				`r.table("t").indexCreate("n")`, `r.table("t").indexCreate("g", geo: true)`, `r.table("t").indexWait()`,
				`r.table("t").insert(r.range(5).map(i => {id: i, n: i, g: r.point(i, i)}))`,
				`r.table("other").insert(r.range(5).map(i => {id: i}))`,
				`r.db("rethinkdb").table("users").insert([{id: "u", password: false}, {id: "v", password: false}])`,
			}, s.grants()...) {
				if got := server.run(t, q); failed(got) || strings.Contains(got, "first_error") {
					t.Fatalf("%s\n%s", q, got)
				}
			}
			u := server.as("u")
			for _, q := range queries {
				if q.terms[reql.TermJavaScript] && !last {
					continue // it takes a process each time
				}
				got := u.outcome(t, q.body)
				switch want := s.refusal(q); {
				case want != "" && got != want, want == "" && strings.Contains(got, " permission."), want == "" && last && !q.fails && got != "":
					t.Errorf("%s\ngot  %s\nwant %s", q.text, got, want)
				}
			}
		})
	}
	t.Logf("%d settings, %d queries", len(states), len(queries))
}

var firstError = regexp.MustCompile(`"first_error":"([^"]*)"`)

// outcome runs a query, of a feed its beginning, and gives its error without the place, or that of a row.
func (s *server) outcome(t *testing.T, body []byte) string {
	t.Helper()
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, cur := s.compiler.Compile(q).Start(ctx, nil)
	for {
		r := parseResponse(t, out)
		if r.T >= int(reql.ClientError) {
			if cur != nil {
				cur.Close()
			}
			got, _, _ := strings.Cut(printError(t, r), "\nat ")
			return got
		}
		if cur == nil {
			if m := firstError.FindSubmatch(out); m != nil {
				return string(m[1])
			}
			return ""
		}
		if _, feed := cur.(session.Feed); feed {
			cur.Close()
			return ""
		}
		var more bool
		if out, more = cur.Next(ctx, nil); !more {
			cur.Close()
			cur = nil
		}
	}
}
