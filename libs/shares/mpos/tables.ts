import { own, type UnknownRecord } from '../../primitives/unknown.ts';
import type { TextColumn } from './columnText.ts';
import type { MposDatabase, MposSession } from './database.ts';
import { MposError } from './errors.ts';

// The tables: MPOS's own, which stay as they are, and two small ones of ours.

export interface ShareColumns {
  readonly remHost: TextColumn;
  readonly username: TextColumn;
  readonly reason: TextColumn;
  readonly solution: TextColumn;
}

export interface WorkerColumns {
  readonly username: TextColumn;
  readonly password: TextColumn;
}

/** MPOS's own, before the database could be asked. */
export const usualShares: ShareColumns = {
  remHost: { length: 255, charset: 'utf8mb3' },
  username: { length: 120, charset: 'utf8mb3' },
  reason: { length: 50, charset: 'utf8mb3' },
  solution: { length: 257, charset: 'utf8mb3' },
};
export const usualWorkers: WorkerColumns = {
  username: { length: 50, charset: 'utf8mb3' },
  password: { length: 255, charset: 'utf8mb3' },
};

const needed = {
  shares: [
    'id',
    'rem_host',
    'username',
    'our_result',
    'upstream_result',
    'reason',
    'solution',
    'difficulty',
    'time',
  ],
  pool_worker: ['id', 'account_id', 'username', 'password', 'difficulty'],
  accounts: ['id', 'username'],
} as const;
type MposTable = keyof typeof needed;

/** The last group of shares of each writer, and the row of each found block: what makes every share one row. */
const ourTables = {
  nomp_share_writers: `CREATE TABLE IF NOT EXISTS nomp_share_writers (
  writer varchar(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  last_group bigint unsigned NOT NULL,
  retired tinyint NOT NULL DEFAULT 0,
  changed timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) ENGINE=InnoDB`,
  nomp_share_blocks: `CREATE TABLE IF NOT EXISTS nomp_share_blocks (
  block_hash char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  share_id bigint NOT NULL,
  accepted tinyint NOT NULL DEFAULT 0,
  found timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE=InnoDB`,
} as const;
type OurTable = keyof typeof ourTables;
const ourNames: readonly OurTable[] = ['nomp_share_writers', 'nomp_share_blocks'];

interface Table {
  readonly engine: string | undefined;
  /** False for an engine that keeps half of a transaction when the server dies. */
  readonly transactional: boolean;
  /** By name in lower case. */
  readonly columns: ReadonlyMap<string, TextColumn>;
}

type Tables = ReadonlyMap<string, Table>;

/**
 * What the table `shares` can hold; makes our own tables where they are missing. Rejects with MposError, MPOS_TABLES
 * naming exactly what is missing or wrong, MPOS_RIGHTS with the statements that somebody else has to run.
 */
export async function readyForShares(
  database: MposDatabase,
  makeMissing = true,
): Promise<ShareColumns> {
  return await database.once(async (session) => {
    const tables = await readTables(session, ['shares', ...ourNames]);
    complain(database, faultsOf(database, tables, ['shares']));
    const shares = tables.get('shares');
    if (shares?.transactional === false) {
      complain(database, [
        `table shares has the engine ${shares.engine}, which cannot keep each share exactly once through a crash: run "ALTER TABLE shares ENGINE=InnoDB"`,
      ]);
    }
    if (makeMissing) await makeOurs(session, tables, database);
    return {
      remHost: textColumn(shares, 'rem_host', usualShares.remHost),
      username: textColumn(shares, 'username', usualShares.username),
      reason: textColumn(shares, 'reason', usualShares.reason),
      solution: textColumn(shares, 'solution', usualShares.solution),
    };
  });
}

/** What `pool_worker` can hold. Rejects as readyForShares. */
export async function readyForWorkers(
  database: MposDatabase,
  autoCreateWorker: boolean,
): Promise<WorkerColumns> {
  const wanted: MposTable[] = autoCreateWorker ? ['pool_worker', 'accounts'] : ['pool_worker'];
  return await database.once(async (session) => {
    const tables = await readTables(session, wanted);
    complain(database, faultsOf(database, tables, wanted));
    const workers = tables.get('pool_worker');
    return {
      username: textColumn(workers, 'username', usualWorkers.username),
      password: textColumn(workers, 'password', usualWorkers.password),
    };
  });
}

function textColumn(table: Table | undefined, name: string, usual: TextColumn): TextColumn {
  return table?.columns.get(name) ?? usual;
}

async function readTables(session: MposSession, names: readonly string[]): Promise<Tables> {
  const marks = names.map(() => '?').join(', ');
  const tables = await session.rows(
    `SELECT t.TABLE_NAME AS name, t.ENGINE AS engine, e.TRANSACTIONS AS transactions
     FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
     WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME IN (${marks})`,
    names,
  );
  const columns = await session.rows(
    `SELECT TABLE_NAME AS name, COLUMN_NAME AS field, CHARACTER_MAXIMUM_LENGTH AS length,
       CHARACTER_SET_NAME AS charset
     FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (${marks})`,
    names,
  );
  return new Map(
    tables.map((row) => {
      const name = text(row, 'name');
      const mine = columns.filter((column) => text(column, 'name') === name);
      return [name.toLowerCase(), tableOf(row, mine)];
    }),
  );
}

function tableOf(row: UnknownRecord, columns: readonly UnknownRecord[]): Table {
  const engine = own(row, 'engine');
  return {
    engine: typeof engine === 'string' ? engine : undefined,
    // A view has no engine: what is behind it cannot be told.
    transactional: typeof engine !== 'string' || text(row, 'transactions') === 'YES',
    columns: new Map(
      columns.map((column) => [
        text(column, 'field').toLowerCase(),
        { length: Number(own(column, 'length') ?? 0), charset: text(column, 'charset') },
      ]),
    ),
  };
}

function faultsOf(database: MposDatabase, tables: Tables, wanted: readonly MposTable[]): string[] {
  return wanted.flatMap((name) => {
    const table = tables.get(name);
    if (table === undefined) {
      return [`it has no table ${name} that the user ${database.user} may see`];
    }
    const missing = needed[name].filter((column) => !table.columns.has(column));
    return missing.length === 0 ? [] : [`table ${name} lacks ${missing.join(', ')}`];
  });
}

function complain(database: MposDatabase, faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new MposError(
    'MPOS_TABLES',
    `${database.name} is not as MPOS makes it: ${faults.join('; ')}.`,
  );
}

async function makeOurs(
  session: MposSession,
  tables: Tables,
  database: MposDatabase,
): Promise<void> {
  const missing = ourNames.filter((name) => !tables.has(name));
  for (const name of missing) {
    try {
      await session.change(ourTables[name]);
    } catch (error) {
      if (!(error instanceof MposError) || !['MPOS_RIGHTS', 'MPOS_ACCESS'].includes(error.code)) {
        throw error;
      }
      const statements = missing.map((table) => `${ourTables[table].replace(/\s+/g, ' ')};`);
      throw new MposError(
        'MPOS_RIGHTS',
        `${database.name} needs two small tables of the pool, and its user ${database.user} may not make them. Run there: ${statements.join(' ')}`,
        { cause: error },
      );
    }
  }
}

function text(row: UnknownRecord, key: string): string {
  const value = own(row, key);
  return typeof value === 'string' ? value : '';
}
