import { isForbidden } from '../components/failure.tsx';
import type { Time } from '../components/moment.tsx';
import { usePoll, type Polled } from '../components/poll.ts';
import { useSystemTable, type SystemTable } from '../components/systemtable.ts';
import { data } from '../reql/data.ts';
import { run } from '../server/query.ts';
import { findSession, logIn, session } from '../server/session.ts';
import { write } from '../server/write.ts';
import type { Account, Place, Right, Said, Setting } from './rights.ts';

export const useAccounts = (): SystemTable<Account> => useSystemTable<Account>('users');
export const useSaid = (): SystemTable<Said> => useSystemTable<Said>('permissions');

export interface Database {
  readonly name: string;
  readonly tables: readonly string[];
}

/** Tables of the system database that no list has; those with the rights can name them. */
const unlisted = ['access_config', 'audit', 'bearer_tokens', 'join_tokens', 'security_status', 'web_sessions'];
const placesTime = 10_000; // milliseconds

/** Everything that rights can be said about. Whoever is logged in may list it. */
export const usePlaces = (): Polled<readonly Database[]> => usePoll(loadPlaces, placesTime);

async function loadPlaces(): Promise<readonly Database[]> {
  const databases = await run<Database[]>('r.dbList().map(name => ({name: name, tables: r.db(name).tableList()}))');
  return databases.map(({ name, tables }) => ({ name, tables: name === 'rethinkdb' ? [...new Set([...tables, ...unlisted])].sort() : tables }));
}

export interface NewAccount {
  readonly name: string;
  readonly role: boolean;
  /** Empty sets none. */
  readonly password: string;
  readonly iterations: number | undefined;
  readonly roles: readonly string[];
}

export async function createAccount({ name, role, password, iterations, roles }: NewAccount): Promise<void> {
  await write('r.db("rethinkdb").table("users").insert(row)', {
    row: data({ id: name, ...(role ? { role } : { password: passwordOf(password, iterations) }), ...(roles.length > 0 ? { roles: [...roles] } : {}) }),
  });
}

export const deleteAccount = (name: string) => write('r.db("rethinkdb").table("users").get(name).delete()', { name });

/**
 * Sets a password, or with an empty one removes it. A session ends with the password that it began with; whoever changes their own is
 * logged in anew.
 */
export async function setPassword(name: string, password: string, iterations?: number): Promise<void> {
  const own = name === session.peek()?.user; // the page may know that the session has ended before the change is answered
  await change(name, { password: passwordOf(password, iterations) });
  if (own) {
    await (password === '' ? findSession() : logIn(name, password)); // where that fails the page asks for the password
  }
}

export const setRoles = (name: string, roles: readonly string[]) => change(name, { roles: [...roles] });

const passwordOf = (password: string, iterations: number | undefined) =>
  password === '' ? false : iterations === undefined ? password : { password, iterations };

async function change(name: string, fields: Parameters<typeof data>[0]): Promise<void> {
  const { skipped } = await write('r.db("rethinkdb").table("users").get(name).update(fields)', { name, fields: data(fields) });
  if (skipped > 0) {
    throw new Error(`There is no user ${name} any more.`);
  }
}

/** What the server finds wrong with a password that was just set: it is the only one that judges it, and only those who may read that are told. */
export async function judgePassword(name: string): Promise<readonly string[]> {
  try {
    return await run<string[]>('r.db("rethinkdb").table("security_status").getAll(weak, few)("description")', {
      weak: `weak_password/${name}`, few: `few_iterations/${name}`,
    });
  } catch (error) {
    if (isForbidden(error)) {
      return [];
    }
    throw error;
  }
}

export async function grant(user: string, { database, table }: Place, right: Right, setting: Setting): Promise<void> {
  const scope = table !== undefined ? 'r.db(database).table(table)' : database !== undefined ? 'r.db(database)' : 'r';
  await run(`${scope}.grant(user, r.object(right, setting))`, { user, database, table, right, setting });
}

export interface Token {
  readonly id: string;
  readonly user: string;
  readonly description: string;
  readonly created_at: Time;
  /** null: never. */
  readonly expires_at: Time | null;
}

export const useTokens = (): SystemTable<Token> => useSystemTable<Token>('bearer_tokens');

/** Makes a bearer token; its secret is told this once. Without seconds it never expires. */
export async function createToken(user: string, description: string, seconds: number | null): Promise<string> {
  const expires = seconds === null ? 'null' : 'r.now().add(seconds)';
  const { changes } = await write(
    `r.db("rethinkdb").table("bearer_tokens").insert({user: user, description: description, expires_at: ${expires}}, {returnChanges: true})`, { user, description, seconds });
  return (changes![0]!.new_val as { token: string }).token;
}

export const revokeToken = (id: string) => write('r.db("rethinkdb").table("bearer_tokens").get(id).delete()', { id });
