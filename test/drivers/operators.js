'use strict';
// The commands of a page in docs, in the official driver: node operators.js PACKAGE PAGE PORT
const fs = require('fs');

const [, , name, file, portText] = process.argv;
const port = Number(portText);
const r = require(name);
const page = fs.readFileSync(file, 'utf8');
const goesOn = '(it goes on)';
let conn; // the commands with options name it
let bob; // and two users, whose connections the commands open
let carol;

// commands returns the page's commands, each with its answer if the page has it.
function commands() {
  const list = [];
  for (const [, block] of page.matchAll(/^```js\n(.*?)^```$/gms)) {
    for (const line of block.trimEnd().split('\n')) {
      const last = list[list.length - 1];
      if (line.startsWith('//')) last.answer += line.slice(2);
      else if (line.startsWith(' ')) last.code += line;
      else list.push({ code: line, answer: '' });
    }
  }
  return list;
}

async function run(code, connection) {
  try {
    const value = await eval(`(async () => ${code})()`); // eslint-disable-line no-eval
    if (value && typeof value.close === 'function' && value.open) return 'connected';
    const got = value && typeof value.run === 'function' ? await value.run(connection) : value;
    return JSON.stringify(got && got.constructor.name === 'Cursor' ? await got.toArray() : got);
  } catch (error) {
    if (!error.msg) throw error;
    return `${error.name}: ${error.msg}`;
  }
}

// canonical is JSON with sorted fields, or another text, without spaces: … stays.
function canonical(text) {
  let value;
  try {
    value = JSON.parse(text.replace(/(: )…/g, '$1"…"').replace(/\s+/g, ' '));
  } catch {
    return text.replace(/\s/g, '');
  }
  const sort = (key, v) => (v && typeof v === 'object' && !Array.isArray(v)
    ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v);
  return JSON.stringify(value, sort).replace(/"…"/g, '…').replace(/\s/g, '');
}

function matches(expected, got) {
  const parts = canonical(expected).split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*?')}$`).test(canonical(got));
}

// running waits until a query has run for a while, as the page says.
async function running(text) {
  for (;;) {
    const jobs = r.db('rethinkdb').table('jobs').filter((job) => job('info')('query').match(text).and(job('duration_sec').gt(0.25)));
    if (await jobs.count().run(conn) > 0) return;
  }
}

async function main() {
  conn = await r.connect({ port });
  const other = await r.connect({ port });
  let background;
  for (const { code, answer } of commands()) {
    if (answer.trim() === goesOn) {
      background = run(code, other);
      await running('innerJoin');
      continue;
    }
    const got = await run(code, conn);
    if (answer !== '' && !matches(answer.trim(), got)) throw new Error(`${code}\nanswers ${got}\nand not ${answer}`);
  }
  const ended = await background;
  if (background && !page.includes(ended)) throw new Error(`the page does not tell of ${ended}`);
  await Promise.all([conn, other, bob, carol].filter(Boolean).map((connection) => connection.close()));
  console.log('ok');
}

main().catch((error) => { console.error(error); process.exit(1); });
