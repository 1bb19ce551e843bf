package exec_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
)

// tasks are a part of a profile.
type tasks []struct {
	Description string   `json:"description"`
	Duration    *float64 `json:"duration(ms)"`
	SubTasks    *tasks   `json:"sub_tasks"`
	Mean        *float64 `json:"mean_duration(ms)"`
	Samples     int      `json:"n_samples"`
	Parallel    []tasks  `json:"parallel_tasks"`
}

// profiles gives the profile of each answer to a query.
func (s *server) profiles(t testing.TB, script string) (all []tasks) {
	body, err := reqltest.Query(withOption(script, "profile: true"))
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	out, cur := s.compiler.Compile(q).Start(t.Context(), nil)
	for more := cur != nil; ; {
		var answer struct {
			P tasks `json:"p"`
		}
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		all = append(all, answer.P)
		if !more {
			break
		}
		out, more = cur.Next(t.Context(), nil)
	}
	if cur != nil {
		cur.Close()
	}
	return all
}

// profile shows the profiles of all answers.
func (s *server) profile(t testing.TB, script string) string {
	var b strings.Builder
	for i, p := range s.profiles(t, script) {
		if i > 0 {
			b.WriteString("next batch:\n")
		}
		p.print(&b, "")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (p tasks) print(b *strings.Builder, indent string) {
	for _, k := range p {
		switch {
		case k.Parallel != nil:
			for _, thread := range k.Parallel {
				b.WriteString(indent + "thread:\n")
				thread.print(b, indent+"  ")
			}
		case k.Mean != nil:
			fmt.Fprintf(b, "%s%s %d times\n", indent, k.Description, k.Samples)
		case k.Duration == nil || k.SubTasks == nil:
			fmt.Fprintf(b, "%s%s has no duration or no tasks\n", indent, k.Description)
		default:
			fmt.Fprintf(b, "%s%s\n", indent, k.Description)
			k.SubTasks.print(b, indent+"  ")
		}
	}
}

// total is how long some tasks took together.
func (p tasks) total() time.Duration {
	ms := 0.0
	for _, k := range p {
		switch {
		case k.Duration != nil:
			ms += *k.Duration
		case k.Mean != nil:
			ms += *k.Mean * float64(k.Samples)
		}
	}
	return time.Duration(ms * float64(time.Millisecond))
}

func TestAProfileHasTheThreadsOfAScan(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	s := interruptible(t)
	p := s.profiles(t, `r.table("t").filter({n: 1}).count()`)[0]
	var threads []tasks
	for at := p; len(at) > 0 && at[len(at)-1].Parallel == nil; at = *at[len(at)-1].SubTasks {
		if sub := *at[len(at)-1].SubTasks; len(sub) > 0 {
			threads = sub[len(sub)-1].Parallel
		}
	}
	rows := 0
	for _, thread := range threads {
		for _, k := range thread {
			rows += k.Samples
		}
	}
	if len(threads) == 0 || rows != 5000 {
		t.Errorf("%d threads have read %d rows:\n%s", len(threads), rows, s.profile(t, `r.table("t").filter({n: 1}).count()`))
	}
}

// The tasks of a query account for the time that it took, and no task has parts that are longer than it.
func TestAProfileIsHonest(t *testing.T) {
	s := interruptible(t)
	for _, q := range []string{`r.table("t").orderBy("n").limit(10)`, `r.table("t").update(x => {m: x("n").add(1)})`,
		`r.table("t").map(x => r.range(100).sum().add(x("n"))).sum()`} {
		share := 0.0 // of the time; the test itself may have to wait for a processor
		for range 5 {
			began := time.Now()
			var sum time.Duration
			for _, p := range s.profiles(t, q) {
				sum += p.total()
				p.check(t, q)
			}
			share = max(share, float64(sum)/float64(time.Since(began)))
		}
		if share < 0.3 || share > 1 {
			t.Errorf("the tasks of %s account for %.2f of its time", q, share)
		}
	}
}

func (p tasks) check(t *testing.T, query string) {
	for _, k := range p {
		if k.SubTasks == nil {
			continue
		}
		if whole := time.Duration(*k.Duration * float64(time.Millisecond)); k.SubTasks.total() > whole+time.Microsecond {
			t.Errorf("%s: %s took %s, and its parts %s", query, k.Description, whole, k.SubTasks.total())
		}
		k.SubTasks.check(t, query)
	}
}

func TestAProfileIsBounded(t *testing.T) {
	s := interruptible(t)
	out := s.profile(t, `r.range(5000).forEach(x => r.table("t").get(x).update({n: r.table("t").get(1)("n")}, non_atomic: true))`)
	if n := strings.Count(out, "\n"); n > 1100 {
		t.Errorf("%d tasks", n)
	}
}
