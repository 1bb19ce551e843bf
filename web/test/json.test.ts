import assert from 'node:assert/strict';
import { test } from 'node:test';

import { JsonError, formatJson, parseJson } from '../src/components/json.ts';

test('what JSON.parse reads is read the same', () => {
  for (const text of ['null', ' true ', '-0.5e-3', '"a\\n\\u00e9\\ud83d\\ude00\\\\"', '[]', '[1, [2], {}]', '{"a": {"b": [null]}, "": 1}', '1e300', '"\\\\\\""', `"${'x'.repeat(1 << 20)}"`]) {
    assert.deepEqual(parseJson(text), JSON.parse(text), text.slice(0, 40));
  }
});

test('what is wrong, and where', () => {
  for (const [text, from, message] of [
    ['', 0, /missing/],
    ['{"a": 1, "a": 2}', 9, /"a" is there twice/],
    ['{"a" 1}', 5, /colon/],
    ['{"a": 1 "b": 2}', 8, /comma or }/],
    ['[1 2]', 3, /comma or ]/],
    ['[1,]', 3, /no JSON/],
    ['{a: 1}', 1, /double quotes/],
    ["'a'", 0, /double quotes/],
    ['"a', 0, /does not end/],
    ['"a\nb"', 0, /backslash/],
    ['9007199254740993', 0, /would become 9007199254740992/],
    ['1e999', 0, /too large/],
    ['{} {}', 3, /has ended/],
    ['[undefined]', 1, /no JSON/],
    ['['.repeat(1_000_000), undefined, /nested too deeply/],
  ] as const) {
    assert.throws(() => parseJson(text), (error: unknown) => error instanceof JsonError && message.test(error.message) && (from === undefined || error.from === from), text.slice(0, 40));
  }
});

test('a number that the server has sent is taken back, however many digits it has', () => {
  for (const value of [2 ** 60, 2 ** 53 + 2, 1e21, 123456789012345680000]) {
    assert.equal(parseJson(formatJson(value)), value);
  }
});

test('a field may have any name', () => {
  const value = parseJson('{"__proto__": {"a": 1}, "constructor": 2}') as object;
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
  assert.equal(formatJson(value as {}), '{\n  "__proto__": {\n    "a": 1\n  },\n  "constructor": 2\n}');
});

test('pseudo-types and short lists are in one line', () => {
  const value = { at: { $reql_type$: 'TIME', epoch_time: 1.5, timezone: '+00:00' }, list: [1, 'a', null], nested: [{ a: 1 }], none: [] };
  const text = formatJson(value);
  assert.equal(text, `{
  "at": {"$reql_type$": "TIME", "epoch_time": 1.5, "timezone": "+00:00"},
  "list": [1, "a", null],
  "nested": [
    {
      "a": 1
    }
  ],
  "none": []
}`);
  assert.deepEqual(parseJson(text), value);
});
