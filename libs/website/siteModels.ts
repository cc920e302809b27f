import type { CoinConfig, PortalConfig } from '../config/types.ts';
import type { Clock, Millis } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import type { AdminView } from './admin/viewTypes.ts';
import { endpointList } from './api/endpointList.ts';
import type { EventLog } from './data/eventLog.ts';
import { parseHashrate } from './data/hashrateText.ts';
import { thinned } from './data/history.ts';
import type { Reading } from './data/memo.ts';
import type { PoolGatherer } from './data/poolGatherer.ts';
import type { StatsGatherer } from './data/statsGatherer.ts';
import type { SwitchReader } from './data/switchReader.ts';
import { blockRow, hashrateText, minerRows, pageOf, paymentRow, poolView } from './poolViews.ts';
import type {
  ApiPage,
  BlockStatus,
  BlocksPage,
  CalculatorPage,
  ErrorPage,
  GettingStartedPage,
  HistoryRange,
  HistoryView,
  HomePage,
  MinerPage,
  MinersPage,
  MiningKeyPage,
  PageModel,
  PaymentsPage,
  PoolPage,
  SiteShell,
  StatsPage,
  StatusCheck,
  StatusPage,
  SwitchingPage,
  WorkersPage,
} from './siteData.ts';
import type { SiteReader } from './siteReader.ts';

// The models of the pages. What needs Redis falls back on what was read before, and says so by `stale`.

export interface ModelSources {
  readonly portal: PortalConfig;
  readonly gatherer: StatsGatherer;
  readonly reader: SiteReader;
  readonly switches: SwitchReader;
  readonly events: EventLog;
  readonly coins: readonly CoinConfig[];
  readonly now: Clock;
}

const latest = 10;
export const pageSize = 25;
const workersShown = 100;

export class SiteModels {
  readonly #sources: ModelSources;
  readonly #started: Millis;

  constructor(sources: ModelSources) {
    this.#sources = sources;
    this.#started = sources.now();
  }

  shell(path: string, stale = false): SiteShell {
    const { portal, gatherer, events, now } = this.#sources;
    const { website } = portal;
    const pools = gatherer.pools.map(poolView);
    const algorithms = new Map<string, { workers: number; hashrate: number }>();
    for (const { algorithm, workers, hashrate } of pools) {
      const sum = algorithms.get(algorithm) ?? { workers: 0, hashrate: 0 };
      algorithms.set(algorithm, {
        workers: sum.workers + workers,
        hashrate: sum.hashrate + hashrate,
      });
    }
    const told = events.events.findLast(({ type }) => type === 'notice');
    const text = told?.data['text'];
    const notice =
      typeof text === 'string' && told !== undefined ? { text, time: told.time } : undefined;
    return {
      now: now(),
      path,
      updated: gatherer.updated,
      stale: stale || gatherer.stale,
      notice: gatherer.notices.text(notice),
      stratumHost: website.stratumHost,
      adminEnabled: website.adminCenter.enabled,
      hasSwitches: this.#sources.switches.configured.length > 0,
      updateInterval: website.stats.updateInterval,
      hashrateWindow: website.stats.hashrateWindow,
      global: {
        workers: pools.reduce((sum, { workers }) => sum + workers, 0),
        miners: pools.reduce((sum, { miners }) => sum + miners, 0),
      },
      algorithms: [...algorithms].map(([algorithm, sum]) => ({
        algorithm,
        ...sum,
        hashrateText: hashrateText(sum.hashrate),
      })),
      pools,
    };
  }

  async home(path: string): Promise<HomePage> {
    const { pools } = this.#sources.gatherer;
    const trends = await Promise.all(pools.map((pool) => this.#trendOf(pool)));
    const shell = this.shell(path);
    const newest = <T extends { readonly time: Millis | undefined }>(rows: readonly T[]) =>
      [...rows].sort((a, b) => (b.time ?? 0) - (a.time ?? 0)).slice(0, latest);
    return {
      ...shell,
      pools: shell.pools.map((pool, at) => ({ ...pool, trend: trends[at] ?? [] })),
      page: 'home',
      latestBlocks: newest(pools.flatMap(latestBlocks)),
      latestPayments: newest(pools.flatMap(latestPayments)),
    };
  }

  async pool(path: string, pool: PoolGatherer, range: HistoryRange): Promise<PoolPage> {
    const history = await this.#orEmpty(this.#sources.reader.poolHistory(pool, 'hashrate', range), {
      metric: 'hashrate',
      range,
      points: [],
    });
    return {
      ...this.shell(path, history.stale),
      page: 'pool',
      pool: poolView(pool),
      history: history.value,
      latestBlocks: latestBlocks(pool),
      latestPayments: latestPayments(pool),
      topMiners: minerRows(pool).slice(0, latest),
    };
  }

  blocks(
    path: string,
    pool: PoolGatherer,
    status: BlockStatus | undefined,
    page: number,
  ): BlocksPage {
    const blocks = this.#sources.reader.blocks(pool, status, page, pageSize);
    return { ...this.shell(path), page: 'blocks', pool: poolView(pool), status, blocks };
  }

  async payments(path: string, pool: PoolGatherer, page: number): Promise<PaymentsPage> {
    const payments = await this.#orEmpty(this.#sources.reader.payments(pool, page, pageSize), {
      data: latestPayments(pool),
      page: 1,
      pageSize: latest,
      total: pool.figures?.payments.length ?? 0,
    });
    const shell = this.shell(path, payments.stale);
    return { ...shell, page: 'payments', pool: poolView(pool), payments: payments.value };
  }

  miners(path: string, pool: PoolGatherer, page: number): MinersPage {
    const miners = pageOf(minerRows(pool), page, pageSize);
    return { ...this.shell(path), page: 'miners', pool: poolView(pool), miners };
  }

  /** Rejects with RedisError, when Redis is away and nothing is known of the miner. */
  async miner(path: string, login: string, page: number): Promise<MinerPage> {
    const { gatherer, reader } = this.#sources;
    const address = addressPart(login);
    const views = await Promise.all(
      gatherer.pools.map((pool) => reader.minerView(pool, address, page, pageSize)),
    );
    return {
      ...this.shell(
        path,
        views.some(({ stale }) => stale),
      ),
      page: 'miner',
      address,
      miner: views.flatMap(({ value }) => value ?? []),
    };
  }

  gettingStarted(path: string): GettingStartedPage {
    const switches = this.#sources.switches.configured;
    const shell = this.shell(path);
    const pools = shell.pools.map((pool, at) => {
      const config = this.#sources.gatherer.pools[at]?.source.config;
      const addressForms = Object.values(config?.coin.networks ?? {});
      return {
        ...pool,
        ...(addressForms.length === 0 ? {} : { addressForms }),
        ...(config?.auxiliaryOf === undefined ? {} : { minedBeside: config.auxiliaryOf }),
      };
    });
    return { ...shell, pools, page: 'getting_started', switches };
  }

  async switching(path: string): Promise<SwitchingPage> {
    const { switches } = this.#sources;
    const rows = await this.#orEmpty(switches.rows(), switches.configured);
    const profits = await this.#orEmpty(switches.profits(), undefined);
    return {
      ...this.shell(path, rows.stale || profits.stale),
      page: 'switching',
      switches: rows.value,
      profits: profits.value,
    };
  }

  async stats(path: string, range: HistoryRange): Promise<StatsPage> {
    const { gatherer, reader } = this.#sources;
    const charts = await Promise.all(
      gatherer.pools.map(async (pool) => {
        const empty = { range, points: [] } as const;
        const [hashrate, workers] = await Promise.all([
          this.#orEmpty(reader.poolHistory(pool, 'hashrate', range), {
            metric: 'hashrate',
            ...empty,
          }),
          this.#orEmpty(reader.poolHistory(pool, 'workers', range), {
            metric: 'workers',
            ...empty,
          }),
        ]);
        const stale = hashrate.stale || workers.stale;
        return { pool: poolView(pool), hashrate: hashrate.value, workers: workers.value, stale };
      }),
    );
    return {
      ...this.shell(
        path,
        charts.some(({ stale }) => stale),
      ),
      page: 'stats',
      range,
      charts: charts.map(({ stale: _, ...chart }) => chart),
    };
  }

  tbs(path: string): PageModel {
    return { ...this.shell(path), page: 'tbs' };
  }

  workers(path: string): WorkersPage {
    const groups = this.#sources.gatherer.pools.map((pool) => {
      const rows = minerRows(pool);
      return { pool: poolView(pool), miners: rows.slice(0, workersShown), total: rows.length };
    });
    return { ...this.shell(path), page: 'workers', groups };
  }

  api(path: string): ApiPage {
    const { enabled } = this.#sources.portal.website.adminCenter;
    return { ...this.shell(path), page: 'api', endpoints: endpointList(enabled) };
  }

  calculator(path: string, coin: string, hashrate: string): CalculatorPage {
    const { reader } = this.#sources;
    const pool = reader.pool(coin);
    const rate = parseHashrate(hashrate);
    const asked = coin !== '' || hashrate !== '';
    const problem = !asked
      ? undefined
      : pool === undefined
        ? 'Choose one of the coins of this pool.'
        : rate === undefined
          ? 'Write the hashrate as a number above 0, with a unit if you like: 10 GH/s.'
          : undefined;
    return {
      ...this.shell(path),
      page: 'calculator',
      input: { coin, hashrate },
      problem,
      result: pool === undefined || rate === undefined ? undefined : reader.calculate(pool, rate),
    };
  }

  status(path: string): StatusPage {
    const { gatherer } = this.#sources;
    const { updateInterval } = this.#sources.portal.website.stats;
    const website: StatusCheck = {
      what: 'Website',
      coin: undefined,
      ok: gatherer.updated !== undefined && !gatherer.stale,
      says:
        gatherer.updated === undefined
          ? 'No statistics could be read yet.'
          : gatherer.stale
            ? 'Some statistics are older than they should be.'
            : `Statistics are read every ${updateInterval} seconds.`,
    };
    return {
      ...this.shell(path),
      page: 'status',
      started: this.#started,
      checks: [website, ...gatherer.pools.map(checkOf)],
    };
  }

  admin(path: string, view: AdminView = { section: 'login', problem: undefined }): PageModel {
    return { ...this.shell(path), page: 'admin', view };
  }

  miningKey(path: string): MiningKeyPage {
    return { ...this.shell(path), page: 'mining_key', coins: keyCoins(this.#sources.coins) };
  }

  error(path: string, status: number, title: string, detail: string): ErrorPage {
    return { ...this.shell(path), page: 'error', status, title, detail };
  }

  /** Hashrates of the last day for a sparkline: means of half an hour. */
  async #trendOf(pool: PoolGatherer): Promise<readonly number[]> {
    const history = this.#sources.reader.poolHistory(pool, 'hashrate', '24h');
    const none = { metric: 'hashrate', range: '24h', points: [] } as const;
    const { points } = (await this.#orEmpty<HistoryView>(history, none)).value;
    return thinned(points, 48).map(([, hashrate]) => hashrate);
  }

  /** A page is shown without what cannot be read. */
  async #orEmpty<T>(reading: Promise<Reading<T>>, empty: T): Promise<Reading<T>> {
    try {
      return await reading;
    } catch {
      return { value: empty, stale: true };
    }
  }
}

/** Coins whose addresses on the main network can be made from a mining key. */
export function keyCoins(coins: readonly CoinConfig[]): MiningKeyPage['coins'] {
  return coins.flatMap(({ name, displayName, symbol, networks }) => {
    const [pubKeyHash] = networks.main?.pubKeyHash ?? [];
    if (pubKeyHash === undefined) return [];
    return [{ coin: name, name: displayName, symbol: symbol.toUpperCase(), pubKeyHash }];
  });
}

function latestBlocks(pool: PoolGatherer) {
  return (pool.figures?.blocks ?? []).slice(0, latest).map((block) => blockRow(pool, block));
}

function latestPayments(pool: PoolGatherer) {
  return (pool.figures?.payments ?? [])
    .slice(0, latest)
    .map((payment) => paymentRow(pool, payment));
}

function checkOf(pool: PoolGatherer): StatusCheck {
  const { coin } = pool.source.config;
  const workers = pool.workerCount;
  const says = pool.stale
    ? 'Its statistics cannot be read now; mining does not depend on them.'
    : workers === 0
      ? 'Nobody mines here at the moment.'
      : `${workers} ${workers === 1 ? 'worker is' : 'workers are'} at work.`;
  return { what: coin.displayName, coin: coin.name, ok: !pool.stale, says };
}
