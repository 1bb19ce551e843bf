'use strict';
// The reconnect loop of a page in docs, in the official driver: node resume.js PACKAGE PAGE PORTFILE
// Documents with the ids 0, 1, 2, … are inserted one after the other, and last one with the id "end", while the server
// comes and goes; its port is in the file.
const assert = require('assert');
const fs = require('fs');

const [, , name, page, portFile] = process.argv;
const r = require(name);
const [, code] = /^```js\n(\/\/ follow .*?)^```$/ms.exec(fs.readFileSync(page, 'utf8'));
const follow = eval(`(${code.slice(code.indexOf('async function'))})`); // eslint-disable-line no-eval

let token = null;
let connections = 0;
const seen = [];

async function main() {
  const connect = () => { connections += 1; return r.connect({ host: '127.0.0.1', port: Number(fs.readFileSync(portFile, 'utf8')) }); };
  await follow(connect, r.table('orders'), {
    load: () => token,
    save: (last) => { token = last; },
    handle: (event) => {
      if (event.state) return true;
      assert.ok(!event.old_val, JSON.stringify(event));
      seen.push(event.new_val.id);
      return event.new_val.id !== 'end';
    },
  });
  assert.strictEqual(seen.pop(), 'end');
  assert.deepStrictEqual(seen, seen.map((_, i) => i));
  assert.ok(seen.length > 10 && connections > 2, `${seen.length} documents over ${connections} connections`);
  console.log('ok');
}

main().catch((error) => { console.error(error); process.exit(1); });
