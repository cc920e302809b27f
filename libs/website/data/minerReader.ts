import { parseCoinsFloor } from '../../primitives/money.ts';
import { type Satoshis, satoshis } from '../../primitives/units.ts';
import { readSeries, type SeriesPoint } from '../../redis/series.ts';
import type { BlockFacts } from './blockBook.ts';
import { shareOf } from './estimates.ts';
import { type MinerPaymentFacts, readMinerPayments } from './paymentList.ts';
import type { PoolGatherer } from './poolGatherer.ts';
import { readCount, readFields, readFigure, scanHash, tolerate } from './redisReads.ts';

// What Redis knows of one miner, read when somebody asks. Bounded: one miner's workers, one page of payments.

export interface MinerFacts {
  /** Every login of this address that is known. */
  readonly workers: ReadonlyMap<string, SeenFacts>;
  readonly immature: Satoshis;
  readonly balance: Satoshis;
  readonly paid: Satoshis;
  readonly payments: number;
}

export interface SeenFacts {
  readonly roundShares: number;
  /** Unix milliseconds. */
  readonly firstShare?: number;
  readonly lastShare?: number;
  readonly bestShare?: number;
}

const mostPending = 200;
const mostInRound = 500_000;

/** Sums of the rounds of blocks that wait: they do not change any more. */
export class RoundTotals {
  readonly #totals = new Map<number, number>();

  async of(pool: PoolGatherer, block: BlockFacts): Promise<number> {
    if (block.effort !== undefined && block.networkDifficulty !== undefined) {
      return block.effort * block.networkDifficulty;
    }
    const known = this.#totals.get(block.height);
    if (known !== undefined) return known;
    const { connection, keys } = pool.source;
    let total = 0;
    const scan = scanHash(connection, keys.round(block.height), mostInRound, (_, text) => {
      total += readFigure(text) ?? 0;
    });
    await tolerate(scan, undefined);
    if (this.#totals.size > 1_000) this.#totals.clear();
    this.#totals.set(block.height, total);
    return total;
  }
}

/** Undefined if the pool has never heard of the address. Rejects with RedisError. */
export async function readMiner(
  pool: PoolGatherer,
  totals: RoundTotals,
  address: string,
): Promise<MinerFacts | undefined> {
  const { connection, keys, config } = pool.source;
  const names = [...new Set([address, ...pool.index.workersOf(address)])];
  const fields = (key: string) =>
    tolerate(readFields(connection, key, names), new Map<string, string>());
  const [balances, payouts, seen, round, payments] = await Promise.all([
    fields(keys.balances),
    fields(keys.payouts),
    fields(keys.workersSeen),
    fields(keys.roundCurrent),
    tolerate(readCount(connection, 'llen', keys.minerPayments(address)), 0),
  ]);
  const known =
    pool.index.has(address) ||
    payments > 0 ||
    [balances, payouts, seen, round].some((found) => found.size > 0);
  if (!known) return undefined;
  const sumOf = (texts: ReadonlyMap<string, string>): Satoshis =>
    satoshis(
      [...texts.values()].reduce((sum, text) => sum + coinsOf(text, config.coin.decimals), 0n),
    );
  const workers = new Map<string, SeenFacts>();
  for (const name of names) {
    // The address alone is a login like any other, if it was ever used as one.
    if (
      name === address &&
      !seen.has(name) &&
      !round.has(name) &&
      !pool.figures?.workers.has(name)
    ) {
      continue;
    }
    workers.set(name, {
      ...parseSeen(seen.get(name)),
      roundShares: readFigure(round.get(name)) ?? 0,
    });
  }
  return {
    workers,
    immature: await immatureOf(pool, totals, names),
    balance: sumOf(balances),
    paid: sumOf(payouts),
    payments,
  };
}

/** Entries from…to of what the miner was paid, newest first. Rejects with RedisError. */
export function minerPayments(
  pool: PoolGatherer,
  address: string,
  from: number,
  to: number,
): Promise<readonly MinerPaymentFacts[]> {
  const { connection, keys, config } = pool.source;
  return readMinerPayments(connection, keys.minerPayments(address), from, to, config.coin.decimals);
}

/** The miner's ring of ten minutes' or an hour's buckets, empty when there is none. Rejects with RedisError. */
export async function minerSeries(
  pool: PoolGatherer,
  address: string,
  resolution: '1m' | '10m' | '1h',
  nowSeconds: number,
): Promise<readonly SeriesPoint[]> {
  const { connection, keys } = pool.source;
  const key = keys.minerSeries(address, resolution);
  return tolerate(readSeries(connection, key, resolution, nowSeconds), []);
}

/** The part of rewards that are not credited yet, by the shares of their rounds. */
async function immatureOf(
  pool: PoolGatherer,
  totals: RoundTotals,
  names: readonly string[],
): Promise<Satoshis> {
  const { connection, keys } = pool.source;
  const pending = (pool.figures?.blocks ?? [])
    .filter(({ status, reward }) => status === 'pending' && reward !== undefined)
    .slice(0, mostPending);
  const parts = await Promise.all(
    pending.map(async (block): Promise<bigint> => {
      const round = await tolerate(
        readFields(connection, keys.round(block.height), names),
        new Map(),
      );
      let shares = 0;
      for (const text of round.values()) shares += readFigure(text) ?? 0;
      if (shares === 0) return 0n;
      const total = await totals.of(pool, block);
      return shareOf(block.reward ?? satoshis(0n), total === 0 ? 0 : shares / total);
    }),
  );
  return satoshis(parts.reduce((sum, part) => sum + part, 0n));
}

/** `firstShare:lastShare:bestShare` */
function parseSeen(text: string | undefined): Omit<SeenFacts, 'roundShares'> {
  const [first, last, best] = (text ?? '').split(':').map((part) => readFigure(part));
  return {
    ...(first === undefined ? {} : { firstShare: first }),
    ...(last === undefined ? {} : { lastShare: last }),
    ...(best === undefined ? {} : { bestShare: best }),
  };
}

/** For sums that are only shown: what is no amount counts as nothing. */
function coinsOf(text: string, decimals: number): bigint {
  return parseCoinsFloor(text, decimals) ?? 0n;
}
