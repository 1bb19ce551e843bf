import { isForbidden } from '../components/failure.tsx';
import { usePoll, type Polled } from '../components/poll.ts';
import { run } from './query.ts';
import type { Reach } from '../security/load.ts';

/** What programs need to know of this server. */
export interface ServerAccess {
  readonly port: number;
  readonly tls: boolean;
  /** admin has one. */
  readonly password: boolean;
  readonly reach: Reach;
}

/** The port of drivers, unless an option says otherwise. */
export const usualPort = 28015;

const pollTime = 10_000; // milliseconds

/** What programs need to know of this server; undefined where the user may not know it. */
export const useServerAccess = (): Polled<ServerAccess | undefined> => usePoll(load, pollTime);

async function load(): Promise<ServerAccess | undefined> {
  try {
    return await run<ServerAccess>(`
      const status = r.db("rethinkdb").table("security_status");
      r.do(status.get("server"), status.get("port/driver"), (server, driver) =>
        ({port: driver("number"), tls: driver("tls"), password: server("password"), reach: driver("reach")}))`);
  } catch (error) {
    if (isForbidden(error)) {
      return undefined;
    }
    throw error;
  }
}
