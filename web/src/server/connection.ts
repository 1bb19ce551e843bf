// Queries over HTTP, as the server's endpoint for browsers has them: POST a token and JSON, get a token, a length and JSON.

import type { Term, Wire } from '../reql/term.ts';
import { Disconnected, Refused, post } from './request.ts';
import { pageHeader } from './session.ts';

export { Disconnected, Refused };

/** Numbers of the protocol. */
const Query = { start: 1, continue: 2, stop: 3, serverInfo: 5 } as const;
const Answer = { atom: 1, sequence: 2, partial: 3, waitComplete: 4, serverInfo: 5, clientError: 16, compileError: 17, runtimeError: 18 } as const;

const errorClasses: Readonly<Record<number, string>> = {
  1000000: 'ReqlInternalError', 2000000: 'ReqlResourceLimitError', 3000000: 'ReqlQueryLogicError', 3100000: 'ReqlNonExistenceError',
  4100000: 'ReqlOpFailedError', 4200000: 'ReqlOpIndeterminateError', 5000000: 'ReqlUserError', 6000000: 'ReqlPermissionError',
};

/** JSON as the server answers it. */
export type Datum = Wire;

/** An error that the server answers a query with. */
export class ServerError extends Error {
  readonly kind: string;
  readonly backtrace: readonly (number | string)[];

  constructor(kind: string, message: string, backtrace: readonly (number | string)[]) {
    super(message);
    this.kind = kind;
    this.backtrace = backtrace;
  }

  /** The user lacks a permission. Of feeds the server says so as of an exception, because the original does. */
  get forbidden(): boolean {
    return this.kind === 'ReqlPermissionError' || this.kind === 'ReqlInternalError' && /^Unexpected exception: User `.*` does not have the required/s.test(this.message);
  }
}

export interface Batch {
  readonly rows: readonly Datum[];
  /** The answer is a value, not a sequence. */
  readonly atom: boolean;
  /** There may be more rows. */
  readonly more: boolean;
  /** It is a changefeed. */
  readonly feed: boolean;
  readonly profile: Datum;
  /** What the server needed. */
  readonly milliseconds: number;
  /** The length of the answer. */
  readonly bytes: number;
}

interface Message {
  t: number;
  r: Datum[];
  e?: number;
  b?: (number | string)[];
  n?: number[];
  p?: Datum[];
}

interface Answered {
  readonly message: Message;
  readonly bytes: number;
}

const headBytes = 12; // token and length
const closedMessage = 'This HTTP connection is not open.';

export interface RunOptions {
  readonly profile?: boolean;
  /** Has the server say how it would run the query, instead of running it. */
  readonly explain?: boolean;
  /** How long a feed without news may wait before it answers that there is none. */
  readonly maxBatchSeconds?: number;
  readonly signal?: AbortSignal;
}

/** A connection to the server, which opens itself when it is needed, and again when it has expired. */
export class Connection {
  private readonly base = new URL('ajax/reql/', document.baseURI);
  private id: Promise<string> | undefined;
  private lastToken = 0;

  /** Starts a query. Whoever has a cursor with more rows reads to its end or stops it. */
  async start(term: Term, { profile, explain, maxBatchSeconds, signal }: RunOptions = {}): Promise<Cursor> {
    const options: Record<string, Wire> = { binary_format: 'raw', time_format: 'raw' };
    if (profile) {
      options['profile'] = true;
    }
    if (explain) {
      options['explain'] = true;
    }
    if (maxBatchSeconds !== undefined) {
      options['max_batch_seconds'] = maxBatchSeconds;
    }
    const token = ++this.lastToken;
    return new Cursor(this, token, batchOf(await this.sendFirst(token, [Query.start, term.wire(), options], signal)));
  }

  /** The name and the id of the server. */
  async serverInfo(): Promise<Datum> {
    return (await this.sendFirst(++this.lastToken, [Query.serverInfo])).message.r[0] ?? null;
  }

  /** The next batch of a query. */
  async continue(token: number, signal?: AbortSignal): Promise<Batch> {
    return batchOf(await this.send(token, [Query.continue], signal));
  }

  async stop(token: number): Promise<void> {
    await this.send(token, [Query.stop]);
  }

  /** Tells the server that nothing more will come. */
  async close(): Promise<void> {
    const id = this.id;
    this.id = undefined;
    if (id !== undefined) {
      await fetch(this.at(`close-connection?conn_id=${await id}`), { method: 'POST', keepalive: true, headers: { [pageHeader]: 'background' } });
    }
  }

  private at(rest: string): string { return this.base.href + rest; }

  private async open(): Promise<string> {
    const response = await post(this.at(`open-new-connection?cacheBuster=${Math.random()}`), '');
    return response.text();
  }

  /** Sends what needs nothing of before, and so can be sent again when the connection has expired: nothing was run then. */
  private async sendFirst(token: number, query: Wire, signal?: AbortSignal): Promise<Answered> {
    const used = this.id;
    const answered = await this.send(token, query, signal);
    if (used === undefined || answered.message.t !== Answer.clientError || answered.message.r[0] !== closedMessage) {
      return answered;
    }
    if (this.id === used) { // nobody else has opened it again
      this.id = undefined;
    }
    return this.send(token, query, signal);
  }

  private async send(token: number, query: Wire, signal?: AbortSignal): Promise<Answered> {
    this.id ??= this.open();
    let id: string;
    try {
      id = await this.id;
    } catch (error) {
      this.id = undefined;
      throw error;
    }
    const json = new TextEncoder().encode(JSON.stringify(query));
    const body = new Uint8Array(8 + json.length);
    new DataView(body.buffer).setBigUint64(0, BigInt(token), true);
    body.set(json, 8);
    const response = await post(this.at(`?conn_id=${id}`), body, signal);
    const answer = await response.arrayBuffer();
    if (answer.byteLength < headBytes) {
      throw new Refused(response.status, 'What answers here is no RethinkDB server.');
    }
    return { message: JSON.parse(new TextDecoder().decode(new Uint8Array(answer, headBytes))) as Message, bytes: answer.byteLength };
  }
}

function batchOf({ message, bytes }: Answered): Batch {
  switch (message.t) {
    case Answer.clientError:
    case Answer.compileError:
    case Answer.runtimeError: {
      const kind = message.t === Answer.clientError ? 'ReqlDriverError' : message.t === Answer.compileError ? 'ReqlServerCompileError' : errorClasses[message.e ?? 0] ?? 'ReqlRuntimeError';
      throw new ServerError(kind, String(message.r[0]), message.b ?? []);
    }
  }
  const profile = message.p ?? [];
  return {
    rows: message.r, atom: message.t === Answer.atom, more: message.t === Answer.partial, feed: (message.n ?? []).length > 0, profile,
    milliseconds: profile.reduce<number>((sum, task) => sum + durationOf(task), 0), bytes,
  };
}

function durationOf(task: Datum): number {
  const duration = task !== null && typeof task === 'object' && !Array.isArray(task) ? task['duration(ms)'] : undefined;
  return typeof duration === 'number' ? duration : 0;
}

/** The rows of a query, of which there may be more. */
export class Cursor {
  readonly first: Batch;
  /** Whether there may be more rows. */
  open: boolean;
  private readonly connection: Connection;
  private readonly token: number;

  constructor(connection: Connection, token: number, first: Batch) {
    this.connection = connection;
    this.token = token;
    this.first = first;
    this.open = first.more;
  }

  async next(signal?: AbortSignal): Promise<Batch> {
    try {
      const batch = await this.connection.continue(this.token, signal);
      this.open = batch.more;
      return batch;
    } catch (error) {
      this.open = false;
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.open) {
      this.open = false;
      await this.connection.stop(this.token);
    }
  }
}
