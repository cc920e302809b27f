import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { GroupCommitter, type GroupFate } from './groupCommitter.ts';
import { createRedisWriter } from './redisWriter.ts';
import type { ShareRecord, ShareRecorder } from './types.ts';

// Records shares in Redis: gathered into groups, each applied exactly once, and only then are the miners answered.

export interface RedisRecorderOptions {
  /** Stays the caller's: close() of the recorder does not close it. */
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  /** Unique among all recorders that live or ever lived (fork, process id and start time). */
  readonly writerId: string;
  readonly log: Logger;
  readonly now: Clock;
  /** Milliseconds that the first share of a group waits for others; default 10. */
  readonly groupMillis?: number;
  /** Shares that are written without waiting longer; default 256. */
  readonly groupSize?: number;
  /** While Redis is away so many shares wait; more are refused at once. Default 50,000. */
  readonly maxPending?: number;
  /** Hashrate entries older than this are dropped; default 600. */
  readonly windowSeconds?: number;
  /** Milliseconds that close() waits for Redis before it gives the waiting shares up; default 3,000. */
  readonly closeMillis?: number;
}

const largestGroup = 4_096;
const minute = 60_000;

/**
 * A share is answered `true` after Redis has it in roundCurrent, so a round that is closed after that answer holds it.
 * While Redis is away shares wait. When close() gives up, shares that were never sent are answered `false`; those of
 * a group that may have reached Redis get no answer.
 */
export function createRedisRecorder(options: RedisRecorderOptions): ShareRecorder {
  const { connection, keys, log, now } = options;
  const stop = new AbortController();
  const said = new OncePer(minute, now);
  const maxPending = options.maxPending ?? 50_000;
  const writer = createRedisWriter({
    connection,
    keys,
    writerId: options.writerId,
    log,
    now,
    windowSeconds: options.windowSeconds ?? 600,
    signal: stop.signal,
  });

  let sequence: number | undefined;
  async function commit(shares: readonly ShareRecord[]): Promise<GroupFate> {
    if (stop.signal.aborted) {
      log.error(`${shares.length} shares of ${keys.coin} are refused: Redis did not take them.`);
      return 'refused';
    }
    try {
      for (;;) {
        sequence ??= await writer.lastSequence();
        sequence += 1;
        const { applied, doubted } = await writer.apply(sequence, shares);
        if (applied || doubted) return 'recorded';
        // Not our own earlier try: somebody else wrote with this id, and these shares are not in yet.
        log.error(
          `Two writers of ${keys.coin} shares have the same id ${options.writerId}. Each pool process needs its own.`,
        );
        sequence = undefined;
      }
    } catch (error) {
      const lost = error instanceof RedisError && error.mayHaveRun;
      const fate = lost ? 'may or may not be recorded' : 'are refused';
      log.error(`${shares.length} shares of ${keys.coin} ${fate}: ${messageOf(error)}`);
      return lost ? 'unknown' : 'refused';
    }
  }

  const committer = new GroupCommitter({
    commit,
    log,
    groupMillis: options.groupMillis ?? 10,
    groupSize: options.groupSize ?? 256,
    largestGroup,
    maxPending,
    onFull: () => {
      if (!said.allows('full')) return;
      log.error(
        `${maxPending} shares of ${keys.coin} wait for Redis: new ones are refused until it takes them.`,
      );
    },
  });

  return {
    record(share, done) {
      // A number that Redis cannot add would hold up every share behind it.
      if (!(share.difficulty >= 0 && share.difficulty < Infinity && share.time >= 0)) {
        if (said.allows('number')) {
          log.error(`A share of ${keys.coin} has the difficulty ${share.difficulty}: refused.`);
        }
        done(false);
        return;
      }
      committer.record(share, done);
    },
    flush: () => committer.flush(),
    async close() {
      const closed = committer.close();
      const patience = new AbortController();
      const tooLong = sleep(options.closeMillis ?? 3_000, 'late', { signal: patience.signal });
      const first = await Promise.race([closed, tooLong]);
      if (first === 'late') stop.abort();
      else patience.abort();
      await tooLong.catch(() => undefined);
      await closed;
    },
  };
}
