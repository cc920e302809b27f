import { millis } from '../../libs/primitives/units.ts';
import type { ProfitTable } from '../../libs/redis/profitability.ts';
import type {
  BlockRow,
  BlockStatus,
  HistoryMetric,
  HistoryRange,
  HistoryView,
  MinerRow,
  MinerView,
  Page,
  PageModel,
  PageName,
  PaymentRow,
  PoolView,
  SiteShell,
  WorkerRow,
} from '../../libs/website/siteData.ts';

// Models of every page: nothing known yet, an ordinary day, and more than anybody has.

export const sampleNow = millis(Date.UTC(2026, 10, 24, 12, 0, 0));
const minute = 60_000;

export interface Sizes {
  readonly pools: number;
  readonly rows: number;
  /** Put into every place where a miner, a coin file or Redis writes text. */
  readonly name?: string;
  readonly factor?: number;
}

export const typical: Sizes = { pools: 3, rows: 10 };
export const nothing: Sizes = { pools: 0, rows: 0 };
export const huge: Sizes = { pools: 40, rows: 500, factor: 1e12 };

/** Pools without anything in them are `{ pools: 2, rows: 0 }`. */
export function allModels(sizes: Sizes): { readonly [name in PageName]: PageModel } {
  const { rows } = sizes;
  const pools = coins.slice(0, sizes.pools).map((coin) => poolOf(coin, sizes));
  for (let at = coins.length; at < sizes.pools; at++) {
    const [coin, name, symbol] = [`coin${at}`, `Coin ${at}`, `C${at}`];
    pools.push(poolOf({ coin, name, symbol, algorithm: 'x11' }, sizes));
  }
  const pool = pools[0] ?? poolOf(litecoin, sizes);
  const shell = shellOf(sizes, pools, '/');
  const at = (path: string): SiteShell => ({ ...shell, path });
  const blocks = blockRows(pool, sizes);
  const payments = paymentRows(pool, sizes);
  const miners = minerRows(sizes);
  const address = sizes.name ?? 'ltc1qar0srrr7xfkvy5l643lydnw9re59gtzzwcl4ev';
  const latest = { latestBlocks: blocks.slice(0, 10), latestPayments: payments.slice(0, 10) };
  return {
    home: { ...shell, ...latest, page: 'home' },
    pool: {
      ...at(`/pool/${pool.coin}`),
      ...latest,
      page: 'pool',
      pool,
      history: historyOf('hashrate', '24h', sizes),
      topMiners: miners.slice(0, 10),
    },
    blocks: {
      ...at(`/pool/${pool.coin}/blocks`),
      page: 'blocks',
      pool,
      status: undefined,
      blocks: pageOf(blocks),
    },
    payments: {
      ...at(`/pool/${pool.coin}/payments`),
      page: 'payments',
      pool,
      payments: pageOf(payments),
    },
    miners: {
      ...at(`/pool/${pool.coin}/miners`),
      page: 'miners',
      pool,
      miners: pageOf(miners),
    },
    miner: {
      ...at('/miner/x'),
      page: 'miner',
      address,
      miner: pools.slice(0, 2).map((of) => minerOf(of, address, sizes)),
    },
    getting_started: {
      ...at('/getting_started'),
      page: 'getting_started',
      switches:
        rows === 0
          ? []
          : [{ name: sizes.name ?? 'switch1', algorithm: 'sha256', ports: pool.ports.slice(0, 1) }],
    },
    stats: {
      ...at('/stats'),
      page: 'stats',
      range: '24h',
      charts: pools.map((of) => ({
        pool: of,
        hashrate: historyOf('hashrate', '24h', sizes),
        workers: historyOf('workers', '24h', sizes),
      })),
    },
    tbs: { ...at('/tbs'), page: 'tbs' },
    workers: {
      ...at('/workers'),
      page: 'workers',
      groups: pools.map((of) => ({
        pool: of,
        miners: miners.slice(0, 100),
        total: miners.length,
      })),
    },
    api: {
      ...at('/api'),
      page: 'api',
      endpoints: [
        {
          method: 'GET',
          path: '/api/v1/pools/{coin}/blocks',
          summary: 'Blocks that the pool found, newest first.',
          parameters: [
            { name: 'coin', in: 'path', about: 'name of the coin in lower case' },
            { name: 'page', in: 'query', about: 'counts from 1' },
          ],
          original: false,
        },
        {
          method: 'GET',
          path: '/api/stats',
          summary: 'The whole portal.',
          parameters: [],
          original: true,
        },
        {
          method: 'POST',
          path: '/api/admin/pools',
          summary: 'Configuration of the pools, secrets hidden.',
          parameters: [],
          original: true,
        },
      ],
    },
    calculator: {
      ...at('/calculator'),
      page: 'calculator',
      input: { coin: pool.coin, hashrate: sizes.name ?? '10 GH' },
      problem: rows === 0 ? 'This is no hashrate; write one like "10 GH".' : undefined,
      result:
        rows === 0
          ? undefined
          : {
              coin: pool.coin,
              name: pool.name,
              symbol: pool.symbol,
              hashrate: 1e10,
              hashrateText: '10.0 GH/s',
              networkDifficulty: pool.networkDifficulty,
              blockReward: pool.blockReward,
              perDay: '0.00041256',
              perWeek: '0.00288792',
              perMonth: '0.0123768',
            },
    },
    status: {
      ...at('/status'),
      page: 'status',
      started: millis(sampleNow - 86_400_000 * 3),
      checks: [
        { what: 'Website', coin: undefined, ok: true, says: 'It answers.' },
        ...pools.map((of, index) => ({
          what: of.name,
          coin: of.coin,
          ok: index !== 1,
          says:
            index === 1 ? `Redis does not answer. ${sizes.name ?? ''}` : 'Its records are read.',
        })),
      ],
    },
    admin: {
      ...at('/admin'),
      page: 'admin',
      view: { section: 'login', problem: undefined },
    },
    mining_key: {
      ...at('/mining_key'),
      page: 'mining_key',
      coins: rows === 0 ? [] : coins.map((of) => ({ ...of, pubKeyHash: 48 })),
    },
    switching: {
      ...at('/switching'),
      page: 'switching',
      switches:
        rows === 0
          ? []
          : [
              {
                ...{ name: sizes.name ?? 'switch1', algorithm: sizes.name ?? 'scrypt' },
                ...{ ports: pool.ports.slice(0, 1), coin: sizes.name ?? pool.coin },
                since: millis(sampleNow - 3 * minute),
              },
              {
                ...{ name: 'switch2', algorithm: 'x11', ports: [], coin: undefined },
                since: undefined,
              },
            ],
      profits: rows === 0 ? undefined : profitsOf(pools, sizes),
    },
    error: {
      ...at('/nowhere'),
      page: 'error',
      status: 404,
      title: 'Page not found',
      detail: `There is no page ${sizes.name ?? '/nowhere'} here.`,
    },
  };
}

const litecoin = { coin: 'litecoin', name: 'Litecoin', symbol: 'LTC', algorithm: 'scrypt' };
const coins = [
  litecoin,
  { coin: 'bitcoin', name: 'Bitcoin', symbol: 'BTC', algorithm: 'sha256' },
  { coin: 'dogecoin', name: 'Dogecoin', symbol: 'DOGE', algorithm: 'scrypt' },
];

function profitsOf(pools: readonly PoolView[], { name, factor = 1 }: Sizes): ProfitTable {
  const market = (exchange: string) => ({
    ...{ exchange: name ?? exchange, pair: name ?? 'LTC/BTC', bid: 0.0011 * factor },
    ...{ btc: 0.0011 * factor, btcPerDay: 4.6e-9 * factor },
  });
  const rows = pools.map(({ coin, symbol }, at) => ({
    ...{ coin: name ?? coin, symbol: name ?? symbol, running: at !== 2 },
    ...{ difficulty: 3e7, reward: 6.25, coinsPerDay: 4.19e-6 * factor, btcPerDay: 4.6e-9 * factor },
    markets: [market('Kraken'), market('Binance')],
  }));
  const unknown = { difficulty: undefined, reward: undefined, coinsPerDay: undefined };
  const last = { ...unknown, btcPerDay: undefined, markets: [] };
  return {
    time: sampleNow - 2 * minute,
    algorithms: [
      {
        algorithm: name ?? 'scrypt',
        switches: [{ name: name ?? 'switch1', coin: name ?? 'litecoin' }],
        coins: [...rows, { coin: name ?? 'gone', symbol: 'X', running: false, ...last }],
      },
    ],
  };
}

function shellOf(sizes: Sizes, pools: readonly PoolView[], path: string): SiteShell {
  const known = sizes.rows > 0;
  return {
    now: sampleNow,
    path,
    updated: known ? millis(sampleNow - 12_000) : undefined,
    stale: sizes.name !== undefined,
    notice: sizes.name,
    stratumHost: sizes.pools === 0 ? '' : (sizes.name ?? 'pool.example.com'),
    adminEnabled: true,
    hasSwitches: sizes.rows > 0,
    updateInterval: 60,
    hashrateWindow: 300,
    global: { workers: known ? 128 : 0, miners: known ? 41 : 0 },
    algorithms: known
      ? [
          {
            algorithm: sizes.name ?? 'scrypt',
            workers: 100,
            hashrate: 1e9,
            hashrateText: '1.00 GH/s',
          },
          { algorithm: 'sha256', workers: 28, hashrate: 1e15, hashrateText: '1.00 PH/s' },
        ]
      : [],
    pools,
  };
}

function poolOf(
  of: { coin: string; name: string; symbol: string; algorithm: string },
  sizes: Sizes,
): PoolView {
  const known = sizes.rows > 0;
  const name = sizes.name;
  const pool: Omit<PoolView, 'lastBlock'> = {
    coin: of.coin,
    name: name ?? of.name,
    symbol: name ?? of.symbol,
    algorithm: name ?? of.algorithm,
    hashrate: known ? 4.27e9 * (sizes.factor ?? 1) : 0,
    hashrateText: known ? '4.27 GH/s' : '0 H/s',
    workers: known ? 57 : 0,
    miners: known ? 21 : 0,
    stale: name !== undefined,
    validShares: name ?? (known ? '4183201' : '0'),
    invalidShares: name ?? (known ? '1203' : '0'),
    totalPaid: name ?? (known ? '48210.52891733' : '0'),
    blocks: known
      ? { pending: 3, confirmed: 5128, orphaned: 14 }
      : { pending: 0, confirmed: 0, orphaned: 0 },
    round: {
      started: known ? millis(sampleNow - 74 * minute) : undefined,
      shares: known ? 18_200_000 : 0,
      effort: known ? 0.624 : undefined,
    },
    networkDifficulty: known ? 29_168_201 * (sizes.factor ?? 1) : undefined,
    height: known ? 2_814_307 : undefined,
    blockReward: known ? '6.25' : undefined,
    luck: known ? { effort: 0.961, blocks: 100 } : undefined,
    feePercent: 1.5,
    payments: {
      enabled: true,
      scheme: 'PROP',
      minimum: name ?? '0.01',
      interval: 600,
      confirmations: 100,
    },
    ports: [
      { port: 3008, difficulty: 8, tls: false, varDiff: undefined },
      {
        port: 3032,
        difficulty: 32,
        tls: false,
        varDiff: { min: 8, max: 512, targetTime: 15 },
      },
      { port: 3256, difficulty: 256, tls: true, varDiff: undefined },
    ],
    addressLogin: true,
    explorer: { tx: undefined, block: undefined, address: undefined },
    addressForms: [
      { pubKeyHash: [48], scriptHash: [50, 5], bech32: 'ltc' },
      { pubKeyHash: [111], scriptHash: [58, 196], bech32: 'rltc' },
    ],
    ...(known ? { trend: wave(48, 4.27e9) } : {}),
  };
  return { ...pool, lastBlock: blockRows(pool, sizes)[0] };
}

const statuses: readonly BlockStatus[] = ['candidate', 'pending', 'pending', 'confirmed'];

function blockRows(pool: Omit<PoolView, 'lastBlock'>, sizes: Sizes): BlockRow[] {
  return Array.from({ length: sizes.rows }, (_, at): BlockRow => {
    const status = statuses[at] ?? (at === 6 ? 'orphaned' : at === 8 ? 'refused' : 'confirmed');
    return {
      coin: pool.coin,
      symbol: pool.symbol,
      height: 2_814_307 - at * 91,
      hash: sizes.name ?? `${'0'.repeat(14)}${(at + 1).toString(16).padStart(50, '7ac3e91b')}`,
      txHash: sizes.name ?? 'ab'.repeat(32),
      finder: at === 3 ? undefined : (sizes.name ?? `${addresses[at % 4] ?? ''}.rig${at}`),
      time: millis(sampleNow - (74 + at * 233) * minute),
      status,
      reward: status === 'refused' ? undefined : (sizes.name ?? '6.25004812'),
      networkDifficulty: 29_168_201,
      effort: [0.31, 1.84, 0.77, 0.12, 2.6][at % 5],
      confirmations: status === 'pending' ? 30 * at + 9 : status === 'confirmed' ? 400 : undefined,
      confirmationsNeeded: 100,
      blockUrl: sizes.name ?? `https://explorer.example.com/block/${at}`,
      txUrl: undefined,
    };
  });
}

function paymentRows(pool: Omit<PoolView, 'lastBlock'>, sizes: Sizes): PaymentRow[] {
  return Array.from({ length: sizes.rows }, (_, at) => ({
    coin: pool.coin,
    symbol: pool.symbol,
    time: millis(sampleNow - (3 + at * 10) * minute),
    txid: sizes.name ?? `${(at + 1).toString(16).padStart(64, '5bd91f0c')}`,
    amount: sizes.name ?? `${12 + at}.0${at}512833`,
    fee: sizes.name ?? '0.00002312',
    miners: at === 0 ? 1 : 19,
    txUrl: sizes.name ?? `https://explorer.example.com/tx/${at}`,
  }));
}

const addresses = [
  'ltc1qar0srrr7xfkvy5l643lydnw9re59gtzzwcl4ev',
  'LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9',
  'MQMcJhpWHYVeQArcZR3sBgyPZxxRtnH441',
  'LcHKgyZyi1XbZTcgpRTs5YVkTTPoBkPHfE',
];

function minerRows(sizes: Sizes): MinerRow[] {
  return Array.from({ length: sizes.rows }, (_, at) => ({
    address: sizes.name ?? addresses[at % 4] ?? '',
    hashrate: 1e9 / (at + 1),
    hashrateText: `${(1000 / (at + 1)).toFixed(1)} MH/s`,
    workers: 14 - (at % 12),
    roundShares: 40_000 / (at + 1),
    roundPart: 0.31 / (at + 1),
  }));
}

function minerOf(pool: PoolView, address: string, sizes: Sizes): MinerView {
  const states = ['online', 'online', 'online', 'idle', 'offline'] as const;
  return {
    coin: pool.coin,
    name: pool.name,
    symbol: pool.symbol,
    address,
    addressUrl: sizes.name ?? 'https://explorer.example.com/address/x',
    hashrate: 5.2e8,
    hashrateText: '520 MH/s',
    hashrate24h: sizes.rows > 0 ? 4.9e8 : undefined,
    hashrate24hText: sizes.rows > 0 ? '490 MH/s' : undefined,
    workers: Array.from(
      { length: Math.min(sizes.rows, 500) },
      (_, at): WorkerRow => ({
        worker: sizes.name ?? `${address}.rig${at}`,
        rig: sizes.name ?? (at === 2 ? '' : `rig${at}`),
        status: states[Math.min(at, 4)] ?? 'offline',
        hashrate: 1e8,
        hashrateText: at > 3 ? '0 H/s' : '104 MH/s',
        shares: at > 3 ? 0 : 812,
        invalidShares: at === 0 ? 3 : 0,
        firstShare: millis(sampleNow - 86_400_000 * 12),
        lastShare: millis(sampleNow - at * 17 * minute - 9000),
        bestShare: 184_201.5 * (at + 1),
      }),
    ),
    counts: { online: 3, idle: 1, offline: 6 },
    immature: sizes.name ?? '1.50210043',
    pending: sizes.name ?? '0.00811204',
    paid: sizes.name ?? '118.20715522',
    minimumPayment: sizes.name ?? '0.01',
    roundShares: 1200,
    roundPart: 0.1218,
    roundEstimate: sizes.name ?? (sizes.rows > 0 ? '0.76125' : undefined),
    payments: pageOf(
      Array.from({ length: sizes.rows }, (_, at) => ({
        time: millis(sampleNow - (3 + at * 200) * minute),
        txid: sizes.name ?? `${(at + 1).toString(16).padStart(64, '5bd91f0c')}`,
        amount: sizes.name ?? `0.${at}1512833`,
        txUrl: sizes.name ?? `https://explorer.example.com/tx/${at}`,
      })),
    ),
    history: historyOf('hashrate', '24h', sizes),
    csvUrl: `/api/v1/pools/${pool.coin}/miners/x/payments.csv`,
  };
}

function historyOf(metric: HistoryMetric, range: HistoryRange, sizes: Sizes): HistoryView {
  if (sizes.rows === 0) return { metric, range, points: [] };
  const count = Math.min(720, Math.max(144, sizes.rows * 2));
  const values = wave(count, metric === 'hashrate' ? 4.27e9 * (sizes.factor ?? 1) : 57);
  const end = Math.floor(sampleNow / 1000);
  return {
    metric,
    range,
    points: values.map((value, at) => [
      end - (count - 1 - at) * 600,
      metric === 'workers' ? Math.round(value) : value,
    ]),
  };
}

function wave(count: number, mean: number): number[] {
  return Array.from(
    { length: count },
    (_, at) =>
      mean *
      (1 +
        0.16 * Math.sin((at / count) * 9) +
        0.07 * Math.sin(at * 1.7) +
        0.03 * Math.sin(at * 5.1)),
  );
}

function pageOf<T>(data: readonly T[]): Page<T> {
  return {
    data: data.slice(0, 25),
    page: data.length > 25 ? 2 : 1,
    pageSize: 25,
    total: data.length,
  };
}
