import type { Logger } from '../log/logger.ts';
import type { Clock } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { createRetry } from '../redis/retry.ts';
import { loadScript, oneOf, runScript } from '../redis/scripts.ts';
import { digestGroup, HashrateClock } from './groupDigest.ts';
import type { ShareRecord } from './types.ts';

// Applies groups of shares to Redis, each exactly once: the script refuses a sequence that it has seen from this writer.

export interface RedisWriterOptions {
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  /** Unique among all writers of this Redis that live or ever lived, unless it continues one's sequences. */
  readonly writerId: string;
  readonly log: Logger;
  readonly now: Clock;
  /** Hashrate entries older than this are dropped. */
  readonly windowSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

export interface AppliedGroup {
  /** False: Redis had seen this sequence before. */
  readonly applied: boolean;
  /** True if an earlier try of this very call may have been the one that applied it. */
  readonly doubted: boolean;
}

export interface RedisWriter {
  /**
   * Tries until Redis has the group. Rejects with RedisError only after the signal: then `mayHaveRun` says whether
   * the group may be in.
   */
  apply(sequence: number, shares: readonly ShareRecord[]): Promise<AppliedGroup>;
  /** The highest sequence of this writer that Redis has; 0 if none. Tries until Redis tells it, or the signal. */
  lastSequence(): Promise<number>;
}

const applyShares = loadScript('applyShares', oneOf('applied', 'already'));

/** A writer's sequence is kept this long after its last group: 90 days. */
const sequenceSeconds = 90 * 86_400;
const trimMillis = 5_000;

export function createRedisWriter(options: RedisWriterOptions): RedisWriter {
  const { connection, keys, writerId, now, windowSeconds } = options;
  const retry = createRetry(options);
  const clock = new HashrateClock();
  const sequenceKey = keys.spoolSequence(writerId);
  const scriptKeys = [keys.roundCurrent, keys.hashrate, keys.stats, sequenceKey];
  let trimmed = 0;

  function trimBefore(): number | '' {
    const ms = now();
    if (ms - trimmed < trimMillis) return '';
    trimmed = ms;
    clock.forget(ms - 1_000);
    return Math.floor(ms / 1000) - windowSeconds;
  }

  return {
    async apply(sequence, shares) {
      const { valid, invalid, workers, sums, hashrate } = digestGroup(shares, clock);
      const head = [sequence, sequenceSeconds, valid, invalid, trimBefore(), workers];
      const args = [...head, ...sums, ...hashrate];
      let doubted = false;
      const run = async () => {
        try {
          return await runScript(connection, applyShares, scriptKeys, args);
        } catch (error) {
          if (error instanceof RedisError && error.mayHaveRun) doubted = true;
          throw error;
        }
      };
      try {
        const outcome = await retry(run, () => `Shares of ${keys.coin} wait`);
        return { applied: outcome === 'applied', doubted };
      } catch (error) {
        if (!(error instanceof RedisError) || error.mayHaveRun === doubted) throw error;
        throw new RedisError(error.code, error.message, {
          trouble: error.trouble,
          mayHaveRun: doubted,
          cause: error,
        });
      }
    },
    async lastSequence() {
      const reply = await retry(
        () => connection.command('get', sequenceKey),
        () => `Shares of ${keys.coin} wait`,
      );
      const last = Number(reply ?? 0);
      return Number.isSafeInteger(last) ? last : 0;
    },
  };
}
