import type { RedisConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import type { PoolStats } from '../pool/pool.ts';
import type { Clock } from '../primitives/units.ts';
import { openRedis, type RedisConnection } from '../redis/connection.ts';
import { coinKeys } from '../redis/keys.ts';
import { liveEvery, tellLive } from '../redis/liveCounters.ts';

// Tells the website what this fork's pools in MPOS mode do, through the portal's Redis: nothing of theirs is there else.

export interface LiveTellerOptions {
  readonly redis: RedisConfig;
  readonly forkId: number;
  readonly stats: () => readonly PoolStats[];
  readonly log: Logger;
  readonly now: Clock;
}

export class LiveTeller {
  readonly #options: LiveTellerOptions;
  readonly #timer: NodeJS.Timeout;
  /** Opened for the first pool that needs it. */
  #connection: RedisConnection | undefined;

  constructor(options: LiveTellerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.tell(), liveEvery);
    this.#timer.unref();
  }

  /** Never rejects: an outage is said by the connection itself, and the next word is soon. */
  async tell(): Promise<void> {
    const { redis, forkId, stats, log, now } = this.#options;
    for (const { coin, connections, workers, windowShares: shares } of stats()) {
      if (shares === undefined) continue;
      this.#connection ??= openRedis(redis, log);
      const counters = { connections, workers, shares };
      await tellLive(
        this.#connection,
        coinKeys(coin, redis.hashTag),
        forkId,
        counters,
        now(),
      ).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#connection?.close();
  }
}
