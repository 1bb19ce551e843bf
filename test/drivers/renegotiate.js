'use strict';
// A client that renegotiates TLS 1.2 as often as it may: node renegotiate.js PORT CA
const assert = require('assert');
const fs = require('fs');
const tls = require('tls');

const [, , port, ca] = process.argv;

// attempt connects, waits for the greeting of the handshake V1_0, and tries to renegotiate until the connection ends.
function attempt() {
  return new Promise((resolve, reject) => {
    let renegotiated = 0;
    const socket = tls.connect({ host: 'localhost', port: Number(port), ca: fs.readFileSync(ca), maxVersion: 'TLSv1.2' });
    const again = () => socket.renegotiate({ rejectUnauthorized: true }, (error) => {
      if (error) return;
      renegotiated += 1;
      if (renegotiated < 100) again();
      else socket.destroy();
    });
    socket.on('secureConnect', () => socket.write(Buffer.from('c3bdc234', 'hex')));
    socket.once('data', again);
    socket.on('error', () => {}); // is followed by close
    socket.on('close', () => resolve(renegotiated));
    socket.setTimeout(30000, () => { socket.destroy(); reject(new Error('the server neither renegotiates nor ends the connection')); });
  });
}

async function main() {
  const counts = await Promise.all(Array.from({ length: 20 }, attempt));
  assert(counts.every((count) => count === 0), `renegotiated ${counts}`);
  console.log('ok');
}

main().catch((error) => { console.error(error); process.exit(1); });
