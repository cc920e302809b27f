import type { Logger } from '../log/logger.ts';
import type { Clock } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { createRetry } from '../redis/retry.ts';
import { loadScript, oneOf, runScript } from '../redis/scripts.ts';
import { digestGroup, HashrateClock } from './groupDigest.ts';
import { createRedisDisk } from './redisDisk.ts';
import type { ShareStore, StoreFacts } from './types.ts';

// Applies groups of shares to Redis, each exactly once: the script refuses what does not follow on this writer's last.

export interface RedisWriterOptions extends StoreFacts {
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  /** Unique among all writers of this Redis that live or ever lived, unless it continues one's sequences. */
  readonly writerId: string;
  readonly log: Logger;
  readonly now: Clock;
  /** Hashrate entries older than this are dropped. */
  readonly windowSeconds: number;
}

const applyShares = loadScript('applyShares', oneOf('applied', 'already', 'moved'));

/** The sequence of a writer that is no more is kept for 90 days. */
const sequenceSeconds = 90 * 86_400;
const trimMillis = 5_000;

export function createRedisWriter(options: RedisWriterOptions): ShareStore {
  const { connection, keys, now, windowSeconds } = options;
  const retry = createRetry(options);
  const clock = new HashrateClock();
  const sequenceKey = keys.spoolSequence(options.writerId);
  const scriptKeys = [keys.roundCurrent, keys.hashrate, keys.stats, sequenceKey];
  const disk = createRedisDisk({ ...options, sequenceKey });
  let trimmed = 0;

  function trimBefore(): number | '' {
    const ms = now();
    if (ms - trimmed < trimMillis) return '';
    trimmed = ms;
    clock.forget(ms - 1_000);
    return Math.floor(ms / 1000) - windowSeconds;
  }

  const waiting = () => `${options.waiting()} shares of ${keys.coin} wait in the spool`;

  return {
    apply(sequence, shares, after) {
      const { valid, invalid, workers, sums, hashrate } = digestGroup(shares, clock);
      const head = [sequence, after, valid, invalid, trimBefore(), workers];
      const args = [...head, ...sums, ...hashrate];
      return retry(() => runScript(connection, applyShares, scriptKeys, args), waiting);
    },
    lastSequence: () =>
      retry(async () => {
        const reply = await connection.command('get', sequenceKey);
        const last = Number(reply ?? 0);
        if (Number.isSafeInteger(last)) return last;
        throw new RedisError(
          'REDIS_BADVALUE',
          `${sequenceKey} at ${connection.name} holds "${reply}", not a number.`,
          { trouble: 'permanent', mayHaveRun: false },
        );
      }, waiting),
    safeSequence: () => disk.safeSequence(),
    async retire() {
      // A key that stays for ever harms nobody.
      await connection.command('expire', sequenceKey, sequenceSeconds).catch(() => undefined);
    },
    onReturn: (listener) => connection.onReady(listener),
  };
}
