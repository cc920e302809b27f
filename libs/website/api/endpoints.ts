import type { CoinConfig } from '../../config/types.ts';
import { formatCoins, parseCoinsFloor } from '../../primitives/money.ts';
import { satoshis } from '../../primitives/units.ts';
import { addressPart } from '../../primitives/workerName.ts';
import { csvText } from '../csv.ts';
import { parseHashrate } from '../data/hashrateText.ts';
import type { PoolGatherer } from '../data/poolGatherer.ts';
import type { StatsGatherer } from '../data/statsGatherer.ts';
import type { SwitchReader } from '../data/switchReader.ts';
import { HttpProblem } from '../httpProblem.ts';
import { luckOf, minerRows, pageOf, poolView } from '../poolViews.ts';
import { historyMetrics, historyRanges, type Page } from '../siteData.ts';
import { mostMinerPayments, type SiteReader } from '../siteReader.ts';
import { choiceOf, type Parameter, type Parameters, wholeOf } from './parameters.ts';
import { blockStatuses } from './schemas.ts';

// /api/v1: each endpoint once, with what documents it and what answers it.

export interface ApiSite {
  readonly gatherer: StatsGatherer;
  readonly reader: SiteReader;
  readonly switches: SwitchReader;
  readonly coins: readonly CoinConfig[];
}

export type ApiAnswer =
  | { readonly kind: 'json'; readonly body: object; readonly stale: boolean }
  | {
      readonly kind: 'file';
      readonly type: string;
      readonly name: string;
      readonly text: string;
      readonly stale: boolean;
    };

export interface Endpoint {
  /** Below /api/v1, with its parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly query: { readonly [name: string]: Parameter };
  /** A name in `apiSchemas`, or the type of a file. */
  readonly answer: { readonly schema: string } | { readonly file: string };
  /** Throws HttpProblem; rejects with RedisError when Redis is needed and away. */
  answerTo(site: ApiSite, parameters: Parameters): Promise<ApiAnswer> | ApiAnswer;
}

const page: Parameter = {
  schema: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 1 },
  about: 'Page, from 1',
};
const pageSize: Parameter = {
  schema: { type: 'integer', minimum: 1, maximum: 100, default: 25 },
  about: 'Entries of a page',
};
const paging = { page, pageSize };
const range: Parameter = {
  schema: { type: 'string', enum: historyRanges, default: '24h' },
  about: 'How far back',
};

export const pathParameters: { readonly [name: string]: Parameter } = {
  coin: {
    schema: { type: 'string', minLength: 1, maxLength: 64 },
    about: 'Name of the coin in lower case',
  },
  address: {
    schema: { type: 'string', minLength: 1, maxLength: 128 },
    about: 'Address of the miner: a login without what follows its first dot',
  },
};

export const endpoints: readonly Endpoint[] = [
  {
    path: '/pools',
    summary: 'All pools',
    query: paging,
    answer: { schema: 'Pools' },
    answerTo: ({ gatherer }, parameters) =>
      listAnswer(pageFrom(gatherer.pools.map(poolView), parameters), gatherer.stale),
  },
  {
    path: '/pools/{coin}',
    summary: 'One pool',
    query: {},
    answer: { schema: 'Pool' },
    answerTo: (site, parameters) => {
      const pool = poolOf(site, parameters);
      return { kind: 'json', body: poolView(pool), stale: pool.stale };
    },
  },
  {
    path: '/pools/{coin}/history',
    summary: 'Hashrate or number of workers over time',
    query: {
      metric: {
        schema: { type: 'string', enum: historyMetrics, default: 'hashrate' },
        about: 'What is shown',
      },
      range,
    },
    answer: { schema: 'History' },
    answerTo: async (site, parameters) => {
      const metric = choiceOf(historyMetrics, parameters, 'metric');
      const span = choiceOf(historyRanges, parameters, 'range');
      const history = await site.reader.poolHistory(poolOf(site, parameters), metric, span);
      return objectAnswer(history.value, history.stale);
    },
  },
  {
    path: '/pools/{coin}/blocks',
    summary: 'Blocks of a pool, highest first',
    query: {
      status: {
        schema: { type: 'string', enum: blockStatuses },
        about: 'Only blocks of this status',
      },
      ...paging,
    },
    answer: { schema: 'Blocks' },
    answerTo: (site, parameters) => {
      const pool = poolOf(site, parameters);
      const status = parameters.query.has('status')
        ? choiceOf(blockStatuses, parameters, 'status')
        : undefined;
      const { at, size } = pagingOf(parameters);
      return listAnswer(site.reader.blocks(pool, status, at, size), pool.stale);
    },
  },
  {
    path: '/pools/{coin}/payments',
    summary: 'Payments of a pool, newest first',
    query: paging,
    answer: { schema: 'Payments' },
    answerTo: async (site, parameters) => {
      const { at, size } = pagingOf(parameters);
      const payments = await site.reader.payments(poolOf(site, parameters), at, size);
      return listAnswer(payments.value, payments.stale);
    },
  },
  {
    path: '/pools/{coin}/miners',
    summary: 'Miners at work or in the running round, by hashrate',
    query: paging,
    answer: { schema: 'Miners' },
    answerTo: (site, parameters) => {
      const pool = poolOf(site, parameters);
      return listAnswer(pageFrom(minerRows(pool), parameters), pool.stale);
    },
  },
  {
    path: '/pools/{coin}/rounds/current',
    summary: 'The running round',
    query: {},
    answer: { schema: 'Round' },
    answerTo: (site, parameters) => {
      const pool = poolOf(site, parameters);
      return objectAnswer(roundBody(pool), pool.stale);
    },
  },
  {
    path: '/pools/{coin}/luck',
    summary: 'Mean effort of the last blocks',
    query: {},
    answer: { schema: 'Luck' },
    answerTo: (site, parameters) => {
      const pool = poolOf(site, parameters);
      const blocks = pool.figures?.blocks ?? [];
      const data = [10, 50, 100, 500, 1_000].map((last) => {
        const luck = luckOf(blocks, last);
        return { last, blocks: luck?.blocks ?? 0, effort: luck?.effort };
      });
      return objectAnswer({ coin: pool.source.keys.coin, data }, pool.stale);
    },
  },
  {
    path: '/pools/{coin}/ports',
    summary: 'Stratum ports of a pool',
    query: paging,
    answer: { schema: 'Ports' },
    answerTo: (site, parameters) => {
      const pool = poolOf(site, parameters);
      return listAnswer(pageFrom(poolView(pool).ports, parameters), pool.stale);
    },
  },
  {
    path: '/pools/{coin}/miners/{address}',
    summary: "A miner's standing",
    query: {},
    answer: { schema: 'Miner' },
    answerTo: async (site, parameters) => {
      const address = addressOf(parameters);
      const { value, stale } = await site.reader.minerView(poolOf(site, parameters), address, 1, 1);
      const { workers: _, payments: __, history: ___, ...standing } = known(value, address);
      return objectAnswer(standing, stale);
    },
  },
  {
    path: '/pools/{coin}/miners/{address}/workers',
    summary: "A miner's workers: online first",
    query: paging,
    answer: { schema: 'Workers' },
    answerTo: async (site, parameters) => {
      const address = addressOf(parameters);
      const { value, stale } = await site.reader.minerWorkers(poolOf(site, parameters), address);
      return listAnswer(pageFrom(known(value, address), parameters), stale);
    },
  },
  {
    path: '/pools/{coin}/miners/{address}/history',
    summary: "A miner's hashrate over time",
    query: { range },
    answer: { schema: 'History' },
    answerTo: async (site, parameters) => {
      const pool = poolOf(site, parameters);
      const address = addressOf(parameters);
      known((await site.reader.minerWorkers(pool, address)).value, address);
      const span = choiceOf(historyRanges, parameters, 'range');
      const history = await site.reader.minerHistory(pool, address, span);
      return objectAnswer(history.value, history.stale);
    },
  },
  {
    path: '/pools/{coin}/miners/{address}/payments',
    summary: 'What a miner was paid, newest first',
    query: paging,
    answer: { schema: 'MinerPayments' },
    answerTo: async (site, parameters) => {
      const address = addressOf(parameters);
      const { at, size } = pagingOf(parameters);
      const pool = poolOf(site, parameters);
      const { value, stale } = await site.reader.minerPayments(pool, address, at, size);
      return listAnswer(known(value, address), stale);
    },
  },
  {
    path: '/pools/{coin}/miners/{address}/payments.csv',
    summary: 'The same as a table, for spreadsheets',
    query: {},
    answer: { file: 'text/csv' },
    answerTo: async (site, parameters) => {
      const address = addressOf(parameters);
      const pool = poolOf(site, parameters);
      const { value, stale } = await site.reader.minerPayments(pool, address, 1, mostMinerPayments);
      const { coin } = pool.source.config;
      const rows = known(value, address).data.map(({ time, txid, amount }) => [
        new Date(time).toISOString(),
        address,
        amount,
        coin.symbol.toUpperCase(),
        txid,
      ]);
      return {
        kind: 'file',
        type: 'text/csv; charset=utf-8',
        name: `payments-${coin.name.replaceAll(/[^a-z0-9]/g, '-')}.csv`,
        text: csvText([['time', 'address', 'amount', 'symbol', 'txid'], ...rows]),
        stale,
      };
    },
  },
  {
    path: '/pools/{coin}/miners/{address}/earnings',
    summary: 'What a miner earned: not credited yet, owed, paid, and paid by day (UTC)',
    query: {},
    answer: { schema: 'Earnings' },
    answerTo: async (site, parameters) => {
      const address = addressOf(parameters);
      const pool = poolOf(site, parameters);
      const view = await site.reader.minerView(pool, address, 1, mostMinerPayments);
      const miner = known(view.value, address);
      const { decimals } = pool.source.config.coin;
      const days = new Map<string, bigint>();
      for (const { time, amount } of miner.payments.data) {
        const date = new Date(time).toISOString().slice(0, 10);
        days.set(date, (days.get(date) ?? 0n) + (parseCoinsFloor(amount, decimals) ?? 0n));
      }
      const { coin, immature, pending, paid, roundEstimate } = miner;
      const body = {
        ...{ coin, address, immature, pending, paid, roundEstimate },
        days: [...days].map(([date, sum]) => ({
          date,
          amount: formatCoins(satoshis(sum), decimals),
        })),
      };
      return objectAnswer(body, view.stale);
    },
  },
  {
    path: '/coins',
    summary: 'All coins that can be mined, with the version bytes of their addresses',
    query: {
      page,
      pageSize: {
        schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 1_000 },
        about: 'Entries of a page',
      },
    },
    answer: { schema: 'Coins' },
    answerTo: ({ coins, reader }, parameters) => {
      const rows = coins.map(({ name, displayName, symbol, algorithm, decimals, networks }) => ({
        coin: name,
        name: displayName,
        symbol: symbol.toUpperCase(),
        algorithm,
        decimals,
        hasPool: reader.pool(name) !== undefined,
        networks: Object.fromEntries(
          Object.entries(networks).map(
            ([network, { pubKeyHash, scriptHash, bech32, cashaddr }]) => [
              network,
              { pubKeyHash, scriptHash, bech32, cashaddr },
            ],
          ),
        ),
      }));
      return listAnswer(pageFrom(rows, parameters), false);
    },
  },
  {
    path: '/calculator',
    summary: 'What a hashrate can expect to earn, by the last block',
    query: {
      coin: {
        schema: { type: 'string', minLength: 1, maxLength: 64 },
        about: 'Name of the coin in lower case',
      },
      hashrate: {
        schema: { type: 'string', minLength: 1, maxLength: 40 },
        about: 'Hashes a second, or with a unit: 10GH',
      },
    },
    answer: { schema: 'Calculation' },
    answerTo: (site, parameters) => {
      const text = parameters.query.get('hashrate');
      const coin = parameters.query.get('coin');
      const hashrate = parseHashrate(String(text ?? ''));
      if (coin === undefined) throw new HttpProblem(400, 'The parameter "coin" is missing.');
      if (hashrate === undefined) {
        throw new HttpProblem(
          400,
          'The parameter "hashrate" must be a number above 0, with a unit if you like: 10GH.',
        );
      }
      const pool = poolNamed(site, String(coin));
      return objectAnswer(site.reader.calculate(pool, hashrate), pool.stale);
    },
  },
  {
    path: '/switches',
    summary: 'Ports that switch between coins, and the coin that is behind them',
    query: paging,
    answer: { schema: 'Switches' },
    answerTo: async ({ switches }, parameters) => {
      const { value, stale } = await switches.rows();
      return listAnswer(pageFrom(value, parameters), stale);
    },
  },
  {
    path: '/profitability',
    summary: 'What 1 MH/s earns a day on each coin, as profit switching saw it last',
    query: {},
    answer: { schema: 'Profitability' },
    answerTo: async ({ switches }) => {
      const { value, stale } = await switches.profits();
      return objectAnswer({ time: value?.time, algorithms: value?.algorithms ?? [] }, stale);
    },
  },
];

/** The running round, as the API and its events tell it. */
export function roundBody(pool: PoolGatherer): object {
  const { coin, round } = poolView(pool);
  return { coin, ...round, miners: pool.figures?.round.byMiner.size ?? 0 };
}

function poolNamed(site: ApiSite, coin: string): PoolGatherer {
  const pool = site.reader.pool(coin);
  if (pool === undefined) throw new HttpProblem(404, 'There is no pool of that coin here.');
  return pool;
}

function poolOf(site: ApiSite, parameters: Parameters): PoolGatherer {
  return poolNamed(site, parameters.path.get('coin') ?? '');
}

function addressOf(parameters: Parameters): string {
  return addressPart(parameters.path.get('address') ?? '');
}

function known<T>(value: T | undefined, address: string): T {
  if (value !== undefined) return value;
  throw new HttpProblem(404, `Nobody called "${address}" has mined in this pool.`);
}

function pagingOf(parameters: Parameters): { at: number; size: number } {
  return { at: wholeOf(parameters, 'page'), size: wholeOf(parameters, 'pageSize') };
}

function pageFrom<T>(all: readonly T[], parameters: Parameters): Page<T> {
  const { at, size } = pagingOf(parameters);
  return pageOf(all, at, size);
}

function listAnswer(list: Page<unknown>, stale: boolean): ApiAnswer {
  return objectAnswer(list, stale);
}

function objectAnswer(body: object, stale: boolean): ApiAnswer {
  return { kind: 'json', body: { ...body, stale }, stale };
}
