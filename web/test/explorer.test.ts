import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ScrollMap, maxPixels } from '../src/components/window.ts';
import { loadDocumentation } from '../src/explorer/editor/documentation.ts';
import { mayFollow, typeBefore } from '../src/explorer/editor/inference.ts';
import { csvCell, toCSV, toJSON, type Source } from '../src/explorer/results/export.ts';
import { countAccesses, stepsOf } from '../src/explorer/results/steps.ts';
import { Forest, previewOf } from '../src/explorer/results/tree.ts';
import { lineAndPosition, placeAt } from '../src/reql/place.ts';
import type { Datum } from '../src/server/connection.ts';

test('what is open at a place', () => {
  const open = (text: string) => placeAt(text, text.length).open.map(({ mark }) => mark).join(' ');
  assert.equal(open('r.table("a").filter({b: ['), '( { [');
  assert.equal(open('r.table("a)'), '( "');
  assert.equal(open('r.table("a\\")'), '( "');
  assert.equal(open('f(`a${g("b"'), '( ` ${ (');
  assert.equal(open('f(`a${b}c'), '( `');
  assert.equal(open('f( // )\n'), '(');
  assert.equal(open('f( /* ) */'), '(');
  assert.equal(placeAt('f( // ab', 8).comment, true);
  assert.equal(placeAt('f( /* a */ b', 12).comment, false);
  assert.equal(placeAt('a(b))', 5).unmatched, 4);
  assert.deepEqual([...placeAt('a(b[c])', 7).pairs], [[5, 3], [6, 1]]);
  assert.deepEqual(lineAndPosition('ab\ncd', 4), { line: 2, position: 2 });
});

test('the type of a value is known by the terms that made it', async () => {
  await loadDocumentation();
  const typeOf = (text: string) => typeBefore(text, text.length);
  assert.equal(typeOf('r'), 'r');
  assert.equal(typeOf('r.db("a")'), 'db');
  assert.equal(typeOf('r.db("a").table("b")'), 'table');
  assert.equal(typeOf('r.table("b").get(1)'), 'row');
  assert.equal(typeOf('r.table("b").filter({a: "x)"})\n  '), 'selection');
  assert.equal(typeOf('r.now()'), 'time');
  assert.equal(typeOf('r.table("b").map(x => x("a"'), undefined);
  assert.equal(typeOf('x("a")'), undefined);
  assert.ok(mayFollow('tableCreate', 'db') && !mayFollow('filter', 'db'));
  assert.ok(mayFollow('filter', 'table') && mayFollow('count', 'table') && !mayFollow('year', 'table'));
  assert.ok(mayFollow('year', 'time') && mayFollow('year', undefined));
});

test('a forest of rows is seen as lines', () => {
  const forest = new Forest();
  const rows: Datum[] = [{ a: 1, b: { c: [1, 2], d: 'x'.repeat(250) } }, 5, []];
  forest.update(rows, true);
  const lines = () => forest.slice(0, Infinity).map(node => node.name);
  assert.deepEqual(lines(), [0, 'a', 'b', 1, 2]);
  forest.openAll(forest.roots);
  assert.deepEqual(lines(), [0, 'a', 'b', 'c', 0, 1, 'd', 1, 2]);
  const text = forest.slice(6, 7)[0]!;
  forest.set(text, true);
  assert.equal(forest.lines, 12); // 250 characters are three lines
  assert.deepEqual(forest.slice(7, 9).map(node => node.kind), ['piece', 'piece']);
  forest.slice(0, forest.lines).forEach((node, line) => assert.equal(forest.lineOf(node), line));
  forest.update([...rows, { z: 1 }], true);
  assert.equal(forest.lines, 14, 'rows that were there stay as they are');
  forest.closeAll();
  assert.deepEqual(lines(), [0, 1, 2, 3]);
});

test('a hundred thousand rows are counted without looking at each field', () => {
  const forest = new Forest();
  forest.update(Array.from({ length: 100_000 }, (_, i) => ({ id: i, more: { a: 1, b: 2 } })), true);
  assert.equal(forest.lines, 300_000);
  assert.equal((forest.slice(299_999, 300_000)[0]!.parent!.value as { id: number }).id, 99_999);
});

test('previews fit into a line', () => {
  assert.equal(previewOf({ a: 1, b: 'x', c: { d: 1 }, e: [] }), '{ a: 1, b: "x", c: {…}, e: [] }');
  assert.ok(previewOf(Array.from({ length: 1000 }, (_, i) => i)).length < 110);
  assert.ok(previewOf({ ['n'.repeat(10_000)]: 'v'.repeat(10_000) }).length < 110);
});

test('a list that is higher than browsers draw is scrolled from its first to its last line', () => {
  const map = new ScrollMap();
  const total = 10 * maxPixels, viewport = 500;
  assert.equal(map.top(0, viewport, total), 0);
  assert.equal(map.top(maxPixels - viewport, viewport, total), total - viewport);
  const middle = map.top(maxPixels / 2, viewport, total);
  assert.ok(Math.abs(middle - total / 2) < 10 * viewport);
  assert.equal(map.top(maxPixels / 2 + 40, viewport, total), middle + 40, 'small steps are exact');
  for (const place of [0, 12_345_678, total - viewport]) {
    const scrollTop = map.scrollTopOf(place, viewport, total);
    assert.ok(scrollTop >= 0 && scrollTop <= maxPixels - viewport);
    assert.ok(Math.abs(scrollTop + map.shift - place) < 1, String(place));
  }
});

const sourceOf = (...batches: Datum[][]): Source => async onRows => {
  for (const rows of batches) {
    await onRows(rows);
  }
};

test('results become JSON and CSV', async () => {
  const time = { $reql_type$: 'TIME', epoch_time: 0, timezone: '+00:00' };
  const source = () => sourceOf([{ id: 1, a: { b: 'x' } }], [{ id: 2, list: [1, 2], when: time }, 'plain']);
  assert.deepEqual(JSON.parse(await (await toJSON(source())).text()), [{ id: 1, a: { b: 'x' } }, { id: 2, list: [1, 2], when: time }, 'plain']);
  assert.deepEqual(JSON.parse(await (await toJSON(sourceOf())).text()), []);
  assert.equal(await (await toCSV(source())).text(), 'id,a.b,list,when,value\r\n1,x,,,\r\n2,,"[1,2]",1970-01-01T00:00:00.000+00:00,\r\n,,,,plain\r\n');
});

test('cells of CSV are quoted, and run no formulas', () => {
  const cases: [Datum | undefined, string][] = [
    [undefined, ''], [null, ''], [1.5, '1.5'], [-1, '-1'], [true, 'true'], ['plain', 'plain'], ['a,b', '"a,b"'], ['say "x"', '"say ""x"""'], ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"], ['@SUM(A1)', "'@SUM(A1)"], ['-5', '-5'], ['+49.30', '+49.30'], ['-cmd', "'-cmd"], ['\t=1', "'\t=1"],
  ];
  for (const [value, cell] of cases) {
    assert.equal(csvCell(value), cell);
  }
});

test('a profile has steps', () => {
  const { steps, left } = stepsOf([
    { description: 'Evaluating count.', 'duration(ms)': 2, sub_tasks: [{ description: 'Reading rows of `a.b`.', 'mean_duration(ms)': 0.5, n_samples: 3 }] },
    { parallel_tasks: [[{ description: 'one', 'duration(ms)': 1, sub_tasks: [] }], [{ description: 'two', 'duration(ms)': 1, sub_tasks: [] }]] },
  ]);
  assert.deepEqual(steps.map(step => [step.description, step.milliseconds, step.inner.length]), [['Evaluating count.', 2, 1], ['', 0, 2]]);
  assert.equal(steps[0]!.inner[0]!.milliseconds, 1.5);
  assert.equal(countAccesses(steps), 3);
  assert.equal(left, 0);
  assert.equal(stepsOf(Array.from({ length: 1500 }, () => ({ description: 'x' }))).left, 500);
});
