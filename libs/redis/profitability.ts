import { isRecord, own, parseJson, type UnknownRecord } from '../primitives/unknown.ts';

// The profit switcher's last table, as it stands in Redis for whoever wants to look: JSON under one key.

export interface ProfitTable {
  /** Unix milliseconds of the round. */
  readonly time: number;
  readonly algorithms: readonly AlgorithmProfit[];
}

export interface AlgorithmProfit {
  readonly algorithm: string;
  /** A switch's name -> coin that it mines after the round. */
  readonly switches: readonly { readonly name: string; readonly coin: string }[];
  /** Best first. */
  readonly coins: readonly CoinProfit[];
}

export interface CoinProfit {
  readonly coin: string;
  readonly symbol: string;
  /** Its pool takes miners. */
  readonly running: boolean;
  /** The network's: 1 is 2^32 hashes. Undefined, as the reward, while the daemon does not say. */
  readonly difficulty: number | undefined;
  /** Coins of a block. */
  readonly reward: number | undefined;
  /** Of 1 MH/s, as btcPerDay; the latter of the best market. */
  readonly coinsPerDay: number | undefined;
  readonly btcPerDay: number | undefined;
  /** Best first. */
  readonly markets: readonly MarketProfit[];
}

export interface MarketProfit {
  readonly exchange: string;
  /** "DOGE/BTC" */
  readonly pair: string;
  /** Weighted bid in the market's money, and in BTC. */
  readonly bid: number;
  readonly btc: number;
  readonly btcPerDay: number;
}

/** Undefined when it is no such table; parts that are odd are left out. */
export function parseProfitTable(text: string): ProfitTable | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const time = figure(value, 'time');
  if (time === undefined) return undefined;
  return { time, algorithms: records(value, 'algorithms').flatMap(algorithmOf) };
}

function algorithmOf(value: UnknownRecord): AlgorithmProfit[] {
  const algorithm = words(value, 'algorithm');
  if (algorithm === undefined) return [];
  const switches = records(value, 'switches').flatMap((entry) => {
    const name = words(entry, 'name');
    const coin = words(entry, 'coin');
    return name === undefined || coin === undefined ? [] : [{ name, coin }];
  });
  return [{ algorithm, switches, coins: records(value, 'coins').flatMap(coinOf) }];
}

function coinOf(value: UnknownRecord): CoinProfit[] {
  const coin = words(value, 'coin');
  if (coin === undefined) return [];
  return [
    {
      coin,
      symbol: words(value, 'symbol') ?? '',
      running: own(value, 'running') === true,
      difficulty: figure(value, 'difficulty'),
      reward: figure(value, 'reward'),
      coinsPerDay: figure(value, 'coinsPerDay'),
      btcPerDay: figure(value, 'btcPerDay'),
      markets: records(value, 'markets').flatMap(marketOf),
    },
  ];
}

function marketOf(value: UnknownRecord): MarketProfit[] {
  const exchange = words(value, 'exchange');
  const pair = words(value, 'pair');
  const bid = figure(value, 'bid');
  const btc = figure(value, 'btc');
  const btcPerDay = figure(value, 'btcPerDay');
  if (exchange === undefined || pair === undefined) return [];
  if (bid === undefined || btc === undefined || btcPerDay === undefined) return [];
  return [{ exchange, pair, bid, btc, btcPerDay }];
}

function records(from: UnknownRecord, key: string): UnknownRecord[] {
  const value = own(from, key);
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function words(from: UnknownRecord, key: string): string | undefined {
  const value = own(from, key);
  return typeof value === 'string' ? value : undefined;
}

function figure(from: UnknownRecord, key: string): number | undefined {
  const value = own(from, key);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
