// A private redis-server on a free loopback port with its own folder, for tests and the demonstration.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '../../libs/primitives/errors.ts';
import { freePort } from './freePort.ts';
import { launchServer, type PrivateServer, privateServer } from './privateServer.ts';
import type { ChildOptions, RunningChild } from './processes.ts';

export interface RedisServerOptions {
  /** Kept when given; otherwise a temporary folder, removed by stop(). */
  readonly dir?: string;
  readonly port?: number;
  /** More arguments for redis-server, after ours: the last one of a name wins ('--maxmemory', '10mb'). */
  readonly args?: readonly string[];
  /** Instead of our own. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export type RedisServer = PrivateServer;

const startMillis = 15_000;

/** Resolves when the server answers. Rejects with REDIS_SERVER_MISSING or REDIS_SERVER_FAILED. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'redis-'));
  mkdirSync(dir, { recursive: true });
  const forget = () => {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  const { port, child } = await firstLaunch(dir, options).catch((error: unknown) => {
    forget();
    throw error;
  });
  return privateServer({ port, dir }, child, () => launch(dir, port, options), forget);
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
  const child: ChildOptions = {
    command: 'redis-server',
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--daemonize', 'no'],
      ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
      ...['--maxmemory-policy', 'noeviction', '--logfile', ''],
      ...args,
    ],
    logFile: join(dir, 'redis.log'),
    ...(env === undefined ? {} : { env }),
  };
  const words = 'Ready to accept connections';
  try {
    return await launchServer(child, { words, within: startMillis, code: 'REDIS_SERVER_FAILED' });
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError(
      'REDIS_SERVER_MISSING',
      'redis-server cannot be started. Install it (Debian and Ubuntu: apt-get install redis-server).',
      { cause: error },
    );
  }
}
