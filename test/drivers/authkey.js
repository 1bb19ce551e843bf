'use strict';
// Who connects to a server that has an authentication key: node authkey.js PACKAGE (authKey|password) KEY HOST PORT
const assert = require('assert');

const [, , name, option, key, host, port] = process.argv;
const r = require(name);

const connect = (options) => r.connect({ host, port: Number(port), ...options });

async function main() {
  for (const options of [{}, { [option]: 'wrong' }]) {
    const error = await connect(options).then(() => null, (e) => e);
    assert(error && /incorrect auth\w+ key|wrong password/i.test(error.message), `${JSON.stringify(options)}: ${error}`);
  }
  const conn = await connect({ [option]: key });
  assert((await r.dbList().run(conn)).includes('test'));
  await conn.close();
  console.log('ok');
  process.exit(0); // drivers from 2.3 on do not stop the clock of a connection that was refused
}

main().catch((error) => { console.error(error); process.exit(1); });
