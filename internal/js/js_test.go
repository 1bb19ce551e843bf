package js_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/js"
	"rethinkdb/internal/js/worker"
	"rethinkdb/internal/race"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == js.WorkerArgument {
		os.Exit(worker.Run(os.Stdin, os.Stdout, io.Discard))
	}
	goleak.VerifyTestMain(m)
}

func newPool(t testing.TB) *js.Pool {
	p := js.NewPool([]string{"/proc/self/exe", js.WorkerArgument}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		p.Close()
		if left := children(t); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
	})
	return p
}

// children gives the processes that this one has started.
func children(t testing.TB) (pids []int) {
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tasks {
		list, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range strings.Fields(string(list)) {
			pid, err := strconv.Atoi(f)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func script(source string) js.Script {
	return js.Script{Source: source, TimeoutMS: 600_000, ArrayLimit: 100_000}
}

func show(r js.Result) string {
	switch {
	case r.Err != nil:
		return "error: " + r.Err.Error()
	case r.Function:
		return "function"
	}
	return r.Value.PrintCompact()
}

func eval(t testing.TB, r *js.Runner, s js.Script) string {
	t.Helper()
	result, err := r.Eval(context.Background(), s)
	if err != nil {
		t.Fatalf("%s: %v", s.Source, err)
	}
	return show(result)
}

func call(t testing.TB, r *js.Runner, s js.Script, args ...datum.Value) string {
	t.Helper()
	var calls js.Calls
	if err := calls.Add(args...); err != nil {
		return "not called: " + err.Error()
	}
	results, err := r.Call(context.Background(), s, &calls, 0)
	if err != nil {
		t.Fatalf("%s: %v", s.Source, err)
	}
	return show(results[0])
}

func value(t testing.TB, text string) datum.Value {
	t.Helper()
	v, err := datum.ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEval(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	for source, want := range map[string]string{
		"1 + 1":                               "2",
		"1 + 1; 2 + 2":                        "4",
		"0.5":                                 "0.5",
		"-0":                                  "-0.0",
		"[-0, 1e300, 2**53]":                  "[-0.0,1e300,9007199254740992]",
		"1/0":                                 "error: Number return value is not finite.",
		"[NaN]":                               "error: Number return value is not finite.",
		"true":                                "true",
		"null":                                "null",
		`"a\u00e9\u{1f600}"`:                  `"aé😀"`,
		`""`:                                  `""`,
		`"\ud800"`:                            `"` + "\ufffd" + `"`,
		`["\ud800", "a\nb\u0001"]`:            `["` + "\ufffd" + `","a\nb\u0001"]`,
		"undefined":                           "error: Cannot convert javascript `undefined` to ql::datum_t.",
		"":                                    "error: Cannot convert javascript `undefined` to ql::datum_t.",
		"({a: undefined})":                    "error: Cannot convert javascript `undefined` to ql::datum_t.",
		"(function() {})":                     "function",
		"(x => x)":                            "function",
		"[x => x]":                            "error: Cannot convert function to ql::datum_t.",
		"/a/":                                 "error: Cannot convert RegExp to ql::datum_t.",
		"123n":                                "error: Unhandled value type when converting to ql::datum_t.",
		"Symbol()":                            "error: Unhandled value type when converting to ql::datum_t.",
		"({get a() {throw 1}})":               "error: Unhandled value type when converting to ql::datum_t.",
		"new Date(NaN)":                       "error: Non-finite number: nan",
		"new Date(1375147296681)":             `{"$reql_type$":"TIME","epoch_time":1375147296.681,"timezone":"+00:00"}`,
		"({b: [1, {c: null}], a: 'x', 1: 2})": `{"1":2,"a":"x","b":[1,{"c":null}]}`,
		"new Map([[1, 2]])":                   "{}",
		"Promise.resolve(1)":                  "{}",
		"({toJSON: 5})":                       `{"toJSON":5}`,
		"var a = []; a[0] = a; a":             "error: Recursion limit exceeded in js_to_json (circular reference?).",
		"[].concat(...Array(3).fill([1, 2]))": "[1,2,1,2,1,2]",
		"new Array(100001)":                   "error: an array of the script is over the limit",
		"({$reql_type$: 'TIME'})":             "error: Invalid time object constructed (no field `epoch_time`):\n{\n\t\"$reql_type$\":\t\"TIME\"\n}",
		"function() { return 1; }":            "error: SyntaxError: function name expected",
		"syntax error here":                   "error: SyntaxError: expecting ';'",
		"foo":                                 "error: ReferenceError: 'foo' is not defined",
		"null.x":                              "error: TypeError: cannot read property 'x' of null",
		`throw "x"`:                           "error: x",
		"throw {}":                            "error: [object Object]",
		"(function f() { f() })()":            "error: InternalError: stack overflow",
		"require('fs')":                       "error: ReferenceError: 'require' is not defined",
		"std.open('/etc/passwd')":             "error: ReferenceError: 'std' is not defined",
		"typeof os + typeof scriptArgs + typeof print + typeof fetch": `"undefinedundefinedundefinedundefined"`,
		"Object.keys(globalThis)":                                     "[]",
	} {
		r.Release() // the variables of one case are not those of the next
		if got := eval(t, r, script(source)); got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}

func TestCall(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	same := script("(function(x) { return x; })")
	for _, text := range []string{`1`, `-0`, `0.1`, `"a"`, `"é😀\u0000"`, `true`, `null`, `[]`, `{}`, `[1,[2,{"a":"b"}]]`, `{"__proto__":1,"a":[null]}`,
		`{"$reql_type$":"TIME","epoch_time":1.5,"timezone":"+00:00"}`,
		`{"a":[{"$reql_type$":"TIME","epoch_time":-7,"timezone":"+00:00"}]}`,
		`{"$reql_type$":"GEOMETRY","coordinates":[1,2],"type":"Point"}`,
	} {
		v := value(t, text)
		if got, want := call(t, r, same, v), v.PrintCompact(); got != want {
			t.Errorf("%s came back as %s", want, got)
		}
	}
	one, two := datum.Number(1), datum.Number(2)
	for _, c := range []struct {
		source string
		args   []datum.Value
		want   string
	}{
		{"(function() { return arguments.length; })", nil, "0"},
		{"(function(a, b) { return a - b; })", []datum.Value{one, two}, "-1"},
		{"(function(a, b, c) { return c; })", []datum.Value{one}, "error: Cannot convert javascript `undefined` to ql::datum_t."},
		{"(x => x instanceof Date)", []datum.Value{datum.Time(1, 60)}, "true"},
		{"(function() { return this === globalThis; })", nil, "true"},
		{"(x => () => x)", []datum.Value{one}, "error: Returning functions from within `r.js` is unsupported."},
		{"7", []datum.Value{one}, "error: the script is no function"},
		{"foo", []datum.Value{one}, "error: ReferenceError: 'foo' is not defined"},
		{"(x => x)", []datum.Value{datum.Array([]datum.Value{datum.Min})}, "not called: `r.minval` cannot be passed to `r.js`."},
		{"(x => x)", []datum.Value{one, datum.Max}, "not called: `r.maxval` cannot be passed to `r.js`."},
		{"(x => x)", []datum.Value{datum.Binary([]byte("x"))}, "not called: `r.binary` data cannot be used in `r.js`."},
	} {
		if got := call(t, r, script(c.source), c.args...); got != c.want {
			t.Errorf("%s: got %s, want %s", c.source, got, c.want)
		}
	}
}

func TestManyCalls(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	var calls js.Calls
	for i := range 1000 {
		if err := calls.Add(datum.Int(int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	s := script("(x => { if (x === 700) throw 'seven'; return x * 2 })")
	for n := 0; ; {
		results, err := r.Call(context.Background(), s, &calls, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range results {
			want := strconv.Itoa(2 * n)
			if n == 700 {
				want = "error: seven"
			}
			if got := show(result); got != want {
				t.Fatalf("call %d: got %s, want %s", n, got, want)
			}
			n++
		}
		if n == 701 {
			break
		}
	}
}

func TestSlowCallsComeInParts(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	var calls js.Calls
	for range 100 {
		if err := calls.Add(datum.Null); err != nil {
			t.Fatal(err)
		}
	}
	s := script("(() => { for (const end = Date.now() + 20; Date.now() < end;); return 1 })")
	results, err := r.Call(context.Background(), s, &calls, 0)
	// Those of some 100 ms: about five, and fewer where others have the processors.
	if err != nil || len(results) < 1 || len(results) > 10 {
		t.Errorf("%d results and error %v, want a few", len(results), err)
	}
}

func TestVariables(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	count := script("(() => n++)")
	eval(t, r, script("var n = 5; 0"))
	call(t, r, count)
	if got := call(t, r, count); got != "6" {
		t.Errorf("within a query: got %s", got)
	}
	r.Release()
	if got := call(t, r, count); got != "error: ReferenceError: 'n' is not defined" {
		t.Errorf("in the next query: got %s", got)
	}
}

// A script may spoil what it likes, it is its own result.
func TestTampering(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	spoil := `const names = Object.getOwnPropertyNames;
	for (const o of [Array, Object, JSON, Reflect, Number, String, Date])
		for (const k of names(o)) try { o[k] = () => { throw 'spoilt' } } catch {}
	for (const o of [Array.prototype, String.prototype, Date.prototype, Object.prototype])
		for (const k of names(o)) try { o[k] = () => { throw 'spoilt' } } catch {}
	(x => [x, new Date(5000).getTime === undefined])`
	if got := call(t, r, script(spoil), value(t, `{"a":[1,"x"]}`)); got != `[{"a":[1,"x"]},false]` {
		t.Errorf("got %s", got)
	}
}

func TestHostile(t *testing.T) {
	p := newPool(t)
	for _, c := range []struct {
		name, source, want string
	}{
		{"loop", "while (true) {}", "error: the script has timed out"},
		{"loop that catches", "while (true) { try { while (true) {} } catch {} finally { continue } }", "error: the script has timed out"},
		{"loop of the engine's own", "Array.prototype.indexOf.call({length: 2**53 - 1}, 1)", "error: the script has timed out"},
		{"regular expression", "/(a*)*b/.test('a'.repeat(5000))", "error: the script has timed out"},
		{"getter of the result", "({get a() { while (true) {} }})", "error: the script has timed out"},
		{"small pieces of memory", "var a = []; while (true) a.push({})", "error: InternalError: out of memory"},
		{"one large piece of memory", "'x'.repeat(2**29)", "error: InternalError: out of memory"},
		{"doubling", "var s = 'x'; while (true) s += s", "error: InternalError: string too long"},
		{"buffers", "var a = []; while (true) a.push(new Uint8Array(1 << 20))", "error: InternalError: out of memory"},
		{"recursion", "(function f(x) { return f([x]) })(1)", "error: InternalError: stack overflow"},
		{"recursion of the engine's own", "var s = '['.repeat(1e6); JSON.parse(s)", "error: SyntaxError: stack overflow"},
		{"recursion in the result", "({get a() { return this }})", "error: Recursion limit exceeded in js_to_json (circular reference?)."},
		{"blocking", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", ""},
		{"large result", "'x'.repeat(20 << 20)", ""},
		{"wide result", "Array(99999).fill('x'.repeat(100))", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := p.Runner()
			defer r.Release()
			s := script(c.source)
			s.TimeoutMS = 600_000 // for the race detector, and machines that are busy
			if strings.Contains(c.want, "timed out") {
				s.TimeoutMS = 300
			}
			start := time.Now()
			got := eval(t, r, s)
			if len(got) > 200 {
				got = got[:200]
			}
			if c.want != "" && got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			t.Logf("%v %.80s", time.Since(start), got)
			if got := eval(t, r, script("1 + 1")); got != "2" {
				t.Errorf("afterwards: %s", got)
			}
		})
	}
}

func TestNoTime(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	for ms, want := range map[uint64]string{0: "error: the script has timed out", 1<<64 - 1: "1", 1 << 62: "1", 9_000_000_000_000: "1"} {
		if got := eval(t, r, js.Script{Source: "1", TimeoutMS: ms}); got != want {
			t.Errorf("%d ms: got %s, want %s", ms, got, want)
		}
	}
}

func TestInterrupt(t *testing.T) {
	r := newPool(t).Runner()
	defer r.Release()
	eval(t, r, script("1"))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := r.Eval(ctx, script("while (true) {}")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("it took %v", d)
	}
	if got := eval(t, r, script("2")); got != "2" {
		t.Errorf("afterwards: %s", got)
	}
}

func TestKilledWorkers(t *testing.T) {
	p := newPool(t)
	r := p.Runner()
	defer r.Release()
	eval(t, r, script("1"))
	done := make(chan string)
	go func() {
		result, err := r.Eval(context.Background(), script("while (true) {}"))
		done <- fmt.Sprint(show(result), err)
	}()
	kill := func() {
		for _, pid := range children(t) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	}
	kill()
	if got := <-done; got != "error: the script has ended its worker process<nil>" {
		t.Errorf("killed while it ran: %s", got)
	}
	for range race.Fewer(20) { // the pool may or may not have noticed
		eval(t, r, script("1"))
		r.Release()
		kill()
		if got := eval(t, r, script("2")); got != "2" {
			t.Errorf("killed while it was idle: %s", got)
		}
	}
}

func TestWaitForAWorker(t *testing.T) {
	p := newPool(t)
	var runners []*js.Runner
	for range 8 {
		r := p.Runner()
		runners = append(runners, r)
		eval(t, r, script("1"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	late := p.Runner()
	if _, err := late.Eval(ctx, script("1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a ninth got %v", err)
	}
	for _, r := range runners {
		r.Release()
	}
	if got := eval(t, late, script("1")); got != "1" {
		t.Errorf("when there is room: %s", got)
	}
	late.Release()
	if n := len(children(t)); n > 3 { // one may be on its way out
		deadline := time.Now().Add(5 * time.Second)
		for len(children(t)) > 2 && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		if n := len(children(t)); n > 2 {
			t.Errorf("%d processes are idle", n)
		}
	}
}

func TestClosedPool(t *testing.T) {
	p := newPool(t)
	busy := p.Runner()
	done := make(chan error)
	go func() {
		r, err := busy.Eval(context.Background(), script("while (true) {}"))
		done <- errors.Join(r.Err, err)
		busy.Release()
	}()
	for len(children(t)) == 0 {
		time.Sleep(time.Millisecond)
	}
	p.Close()
	if err := <-done; err == nil {
		t.Error("a script survived")
	}
	if _, err := p.Runner().Eval(context.Background(), script("1")); !errors.Is(err, js.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// A worker whose server is killed ends, also in the middle of a script that would never end.
func TestOrphan(t *testing.T) {
	w := exec.Command("/proc/self/exe", js.WorkerArgument)
	in, err := w.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"1", "while (true) {}"} {
		if _, err := in.Write(js.AppendRequest(nil, js.Request{TimeoutMS: 1 << 40, Source: source})); err != nil {
			t.Fatal(err)
		}
		if source == "1" {
			if _, err := js.ReadFrame(out, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(30*time.Second, func() { _ = w.Process.Kill() })
	defer kill.Stop()
	if err := w.Wait(); err != nil {
		t.Errorf("it did not end by itself: %v", err)
	}
}

func BenchmarkEval(b *testing.B) {
	p := newPool(b)
	r := p.Runner()
	b.ReportAllocs()
	for b.Loop() {
		call(b, r, script("(function(x){return x*2+1;})"), datum.Number(21))
		r.Release()
	}
}

func BenchmarkCalls(b *testing.B) {
	for name, v := range map[string]datum.Value{"number": datum.Number(21), "object": value(b, `{"id":5,"name":"somebody","list":[1,2,3],"address":{"street":"x","number":7}}`)} {
		b.Run(name, func(b *testing.B) {
			r := newPool(b).Runner()
			defer r.Release()
			var calls js.Calls
			for range 500 {
				if err := calls.Add(v); err != nil {
					b.Fatal(err)
				}
			}
			s := script("(function(x){return x;})")
			b.ReportAllocs()
			for b.Loop() {
				results, err := r.Call(context.Background(), s, &calls, 0)
				if err != nil || len(results) != 500 {
					b.Fatal(len(results), err)
				}
			}
			b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "calls/s")
		})
	}
}
