import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { loadScript, runScript } from '../redis/scripts.ts';
import { seriesResolutions } from '../redis/series.ts';
import { decimalText } from './decimalText.ts';
import { type MinerTally, type MinuteSums, Tally, type WorkerTally } from './tally.ts';
import type { ShareRecord } from './types.ts';

// Charts and the list of workers: gathered in memory, added to Redis every few seconds, trimmed by this writer. No money
// hangs on it: a process that is killed loses its last seconds, and what may have been written is not written twice.

export interface StatisticsOptions {
  /** Stays the caller's: close() does not close it. */
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly log: Logger;
  readonly now: Clock;
  /** Milliseconds between two writes; default 10,000. */
  readonly flushMillis?: number;
  /** Whose chart a worker's shares are in: the address as payments write it. Must not throw. */
  addressOf(worker: string): string;
  /** Workers of the last 30 days that are kept in Redis; default 50,000. A miner's charts take about 68 KB there. */
  readonly mostWorkers?: number;
}

export interface Statistics {
  /** Counts a share; ones that are not valid are ignored. Takes no time to speak of, and never fails. */
  share(record: ShareRecord): void;
  /** Writes what there is, but does not wait for a Redis that is away. */
  close(): Promise<void>;
}

interface Chunk {
  readonly pool: MinuteSums | undefined;
  readonly miners: readonly MinerTally[];
  readonly workers: readonly WorkerTally[];
}

interface Written {
  readonly leftOut: number;
  readonly wrongKey: string;
}

const recordStatistics = loadScript('recordStatistics', (reply): Written | undefined => {
  if (!Array.isArray(reply)) return undefined;
  const [leftOut, wrongKey]: unknown[] = reply;
  if (typeof leftOut !== 'number' || typeof wrongKey !== 'string') return undefined;
  return { leftOut, wrongKey };
});

/** One call holds Redis for about two milliseconds. */
const minersAtOnce = 100;
const minutesAtOnce = 300;
const workersAtOnce = 300;
/** What is kept in memory while Redis is away: for 2,000 miners about two hours; then only the pool's own sums grow. */
const limits = { workers: 50_000, minutes: 250_000 };

const hour = 3_600_000;
/** A worker without a share for so long is forgotten. */
const workerKept = 30 * 24 * hour;
const scannedAtOnce = 500;
const closePatience = 2_000;

export function createStatistics(options: StatisticsOptions): Statistics {
  const { connection, keys, log, now } = options;
  const addressOf = (worker: string) => options.addressOf(worker);
  const said = new OncePer(hour, now);
  let tally = new Tally(addressOf, limits);
  let trimmed = -Infinity;
  let closed = false;
  let flushing = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    timer = setTimeout(() => {
      flushing = flush();
      void flushing.then(() => {
        if (!closed) schedule();
      });
    }, options.flushMillis ?? 10_000);
    timer.unref();
  }
  schedule();

  /** Never rejects: what Redis did not take stays for the next time. */
  async function flush(): Promise<void> {
    if (!connection.ready) return;
    const full = tally;
    tally = new Tally(addressOf, limits);
    sayDropped(full.dropped);
    try {
      for (const chunk of chunksOf(full)) await write(chunk);
      if (now() - trimmed >= hour && !closed) await trim();
    } catch (error) {
      // A fault of ours must not end a process that mines.
      log.error(`Statistics of ${keys.coin} could not be written: ${messageOf(error)}`);
    }
  }

  async function write(chunk: Chunk): Promise<void> {
    const { pool, miners, workers } = chunk;
    const rings = [
      ...(pool === undefined ? [] : seriesResolutions.map((res) => keys.series(res))),
      ...miners.flatMap(({ address }) =>
        seriesResolutions.map((res) => keys.minerSeries(address, res)),
      ),
    ];
    const series = [
      ...(pool === undefined ? [] : ['pool', ...seriesArgs(pool)]),
      ...miners.flatMap((miner) => ['miner', ...seriesArgs(miner)]),
    ];
    const args = [
      Math.floor(now() / 60_000),
      options.mostWorkers ?? 50_000,
      rings.length / seriesResolutions.length,
      ...series,
      ...workers.flatMap(({ name, first, last, best }) => [
        ...[name, Math.floor(first), Math.floor(last), decimalText(best)],
      ]),
    ];
    try {
      const keyNames = [keys.workersSeen, ...rings];
      sayWritten(await runScript(connection, recordStatistics, keyNames, args));
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      putBack(chunk, error.mayHaveRun);
      log.debug(`Statistics of ${keys.coin} wait: ${error.message}`);
    }
  }

  /** Sums that may have been added already are given up: a small gap in a chart is better than a peak that never was. */
  function putBack({ pool, miners, workers }: Chunk, mayHaveRun: boolean): void {
    for (const worker of workers) tally.addWorker(worker);
    if (mayHaveRun) return;
    if (pool !== undefined) tally.addPool(pool);
    for (const miner of miners) tally.addMiner(miner);
  }

  function sayDropped(dropped: number): void {
    if (dropped === 0 || !said.allows('dropped')) return;
    log.warning(
      `Charts of ${keys.coin} miners have gaps (${dropped} entries): more came than is kept in memory until Redis takes it. Credit is not touched.`,
    );
  }

  function sayWritten({ leftOut, wrongKey }: Written): void {
    if (leftOut > 0 && said.allows('room')) {
      log.warning(
        `${keys.workersSeen} is full: new workers of ${keys.coin} get no charts until others have been away for 30 days. Credit is not touched.`,
      );
    }
    if (wrongKey !== '' && said.allows('type')) {
      log.error(
        `${wrongKey} does not hold what this pool writes there, so no statistics are written to it: rename or delete it.`,
      );
    }
  }

  /** Forgets workers that have been away for long, some at a time. */
  async function trim(): Promise<void> {
    const before = now() - workerKept;
    try {
      let cursor = '0';
      do {
        const { next, fields } = scanned(
          await connection.command('hscan', keys.workersSeen, cursor, 'COUNT', scannedAtOnce),
        );
        const gone = fields.filter(([, seen]) => !(Number(seen.split(':')[1]) >= before));
        if (gone.length > 0) {
          await connection.send('hdel', [keys.workersSeen, ...gone.map(([name]) => name)]);
        }
        cursor = next;
      } while (cursor !== '0' && !closed);
      trimmed = now();
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      // What has another type was said when it was written; anything else is tried again after the next flush.
      if (error.trouble === 'permanent') trimmed = now();
    }
  }

  return {
    share(record) {
      if (record.valid && !closed) tally.share(record);
    },
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      let patience: NodeJS.Timeout | undefined;
      const tooLong = new Promise<void>((resolve) => {
        patience = setTimeout(resolve, closePatience);
      });
      await Promise.race([flushing.then(flush), tooLong]);
      clearTimeout(patience);
    },
  };
}

/** In pieces of bounded size; empty ones are left out. */
function* chunksOf(tally: Tally): Generator<Chunk> {
  const workers = [...tally.workers];
  let pool = tally.pool.minutes.length === 0 ? undefined : tally.pool;
  let miners: MinerTally[] = [];
  let minutes = 0;
  const chunk = () => {
    const next = { pool, miners, workers: workers.splice(0, workersAtOnce) };
    pool = undefined;
    miners = [];
    minutes = 0;
    return next;
  };
  for (const miner of tally.miners) {
    if (miner.minutes.length === 0) continue;
    miners.push(miner);
    minutes += miner.minutes.length;
    if (miners.length >= minersAtOnce || minutes >= minutesAtOnce) yield chunk();
  }
  while (pool !== undefined || miners.length > 0 || workers.length > 0) yield chunk();
}

/** Number of pairs, then pairs minute, difficulty, oldest first. */
function seriesArgs({ minutes, sums }: MinuteSums): (string | number)[] {
  const order = minutes.map((_, i) => i).sort((a, b) => (minutes[a] ?? 0) - (minutes[b] ?? 0));
  return [minutes.length, ...order.flatMap((i) => [minutes[i] ?? 0, sums[i] ?? 0])];
}

/** HSCAN's reply. */
function scanned(reply: unknown): { next: string; fields: [string, string][] } {
  const [next, flat]: unknown[] = Array.isArray(reply) ? reply : [];
  const fields: [string, string][] = [];
  if (!Array.isArray(flat)) return { next: '0', fields };
  for (let i = 0; i + 1 < flat.length; i += 2) fields.push([String(flat[i]), String(flat[i + 1])]);
  return { next: String(next), fields };
}
