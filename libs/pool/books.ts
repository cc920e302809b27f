import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { PoolConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import type { Clock, Difficulty } from '../primitives/units.ts';
import { openRedis, waitForRedis } from '../redis/connection.ts';
import { coinKeys } from '../redis/keys.ts';
import { checkRedisSafety } from '../redis/safety.ts';
import { createNetworkFacts } from '../shares/networkFacts.ts';
import { createRedisRecorder } from '../shares/redisRecorder.ts';
import { createRounds } from '../shares/rounds.ts';
import { unfinishedSpools } from '../shares/spoolUnfinished.ts';
import { createStatistics, type Statistics } from '../shares/statistics.ts';
import type { Rounds, ShareRecorder } from '../shares/types.ts';
import type { AuthorizeAnswer, AuthorizeRequest } from '../stratum/types.ts';

// What one pool on one fork writes its shares and blocks into.

export interface PoolBooks {
  /** What they are kept in, for the log: "Redis". */
  readonly store: string;
  readonly recorder: ShareRecorder;
  readonly statistics: Pick<Statistics, 'share'>;
  readonly rounds: Pick<Rounds, 'close' | 'accept' | 'isKept' | 'refuse'>;
  /** Books that have their own list of workers say who may log in; else the address decides. Settles always. */
  authorize?(request: AuthorizeRequest): Promise<AuthorizeAnswer>;
  onDifficultyChange?(worker: string, difficulty: Difficulty): void;
  /** A job: its height, and the network's difficulty in stratum units. Of one fork, for people to look at. */
  onJob?(height: number, networkDifficulty: number): void;
  /** Credited difficulty within the hashrate window, of books that the website cannot read itself. */
  windowShares?(): number;
  /** Lets everything go but the recorder, which its owner has closed before. */
  close(): Promise<void>;
}

export interface BooksOptions {
  readonly config: PoolConfig;
  readonly dataDir: string;
  readonly forkId: number;
  /** Seconds that hashrates are computed over. */
  readonly hashrateWindow: number;
  readonly log: Logger;
  readonly now: Clock;
  /** Ends what waits for the store. */
  readonly signal: AbortSignal;
  /** The payee of a worker's name, as statistics group them. */
  addressOf(worker: string): string;
}

/** Unique among all recorders that live or ever lived; the last part is for servers that share a store. */
export function newWriterId(forkId: number, now: Clock): string {
  return `${forkId}-${process.pid}-${now()}-${randomInt(2 ** 40).toString(36)}`;
}

/** Data of MPOS mode is apart: what waits in the one spool is not the other's. */
export function mposDataDir(dataDir: string): string {
  return join(dataDir, 'mpos');
}

/** Says that shares of another mode of the pool have never arrived where they belong. Never rejects. */
export async function sayLeftOver(
  { coin, log }: { readonly coin: string; readonly log: Logger },
  dataDir: string,
  mend: string,
): Promise<void> {
  const left = await unfinishedSpools(dataDir, coin).catch(() => 0);
  if (left > 0) log.warning(`${left} share(s) in ${join(dataDir, 'spool', coin)} ${mend}.`);
}

/** The usual books: shares, rounds and statistics in Redis, which need not be there yet. */
export function openRedisBooks(options: BooksOptions): PoolBooks {
  const { config, dataDir, forkId, log, now, signal } = options;
  const { coin } = config;
  const keys = coinKeys(coin.name, config.redis.hashTag);
  const connection = openRedis(config.redis, log);
  const recorder = createRedisRecorder({
    connection,
    keys,
    dataDir,
    writerId: newWriterId(forkId, now),
    log,
    now,
    windowSeconds: options.hashrateWindow,
  });
  // Once for all forks, whenever Redis is there: mining does not wait for it.
  if (forkId === 0) {
    waitForRedis(connection, signal).then(
      () => checkRedisSafety(connection, log),
      () => undefined,
    );
    void sayLeftOver(
      { coin: coin.name, log },
      mposDataDir(dataDir),
      'are from the time of MPOS mode and still on their way to MySQL: start the pool once with mposMode to record them',
    );
  }
  const { addressOf } = options;
  const network = forkId === 0 ? createNetworkFacts({ connection, keys, now }) : undefined;
  const statistics = createStatistics({ connection, keys, log, now, addressOf });
  return {
    store: 'Redis',
    recorder,
    statistics,
    rounds: createRounds({ connection, keys, log, now, signal, decimals: coin.decimals }),
    ...(network === undefined ? {} : { onJob: network.tell }),
    async close() {
      network?.close();
      await statistics.close();
      await connection.close();
    },
  };
}
