import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import type { RedisConnection } from './connection.ts';
import type { CoinKeys } from './keys.ts';
import { readHash } from './read.ts';

// What the forks of a pool in MPOS mode tell the website, whose other sources are empty for it. Lost, it harms nobody.

export interface LiveCounters {
  readonly connections: number;
  readonly workers: number;
  /** Credited difficulty within the hashrate window. */
  readonly shares: number;
}

/** Milliseconds between two words of a fork, and after which it has nothing to say any more. */
export const liveEvery = 5_000;
const freshMillis = 3 * liveEvery;

/** Rejects with RedisError. */
export async function tellLive(
  connection: RedisConnection,
  keys: CoinKeys,
  forkId: number,
  counters: LiveCounters,
  now: number,
): Promise<void> {
  const { connections, workers, shares } = counters;
  const text = JSON.stringify({ time: now, connections, workers, shares });
  await connection.command('hset', keys.live, forkId, text);
  await connection.command('pexpire', keys.live, freshMillis);
}

/** Of all forks that have told lately. Rejects with RedisError. */
export async function readLive(
  connection: RedisConnection,
  keys: CoinKeys,
  now: number,
): Promise<LiveCounters> {
  const sum = { connections: 0, workers: 0, shares: 0 };
  for (const text of (await readHash(connection, keys.live)).values()) {
    const told = parseJson(text);
    if (!isRecord(told) || !(count(own(told, 'time')) > now - freshMillis)) continue;
    sum.connections += count(own(told, 'connections'));
    sum.workers += count(own(told, 'workers'));
    sum.shares += count(own(told, 'shares'));
  }
  return sum;
}

function count(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value < Infinity ? value : 0;
}
