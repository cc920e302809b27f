// A private redis-server on a free loopback port with its own folder, for tests and the demonstration.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../libs/primitives/errors.ts';
import { freePort } from './freePort.ts';
import { type RunningChild, startChild } from './processes.ts';

export interface RedisServerOptions {
  /** Kept when given; otherwise a temporary folder, removed by stop(). */
  readonly dir?: string;
  readonly port?: number;
  /** More arguments for redis-server, after ours: the last one of a name wins ('--maxmemory', '10mb'). */
  readonly args?: readonly string[];
  /** Instead of our own. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface RedisServer {
  readonly port: number;
  /** Of the running server; undefined while it is down. */
  readonly pid: number | undefined;
  readonly dir: string;
  /** Ends the server and removes its folder unless it was given. Harmless when called again. */
  stop(): Promise<void>;
  /** Sends a signal. For SIGKILL, SIGTERM and SIGINT it resolves when the server is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and folder, after ending it if it still runs. */
  restart(): Promise<void>;
}

const startMillis = 15_000;

/** Resolves when the server answers. Rejects with REDIS_SERVER_MISSING or REDIS_SERVER_FAILED. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'redis-'));
  mkdirSync(dir, { recursive: true });
  const forget = () => {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  let { port, child } = await firstLaunch(dir, options).catch((error: unknown) => {
    forget();
    throw error;
  });

  return {
    port,
    dir,
    get pid() {
      return child.running ? child.pid : undefined;
    },
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

async function firstLaunch(
  dir: string,
  options: RedisServerOptions,
): Promise<{ port: number; child: RunningChild }> {
  const port = options.port ?? (await freePort());
  try {
    return { port, child: await launch(dir, port, options) };
  } catch (error) {
    const taken = error instanceof CodedError && error.message.includes('Address already in use');
    if (options.port !== undefined || !taken) throw error;
    // Somebody else took the free port between our look and the server's bind: one more try.
    const other = await freePort();
    return { port: other, child: await launch(dir, other, options) };
  }
}

async function launch(
  dir: string,
  port: number,
  { args = [], env }: RedisServerOptions,
): Promise<RunningChild> {
  const logFile = join(dir, 'redis.log');
  const before = textOf(logFile).length;
  const child = await startChild({
    command: 'redis-server',
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--daemonize', 'no'],
      ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
      ...['--maxmemory-policy', 'noeviction', '--logfile', ''],
      ...args,
    ],
    logFile,
    ...(env === undefined ? {} : { env }),
  }).catch((error: unknown) => {
    throw new CodedError(
      'REDIS_SERVER_MISSING',
      'redis-server cannot be started. Install it (Debian and Ubuntu: apt-get install redis-server).',
      { cause: error },
    );
  });

  // Its own log, not its port, says that it serves: on a taken port somebody else's server would answer.
  const deadline = Date.now() + startMillis;
  for (;;) {
    const log = textOf(logFile).slice(before);
    if (child.running && log.includes('Ready to accept connections')) return child;
    if (!child.running || Date.now() > deadline) {
      await child.kill('SIGKILL');
      throw new CodedError(
        'REDIS_SERVER_FAILED',
        `redis-server on port ${port} did not start (${child.ending ?? 'no answer'}): ${log.trim()}`,
      );
    }
    await sleep(5);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
