import type { PoolConfig } from '../config/types.ts';
import { readBalances } from '../payments/books.ts';
import { formatCoins, formatCoinsFixed, parseCoinsFloor } from '../primitives/money.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { readHash } from '../redis/read.ts';
import type { Report } from './report.ts';
import { textTable } from './table.ts';

// `blocks [coin] [count]` and `balances [coin]`: what stands in Redis, whether or not payments run.

export interface BookEffects {
  pools(): readonly PoolConfig[];
  /** The Redis of a pool, for as long as `read` takes. Rejects with a sentence when it does not answer. */
  inRedis<T>(
    pool: PoolConfig,
    read: (connection: RedisConnection, keys: CoinKeys) => Promise<T>,
  ): Promise<T>;
}

const usualBlocks = 20;
const mostBlocks = 5_000;

interface BlockLine {
  readonly coin: string;
  readonly height: number | null;
  readonly hash: string;
  readonly status: string;
  readonly confirmations: number | null;
  /** Decimal coins. */
  readonly reward: string | null;
  readonly effort: number | null;
  readonly finder: string | null;
  /** Unix milliseconds. */
  readonly time: number | null;
}

export async function blocks(params: readonly string[], effects: BookEffects): Promise<Report> {
  const [first, second] = params;
  const isCount = first !== undefined && /^\d+$/.test(first);
  const count = countOf(isCount ? first : second);
  const data: BlockLine[] = [];
  for (const pool of poolsOf(isCount ? undefined : first, effects)) {
    data.push(...(await effects.inRedis(pool, (redis, keys) => newest(pool, redis, keys, count))));
  }
  if (data.length === 0) return { data, text: 'No block has been found yet.' };
  const head = 'coin height status confirmations effort reward found finder hash'.split(' ');
  const rows = data.map((block) => [
    block.coin,
    String(block.height ?? ''),
    block.status,
    String(block.confirmations ?? ''),
    block.effort === null ? '' : `${(block.effort * 100).toFixed(0)} %`,
    block.reward ?? '',
    timeText(block.time),
    block.finder ?? '',
    block.hash,
  ]);
  return { data, text: textTable(head, rows) };
}

function countOf(text: string | undefined): number {
  if (text === undefined) return usualBlocks;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > mostBlocks) {
    throw new RangeError(`"${text}" is no number of blocks from 1 to ${mostBlocks}`);
  }
  return count;
}

/** Highest first. */
async function newest(
  { coin }: PoolConfig,
  redis: RedisConnection,
  keys: CoinKeys,
  count: number,
): Promise<BlockLine[]> {
  const reply = await redis.command('zrevrange', keys.blockIndex, 0, count - 1);
  const hashes = Array.isArray(reply) ? reply.map(String) : [];
  const facts = await Promise.all(hashes.map((hash) => readHash(redis, keys.block(hash))));
  return hashes.map((hash, at) => {
    const text = (name: string) => facts[at]?.get(name) ?? null;
    const figure = (name: string) => {
      const value = Number(text(name) ?? Number.NaN);
      return Number.isFinite(value) ? value : null;
    };
    // What was credited is what the chain paid; `reward` is what the template promised.
    const reward = text('credited') ?? text('reward');
    return {
      coin: coin.name,
      height: figure('height'),
      hash,
      status: statusNames.get(text('state') ?? '') ?? text('state') ?? 'unknown',
      confirmations: figure('confirmations'),
      reward: reward !== null && /^\d{1,30}$/.test(reward) ? coinsOf(reward, coin.decimals) : null,
      effort: figure('effort'),
      finder: text('finder'),
      time: figure('time'),
    };
  });
}

const statusNames: ReadonlyMap<string, string> = new Map([['accepted', 'pending']]);

function coinsOf(amount: string, decimals: number): string {
  return formatCoins(satoshis(BigInt(amount)), decimals);
}

interface BalanceLine {
  readonly worker: string;
  /** Decimal coins. */
  readonly owed: string;
  readonly paid: string;
}

interface CoinBalances {
  readonly coin: string;
  readonly symbol: string;
  readonly owed: string;
  readonly paid: string;
  readonly workers: readonly BalanceLine[];
}

export async function balances(params: readonly string[], effects: BookEffects): Promise<Report> {
  const data: CoinBalances[] = [];
  for (const pool of poolsOf(params[0], effects)) {
    data.push(await effects.inRedis(pool, (redis, keys) => balancesOf(pool, redis, keys)));
  }
  const text = data.map(({ coin, symbol, owed, paid, workers }) => {
    if (workers.length === 0) return `${coin}: nobody is owed anything, and nobody was paid.`;
    const rows = workers.map((line) => [line.worker, line.owed, line.paid]);
    const sum = `${coin}: ${owed} ${symbol} owed, ${paid} ${symbol} paid.`;
    return `${textTable(['worker', 'owed', 'paid'], rows)}\n${sum}`;
  });
  return { data, text: text.join('\n\n') };
}

async function balancesOf(
  { coin }: PoolConfig,
  redis: RedisConnection,
  keys: CoinKeys,
): Promise<CoinBalances> {
  const { decimals, symbol, name } = coin;
  const owed = readBalances(await readHash(redis, keys.balances), keys.balances, decimals);
  // An older pool's sums of floats may have more decimals than the coin.
  const paid = new Map(
    [...(await readHash(redis, keys.payouts))].map(
      ([worker, text]) => [worker, parseCoinsFloor(text, decimals) ?? satoshis(0n)] as const,
    ),
  );
  const lines = [...new Set([...owed.keys(), ...paid.keys()])].map((worker) => ({
    worker,
    owed: owed.get(worker)?.amount ?? satoshis(0n),
    paid: paid.get(worker) ?? satoshis(0n),
  }));
  lines.sort((a, b) => compare(b.owed, a.owed) || compare(b.paid, a.paid));
  const coins = (amount: Satoshis) => formatCoinsFixed(amount, decimals);
  const sum = (pick: (line: (typeof lines)[number]) => Satoshis) =>
    coins(satoshis(lines.reduce((total, line) => total + pick(line), 0n)));
  return {
    ...{ coin: name, symbol, owed: sum((line) => line.owed), paid: sum((line) => line.paid) },
    workers: lines.map((line) => ({
      worker: line.worker,
      owed: coins(line.owed),
      paid: coins(line.paid),
    })),
  };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The pool of that coin, or all; those whose books are MPOS's are said or left out. */
function poolsOf(coin: string | undefined, effects: BookEffects): readonly PoolConfig[] {
  const pools = effects.pools();
  const inRedis = pools.filter(({ mposMode }) => !mposMode.enabled);
  if (coin === undefined) return inRedis;
  const named = pools.filter((pool) => pool.coin.name === coin.toLowerCase());
  if (named.length === 0) {
    const known = pools.map((pool) => pool.coin.name).join(', ') || 'none';
    throw new RangeError(`there is no pool for "${coin}"; known are ${known}`);
  }
  if (!named.some((pool) => inRedis.includes(pool))) {
    throw new RangeError(`the books of ${coin} are in MPOS's database (mposMode)`);
  }
  return named;
}

/** Redis may hold a time that no calendar has. */
function timeText(millis: number | null): string {
  const date = new Date(millis ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
