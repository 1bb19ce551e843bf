// What a user may do, and where that comes from: the same rule by which the server decides, so that the page can say why.

export const rights = ['read', 'write', 'config', 'connect'] as const;
export type Right = typeof rights[number];

/** Granted, denied, or nothing said. */
export type Setting = boolean | null;

/** A row of `users`. */
export interface Account {
  readonly id: string;
  /** Whether there is one. */
  readonly password: boolean;
  readonly role?: boolean;
  readonly roles?: readonly string[];
}

/** A row of `permissions`: what was said to a user or a role about a place. */
export interface Said {
  readonly id: readonly string[];
  readonly user: string;
  readonly database?: string;
  readonly table?: string;
  readonly permissions: Readonly<Partial<Record<Right, boolean>>>;
}

/** A table, a database, or, without both, everything. */
export interface Place {
  readonly database?: string;
  readonly table?: string;
}

/** The answer to "may this user do that there?". */
export interface Answer {
  readonly allowed: boolean;
  /** Who was told so, and about which place; undefined if nothing was said anywhere. */
  readonly from?: { readonly name: string; readonly place: Place };
}

export const adminName = 'admin';
/** The database that inherits nothing from what is said about everything. */
export const systemDatabase = 'rethinkdb';

export const placeName = ({ database, table }: Place): string => table !== undefined ? `${database}.${table}` : database ?? 'everywhere';

/** Whether a right can be said about a place: `connect` is about the whole server only. */
export const applies = (right: Right, place: Place): boolean => right !== 'connect' || place.database === undefined;

/** JSON, because names of users may have any character in them. */
const keyOf = (name: string, { database, table }: Place): string => JSON.stringify([name, database ?? null, table ?? null]);

export class Rights {
  private readonly accounts: ReadonlyMap<string, Account>;
  private readonly said: ReadonlyMap<string, Said['permissions']>;

  constructor(accounts: readonly Account[], said: readonly Said[]) {
    this.accounts = new Map(accounts.map(account => [account.id, account]));
    this.said = new Map(said.map(row => [keyOf(row.user, row), row.permissions]));
  }

  /** What was said to the user itself. */
  own(user: string, place: Place, right: Right): Setting {
    return this.said.get(keyOf(user, place))?.[right] ?? null;
  }

  /** All roles of a user, those of its roles included. */
  rolesOf(user: string): readonly string[] {
    const all: string[] = [];
    const add = (name: string) => this.accounts.get(name)?.roles?.forEach(role => {
      if (!all.includes(role)) {
        all.push(role);
        add(role);
      }
    });
    add(user);
    return all;
  }

  /** Those who have a role directly. */
  holdersOf(role: string): readonly string[] {
    return [...this.accounts.values()].filter(account => account.roles?.includes(role)).map(account => account.id);
  }

  /** The narrowest place where something is said decides; nothing said is no. */
  answer(user: string, place: Place, right: Right): Answer {
    return this.ask(user, place, right, false);
  }

  /** The answer if nothing were said to the user itself about this very place. */
  inherited(user: string, place: Place, right: Right): Answer {
    return this.ask(user, place, right, true);
  }

  private ask(user: string, place: Place, right: Right, withoutOwn: boolean): Answer {
    if (user === adminName) {
      return { allowed: true };
    }
    for (const at of widening(place)) {
      const found = this.sayAt(user, at, right, withoutOwn && at === place);
      if (found) {
        return found;
      }
    }
    return { allowed: false };
  }

  /** What was said to the user itself counts; then any no of a role, and then any yes of one. */
  private sayAt(user: string, place: Place, right: Right, withoutOwn: boolean): Answer | undefined {
    if (!applies(right, place)) {
      return undefined;
    }
    const own = withoutOwn ? null : this.own(user, place, right);
    if (own !== null) {
      return { allowed: own, from: { name: user, place } };
    }
    const roles = this.rolesOf(user);
    for (const allowed of [false, true]) {
      const name = roles.find(role => this.own(role, place, right) === allowed);
      if (name !== undefined) {
        return { allowed, from: { name, place } };
      }
    }
    return undefined;
  }
}

/** A place and all around it, the narrowest first. */
function widening(place: Place): readonly Place[] {
  const { database, table } = place;
  const outer: Place[] = [place];
  if (table !== undefined) {
    outer.push({ database: database! });
  }
  if (database !== undefined && database !== systemDatabase) {
    outer.push({});
  }
  return outer;
}
