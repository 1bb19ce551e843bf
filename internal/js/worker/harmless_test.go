package worker

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"modernc.org/quickjs"

	"rethinkdb/internal/js"
	"rethinkdb/internal/race"
)

func TestHarmless(t *testing.T) {
	for _, source := range []string{
		"(function(x){return x*2+1;})",
		"(function(row) { if (row.age > 17) return row.name + '!'; return null; });",
		"(function() { return 1 })",
		"(function named(a, b) { var sum = 0; for (var i = 0; i < a.length; i++) sum += a[i] / b; return {sum: sum, n: a.length}; })",
		"(x => x * 2 + 1)",
		"((a, b) => a.list[0] / 2 + b?.c)",
		"(x => ({doubled: [x, x], inner: {typeof: 1, kind: typeof x}}))",
		"(x => { const y = x.a; let z = y; return y === 'a\\'b(' || z != \"(\" })",
		"(function(x) { switch (x) { case 1: return 'one'; default: return x ? (x + 1) : -x } })",
		"(function(x) { var n = 0; do { n = n + 1; --x; } while (x > 0); return n })",
		"(function(x) { return arguments.length + x.return / 2 })",
	} {
		if !harmless(source) {
			t.Errorf("refused: %s", source)
		}
	}
	for _, source := range []string{
		// It does something.
		"1", "var n = 1", "(q = 1)", "function f() {}", "(function(){ q = 1 })", "(function(){ q++ })", "(function(){ return ++q })",
		"(function(x){ x.a = 1 })", "(function(x){ x['a'] = 1 })", "(function(x){ x.a++ })", "(function(x){ ++x.a })", "(function(x){ ++x[0] })",
		"(function(x){ (x.a) = 1 })", "(function(x){ delete x.a })", "(function(x){ [x.a] = [1] })", "(function(x){ ({a: q} = x) })",
		"(function(x){ f(x) })", "(function(x){ x.f() })", "(function(x){ x?.() })", "(function(x){ x['f']() })", "(function(x){ (x)() })",
		"(function(x){ x`a` })", "(function(x){ new x })", "(function(x){ x.return(1) })", "(function(x){ for (q in x); })", "(function(x){ for (q of x); })",
		"(function(x){ return [...x] })", "(function(x){ return x instanceof y })", "(function(){ eval })", "(function(x){ with (x) { x = 1 } })",
		// It does something around the function.
		"(function(){})()", "(x => x)(1)", "(x => x, q = 1)", "(function(){}, q = 1)", "(function(){ var q }, q = 1)", "((q = 1), x => x)", "(x => x) + (q = 1)",
		"(function(x){ return x });q = 1", "(function(x = q = 1){})", "(x => x = 1, x = 1)", "(async x => x)", "(function*(){})",
		// A variable may be another function's, or a block's.
		"(function(){ return function(){ var q }, q = 1 })", "(function(){ return () => { var q }, q = 1 })",
		"(function(){ return {if(a){ var q }}, q = 1 })", "(function(){ return {typeof(a){ var q }}, q = 1 })", "(function(){ return {*void(a){ var q }}, q = 1 })",
		"(function(){ return {get a(){ var q }}, q = 1 })", "(function(){ return {'a'(){ var q }}, q = 1 })", "(function(){ return {[1](){ var q }}, q = 1 })",
		"(x => ({typeof(a){ var q }}))", "(function(){ class A { if(a){ var q } } q = 1 })",
		"(function(){ { let q } q = 1 })", "(function(){ if (1) let\nq = 1 })", "(function(){ else let\nq = 1 })", "(function(){ var a = 1\nb, q = 1 })",
		"(function(){ try { } catch (q) { } q = 1 })",
		// It has more than one reading.
		"(function(){ return /\"/; q = 1; /\"/ })", "(function(x){ if (x) /\"/; q = 1; /\"/ })", "(function(x){ var a\n/\"/; q = 1; /\"/ })",
		"(function(x){ a: for (;;) break a\n/\"/; q = 1; /\"/ })", "(function(){ // \n q = 1 })", "(function(){ /* */ q = 1 })", "(function(){ '<!--' })",
		"(function(x){ x\n--> q = 1 })", "(function(){ \\u0071 = 1 })", "(function(é){ })", "(function(){ 'a\nb' })", "(function(){ `${q = 1}` })", "(function(){ 'a' })\x00",
		"", "(", "(function", "(function(", "(function(){", "(x =>", "(function(){})(", "(function(){ 'a",
	} {
		if harmless(source) {
			t.Errorf("accepted: %s", source)
		}
	}
}

// fingerprint describes everything that can be reached from the global object.
const fingerprint = `(() => {
	const seen = new Map(), out = [];
	const walk = (path, v) => {
		if (v === null || typeof v !== 'object' && typeof v !== 'function') return out.push(path, typeof v, typeof v === 'symbol' ? v.toString() : '' + v);
		if (seen.has(v)) return out.push(path, 'as', seen.get(v));
		seen.set(v, path);
		out.push(path, typeof v, Object.isExtensible(v));
		walk(path + '^', Object.getPrototypeOf(v));
		for (const k of Reflect.ownKeys(v)) {
			const d = Object.getOwnPropertyDescriptor(v, k), p = path + '/' + k.toString();
			out.push(p, d.writable, d.enumerable, d.configurable);
			if ('value' in d) walk(p, d.value); else { walk(p + '<', d.get); walk(p + '>', d.set); }
		}
	};
	walk('', globalThis);
	return out.join('\n');
})()`

func (m *machine) fingerprint(t *testing.T) string {
	t.Helper()
	if err := m.limit(time.Minute, preludeLimit); err != nil {
		t.Fatal(err)
	}
	v, err := m.vm.Eval(fingerprint, quickjs.EvalGlobal)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.limit(10*time.Millisecond, preludeLimit); err != nil { // for the scripts
		t.Fatal(err)
	}
	return v.(string)
}

// TestHarmlessScriptsLeaveNothing runs what is left of scripts that were mutilated at random and are still accepted.
func TestHarmlessScriptsLeaveNothing(t *testing.T) {
	seeds := []string{
		"( function ( x , q ) { var a = x . b ; for ( var i = 0 ; i < 3 ; i ++ ) a += i ; if ( a ) return { a : a , b : [ x ] } ; return 1 / a ; } )",
		"( x => { const y = x ; let z = y ; do { var q = 1 } while ( 0 ) ; return typeof ( z ) } )",
		"( ( x , y ) => ( { a : x , [ y ] : { valueOf : Math . random , b : 'c' } } ) )",
		"( function f ( x ) { switch ( x ) { case 1 : { return void 0 } default : -- x ; } return arguments [ 0 ] ? x : globalThis . y ; } )",
	}
	var alphabet []string
	for _, s := range seeds {
		alphabet = append(alphabet, strings.Fields(s)...)
	}
	alphabet = append(alphabet, strings.Fields(`q r = ; , ( ) { } [ ] . ?. => += ++ -- / "/" ' " eval push Math Object globalThis prototype constructor __proto__
		valueOf toString Symbol.toPrimitive let var const if else do while for function return typeof void this null get set static in of new delete ! - ...
		<!-- // \ async await yield {toString:eval} {__proto__:Array.prototype} 1 .5 'x' class`)...)
	alphabet = append(alphabet, "\n", "\n", "\n")
	r := rand.New(rand.NewPCG(1, 2))
	m, err := newMachine()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}()
	before := m.fingerprint(t)
	var batch []string
	accepted, ran := 0, 0
	check := func() {
		t.Helper()
		if after := m.fingerprint(t); after != before {
			t.Fatalf("one of these has left something behind:\n%s", strings.Join(batch, "\n---\n"))
		}
		batch = batch[:0]
	}
	for range race.Fewer(30_000) {
		words := strings.Fields(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(5) {
			i, word := r.IntN(len(words)), alphabet[r.IntN(len(alphabet))]
			switch r.IntN(3) {
			case 0:
				words[i] = word
			case 1:
				words = append(words[:i+1], words[i:]...)
				words[i] = word
			default:
				j := r.IntN(len(words))
				words[i], words[j] = words[j], words[i]
			}
		}
		source := strings.Join(words, " ")
		if !harmless(source) {
			continue
		}
		accepted++
		batch = append(batch, source)
		if out := m.eval(nil, source); out[0] == js.KindFunction {
			ran++
			m.call(nil, source, js.FormJSON, []byte(`[{"a":[1,"x"],"b":{"c":null}},"q"]`))
			m.call(nil, source, js.FormNumber, make([]byte, 8))
		}
		if len(batch) == 100 {
			check()
		}
	}
	check()
	t.Logf("%d scripts were accepted, %d of them are functions", accepted, ran)
	if ran < race.Fewer(300) {
		t.Errorf("only %d scripts ran, too few to say anything", ran)
	}
}

func BenchmarkHarmless(b *testing.B) {
	for b.Loop() {
		if !harmless("(function(row) { if (row.age > 17) return row.name + '!'; return null; })") {
			b.Fatal("refused")
		}
	}
}
