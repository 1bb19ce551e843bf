import assert from 'node:assert/strict';
import { test } from 'node:test';

import { commandText, definitionProblem, functionProblem, parseFunction, type Definition } from '../src/tables/indexes/definition.ts';

const simple: Definition = { name: 'age', kind: 'field', fields: '', text: '', multi: false, geo: false, unique: false };

test('the command of an index', () => {
  for (const [definition, command] of [
    [simple, 'r.table("people").indexCreate("age")'],
    [{ ...simple, fields: 'address.city', unique: true }, 'r.table("people").indexCreate("age", row => row("address")("city"), {unique: true})'],
    [{ ...simple, kind: 'compound', fields: 'last, "first' }, 'r.table("people").indexCreate("age", row => [row("last"), row("\\"first")])'],
    [{ ...simple, kind: 'function', text: 'r.row("a").add(1)', multi: true, geo: true }, 'r.table("people").indexCreate("age", r.row("a").add(1), {multi: true, geo: true})'],
  ] as const) {
    assert.equal(commandText('people', definition), command);
    parseFunction(command); // is one that the explorer takes
  }
});

test('what is missing or wrong', () => {
  assert.equal(definitionProblem(simple, [], 'id'), '');
  for (const [change, problem] of [
    [{ name: '' }, /needs a name/], [{ name: 'x' }, /already/], [{ name: 'id' }, /primary key/], [{ geo: true, unique: true }, /geospatial/],
    [{ kind: 'compound', fields: 'a,' }, /commas/], [{ kind: 'compound', fields: 'a,b', multi: true }, /write a function/],
    [{ kind: 'function', text: 'row => row("a"' }, /The \( has no other half/], [{ kind: 'function', text: ' ' }, /Write a function\./],
  ] as const) {
    assert.match(definitionProblem({ ...simple, ...change }, ['x'], 'id'), problem);
  }
});

test('a mistake in a function is told with its line', () => {
  assert.equal(functionProblem('row => row("a")'), '');
  assert.match(functionProblem('row =>\n  row("a").upcaze()'), /^Line 2: .*upcaze/);
  assert.match(functionProblem('r.row("a")); r.dbDrop("test"'), /The \) has no other half/);
  assert.match(functionProblem('r.row("a"); r.row("b")'), /./);
});
