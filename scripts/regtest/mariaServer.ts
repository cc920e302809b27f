// A private MariaDB on a free loopback port with its own data, for tests and measurements. Root has no password there.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { CodedError } from '../../libs/primitives/errors.ts';
import { freePort } from './freePort.ts';
import { launchServer, type PrivateServer, privateServer } from './privateServer.ts';
import type { RunningChild } from './processes.ts';

export interface MariaServerOptions {
  /** More arguments for mariadbd, after ours: the last one of a name wins ('--read-only'). */
  readonly args?: readonly string[];
}

export interface MariaServer extends PrivateServer {
  /** Runs statements, one after the other, as root in this database; gives the rows of the last one. */
  sql(database: string, ...statements: readonly string[]): Promise<readonly unknown[]>;
}

const run = promisify(execFile);
const startMillis = 60_000;
/** What MySQL 8 and MariaDB have by themselves, and a little stricter. */
const sqlMode =
  'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

/** Resolves when the server answers. Rejects with MARIA_SERVER_MISSING or MARIA_SERVER_FAILED. */
export async function startMaria(options: MariaServerOptions = {}): Promise<MariaServer> {
  const dir = mkdtempSync(join(tmpdir(), 'maria-'));
  // mariadbd, run as root, keeps root's rights only when it is told to.
  chmodSync(dir, 0o755);
  const forget = () => rmSync(dir, { recursive: true, force: true });
  const port = await freePort();
  try {
    await makeData(dir);
    const start = () => launch(dir, port, options);
    const server = privateServer({ port, dir }, await start(), start, forget);
    const sql: MariaServer['sql'] = (database, ...statements) =>
      askServer(port, database, statements);
    return Object.assign(server, { sql });
  } catch (error) {
    forget();
    throw error;
  }
}

async function askServer(
  port: number,
  database: string,
  statements: readonly string[],
): Promise<readonly unknown[]> {
  const connection = await createConnection({
    host: '127.0.0.1',
    port,
    user: 'root',
    charset: 'utf8mb4',
    ...(database === '' ? {} : { database }),
  });
  try {
    let rows: unknown;
    for (const statement of statements) [rows] = await connection.query(statement);
    return Array.isArray(rows) ? rows : [];
  } finally {
    connection.destroy();
  }
}

const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];

async function makeData(dir: string): Promise<void> {
  mkdirSync(join(dir, 'tmp'));
  try {
    await run('mariadb-install-db', [
      '--no-defaults',
      ...asRoot,
      `--datadir=${join(dir, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--innodb-log-file-size=16M',
    ]);
  } catch (error) {
    throw new CodedError(
      'MARIA_SERVER_MISSING',
      'MariaDB cannot be set up. Install it (Debian and Ubuntu: apt-get install mariadb-server).',
      { cause: error },
    );
  }
}

function launch(
  dir: string,
  port: number,
  { args = [] }: MariaServerOptions,
): Promise<RunningChild> {
  const child = {
    command: existsSync('/usr/sbin/mariadbd') ? '/usr/sbin/mariadbd' : 'mariadbd',
    args: [
      '--no-defaults',
      ...asRoot,
      `--datadir=${join(dir, 'data')}`,
      `--tmpdir=${join(dir, 'tmp')}`,
      `--socket=${join(dir, 'maria.sock')}`,
      `--pid-file=${join(dir, 'maria.pid')}`,
      ...[`--port=${port}`, '--bind-address=127.0.0.1', '--skip-name-resolve', '--skip-log-bin'],
      ...['--character-set-server=utf8mb3', '--collation-server=utf8mb3_general_ci'],
      ...['--innodb-buffer-pool-size=64M', '--innodb-log-file-size=64M'],
      ...['--innodb-flush-log-at-trx-commit=1', `--sql-mode=${sqlMode}`],
      ...args,
    ],
    logFile: join(dir, 'maria.log'),
  };
  const words = 'ready for connections';
  return launchServer(child, { words, within: startMillis, code: 'MARIA_SERVER_FAILED' });
}
