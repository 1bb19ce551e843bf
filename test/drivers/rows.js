'use strict';
// The documents that every driver writes and reads.

const ROWS = 1000;

// rows returns documents of about 1.5 KB, so that a table is larger than the largest batch of a cursor (1 MB).
function rows() {
  const list = [];
  for (let n = 0; n < ROWS; n++) {
    list.push({
      id: n,
      n,
      name: `user ${(n * 7919) % ROWS}`,
      even: n % 2 === 0,
      tags: [`t${n % 10}`, 'all'],
      visits: 0,
      address: { city: `city ${n % 13}`, street: 'ä'.repeat(10) },
      text: String.fromCharCode(97 + (n % 26)).repeat(1400),
    });
  }
  return list;
}

module.exports = { rows, ROWS };
