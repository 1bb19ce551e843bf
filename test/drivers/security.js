'use strict';
// Runs the commands of the table security_status that are queries: node security.js PACKAGE PASSWORD PORT. Each closes its finding.
const assert = require('assert');

const [, , name, password, port] = process.argv;
const r = require(name);

const isQuery = (finding) => finding.commands.some((command) => command.startsWith('r.'));

async function main() {
  const conn = await r.connect({ host: 'localhost', port: Number(port), user: 'admin', password });
  const status = r.db('rethinkdb').table('security_status');
  await r.db('rethinkdb').table('users').insert({ id: "bob's", password: 'a long one of his' }).run(conn);
  await r.grant("bob's", { write: true, config: true }).run(conn);

  const found = (await (await status.filter({ type: 'finding' }).run(conn)).toArray()).filter(isQuery);
  assert.deepStrictEqual(found.map((finding) => finding.id).sort(),
    ["global_rights/bob's", 'no_allow_list/cluster', 'no_allow_list/driver', 'no_allow_list/http']);
  for (const { id, commands } of found) {
    for (const command of commands) {
      await eval(command).run(conn); // the table is the server's word
    }
    assert.strictEqual(await status.get(id).run(conn), null, `${id} is still there`);
  }
  const ports = await (await status.filter({ type: 'port', open: true }).orderBy('number').run(conn)).toArray();
  assert.strictEqual(ports.length, 3);
  for (const { who } of ports) {
    assert.match(who, /serves this machine and .*; they need a password\. /);
  }
  await conn.close();
  console.log('ok');
}

main().catch((error) => { console.error(error); process.exit(1); });
