import { createPool, type Pool, type PoolConnection } from 'mysql2/promise';
import type { MposConfig } from '../../config/types.ts';
import type { Logger } from '../../log/logger.ts';
import { OncePer } from '../../log/oncePer.ts';
import { endWithSignal } from '../../primitives/endWithSignal.ts';
import { pause } from '../../primitives/pause.ts';
import type { Clock } from '../../primitives/units.ts';
import { isRecord, own, type UnknownRecord } from '../../primitives/unknown.ts';
import { MposError, mposError } from './errors.ts';

// The connections of one pool on one fork to the database of MPOS. They come back by themselves, for ever.

export type SqlValue = string | number | null;

/** One connection, for one piece of work. Prepared statements only; everything rejects with MposError. */
export interface MposSession {
  rows(sql: string, values?: readonly SqlValue[]): Promise<readonly UnknownRecord[]>;
  change(sql: string, values?: readonly SqlValue[]): Promise<Change>;
}

export interface Change {
  /** Rows that were inserted or deleted, or that an UPDATE found. */
  readonly rows: number;
  /** Of an INSERT of one row into a table with AUTO_INCREMENT. */
  readonly id: number;
}

export interface MposDatabase {
  /** "MySQL at 127.0.0.1:3306, database mpos" */
  readonly name: string;
  readonly user: string;
  /** Once, now: rejects with MposError. */
  once<T>(work: (session: MposSession) => Promise<T>): Promise<T>;
  /** The same in one transaction, which is rolled back when `work` rejects. */
  transaction<T>(work: (session: MposSession) => Promise<T>): Promise<T>;
  /**
   * Until it is done; at least once, also after the signal. `waiting` begins the log's sentence about an outage:
   * "12 shares of litecoin wait in the spool". Rejects with MposError only after the signal.
   */
  untilDone<T>(work: () => Promise<T>, waiting: () => string, signal: AbortSignal): Promise<T>;
  /** Calls `listener` for each new connection: the server behind it may be another one. Returns how to stop that. */
  onReturn(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly config: MposConfig;
  readonly log: Logger;
  readonly now: Clock;
  /** Milliseconds that the server may take for a connection, and for each statement; default 10,000 and 20,000. */
  readonly connectMillis?: number;
  readonly statementMillis?: number;
}

/** One for shares, the others for logins, found blocks, and spools of dead processes. */
const mostConnections = 3;
const minute = 60_000;
/** A connection that comes back at once is not worth a line. */
const quietTries = 3;
/** Milliseconds that a try under way still gets after the signal, and that close() waits for a polite end. */
const grace = 1_000;
const delays = {
  transient: { first: 50, longest: 2_000 },
  permanent: { first: 250, longest: 5_000 },
} as const;

function mposName({ host, port, database }: MposConfig): string {
  return `MySQL at ${host}:${port}, database ${database}`;
}

export function openMposDatabase(options: DatabaseOptions): MposDatabase {
  const { config, log, now } = options;
  const name = mposName(config);
  const pool = poolFor(config, options.connectMillis ?? 10_000);
  const timeout = options.statementMillis ?? 20_000;
  const said = new OncePer(minute, now);
  const listeners = new Set<() => void>();
  const open = new Set<PoolConnection>();
  /** The codes of troubles that the log was told of and that are not over. */
  const troubles = new Set<string>();

  pool.on('connection', (connection: PoolConnection) => {
    open.add(connection);
    // What is under way is told by itself; the library says some troubles once more, after its own listener is gone.
    connection.on('error', () => undefined);
    connection.on('end', () => open.delete(connection));
    for (const listener of [...listeners]) listener();
  });

  async function withConnection<T>(work: (connection: Held) => Promise<T>): Promise<T> {
    const connection = await held(pool.getConnection());
    try {
      const result = await work(connection);
      connection.release();
      sayReturned();
      return result;
    } catch (error) {
      // A server that spoke is still there; anything else may be in the middle of anything.
      if (error instanceof MposError && error.code !== 'MPOS_DOWN') connection.release();
      else connection.destroy();
      throw error;
    }
  }

  async function held(getting: Promise<PoolConnection>): Promise<Held> {
    try {
      const connection = await getting;
      return {
        release: () => connection.release(),
        destroy: () => connection.destroy(),
        session: sessionOn(connection, timeout, name),
        // Not every server prepares these.
        command: async (text) => {
          await inTime(connection.query(text), timeout, name);
        },
      };
    } catch (error) {
      throw mposError(error, name);
    }
  }

  async function inTransaction<T>(
    { session, command }: Held,
    work: (session: MposSession) => Promise<T>,
  ): Promise<T> {
    await command('START TRANSACTION');
    try {
      const result = await work(session);
      await command('COMMIT');
      return result;
    } catch (error) {
      if (!(error instanceof MposError) || error.code === 'MPOS_DOWN') throw error;
      await command('ROLLBACK');
      throw error;
    }
  }

  const late = (): MposError =>
    new MposError('MPOS_DOWN', `${name} did not answer before the stop.`);

  function sayReturned(): void {
    if (troubles.size === 0) return;
    for (const code of troubles) said.clear(code);
    troubles.clear();
    log.special(`${name} works again.`);
  }

  function sayTrouble(error: MposError, tries: number, waiting: () => string): void {
    if (error.trouble === 'transient' && tries < quietTries) return;
    if (!said.allows(error.code)) return;
    troubles.add(error.code);
    const sentence = `${waiting()}: ${error.message}`;
    if (error.trouble === 'transient') log.warning(sentence);
    else log.error(`${sentence} It is tried again until that is mended.`);
  }

  return {
    name,
    user: config.user,
    once: (work) => withConnection(({ session }) => work(session)),
    transaction: (work) => withConnection((connection) => inTransaction(connection, work)),
    async untilDone(work, waiting, signal) {
      for (let tries = 0; ; tries += 1) {
        try {
          return await endWithSignal(work(), signal, grace, late);
        } catch (error) {
          if (!(error instanceof MposError) || signal.aborted) throw error;
          sayTrouble(error, tries, waiting);
          const { first, longest } = delays[error.trouble];
          await pause(Math.min(first * 2 ** Math.min(tries, 10), longest), signal);
          if (signal.aborted) throw error;
        }
      }
    },
    onReturn(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, grace);
      });
      await Promise.race([pool.end().catch(() => undefined), late]);
      clearTimeout(timer);
      for (const connection of open) connection.destroy();
    },
  };
}

function poolFor(config: MposConfig, connectTimeout: number): Pool {
  const { host, port, user, password, database } = config;
  return createPool({
    host,
    port,
    user,
    password,
    database,
    charset: 'utf8mb4',
    connectTimeout,
    connectionLimit: mostConnections,
    maxIdle: mostConnections,
    enableKeepAlive: true,
    // Only what this code asks for: no second statement in one text.
    multipleStatements: false,
  });
}

interface Held {
  readonly session: MposSession;
  command(text: 'START TRANSACTION' | 'COMMIT' | 'ROLLBACK'): Promise<void>;
  release(): void;
  destroy(): void;
}

/** The server's answer, or MPOS_DOWN after so many milliseconds. */
async function inTime<T>(answer: Promise<T>, milliseconds: number, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `${name} has not answered for ${milliseconds / 1000} s.`;
    timer = setTimeout(() => reject(new MposError('MPOS_DOWN', text)), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw mposError(error, name);
  } finally {
    clearTimeout(timer);
  }
}

function sessionOn(connection: PoolConnection, timeout: number, name: string): MposSession {
  const run = async (sql: string, values: readonly SqlValue[]): Promise<unknown> => {
    const [result] = await inTime(connection.execute(sql, [...values]), timeout, name);
    return result;
  };
  return {
    async rows(sql, values = []) {
      const result = await run(sql, values);
      return Array.isArray(result) ? result.filter(isRecord) : [];
    },
    async change(sql, values = []) {
      const result = await run(sql, values);
      if (!isRecord(result)) return { rows: 0, id: 0 };
      return { rows: Number(own(result, 'affectedRows')), id: Number(own(result, 'insertId')) };
    },
  };
}
