package exec_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// plan gives what the server answers about a query instead of running it, with a line for each step.
func (s *server) plan(t testing.TB, script string) string {
	answer := s.run(t, withOption(script, "explain: true"))
	var step map[string]any
	if json.Unmarshal([]byte(answer), &step) != nil {
		return answer
	}
	var b strings.Builder
	printStep(&b, step, "", "")
	return strings.TrimSuffix(b.String(), "\n")
}

func printStep(b *strings.Builder, step map[string]any, indent, role string) {
	fmt.Fprintf(b, "%s%s%s [%s]", indent, role, step["operation"], step["term"])
	for _, name := range slices.Sorted(maps.Keys(step)) {
		switch name {
		case "operation", "term", "input", "inputs", "for_each_row":
		default:
			v, err := json.Marshal(step[name])
			if err != nil {
				v = []byte(err.Error())
			}
			fmt.Fprintf(b, " %s=%s", name, v)
		}
	}
	b.WriteByte('\n')
	if in, ok := step["input"].(map[string]any); ok {
		printStep(b, in, indent+"  ", "")
	}
	for _, list := range []struct{ name, role string }{{"inputs", ""}, {"for_each_row", "each row: "}} {
		steps, _ := step[list.name].([]any)
		for _, in := range steps {
			printStep(b, in.(map[string]any), indent+"  ", list.role)
		}
	}
}

func TestExplainTellsWhichScansAreParallel(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	s := interruptible(t)
	for query, parallel := range map[string]bool{
		`r.table("t").filter({n: 1}).count()`:                         true,
		`r.table("t").orderBy("n")`:                                   true,
		`r.table("t").between(1, 50, index: "n").group("n").count()`:  true,
		`r.table("t").getAll(1, 2, 3, 4, 5, 6, index: "n").sum("id")`: false,
		`r.table("t").filter({n: 1})`:                                 false,
		`r.table("t").orderBy(index: "n").sum("id")`:                  false,
		`r.table("t").limit(10).count()`:                              false,
		`r.table("t").filter({n: 1}).delete()`:                        false,
	} {
		if got := s.plan(t, query); strings.Contains(got, "parallel=true") != parallel {
			t.Errorf("%s\n%s", query, got)
		}
	}
}

func TestExplainNeverReadsOrWrites(t *testing.T) {
	s, log := slowServer(t)
	s.engine.LogSlow(1)
	for _, q := range []string{
		`r.table("t").update({n: 1})`, `r.table("t").delete()`, `r.table("t").insert({id: -1})`, `r.tableDrop("t")`,
		`r.table("t").orderBy("n")`, `r.range(10).forEach(x => r.table("t").get(x).delete())`, `r.js("while(true) {}")`,
		`r.range(100000000000).count()`, `r.table("t").get(r.range(100000000000).count())`,
	} {
		log.Reset()
		if got := s.plan(t, q); !strings.Contains(log.String(), "read=0 returned=1 written=0") {
			t.Errorf("%s\n%s\n%s", q, got, log)
		}
	}
	s.engine.LogSlow(0)
	if got := s.run(t, `r.table("t").count()`); got != "5000" {
		t.Errorf("%s rows are left", got)
	}
}

func TestExplainAsksForTheRightsThatTheQueryNeeds(t *testing.T) {
	s := newServer(t)
	for _, q := range []string{`r.dbCreate("test")`, `r.tableCreate("t")`,
		`r.db("rethinkdb").table("users").insert({id: "reader", password: ""})`, `r.table("t").grant("reader", {read: true})`,
		`r.db("rethinkdb").table("users").insert({id: "nobody", password: ""})`} {
		if got := s.run(t, q); strings.Contains(got, ": ") && !strings.Contains(got, "{") {
			t.Fatalf("%s: %s", q, got)
		}
	}
	for _, c := range []struct {
		user, query string
		allowed     bool
	}{
		{"reader", `r.table("t").filter({n: 1})`, true},
		{"reader", `r.table("t").delete()`, false},
		{"reader", `r.table("t").get(1).update({n: 1})`, false},
		{"reader", `r.http("localhost")`, false},
		{"nobody", `r.table("t").count()`, false},
		{"nobody", `r.table("t").get(1)`, false},
		{"nobody", `r.expr([1]).map(x => r.table("t").getAll(x, index: "n").count())`, false},
	} {
		got := s.as(c.user).plan(t, c.query)
		if refused := strings.HasPrefix(got, "Permission: "); refused == c.allowed {
			t.Errorf("%s, %s: %s", c.user, c.query, got)
		}
	}
}

var readOf = regexp.MustCompile(`read=(\d+)`)

// TestAnExplainedScanReadsWhatItSays compares the rows that the plans of queries expect to read with those that they do read.
func TestAnExplainedScanReadsWhatItSays(t *testing.T) {
	s, log := slowServer(t)
	for _, q := range []string{ // no more than the log takes in a second
		`r.table("t").count()`, `r.table("t").orderBy("n").limit(3)`, `r.table("t").getAll(1, 2, index: "n").sum("id")`, `r.table("t").between(5, 15).avg("n")`,
		`r.table("t").between(5, 8, index: "n").count()`, `r.table("t").orderBy(index: r.desc("n")).map(x => x("n")).sum()`,
		`r.table("t").max("n")`, `r.table("t").min(index: "n")`, `r.table("t").group("n").count()`,
		`r.table("t").getAll(1).union(r.table("t").between(3, 5))`,
	} {
		s.engine.LogSlow(0)
		var step map[string]any
		if err := json.Unmarshal([]byte(s.run(t, withOption(q, "explain: true"))), &step); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		s.engine.LogSlow(1)
		s.run(t, q)
		found := readOf.FindStringSubmatch(log.String())
		if found == nil || found[1] != strconv.Itoa(rowsToRead(step)) {
			t.Errorf("%s: %d rows to read, %v\n%s", q, rowsToRead(step), found, s.plan(t, q))
		}
	}
}

func rowsToRead(step map[string]any) int {
	n := 0
	if step["reads_rows"] == true {
		n = int(step["estimated_rows"].(float64))
	}
	if in, ok := step["input"].(map[string]any); ok {
		n += rowsToRead(in)
	}
	inputs, _ := step["inputs"].([]any)
	for _, in := range inputs {
		n += rowsToRead(in.(map[string]any))
	}
	return n
}
