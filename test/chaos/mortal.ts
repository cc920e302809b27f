import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DaemonClient, DaemonError } from '../../libs/daemon/types.ts';
import type { FailPoint } from '../../libs/payments/run.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { RedisError } from '../../libs/redis/errors.ts';
import { loadScript } from '../../libs/redis/scripts.ts';

// A process that can die at any call to the outside. What it does comes by named points: "before payIntent", "after
// sendrawtransaction", "step signed". Dead, it reaches nobody any more, whatever its code still tries.

/** 'die' ends the process at this point. 'fail' spoils this one call ("after": executed, its answer lost). */
export type Lot = 'live' | 'fail' | 'die';

/** Told of each point. It may take its time. */
export type AtPoint = (point: string) => Lot | Promise<Lot>;

export interface Mortal {
  readonly connection: RedisConnection;
  readonly client: DaemonClient;
  readonly failPoint: FailPoint;
  readonly isDead: boolean;
  /** Calls of this method that the daemon was given. */
  executed(method: string): number;
}

export function mortal(connection: RedisConnection, client: DaemonClient, at: AtPoint): Mortal {
  let dead = false;
  const counts = new Map<string, number>();

  async function visit(point: string, gone: () => Error): Promise<void> {
    if (dead) throw gone();
    const lot = await at(point);
    if (lot === 'die') dead = true;
    if (dead || lot === 'fail') throw gone();
  }

  async function redis(name: string, args: readonly (string | number)[]): Promise<unknown> {
    const label = labelOf(name, args);
    await visit(`before ${label}`, () => redisGone(false));
    const reply = await connection.send(name, args);
    await visit(`after ${label}`, () => redisGone(true));
    return reply;
  }

  async function daemon<T>(method: string, call: () => Promise<T>): Promise<T> {
    // A connection that breaks tells nothing of what was executed.
    const gone = () =>
      new DaemonError('reset', 'the connection broke', { daemon: client.name, method });
    await visit(`before ${method}`, gone);
    counts.set(method, (counts.get(method) ?? 0) + 1);
    const result = await call();
    await visit(`after ${method}`, gone);
    return result;
  }

  return {
    connection: {
      name: connection.name,
      get ready() {
        return connection.ready;
      },
      command: (name, ...args) => redis(name, args),
      send: redis,
      bytes: (key) => connection.bytes(key),
      sendForBytes: (name, args) => connection.sendForBytes(name, args),
      onReady: (listener) => connection.onReady(listener),
      close: () => Promise.resolve(),
    },
    client: {
      name: client.name,
      call: (method, params, options) => daemon(method, () => client.call(method, params, options)),
      batch: (calls, options) =>
        daemon(calls[0]?.method ?? 'batch', () => client.batch(calls, options)),
      close: () => client.close(),
    },
    failPoint: (step) => visit(`step ${step}`, () => new Error('this run ends here')),
    get isDead() {
      return dead;
    },
    executed: (method) => counts.get(method) ?? 0,
  };
}

function redisGone(mayHaveRun: boolean): RedisError {
  return new RedisError('REDIS_DOWN', 'the connection broke', { trouble: 'transient', mayHaveRun });
}

const scriptNames: ReadonlyMap<string, string> = new Map(
  readdirSync(join(installRoot, 'libs', 'redis', 'scripts'))
    .filter((file) => file.endsWith('.lua') && file !== 'checks.lua')
    .map((file) => file.slice(0, -'.lua'.length))
    .map((name) => [loadScript(name, () => undefined).sha, name]),
);

/** A script by its name, any other command by its own. */
function labelOf(name: string, args: readonly (string | number)[]): string {
  const command = name.toLowerCase();
  const first = String(args[0] ?? '');
  if (command === 'evalsha') return scriptNames.get(first) ?? command;
  if (command !== 'eval') return command;
  return scriptNames.get(createHash('sha1').update(first).digest('hex')) ?? command;
}
