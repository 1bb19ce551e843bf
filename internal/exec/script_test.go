package exec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"go.uber.org/goleak"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/js"
	"rethinkdb/internal/js/worker"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/system"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == js.WorkerArgument {
		os.Exit(worker.Run(os.Stdin, os.Stdout, io.Discard))
	}
	goleak.VerifyTestMain(m)
}

// TestScripts runs testdata/*.txt. A script is a list of queries in the notation of package reqltest:
//
//	query
//	r.expr([1, 2]).map(x => x.add(1))
//	----
//	[2,3]
//
// The answer is the value as JSON; a sequence has a line for each row ("query sorted" sorts them), an error is
// `NonExistence: text` and, unless the query as a whole is to blame, the path to the term, for example `at [0,1]`. The command
// explain shows the plan of a query, with a line for each step and its inputs below it, and profile the tasks of its profile
// without their times. All
// scripts begin with a database test and no tables.
//
// "feed name" opens a feed; "take name n" waits for n events and shows all that have come since the last time, with "end" also the
// end of the feed. Resume tokens are shown as "…"; in what follows, $name stands for the last that feed name has given. "close name" ends a feed.
func TestScripts(t *testing.T) { runScripts(t, newServer, wholeTables) }

// Scripts answer the same when tables are on another server.
func TestScriptsElsewhere(t *testing.T) {
	// How a query is run and how much of its time is left is not the same there.
	runScripts(t, newTwins, wholeTables, "explain.txt", "profiles.txt", "timeouts.txt", "javascript.txt")
}

// Scripts answer the same when tables are in several parts, and when these are on several servers. Only the order of rows for which none is asked is not defined.
func TestScriptsDivided(t *testing.T) {
	runScripts(t, newDivided, dividedTables, "explain.txt", "profiles.txt", "timeouts.txt", "javascript.txt", "unique.txt", "resume.txt")
}

func TestScriptsSpread(t *testing.T) {
	runScripts(t, newSpread, dividedTables, "explain.txt", "profiles.txt", "timeouts.txt", "javascript.txt", "unique.txt", "resume.txt")
}

// How tables are kept: whole, or in parts, of which each has an order of its own.
const (
	wholeTables   = false
	dividedTables = true
)

func runScripts(t *testing.T, newServer func(testing.TB) *server, divided bool, except ...string) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if filepath.Ext(path) != ".txt" || slices.Contains(except, filepath.Base(path)) {
			return
		}
		s := newServer(t)
		s.run(t, `r.dbCreate("test")`)
		feeds := map[string]*feedReader{}
		tokens := map[string]string{}
		t.Cleanup(func() {
			for _, f := range feeds {
				f.close()
			}
		})
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			for name, token := range tokens {
				d.Input = strings.ReplaceAll(d.Input, "$"+name, strconv.Quote(token))
			}
			switch d.Cmd {
			case "query":
				out := s.run(t, d.Input, d.HasArg("sorted"))
				if divided && !strings.Contains(d.Input, "orderBy") && sameLines(out, d.Expected) {
					return d.Expected
				}
				return out
			case "feed":
				if old := feeds[d.CmdArgs[0].Key]; old != nil {
					old.close()
				}
				feeds[d.CmdArgs[0].Key] = s.openFeed(t, d.Input)
				return ""
			case "take":
				count, err := strconv.Atoi(d.CmdArgs[1].Key)
				if err != nil {
					t.Fatal(err)
				}
				name := d.CmdArgs[0].Key
				shown := feeds[name].show(t, count, d.HasArg("end"))
				if all := tokenPattern.FindAllStringSubmatch(shown, -1); all != nil {
					tokens[name] = all[len(all)-1][1]
				}
				return tokenPattern.ReplaceAllString(shown, `"resume_token":"…"`)
			case "close":
				feeds[d.CmdArgs[0].Key].close()
				return ""
			case "explain":
				return s.plan(t, d.Input)
			case "profile":
				return s.profile(t, d.Input)
			default:
				return fmt.Sprintf("no command %q", d.Cmd)
			}
		})
	})
}

// sameLines tells whether two texts have the same lines, perhaps in another order, which goes for the changes in the result of a write, too.
func sameLines(a, b string) bool {
	x, y := strings.Split(strings.TrimSuffix(a, "\n"), "\n"), strings.Split(strings.TrimSuffix(b, "\n"), "\n")
	for _, lines := range [][]string{x, y} {
		for i, line := range lines {
			lines[i] = sortChanges(line)
		}
		slices.Sort(lines)
	}
	return slices.Equal(x, y)
}

func sortChanges(line string) string {
	var result map[string]json.RawMessage
	var changes []json.RawMessage
	if json.Unmarshal([]byte(line), &result) != nil || json.Unmarshal(result["changes"], &changes) != nil {
		return line
	}
	slices.SortFunc(changes, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	delete(result, "changes")
	return fmt.Sprintf("%s %s", result, changes)
}

var tokenPattern = regexp.MustCompile(`"resume_token":"([^"]+)"`)

// server is an engine over a store in memory.
type server struct {
	engine   *exec.Engine
	compiler session.Compiler

	system  *system.System
	catalog *catalog.Catalog
	store   *storage.Store
	scripts *js.Pool
	router  counting      // of one that has parts of its tables on another one
	asked   *atomic.Int64 // queries that it has sent on, if it is one of those that do

	unsteady bool // writes may fail, because its tables are divided in other ways
}

// as is the same server for another user.
func (s *server) as(user string) *server {
	other := *s
	other.compiler = s.engine.Open(session.Client{User: user, Addr: netip.MustParseAddrPort("127.0.0.1:2")})
	return &other
}

func newServer(t testing.TB) *server { return newServerIn(t, "data", storage.NewMemFS()) }

// newServerIn is newServer for a directory: on disk when mem is nil.
func newServerIn(t testing.TB, dir string, mem *storage.MemFS) *server {
	return newServerLogging(t, dir, mem, slog.New(slog.DiscardHandler))
}

func newServerLogging(t testing.TB, dir string, mem *storage.MemFS, log *slog.Logger) *server {
	store, err := storage.Open(dir, storage.Options{Mem: mem, CacheBytes: 256 << 20, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	meta, err := metadata.Open(context.Background(), store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(meta.Close)
	cat, err := catalog.Open(context.Background(), catalog.Options{Store: store, Metadata: meta, Log: log, Compile: exec.CompileIndex, Cells: exec.IndexCells,
		NewServer: catalog.Server{Name: "tester", Tags: []string{"default"}}})
	if err != nil {
		t.Fatal(err)
	}
	users, err := auth.OpenUsers(meta)
	if err != nil {
		t.Fatal(err)
	}
	sys := system.Start(system.Options{Catalog: cat, Store: store, Users: users, Logger: log, Now: time.Now,
		Process: func() system.Process { return system.Process{Version: "rethinkdb test"} }})
	t.Cleanup(func() {
		sys.Stop()
		cat.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	pool := js.NewPool([]string{"/proc/self/exe", js.WorkerArgument}, log)
	t.Cleanup(pool.Close)
	e := exec.New(sys, log)
	e.UseScripts(pool)
	return (&server{engine: e, system: sys, catalog: cat, store: store, scripts: pool}).as("admin")
}

// start runs the query message and gives all of its answers.
func (s *server) start(t testing.TB, body []byte) []response {
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatalf("%s: %v", body, bad)
	}
	ctx := context.Background()
	plan := s.compiler.Compile(q)
	out, cur, ok := tried(ctx, plan)
	if !ok {
		out, cur = plan.Start(ctx, nil)
	}
	all := []response{parseResponse(t, out)}
	for more := cur != nil; more; {
		out, more = cur.Next(ctx, nil)
		all = append(all, parseResponse(t, out))
	}
	if cur != nil {
		cur.Close()
	}
	return all
}

type response struct {
	T, E int
	R    []json.RawMessage
	B    json.RawMessage
}

func parseResponse(t testing.TB, out []byte) (r response) {
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("answer %s: %v", out, err)
	}
	return r
}

var classNames = map[int]string{
	int(reql.Internal): "Internal", int(reql.ResourceLimit): "ResourceLimit", int(reql.QueryLogic): "QueryLogic",
	int(reql.NonExistence): "NonExistence", int(reql.OpFailed): "OpFailed", int(reql.OpIndeterminate): "OpIndeterminate",
	int(reql.User): "User", int(reql.Permission): "Permission",
}

// run gives the answer of a script's query in the scripts' form.
func (s *server) run(t testing.TB, script string, sorted ...bool) string {
	body, err := reqltest.Query(script)
	if err != nil {
		return "cannot read the query: " + err.Error()
	}
	var rows []string
	for _, r := range s.start(t, body) {
		if r.T >= int(reql.ClientError) {
			return printError(t, r)
		}
		for _, v := range r.R {
			rows = append(rows, string(v))
		}
	}
	if len(sorted) > 0 && sorted[0] {
		sort.Strings(rows)
	}
	return strings.Join(rows, "\n")
}

// withOption gives a script with another option of the whole query.
func withOption(script, option string) string {
	if strings.Contains(script[strings.LastIndexByte(script, ')')+1:], ";") {
		return script + ", " + option
	}
	return script + "; " + option
}

func printError(t testing.TB, r response) string {
	var msg string
	if err := json.Unmarshal(r.R[0], &msg); err != nil {
		t.Fatal(err)
	}
	class := classNames[r.E]
	if r.T == int(reql.CompileError) {
		class = "Compile"
	}
	out := class + ": " + msg
	if string(r.B) != "[]" {
		out += "\nat " + string(r.B)
	}
	return out
}
