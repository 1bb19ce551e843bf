'use strict';
// The examples of docs/reql.md in the official driver: node reference.js PACKAGE PAGE PORT
const fs = require('fs');

const [, , name, page, port] = process.argv;
const r = require(name);
let conn; // the examples with options of the whole query name it

// What the driver has no function for, or takes from an application in another form.
const unknown = [/\.betweenDeprecated\(/, /^r\.format\(/];

// What the next block needs new tables after.
const write = /\.(insert|update|replace|delete|grant|reconfigure|\w+(Create|Drop|Rename|Hook))\(/;

// blocks returns the page's blocks of code, each a list of queries with their answers.
function blocks(text) {
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => {
    const list = [];
    for (const line of code.trimEnd().split('\n')) {
      const last = list[list.length - 1];
      if (line.startsWith('// at [')) continue; // the driver shows the place in its own way
      if (line.startsWith('// ')) last.answer.push(line.slice(3));
      else if (line.startsWith('  ')) last.query += line;
      else list.push({ query: line, answer: [] });
    }
    return list;
  });
}

// sorted is a value as JSON, its fields sorted as the server sends them.
function sorted(value) {
  return JSON.stringify(value, (key, v) => (v && typeof v === 'object' && !Array.isArray(v)
    ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v));
}

async function answer(query) {
  try {
    const result = eval(query); // eslint-disable-line no-eval
    const got = await (query.includes('.run(conn') ? result : result.run(conn, { timeFormat: 'raw', binaryFormat: 'raw' }));
    if (got && got.constructor.name === 'Cursor') return (await got.toArray()).map(sorted);
    return [sorted(got)];
  } catch (error) {
    if (!error.msg) throw error;
    return [`${error.name.replace(/^Reql(Server)?|Error$/g, '')}: ${error.msg}`];
  }
}

async function begin(setup) {
  for (const db of ['test', 'archive']) {
    if ((await r.dbList().run(conn)).includes(db)) await r.dbDrop(db).run(conn);
  }
  await r.db('rethinkdb').table('users').filter(r.row('id').ne('admin')).delete().run(conn);
  await r.dbCreate('test').run(conn);
  for (const { query } of setup) await eval(query).run(conn); // eslint-disable-line no-eval
}

async function main() {
  conn = await r.connect({ port: Number(port) });
  const [setup, ...examples] = blocks(fs.readFileSync(page, 'utf8'));
  let changed = true;
  for (const block of examples) {
    if (changed) await begin(setup);
    changed = block.some(({ query }) => write.test(query));
    for (const { query, answer: expected } of block) {
      if (unknown.some((u) => u.test(query))) continue;
      const got = (await answer(query)).join('\n');
      if (got !== expected.join('\n')) throw new Error(`${query}\nanswers ${got}\nand not ${expected.join('\n')}`);
    }
  }
  await conn.close();
  console.log('ok');
}

main().catch((error) => { console.error(error); process.exit(1); });
