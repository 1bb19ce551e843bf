'use strict';
// Who connects with TLS to a server that asks for certificates: node certificates.js PACKAGE DIRECTORY PORT, where the directory is one of
// `rethinkdb create-certs`.
const assert = require('assert');
const fs = require('fs');
const path = require('path');

const [, , name, directory, port] = process.argv;
const r = require(name);

const file = (base) => fs.readFileSync(path.join(directory, base));
const connect = (ssl) => r.connect({ host: 'localhost', port: Number(port), timeout: 10, ssl });

async function main() {
  const ca = file('ca.pem');
  const conn = await connect({ ca, cert: file('client.pem'), key: file('client-key.pem') });
  assert((await r.dbList().run(conn)).includes('test'));
  await conn.close();
  for (const ssl of [{ ca }, true]) { // no certificate; an authority that is not known
    const error = await connect(ssl).then(() => null, (e) => e);
    assert(error, `connected with ${JSON.stringify(Object.keys(ssl))}`);
  }
  console.log('ok');
  process.exit(0); // drivers from 2.3 on do not stop the clock of a connection that was refused
}

main().catch((error) => { console.error(error); process.exit(1); });
