import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Splitter, type Piece } from '../src/tables/transfer/splitter.ts';

function split(text: string, size: number): Piece[] {
  const splitter = new Splitter();
  const pieces: Piece[] = [];
  for (let i = 0; i < text.length; i += size) {
    pieces.push(...splitter.push(text.slice(i, i + size)));
  }
  return [...pieces, ...splitter.end()];
}

const cases: readonly (readonly [string, string, readonly (readonly [number, string])[]])[] = [
  ['lines', '{"a":1}\n\n{"a":2}\n', [[1, '{"a":1}'], [3, '{"a":2}']]],
  ['lines of Windows, with a byte order mark', '\ufeff{"a":1}\r\n{"a":2}\r\n', [[1, '{"a":1}'], [2, '{"a":2}']]],
  ['an array', '[{"a":1},\n {"a":[{"b":2}]}]\n', [[1, '{"a":1}'], [2, '{"a":[{"b":2}]}']]],
  ['one document over several lines', '{\n "a": 1\n}', [[1, '{\n "a": 1\n}']]],
  ['braces and quotes in texts', '{"a":"}\\"{\\\\"}{"b":"]"}', [[1, '{"a":"}\\"{\\\\"}'], [1, '{"b":"]"}']]],
  ['what is no document', '1\n"a, b"\n[1,2]\nnull', [[1, '1'], [2, '"a, b"'], [3, '[1,2]'], [4, 'null']]],
  ['what is no document in an array', '[1, "x", {"a":1}, [2]]', [[1, '1'], [1, '"x"'], [1, '{"a":1}'], [1, '[2]']]],
  ['a document that does not end', '{"a":1}\n{"a":', [[1, '{"a":1}'], [2, '{"a":']]],
  ['a text that does not end in its line', '"abc\n{"a":1}', [[1, '"abc'], [2, '{"a":1}']]],
  ['nothing', ' \n', []],
  ['an empty array', '[ ]', []],
];

for (const [name, text, expected] of cases) {
  test(`cuts ${name}`, () => {
    for (const size of [1, 2, 7, 1000]) { // wherever the parts of the file end
      assert.deepEqual(split(text, size).map(piece => [piece.line, piece.text]), expected, `in parts of ${size}`);
    }
  });
}
