// A private MariaDB on a free loopback port with its own data, for tests and measurements. Root has no password there.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { CodedError } from '../../libs/primitives/errors.ts';
import { freePort } from './freePort.ts';
import { type RunningChild, startChild } from './processes.ts';

export interface MariaServerOptions {
  /** More arguments for mariadbd, after ours: the last one of a name wins ('--read-only'). */
  readonly args?: readonly string[];
}

export interface MariaServer {
  readonly port: number;
  readonly pid: number | undefined;
  readonly dir: string;
  /** Runs statements, one after the other, as root in this database; gives the rows of the last one. */
  sql(database: string, ...statements: readonly string[]): Promise<readonly unknown[]>;
  /** Ends the server and removes its data. Harmless when called again. */
  stop(): Promise<void>;
  /** Sends a signal. For SIGKILL, SIGTERM and SIGINT it resolves when the server is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data, after ending it if it still runs. */
  restart(): Promise<void>;
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
  let child: RunningChild;
  try {
    await makeData(dir);
    child = await launch(dir, port, options);
  } catch (error) {
    forget();
    throw error;
  }
  return {
    port,
    dir,
    get pid() {
      return child.running ? child.pid : undefined;
    },
    sql: (database, ...statements) => askServer(port, database, statements),
    async stop() {
      await child.stop();
      forget();
    },
    kill: (signal) => child.kill(signal),
    async restart() {
      await child.stop();
      child = await launch(dir, port, options);
    },
  };
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

async function launch(
  dir: string,
  port: number,
  { args = [] }: MariaServerOptions,
): Promise<RunningChild> {
  const logFile = join(dir, 'maria.log');
  const before = textOf(logFile).length;
  const child = await startChild({
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
    logFile,
  });
  // Its own log, not its port, says that it serves: on a taken port somebody else's server would answer.
  const deadline = Date.now() + startMillis;
  for (;;) {
    const log = textOf(logFile).slice(before);
    if (child.running && log.includes('ready for connections')) return child;
    if (!child.running || Date.now() > deadline) {
      await child.kill('SIGKILL');
      throw new CodedError(
        'MARIA_SERVER_FAILED',
        `mariadbd on port ${port} did not start (${child.ending ?? 'no answer'}): ${log.slice(-2_000)}`,
      );
    }
    await sleep(10);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
