import { isRecord, own, parseJson } from '../../primitives/unknown.ts';
import type { RedisConnection } from '../../redis/connection.ts';
import { portalKeys } from '../../redis/keys.ts';
import type { PortalStats } from './portalStats.ts';
import { tolerate } from './redisReads.ts';

// statHistory: a sorted set of the statistics of the past, one entry a tick, as the original keeps it.

/** What /api/pool_stats tells of one moment. */
export interface HistoryEntry {
  /** Unix seconds. */
  readonly time: number;
  readonly pools: Readonly<Record<string, PoolMoment>>;
}

export interface PoolMoment {
  readonly hashrate: number;
  readonly workerCount: number;
  readonly blocks: {
    readonly pending: number;
    readonly confirmed: number;
    readonly orphaned: number;
  };
}

const batch = 20;
/** Entries keep the workers of pools up to this size; those of a larger one would fill Redis with gigabytes. */
export const mostWorkersKept = 1_000;
const mostEntries = 50_000;

export class StatHistory {
  readonly #connection: RedisConnection;
  readonly #retention: number;
  #entries: HistoryEntry[] = [];
  #loaded = false;

  /** `retention` in seconds. */
  constructor(connection: RedisConnection, retention: number) {
    this.#connection = connection;
    this.#retention = retention;
  }

  /** Oldest first. */
  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /** Takes in the statistics of now (without crowds of workers), and writes them. Rejects with RedisError: then they are kept in memory only. */
  async add(stats: PortalStats): Promise<void> {
    const oldest = stats.time - this.#retention;
    this.#insert([momentOf(stats)], oldest);
    const key = portalKeys.statHistory;
    await this.#connection.command('zadd', key, stats.time, JSON.stringify(stats));
    await this.#connection.command('zremrangebyscore', key, '-inf', `(${oldest}`);
    if (!this.#loaded) await this.#load(oldest, stats.time);
  }

  /** What was written before this process began, a few entries at a time: each can be large. */
  async #load(oldest: number, now: number): Promise<void> {
    const found: HistoryEntry[] = [];
    for (let from = String(oldest); found.length < mostEntries; ) {
      const range = [portalKeys.statHistory, from, `(${now}`, 'WITHSCORES', 'LIMIT', 0, batch];
      const reply = await tolerate(this.#connection.send('zrangebyscore', range), []);
      if (!Array.isArray(reply) || reply.length === 0) break;
      for (let i = 0; i + 1 < reply.length; i += 2) {
        const entry = parseEntry(String(reply[i]));
        if (entry !== undefined) found.push(entry);
        from = `(${String(reply[i + 1])}`;
      }
    }
    this.#loaded = true;
    this.#insert(found, oldest);
  }

  #insert(entries: readonly HistoryEntry[], oldest: number): void {
    const times = new Set(this.#entries.map(({ time }) => time));
    const fresh = entries.filter(({ time }) => !times.has(time));
    this.#entries = [...this.#entries, ...fresh]
      .filter(({ time }) => time >= oldest)
      .sort((a, b) => a.time - b.time);
  }
}

function momentOf({ time, pools }: PortalStats): HistoryEntry {
  return {
    time,
    pools: Object.fromEntries(
      Object.entries(pools).map(([coin, { hashrate, workerCount, blocks }]) => [
        coin,
        { hashrate, workerCount, blocks },
      ]),
    ),
  };
}

function parseEntry(text: string): HistoryEntry | undefined {
  const entry = parseJson(text);
  if (!isRecord(entry)) return undefined;
  const time = own(entry, 'time');
  const pools = own(entry, 'pools');
  if (typeof time !== 'number' || !Number.isFinite(time) || !isRecord(pools)) return undefined;
  return {
    time,
    pools: Object.fromEntries(
      Object.keys(pools).map((coin) => [coin, parseMoment(own(pools, coin))]),
    ),
  };
}

function parseMoment(value: unknown): PoolMoment {
  const pool = isRecord(value) ? value : {};
  const blocks = own(pool, 'blocks');
  const counts = isRecord(blocks) ? blocks : {};
  return {
    hashrate: figure(own(pool, 'hashrate')),
    workerCount: figure(own(pool, 'workerCount')),
    blocks: {
      pending: figure(own(counts, 'pending')),
      confirmed: figure(own(counts, 'confirmed')),
      orphaned: figure(own(counts, 'orphaned')),
    },
  };
}

function figure(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}
