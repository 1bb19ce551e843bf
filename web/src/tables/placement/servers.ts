import { isForbidden } from '../../components/failure.tsx';
import { run } from '../../server/query.ts';

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
}

/** The servers of the cluster; none for a user who may not know them. */
export async function loadServers(): Promise<readonly Server[]> {
  try {
    return await run<Server[]>('r.db("rethinkdb").table("server_config").pluck("id", "name", "tags")');
  } catch (error) {
    if (isForbidden(error)) {
      return [];
    }
    throw error;
  }
}
