// The terms that we make of a text are those of the published driver, which test/drivers installs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { parse as parseJavaScript } from 'acorn';

import { parse } from '../src/reql/parse.ts';
import type { Wire } from '../src/reql/term.ts';
import { constants, terms } from '../src/reql/terms.ts';

interface DriverTerm { build(): Wire }
type Driver = Record<string, unknown> & { expr(value: unknown): DriverTerm };

const require = createRequire(`${process.cwd()}/package.json`);
const r = require('../test/drivers/node_modules/rethinkdb-2-4-2') as Driver;

/** The driver does not have r.format, and betweenDeprecated is what older drivers send for between. */
const missing = ['r.format(', '.betweenDeprecated('];

/** What the driver makes of one expression. */
function driverTerms(text: string): Wire {
  const value = new Function('r', `return (${text});`)(r) as unknown;
  return normalize(r.expr(value).build());
}

/** The numbers of variables are anybody's choice: gives them out anew in the order in which they appear. */
function normalize(wire: Wire): Wire {
  const numbers = new Map<number, number>();
  const renumber = (n: number): number => numbers.get(n) ?? numbers.set(n, numbers.size + 1).get(n)!;
  const walk = (node: Wire): Wire => {
    if (Array.isArray(node)) {
      const args = node[1];
      if (node[0] === 69 && Array.isArray(args)) {
        const [parameters, body] = args as [[2, number[]], Wire];
        return [69, [[2, parameters[1].map(renumber)], walk(body)]];
      }
      if (node[0] === 10 && Array.isArray(args) && typeof args[0] === 'number') {
        return [10, [renumber(args[0])]];
      }
      return node.map(walk);
    }
    return node !== null && typeof node === 'object' ? Object.fromEntries(Object.entries(node).map(([k, v]) => [k, walk(v)])) : node;
  };
  return walk(JSON.parse(JSON.stringify(wire)) as Wire);
}

/** The expressions of the blocks of JavaScript on a page. */
function examples(page: string): string[] {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```/gms)].flatMap(([, block]) =>
    parseJavaScript(block!, { ecmaVersion: 2022, sourceType: 'module' }).body.flatMap(statement =>
      statement.type === 'ExpressionStatement' && statement.expression.type !== 'AwaitExpression' ? [block!.slice(statement.expression.start, statement.expression.end)] : []));
}

test('examples of docs/reql.md', () => {
  const all = examples('../docs/reql.md');
  assert.ok(all.length > 200, `only ${all.length} examples found`);
  let compared = 0;
  for (const text of all) {
    if (text.includes('.run(') || missing.some(name => text.includes(name))) { // run is where the page tells of its options
      continue;
    }
    const [term] = parse(text);
    assert.deepEqual(normalize(term!.wire()), driverTerms(text), text);
    compared++;
  }
  assert.ok(compared > all.length - 10, `${compared} of ${all.length} compared`);
});

test('other ways to write', () => {
  for (const text of [
    'r(1)', 'r([1, {a: null}])', 'r.expr(-1.5e3)', "r.expr('é\\u0000\\ud83d\\ude00')",
    'r.row', 'r.row("a")("b")(0)', 'r.table("t").filter(r.row("a").eq(1).and(r.row("b").gt(2)))',
    'r.table("t").filter(function (x) { return x("a").eq(1); })', 'r.table("t").filter(x => { const a = x("a"), b = a.add(1); return b.eq(a); })',
    'r.table("t", {readMode: "outdated"}).getAll(1, 2, {index: "i"})', 'r.table("t").getAll({index: "i"})',
    'r.table("t").orderBy({index: r.desc("i")}, r.desc("a"), r.row("c"), x => x("b"))', 'r.table("t").orderBy(r.asc(r.row("a")))',
    'r.table("t").between(r.minval, [1, r.maxval], {index: "i", rightBound: "closed"})',
    'r.table("t").insert([{a: r.now()}], {returnChanges: "always", conflict: (id, o, n) => o.merge(n)})',
    'r.table("t").indexCreate("i", [r.row("a"), r.row("b")], {multi: true})', 'r.table("t").indexCreate("i", {geo: true})', 'r.table("t").indexCreate("i")',
    'r.table("t").slice(1)', 'r.table("t").slice(1, 2, {leftBound: "open"})', 'r.table("t").slice(1, {leftBound: "open"})',
    'r.table("t").map(r.range(), (a, b) => [a, b])', 'r.map(r.range(3), r.range(3), (a, b) => a.add(b))',
    'r.do(1, 2, (a, b) => a.add(b))', 'r.expr(1).do(a => r.expr([a]).map(b => a.add(b)))', 'r.table("t").get(1).do(r.row("a"))',
    'r.table("t").min({index: "i"})', 'r.table("t").max("a")', 'r.table("t").group("a", x => x("b"), {index: "i", multi: true}).count().ungroup()',
    'r.table("t").fold(0, (a, x) => a.add(x("n")), {emit: (a, x, b) => [b], finalEmit: a => [a]})',
    'r.table("t").changes({includeInitial: true, squash: 1.5})', 'r.table("t").union(r.table("u"), {interleave: "a"})',
    'r.table("t").reconfigure({shards: 2, replicas: {a: 1}, primaryReplicaTag: "a", dryRun: true})',
    'r.binary(Buffer.from("aGk=", "base64"))', 'r.expr(Buffer.from("hi"))', 'r.binary(r.table("t").get(1)("data"))',
    'r.expr(new Date("2020-01-01T00:00:00Z"))', 'r.time(2020, r.january, 1, "Z")', 'r.now().sub(7 * 24 * 60 * 60)', 'r.expr(`a${1 + 1}b`)',
    'r.random(1, 2, {float: true})', 'r.random()', 'r.branch(r.row("a").gt(1), 1, 2)', 'r.expr([...[1, 2], 3])', 'r.expr({...{a: 1}, b: 2})',
    'r.distance(r.point(0, 0), r.point(1, 1), {unit: "km"})', 'r.circle([0, 0], 5, {numVertices: 8})', 'r.http("x", {params: {aB: 1}, resultFormat: "json"})',
    'r.table("t")["delete"]()', 'r["table"]("t")', 'r.args([1, 2])', 'r.table("t").eqJoin(r.row("a"), r.table("u"), {index: "i"}).zip()',
    'r.table("t").update({a: r.row("a").add(1), b: r.literal({c: 1})}, {nonAtomic: true})', 'r.table("t").replace(x => x.without("a"))',
  ]) {
    assert.deepEqual(normalize(parse(text)[0]!.wire()), driverTerms(text), text);
  }
});

test('every term of the driver is in the table', () => {
  const value = r.expr(1) as unknown as Record<string, unknown>;
  const methods = new Set<string>();
  for (let proto = Object.getPrototypeOf(value) as object | null; proto && proto !== Function.prototype && proto !== Object.prototype; proto = Object.getPrototypeOf(proto) as object | null) {
    for (const name of Object.keys(proto)) {
      methods.add(name);
    }
  }
  const internal = new Set(['args', 'optargs', 'build', 'compose', 'constructor', 'mt', 'st', 'tt', 'data', 'run', 'showRunWarning', 'toString']);
  for (const name of methods) {
    if (!internal.has(name)) {
      assert.ok(Object.hasOwn(terms, name) && terms[name]!.after !== 'r', `.${name}`);
    }
  }
  const notTerms = new Set(['connect', 'Error', '_bluebird', 'expr', 'binary', 'net']);
  for (const name of Object.keys(r)) {
    if (!notTerms.has(name)) {
      assert.ok(Object.hasOwn(constants, name) || (Object.hasOwn(terms, name) && terms[name]!.after !== 'term'), `r.${name}`);
    }
  }
});

test('every term of the server is in the table', () => {
  const source = readFileSync('../internal/reql/terms.go', 'utf8');
  const numbers = new Set([...Object.values(terms).map(rule => rule.type), ...Object.values(constants), 1, 2, 3, 10, 69, 155]);
  const older = new Set([36]); // the between of older drivers
  for (const [, name, number] of source.matchAll(/^\t(Term\w+)\s+TermType = (\d+)/gm)) {
    assert.ok(numbers.has(Number(number)) || older.has(Number(number)), `${name} ${number}`);
  }
});
