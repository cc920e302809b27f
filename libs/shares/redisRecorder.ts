import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { createRedisWriter } from './redisWriter.ts';
import { createSpoolRecorder, type SpoolRecorderOptions } from './spoolRecorder.ts';
import type { ShareRecorder } from './types.ts';

export interface RedisRecorderOptions extends Omit<SpoolRecorderOptions, 'coin' | 'openStore'> {
  /** Stays the caller's: close() of the recorder does not close it. It need not be ready. */
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  /** Hashrate entries older than this are dropped; default 600. */
  readonly windowSeconds?: number;
}

/** A spool on disk with Redis behind it. */
export function createRedisRecorder(options: RedisRecorderOptions): ShareRecorder {
  const { connection, keys, log, now } = options;
  const windowSeconds = options.windowSeconds ?? 600;
  return createSpoolRecorder({
    ...options,
    coin: keys.coin,
    openStore: (writerId, facts) =>
      createRedisWriter({ ...facts, connection, keys, writerId, log, now, windowSeconds }),
  });
}
