import type { Time } from '../components/moment.tsx';
import { useSystemTable } from '../components/systemtable.ts';
import { data } from '../reql/data.ts';
import { write } from '../server/write.ts';
import type { Entry } from './entries.ts';

export type PortName = 'driver' | 'http' | 'cluster';
export type Reach = 'machine' | 'private' | 'private_listed' | 'listed' | 'everybody';
export type Needs = 'nothing' | 'password' | 'certificate' | 'certificate_and_password';
export type Severity = 'note' | 'warning' | 'serious' | 'critical';

/** The rows of `security_status`: of the server, of each port, and of what could be closed. */
export interface ServerState {
  readonly id: 'server';
  readonly type: 'server';
  readonly protected_mode: 'private' | 'strict' | 'off';
  /** admin has one. */
  readonly password: boolean;
  readonly audit_log: boolean;
  /** The data directory is. */
  readonly encrypted: boolean;
  /** Those that the machine is in, for an allow-list to begin with. */
  readonly networks: readonly string[];
  readonly certificates: readonly { readonly file: string; readonly expires_at: Time }[];
}

export interface PortState {
  readonly id: string;
  readonly type: 'port';
  readonly port: PortName;
  readonly open: boolean;
  readonly number: number;
  readonly addresses: readonly string[];
  readonly tls: boolean;
  /** null: it is not open. */
  readonly reach: Reach | null;
  readonly networks: readonly string[];
  readonly needs: Needs | null;
  readonly sent: 'encrypted' | 'readable' | 'locally' | null;
}

export interface Finding {
  readonly id: string;
  readonly type: 'finding';
  readonly kind: string;
  readonly severity: Severity;
  readonly level: number;
  readonly port: PortName | null;
  readonly description: string;
  readonly remedy: string;
  readonly commands: readonly string[];
  readonly restart: boolean;
}

export interface SecurityState {
  readonly server: ServerState;
  readonly ports: readonly PortState[];
  /** The most severe first. */
  readonly findings: readonly Finding[];
}

const portOrder: readonly PortName[] = ['driver', 'http', 'cluster'];

export function useSecurityState(): { readonly state?: SecurityState; readonly error?: unknown } {
  const { rows, error } = useSystemTable<ServerState | PortState | Finding>('security_status');
  const server = rows?.find(row => row.type === 'server');
  return {
    ...(rows && server ? {
      state: {
        server,
        ports: rows.filter(row => row.type === 'port').sort((a, b) => portOrder.indexOf(a.port) - portOrder.indexOf(b.port)),
        findings: rows.filter(row => row.type === 'finding').sort((a, b) => b.level - a.level || a.id.localeCompare(b.id)),
      },
    } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

/** Whom or what a finding is about, if it is about one of several: the name of a user, the id of a token. */
export const subjectOf = ({ id, kind }: Finding): string => id.slice(kind.length + 1);

/** A row of `access_config`. */
export interface AllowList {
  readonly id: PortName;
  readonly allow: readonly string[];
  /** What the options of the command line say. Both lists must let a client in. */
  readonly allow_option: readonly string[];
}

export const useAllowLists = () => useSystemTable<AllowList>('access_config');

export const setAllowList = (port: PortName, networks: readonly string[]) =>
  write('r.db("rethinkdb").table("access_config").get(port).update({allow: networks})', { port, networks: data([...networks]) });

export const useEntries = () => useSystemTable<Entry>('audit');
