import { formatCoins } from '../primitives/money.ts';
import type { Clock } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import { readSeries, type SeriesPoint } from '../redis/series.ts';
import { expectedBlocks, shareOf } from './data/estimates.ts';
import { hashratePoints, rangeSeconds, resolutionOf, thinned } from './data/history.ts';
import { Memo, type Reading } from './data/memo.ts';
import {
  type MinerFacts,
  minerPayments,
  minerSeries,
  RoundTotals,
  readMiner,
} from './data/minerReader.ts';
import type { MinerPaymentFacts } from './data/paymentList.ts';
import { readPayments } from './data/paymentList.ts';
import type { PoolGatherer } from './data/poolGatherer.ts';
import { readCount, tolerate } from './data/redisReads.ts';
import type { StatsGatherer } from './data/statsGatherer.ts';
import {
  blockRow,
  hashrateText,
  lastReward,
  linkTo,
  minerPaymentRow,
  pageOf,
  paymentRow,
  poolView,
  rigOf,
  toMillis,
} from './poolViews.ts';
import type {
  BlockRow,
  BlockStatus,
  CalculatorView,
  HistoryMetric,
  HistoryRange,
  HistoryView,
  MinerPaymentRow,
  MinerView,
  Page,
  PaymentRow,
  WorkerRow,
  WorkerStatus,
} from './siteData.ts';

// What is read from Redis because somebody asks for it. Pages and API share it, and share the answers of the last seconds.

const freshMillis = 5_000;
const idleMillis = 3_600_000;
const mostWorkersShown = 500;
export const mostMinerPayments = 1_000;
const noPage: Page<never> = { data: [], page: 1, pageSize: 1, total: 0 };

export class SiteReader {
  readonly #gatherer: StatsGatherer;
  readonly #now: Clock;
  readonly #totals = new RoundTotals();
  readonly #miners: Memo<MinerFacts | undefined>;
  readonly #minerPayments: Memo<readonly MinerPaymentFacts[]>;
  readonly #payments: Memo<Page<PaymentRow>>;
  readonly #series: Memo<readonly SeriesPoint[]>;

  constructor(gatherer: StatsGatherer, now: Clock) {
    this.#gatherer = gatherer;
    this.#now = now;
    this.#miners = new Memo(now, freshMillis, 500);
    this.#minerPayments = new Memo(now, freshMillis, 200);
    this.#payments = new Memo(now, freshMillis, 200);
    this.#series = new Memo(now, 30_000, 200);
  }

  /** The pool of a coin (any case). */
  pool(coin: string): PoolGatherer | undefined {
    const name = coin.toLowerCase();
    return this.#gatherer.pools.find(({ source }) => source.config.coin.name === name);
  }

  blocks(
    pool: PoolGatherer,
    status: BlockStatus | undefined,
    page: number,
    pageSize: number,
  ): Page<BlockRow> {
    const all = pool.figures?.blocks ?? [];
    const wanted = status === undefined ? all : all.filter((block) => block.status === status);
    const { data, ...rest } = pageOf(wanted, page, pageSize);
    return { ...rest, data: data.map((block) => blockRow(pool, block)) };
  }

  /** Rejects with RedisError, when nothing is known from before. */
  payments(pool: PoolGatherer, page: number, pageSize: number): Promise<Reading<Page<PaymentRow>>> {
    const { connection, keys, config } = pool.source;
    const from = (page - 1) * pageSize;
    return this.#payments.get(`${keys.coin} ${page} ${pageSize}`, async () => {
      const total = await tolerate(readCount(connection, 'llen', keys.payments), 0);
      const to = from + pageSize - 1;
      const found = await readPayments(connection, keys.payments, from, to, config.coin.decimals);
      return { data: found.map((payment) => paymentRow(pool, payment)), page, pageSize, total };
    });
  }

  /** Rejects with RedisError, when nothing is known from before. */
  async poolHistory(
    pool: PoolGatherer,
    metric: HistoryMetric,
    range: HistoryRange,
  ): Promise<Reading<HistoryView>> {
    const seconds = Math.floor(this.#now() / 1000);
    const moments = this.#gatherer.history.entries.flatMap(({ time, pools }) => {
      const moment = pools[pool.source.keys.coin];
      return moment === undefined || time < seconds - rangeSeconds[range] ? [] : [{ time, moment }];
    });
    if (metric === 'workers') {
      const points = thinned(
        moments.map(({ time, moment }) => [time, moment.workerCount] as const),
      );
      return { value: { metric, range, points }, stale: pool.stale };
    }
    const resolution = resolutionOf[range];
    const { connection, keys } = pool.source;
    const { value, stale } = await this.#series.get(`${keys.coin} ${resolution}`, async () => {
      return tolerate(readSeries(connection, keys.series(resolution), resolution, seconds), []);
    });
    // An older pool kept no series, only the statistics of each tick.
    const points =
      value.length > 0
        ? hashratePoints(value, range, pool.hashesPerShare)
        : thinned(moments.map(({ time, moment }) => [time, moment.hashrate] as const));
    return { value: { metric, range, points }, stale };
  }

  /** Undefined in it: the pool does not know the address. Rejects with RedisError, when nothing is known from before. */
  #miner(pool: PoolGatherer, address: string): Promise<Reading<MinerFacts | undefined>> {
    return this.#miners.get(`${pool.source.keys.coin} ${address}`, () =>
      readMiner(pool, this.#totals, address),
    );
  }

  /** Rejects with RedisError, when nothing is known from before. */
  async minerWorkers(
    pool: PoolGatherer,
    address: string,
  ): Promise<Reading<readonly WorkerRow[] | undefined>> {
    const { value, stale } = await this.#miner(pool, address);
    return { value: value && this.#workerRows(pool, value), stale };
  }

  #workerRows(pool: PoolGatherer, facts: MinerFacts): readonly WorkerRow[] {
    const now = this.#now();
    const rows = [...facts.workers].map(([worker, seen]): WorkerRow => {
      const sums = pool.figures?.workers.get(worker);
      const hashrate = pool.hashrateOf(sums?.shares ?? 0);
      const isOnline = (sums?.shares ?? 0) > 0;
      const isIdle = seen.lastShare !== undefined && now - seen.lastShare < idleMillis;
      return {
        worker,
        rig: rigOf(worker),
        status: isOnline ? 'online' : isIdle ? 'idle' : 'offline',
        hashrate,
        hashrateText: hashrateText(hashrate),
        shares: sums?.shares ?? 0,
        invalidShares: sums?.invalidShares ?? 0,
        firstShare: toMillis(seen.firstShare),
        lastShare: toMillis(seen.lastShare),
        bestShare: seen.bestShare,
      };
    });
    const order: readonly WorkerStatus[] = ['online', 'idle', 'offline'];
    return rows.sort(
      (a, b) =>
        order.indexOf(a.status) - order.indexOf(b.status) ||
        b.hashrate - a.hashrate ||
        (a.worker < b.worker ? -1 : 1),
    );
  }

  /** Rejects with RedisError, when nothing is known from before. */
  async minerHistory(
    pool: PoolGatherer,
    address: string,
    range: HistoryRange,
  ): Promise<Reading<HistoryView>> {
    const resolution = resolutionOf[range];
    const seconds = Math.floor(this.#now() / 1000);
    const { value, stale } = await this.#series.get(
      `${pool.source.keys.coin} ${resolution} ${address}`,
      () => minerSeries(pool, address, resolution, seconds),
    );
    const points = hashratePoints(value, range, pool.hashesPerShare);
    return { value: { metric: 'hashrate', range, points }, stale };
  }

  /** Rejects with RedisError, when nothing is known from before. */
  async minerPayments(
    pool: PoolGatherer,
    address: string,
    page: number,
    pageSize: number,
  ): Promise<Reading<Page<MinerPaymentRow> | undefined>> {
    const facts = await this.#miner(pool, address);
    if (facts.value === undefined) return { value: undefined, stale: facts.stale };
    const from = (page - 1) * pageSize;
    const to = Math.min(from + pageSize, mostMinerPayments) - 1;
    const total = Math.min(facts.value.payments, mostMinerPayments);
    if (from >= total) return { value: { data: [], page, pageSize, total }, stale: facts.stale };
    const read = await this.#minerPayments.get(
      `${pool.source.keys.coin} ${from} ${to} ${address}`,
      () => minerPayments(pool, address, from, to),
    );
    const data = read.value.map((payment) => minerPaymentRow(pool, payment));
    return { value: { data, page, pageSize, total }, stale: facts.stale || read.stale };
  }

  /** A miner's standing; undefined if the pool does not know the address. Rejects with RedisError, when nothing is known from before. */
  async minerView(
    pool: PoolGatherer,
    address: string,
    page: number,
    pageSize: number,
  ): Promise<Reading<MinerView | undefined>> {
    const facts = await this.#miner(pool, address);
    if (facts.value === undefined) return { value: undefined, stale: facts.stale };
    const payments = await this.minerPayments(pool, address, page, pageSize);
    const history = await this.minerHistory(pool, address, '24h');
    const { coin, paymentProcessing } = pool.source.config;
    const { decimals } = coin;
    const workers = this.#workerRows(pool, facts.value);
    const hashrate = pool.hashrateOf(workers.reduce((sum, { shares }) => sum + shares, 0));
    const { points } = history.value;
    const day = points.length === 0 ? undefined : meanOfDay(points, this.#now());
    const { total } = pool.figures?.round ?? { total: 0 };
    const roundShares = pool.figures?.round.byMiner.get(addressPart(address)) ?? 0;
    const roundPart = total > 0 ? roundShares / total : 0;
    const reward = lastReward(pool);
    const count = (wanted: WorkerStatus) =>
      workers.filter(({ status }) => status === wanted).length;
    const view: MinerView = {
      coin: coin.name,
      name: coin.displayName,
      symbol: coin.symbol.toUpperCase(),
      address,
      addressUrl: linkTo(coin.explorer?.addressURL, address),
      hashrate,
      hashrateText: hashrateText(hashrate),
      hashrate24h: day,
      hashrate24hText: day === undefined ? undefined : hashrateText(day),
      workers: workers.slice(0, mostWorkersShown),
      counts: { online: count('online'), idle: count('idle'), offline: count('offline') },
      immature: formatCoins(facts.value.immature, decimals),
      pending: formatCoins(facts.value.balance, decimals),
      paid: formatCoins(facts.value.paid, decimals),
      minimumPayment: paymentProcessing.minimumPayment,
      roundShares,
      roundPart,
      roundEstimate:
        reward === undefined ? undefined : formatCoins(shareOf(reward, roundPart), decimals),
      payments: payments.value ?? noPage,
      history: history.value,
      csvUrl: `/api/v1/pools/${encodeURIComponent(coin.name)}/miners/${encodeURIComponent(address)}/payments.csv`,
    };
    return { value: view, stale: facts.stale || payments.stale || history.stale || pool.stale };
  }

  calculate(pool: PoolGatherer, hashrate: number): CalculatorView {
    const { coin } = pool.source.config;
    const { networkDifficulty, blockReward } = poolView(pool);
    const reward = lastReward(pool);
    const earn = (days: number): string | undefined => {
      if (reward === undefined || networkDifficulty === undefined) return undefined;
      const blocks = expectedBlocks(
        hashrate,
        days * 86_400,
        networkDifficulty,
        pool.hashesPerShare,
      );
      return formatCoins(shareOf(reward, blocks), coin.decimals);
    };
    return {
      coin: coin.name,
      name: coin.displayName,
      symbol: coin.symbol.toUpperCase(),
      hashrate,
      hashrateText: hashrateText(hashrate),
      networkDifficulty,
      blockReward,
      perDay: earn(1),
      perWeek: earn(7),
      perMonth: earn(30),
    };
  }
}

/** Over the whole day, also the hours before the first share. */
function meanOfDay(points: HistoryView['points'], now: number): number {
  const step = points.length > 1 ? (points[1]?.[0] ?? 0) - (points[0]?.[0] ?? 0) : 60;
  const sum = points
    .filter(([time]) => time * 1000 >= now - 86_400_000)
    .reduce((total, [, value]) => total + value, 0);
  return (sum * step) / 86_400;
}
