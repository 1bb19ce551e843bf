import { Connection } from './connection.ts';
import { reachable } from './request.ts';

const firstWait = 500, longestWait = 5000; // milliseconds

let trying: { wait: number; timer: number } | undefined;

/** Tries until the server answers, more and more seldom. Called once, by the page. */
export function keepReconnecting(): void {
  reachable.subscribe(yes => {
    if (yes && trying) {
      clearTimeout(trying.timer);
      trying = undefined;
    } else if (!yes && !trying) {
      trying = { wait: firstWait, timer: 0 };
      schedule();
    }
  });
}

/** Does not wait for the next time to try. */
export function tryNow(): void {
  if (trying) {
    clearTimeout(trying.timer);
    trying.wait = firstWait;
    void attempt();
  }
}

function schedule(): void {
  if (trying) {
    trying.timer = window.setTimeout(() => void attempt(), trying.wait);
    trying.wait = Math.min(trying.wait * 2, longestWait);
  }
}

async function attempt(): Promise<void> {
  const connection = new Connection();
  try {
    await connection.serverInfo(); // post notes the success
    await connection.close();
  } catch {
    schedule(); // the page says all the time that there is no connection
  }
}
