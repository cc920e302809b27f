import { historyMetrics, historyRanges } from '../siteData.ts';
import { type JsonSchema, listOf, objectOf, orNull } from './jsonSchema.ts';

// The answers of /api/v1, once: the documentation is made of these, and tests hold real answers against them.

const text: JsonSchema = { type: 'string' };
const whole: JsonSchema = { type: 'integer', minimum: 0 };
const figure: JsonSchema = { type: 'number', minimum: 0 };
const flag: JsonSchema = { type: 'boolean' };
const coins: JsonSchema = {
  type: 'string',
  pattern: '^-?\\d+(\\.\\d+)?$',
  description: 'Decimal coins, exact',
};
const time: JsonSchema = { type: 'integer', minimum: 0, description: 'Unix milliseconds' };
const hashrate: JsonSchema = { type: 'number', minimum: 0, description: 'Hashes a second' };
const effort: JsonSchema = {
  type: 'number',
  minimum: 0,
  description: 'Work done for work expected: 1 is as expected, less is luck',
};
const stale: JsonSchema = {
  type: 'boolean',
  description: 'True while the figures are older than they should be',
};

const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** One page of a list. */
const pageOf = (item: JsonSchema): JsonSchema =>
  objectOf({
    data: listOf(item),
    page: { type: 'integer', minimum: 1 },
    pageSize: { type: 'integer', minimum: 0 },
    total: whole,
    stale,
  });

export const blockStatuses = [
  'candidate',
  'pending',
  'confirmed',
  'orphaned',
  'refused',
  'kicked',
] as const;

const block = {
  coin: text,
  symbol: text,
  height: whole,
  hash: text,
  txHash: text,
  finder: orNull(text),
  time: orNull(time),
  status: { type: 'string', enum: blockStatuses },
  reward: orNull(coins),
  networkDifficulty: orNull(figure),
  effort: orNull(effort),
  confirmations: orNull(whole),
  confirmationsNeeded: whole,
  blockUrl: orNull(text),
  txUrl: orNull(text),
} as const satisfies { [name: string]: JsonSchema };

const port = {
  port: { type: 'integer', minimum: 1, maximum: 65_535 },
  difficulty: figure,
  tls: flag,
  varDiff: {
    ...objectOf({ min: figure, max: figure, targetTime: figure }),
    type: ['object', 'null'],
  },
} as const satisfies { [name: string]: JsonSchema };

const pool: { [name: string]: JsonSchema } = {
  coin: text,
  name: text,
  symbol: text,
  algorithm: text,
  hashrate,
  hashrateText: text,
  workers: whole,
  miners: whole,
  stale,
  validShares: text,
  invalidShares: text,
  totalPaid: text,
  blocks: objectOf({ pending: whole, confirmed: whole, orphaned: whole }),
  lastBlock: { ...objectOf(block), type: ['object', 'null'] },
  round: objectOf({ started: orNull(time), shares: figure, effort: orNull(effort) }),
  networkDifficulty: orNull(figure),
  height: orNull(whole),
  blockReward: orNull(coins),
  luck: { ...objectOf({ effort, blocks: whole }), type: ['object', 'null'] },
  feePercent: figure,
  payments: objectOf({
    enabled: flag,
    scheme: text,
    minimum: coins,
    interval: figure,
    confirmations: whole,
  }),
  ports: listOf(ref('Port')),
  addressLogin: flag,
  explorer: objectOf({ tx: orNull(text), block: orNull(text), address: orNull(text) }),
};

const history: { [name: string]: JsonSchema } = {
  metric: { type: 'string', enum: historyMetrics },
  range: { type: 'string', enum: historyRanges },
  points: listOf({
    type: 'array',
    description: 'Unix seconds, value',
    prefixItems: [{ type: 'integer' }, { type: 'number' }],
  }),
};

const earnings = {
  immature: coins,
  pending: coins,
  paid: coins,
  roundEstimate: orNull(coins),
} as const satisfies { [name: string]: JsonSchema };

export const apiSchemas: ReadonlyMap<string, JsonSchema> = new Map(
  Object.entries({
    Problem: objectOf({ type: text, title: text, status: whole, detail: text }, 'RFC 9457'),
    Pool: objectOf(pool),
    Pools: pageOf(ref('Pool')),
    History: objectOf({ ...history, stale }),
    Block: objectOf(block),
    Blocks: pageOf(ref('Block')),
    Payment: objectOf({
      coin: text,
      symbol: text,
      time,
      txid: text,
      amount: coins,
      fee: orNull(coins),
      miners: whole,
      txUrl: orNull(text),
    }),
    Payments: pageOf(ref('Payment')),
    MinerSummary: objectOf({
      address: text,
      hashrate,
      hashrateText: text,
      workers: whole,
      roundShares: figure,
      roundPart: figure,
    }),
    Miners: pageOf(ref('MinerSummary')),
    Round: objectOf({
      coin: text,
      started: orNull(time),
      shares: figure,
      effort: orNull(effort),
      miners: whole,
      stale,
    }),
    Luck: objectOf({
      coin: text,
      data: listOf(
        objectOf({
          last: { ...whole, description: 'So many blocks at most' },
          blocks: { ...whole, description: 'So many there were' },
          effort: orNull(effort),
        }),
      ),
      stale,
    }),
    Port: objectOf(port),
    Ports: pageOf(ref('Port')),
    Miner: objectOf({
      coin: text,
      name: text,
      symbol: text,
      address: text,
      addressUrl: orNull(text),
      hashrate,
      hashrateText: text,
      hashrate24h: orNull(hashrate),
      hashrate24hText: orNull(text),
      counts: objectOf({ online: whole, idle: whole, offline: whole }),
      ...earnings,
      minimumPayment: coins,
      roundShares: figure,
      roundPart: figure,
      csvUrl: text,
      stale,
    }),
    Worker: objectOf({
      worker: text,
      rig: text,
      status: { type: 'string', enum: ['online', 'idle', 'offline'] },
      hashrate,
      hashrateText: text,
      shares: figure,
      invalidShares: figure,
      firstShare: orNull(time),
      lastShare: orNull(time),
      bestShare: orNull(figure),
    }),
    Workers: pageOf(ref('Worker')),
    MinerPayment: objectOf({ time, txid: text, amount: coins, txUrl: orNull(text) }),
    MinerPayments: pageOf(ref('MinerPayment')),
    Earnings: objectOf({
      coin: text,
      address: text,
      ...earnings,
      days: listOf(
        objectOf({ date: { ...text, pattern: '^\\d{4}-\\d\\d-\\d\\d$' }, amount: coins }),
      ),
      stale,
    }),
    AddressForms: objectOf({
      pubKeyHash: listOf(whole),
      scriptHash: listOf(whole),
      bech32: orNull(text),
      cashaddr: orNull(text),
    }),
    Coin: objectOf({
      coin: text,
      name: text,
      symbol: text,
      algorithm: text,
      decimals: whole,
      hasPool: flag,
      networks: { type: 'object', additionalProperties: ref('AddressForms') },
    }),
    Coins: pageOf(ref('Coin')),
    Switch: objectOf({
      name: text,
      algorithm: text,
      ports: listOf(ref('Port')),
      coin: { ...orNull(text), description: 'Name of the coin in lower case' },
      since: orNull(time),
    }),
    Switches: pageOf(ref('Switch')),
    Profitability: objectOf({
      time: orNull(time),
      algorithms: listOf(
        objectOf({
          algorithm: text,
          switches: listOf(objectOf({ name: text, coin: text })),
          coins: listOf(ref('CoinProfit')),
        }),
      ),
      stale,
    }),
    CoinProfit: objectOf({
      coin: text,
      symbol: text,
      running: { ...flag, description: 'Its pool takes miners' },
      difficulty: { ...orNull(figure), description: "The network's: 1 is 2^32 hashes" },
      reward: { ...orNull(figure), description: 'Coins of a block' },
      coinsPerDay: { ...orNull(figure), description: 'Of 1 MH/s' },
      btcPerDay: { ...orNull(figure), description: 'Of 1 MH/s, by the best market' },
      markets: listOf(
        objectOf({
          exchange: text,
          pair: text,
          bid: { ...figure, description: "Mean of the best bids, in the market's money" },
          btc: { ...figure, description: 'The same in BTC' },
          btcPerDay: { ...figure, description: 'Of 1 MH/s' },
        }),
      ),
    }),
    Calculation: objectOf({
      coin: text,
      name: text,
      symbol: text,
      hashrate,
      hashrateText: text,
      networkDifficulty: orNull(figure),
      blockReward: orNull(coins),
      perDay: orNull(coins),
      perWeek: orNull(coins),
      perMonth: orNull(coins),
      stale,
    }),
  } satisfies { [name: string]: JsonSchema }),
);
