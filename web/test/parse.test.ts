import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parse } from '../src/reql/parse.ts';
import { QueryError } from '../src/reql/term.ts';

/** What is refused, and the text that is underlined. */
function refused(text: string): { message: string; at: string } {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof QueryError, String(error));
    return { message: error.message, at: text.slice(error.span.from, error.span.to) };
  }
  throw new Error(`accepted: ${text}`);
}

test('what is refused, and where', () => {
  const cases: [text: string, at: string, message: RegExp][] = [
    ['r.table("t").filter(x => x("a") > 1)', 'x("a") > 1', /instead of > use \.gt\(…\)/],
    ['r.table("t").filter(x => x("a").eq(1) && x("b").eq(2))', 'x("a").eq(1) && x("b").eq(2)', /use \.and/],
    ['r.table("t").map(x => x("a") ? 1 : 2)', 'x("a") ? 1 : 2', /r\.branch/],
    ['r.table("t").map(x => x("a") + 1)', 'x("a") + 1', /\.add/],
    ['r.table("t").filter(x => !x("a"))', '!x("a")', /\.not/],
    ['r.table("t").run(conn, {db: "x"})', 'run', /remove \.run\(\)/],
    ['r.table("t").run()', 'run', /remove \.run\(\)/],
    ['r.table("t").nothing()', 'nothing', /no term \.nothing/],
    ['r.nothing()', 'nothing', /no term r\.nothing/],
    ['r.constructor("alert(1)")()', 'constructor', /no term/],
    ['r.table("t").constructor', 'r.table("t").constructor', /field is written in brackets/],
    ['r.expr(1).__proto__', 'r.expr(1).__proto__', /field is written/],
    ['r.table("t").filter', 'r.table("t").filter', /write \.filter/],
    ['r.table("t").get(1).name.eq(2)', 'r.table("t").get(1).name', /\("name"\)/],
    ['r.filter(1)', 'filter', /after a value/],
    ['r.table("t").now()', 'now', /after r/],
    ['r.table()', 'r.table()', /Expected 1 argument \(not including options\) but found 0/],
    ['r.table("t").between(1)', 'r.table("t").between(1)', /Expected 2 arguments/],
    ['r.table("t")(1, 2)', 'r.table("t")(1, 2)', /Expected 1 argument but found 2/],
    ['r.table("t").map(function (x) { x("a") })', 'x("a")', /declarations and a return/],
    ['r.table("t").map(function (x) { })', 'function (x) { }', /Did you forget a `return`/],
    ['r.table("t").map(x => { if (x) { return 1; } })', 'if', /r\.branch/],
    ['const f = x => f(x); r.expr(f(1))', 'x => f(x)', /without end/],
    ['r.expr({a: undefined})', 'undefined', /may not be undefined/],
    ['r.expr(1 / 0)', '1 / 0', /Infinity/],
    ['alert(1)', 'alert', /not defined/],
    ['window.location', 'window', /not defined/],
    ['import("x")', 'import', /not of the kind/],
    ['while (true) {}', 'while', /nothing here that could run statements/],
    ['r.expr(1); function f() {}', 'function', /nothing here that could run statements/],
    ['class A {}', 'class', /nothing here that could run statements/],
    ['async x => x', 'async', /neither async nor a generator/],
    ['r.expr([1]).map(function* (x) { return x })', 'function*', /neither async nor a generator/],
    ['await r.expr(1)', 'await', /leave out await/],
    ['r.expr([1]).map(({a}) => a)', '{', /plain name/],
    ['r.expr([1]).map((a = 1) => a)', '=', /plain name/],
    ['const [a] = [1]', '[', /not of the kind|plain name|unexpected/],
    ['r.expr({get a() { return 1 }})', 'get', /getters/],
    ['r.expr([1,,2])', ',', /missing/],
    ['r.expr(1n)', '1n', /leave out the n/],
    ['r.expr(1)?.add(1)', '?.', /\.default/],
    ['x = r.expr(1)', '=', /not of the kind/],
    ['r.expr(1), r.expr(2)', ',', /not of the kind/],
    ['r.expr(this)', 'this', /not of the kind/],
    ['r.expr(`a${1`)', '`', /^Syntax error, missing the ` that ends the string/],
    ['r.expr(#a)', '#', /^Syntax error, unexpected character # \(line 1, position 8\)/],
    ['r.expr("\\u00")', '\\u', /bad character escape/],
    ['r.expr(3in)', '3in', /invalid number/],
    ['return r.expr(1)', 'return', /nothing here that could run statements/],
    ['[1].map(x => x)', '[1]', /r\.expr\(…\)\.map/],
    ['r.table("t").match(/a/)', '/a/', /\.match\("…"\)/],
    ['r.table("t"', '(', /^Syntax error, missing closing bracket for \( \(line 1, position 8\)\.$/],
    ['r.expr(1)\n  )', ')', /^Syntax error, missing opening bracket for \) \(line 2, position 3\)\.$/],
    ['r.expr("a', '"', /^Syntax error, missing the " that ends the string \(line 1, position 8\)\.$/],
    ['r.expr(1 2)', '2', /^Syntax error, unexpected token \(line 1, position 10\)\.$/],
    ['r.expr(1); 2', '2', /^Last query was not a RethinkDB query\.$/],
    ['const x = 1', 'const x = 1', /^No query found/],
    ['new Function("x")', 'new Function("x")', /only object/],
    ['r', 'r', /no value/],
    ['', '', /No query found/],
    ['// nothing', '// nothing', /No query found/],
  ];
  for (const [text, at, message] of cases) {
    const got = refused(text);
    assert.match(got.message, message, text);
    assert.equal(got.at, at, text);
  }
});

test('queries are separated by semicolons and lines, and share what is declared', () => {
  const terms = parse('const t = r.table("t"); const n = 2\nt.limit(n); t.count()');
  assert.deepEqual(terms.map(term => term.wire()), [[71, [[15, ['t']], 2]], [43, [[15, ['t']]]]]);
});

test('what may be written', () => {
  const cases: [text: string, wire: unknown][] = [
    ['r.expr("\\u{1F600}\\x41\\n\\\\")', '\u{1F600}A\n\\'],
    ["r.expr(`a${`b${1 + 1}`}c`)", 'ab2c'],
    ['r.expr(0x1F + 0b11 + 0o17 + .5 + 1_000 + 1e3)', 31 + 3 + 15 + 0.5 + 1000 + 1000],
    ['r.expr(-2 * (3 - 1) % 5 ** 2)', -2 * (3 - 1) % 5 ** 2],
    ['r.expr(8 / 2 / 2) // a comment', 2],
    ['/* one */ r.expr(/* two */ [1, 2,])', [2, [1, 2]]],
    ['const f = (a, b) => { const c = a + b; return c }\nr.expr(f(1, 2))', 3],
    ['const f = function named(a) { return a; }; r.expr(f(1))', 1],
    ['const a = 1, b = {a, "c d": 2, 3: 4, ["e" + "1"]: 5, f(x) { return x }}; r.expr(b["c d"] + b.a)', 3],
    ['r\n  .expr(1)\n', 1],
    ['r.expr(1);;', 1],
    ['r.expr({...{a: 1}, if: 2, new: 3})', { a: 1, if: 2, new: 3 }],
  ];
  for (const [text, wire] of cases) {
    assert.deepEqual(JSON.parse(JSON.stringify(parse(text).at(-1)!.wire())), wire, text);
  }
});

test('a field may have any name', () => {
  const [term] = parse('r.expr({"__proto__": 1, constructor: 2})');
  assert.equal(JSON.stringify(term!.wire()), '{"__proto__":1,"constructor":2}');
});

test('parameters are values, whatever is in them', () => {
  const [term] = parse('r.db(name).table(name)', { name: '"); r.dbDrop("test' });
  assert.deepEqual(term!.wire(), [15, [[14, ['"); r.dbDrop("test']], '"); r.dbDrop("test']]);
});

test('a backtrace finds the text', () => {
  const text = 'r.table("t").filter({a: 1}, {default: r.error()}).map(x => x("a").add("b"))';
  const [term] = parse(text);
  const at = (...backtrace: (number | string)[]) => {
    const { from, to } = term!.find(backtrace).span;
    return text.slice(from, to);
  };
  assert.equal(at(), text);
  assert.equal(at(0, 0), 'r.table("t")');
  assert.equal(at(0, 'default'), 'r.error()');
  assert.equal(at(0, 1, 'a'), '1');
  assert.equal(at(1, 1), 'x("a").add("b")');
  assert.equal(at(1, 1, 1), '"b"');
  assert.equal(at(1, 1, 7, 'unknown'), 'x("a").add("b")');
});

test('what is nested without end is refused', () => {
  for (const n of [1e3, 1e5]) {
    const text = `r.expr(${'['.repeat(n)}${']'.repeat(n)})`;
    try {
      parse(text);
    } catch (error) {
      assert.ok(error instanceof QueryError, String(error));
      assert.match(error.message, /nested too deeply|Not enough stack space/);
    }
  }
});
