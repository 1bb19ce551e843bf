'use strict';
// A connection over TLS: node tls.js PACKAGE PORT VISITOR, where VISITOR is {host, ca, cert, key, minVersion, maxVersion, ciphers, plain, password, stay} in
// JSON. It prints "in", "in TLSv1.x" or "out: " and why. With stay it then waits for lines: "ask" asks the server once more over the same connection.
const fs = require('fs');
const readline = require('readline');

const [, , name, port, json] = process.argv;
const r = require(name);
const visitor = JSON.parse(json);

function options() {
  const o = { host: visitor.host || 'localhost', port: Number(port), timeout: 15 };
  if (visitor.password) o[name < 'rethinkdb-2-3' ? 'authKey' : 'password'] = visitor.password;
  if (visitor.plain) return o;
  o.ssl = {};
  for (const file of ['ca', 'cert', 'key']) {
    if (visitor[file]) o.ssl[file] = fs.readFileSync(visitor[file]);
  }
  for (const option of ['minVersion', 'maxVersion', 'ciphers']) {
    if (visitor[option]) o.ssl[option] = visitor[option];
  }
  return o;
}

async function work(conn) {
  const answer = await r.expr(1).add(1).run(conn);
  if (answer !== 2) throw new Error(`1 + 1 is ${answer}`);
}

async function main() {
  const conn = await r.connect(options());
  await work(conn);
  const version = conn.rawSocket.getProtocol ? ` ${conn.rawSocket.getProtocol()}` : '';
  console.log(`in${version}`);
  if (!visitor.stay) return;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'ask') {
      await work(conn);
      console.log('answered');
    }
  }
}

function refused(error) {
  console.log(`out: ${error.msg || error.message || error}`);
  process.exit(0);
}

process.on('uncaughtException', refused); // some drivers leave an error of TLS to whoever listens to the socket
main().then(() => process.exit(0), refused);
