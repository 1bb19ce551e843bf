'use strict';

// taken collects n events of a cursor or feed and then closes it, as an application does that has seen enough.
function taken(cursor, n) {
  return new Promise((resolve, reject) => {
    const events = [];
    cursor.each((error, event) => {
      if (error) { reject(error); return false; }
      events.push(event);
      if (events.length < n) return true;
      cursor.close().then(() => resolve(JSON.parse(JSON.stringify(events))), reject);
      return false;
    });
  });
}

module.exports = { taken };
