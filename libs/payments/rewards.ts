import { percentOf } from '../jobs/coinbase.ts';
import { CodedError } from '../primitives/errors.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';

// How a block's reward is shared out. Pure and exact: shares are decimal texts, amounts are integers.

/**
 * Shares out a reward: worker -> sum of share difficulty as Redis holds it (decimal text) gives worker -> amount.
 * The amounts add up to the reward exactly; workers who get nothing are left out. Throws RewardError.
 */
export type Scheme = (
  reward: Satoshis,
  shares: ReadonlyMap<string, string>,
) => Map<string, Satoshis>;

/** REWARD_SHARES: a worker's shares are no number from zero up. REWARD_EMPTY: nobody has shares. REWARD_NEGATIVE, REWARD_WINDOW. */
export class RewardError extends CodedError {}

/**
 * PROP: in proportion to shares, rounded down; the satoshis left over go one each to the largest remainders (ties: the
 * name that is first in byte order), so that the order of the map does not matter.
 */
export const proportional: Scheme = (reward, shares) => {
  const read = readShares(shares);
  return shareOut(reward, weigh(read, lowestExponent(read)));
};

/**
 * PPLNS: in proportion to the last `window` of share difficulty (decimal text) before the block. `rounds` come newest
 * first, the block's own at the head; fewer shares than the window are shared out among those that there are. Within
 * the oldest round that counts in part, every share counts in that part: the order of shares is kept by rounds only.
 */
export function pplns(
  reward: Satoshis,
  rounds: readonly ReadonlyMap<string, string>[],
  window: string,
): Map<string, Satoshis> {
  const limit = readDecimal(window);
  if (limit === undefined || limit.digits === 0n) {
    throw new RewardError('REWARD_WINDOW', `a window of ${JSON.stringify(window)} is no window`);
  }
  const read = rounds.map(readShares);
  const lowest = Math.min(limit.exponent, ...read.map(lowestExponent));
  let left = scaled(limit, lowest);
  let sums = new Map<string, bigint>();
  for (const round of read) {
    const weights = weigh(round, lowest);
    const total = totalOf(weights);
    if (total > left) {
      // All on one scale without a division: whole rounds × total, this one × what is left of the window.
      const whole = [...sums].map(([worker, weight]): Weight => [worker, weight * total]);
      const part = weights.map(([worker, weight]): Weight => [worker, weight * left]);
      sums = addedUp([...whole, ...part]);
      break;
    }
    sums = addedUp([...sums, ...weights]);
    left -= total;
  }
  return shareOut(reward, [...sums]);
}

/** SOLO: the finder takes it all. */
export function soloReward(reward: Satoshis, finder: string): Map<string, Satoshis> {
  return shareOut(reward, [[finder, 1n]]);
}

/** Who gets part of a reward before the miners do, where the coinbase itself could not pay them. */
export interface Recipient {
  /** An address or a mining key. */
  readonly to: string;
  readonly percent: number;
}

/** Takes the recipients' parts out of a reward, rounded down, and has `share` share out the rest. Throws what it throws. */
export function withRecipients(
  reward: Satoshis,
  recipients: readonly Recipient[],
  share: (rest: Satoshis) => ReadonlyMap<string, Satoshis>,
): Map<string, Satoshis> {
  const parts = new Map<string, Satoshis>();
  const add = (name: string, amount: bigint): void => {
    if (amount > 0n) parts.set(name, satoshis((parts.get(name) ?? 0n) + amount));
  };
  let rest: bigint = reward;
  for (const { to, percent } of recipients) {
    const part = percentOf(reward, percent);
    add(to, part);
    rest -= part;
  }
  for (const [worker, amount] of share(satoshis(rest))) add(worker, amount);
  return parts;
}

type Weight = readonly [worker: string, weight: bigint];

function shareOut(reward: Satoshis, weights: readonly Weight[]): Map<string, Satoshis> {
  if (reward < 0n) throw new RewardError('REWARD_NEGATIVE', `a reward of ${reward} is no reward`);
  const total = totalOf(weights);
  if (total === 0n) throw new RewardError('REWARD_EMPTY', 'nobody has shares in this round');

  const parts = weights.map(([worker, weight]) => ({
    worker,
    amount: (reward * weight) / total,
    remainder: (reward * weight) % total,
  }));
  const floored = parts.reduce((sum, { amount }) => sum + amount, 0n);
  // Fewer satoshis are left over than there are workers: each remainder is below one satoshi.
  const lucky = parts.toSorted(byRemainder).slice(0, Number(reward - floored));
  for (const part of lucky) part.amount += 1n;
  return new Map(
    parts.filter(({ amount }) => amount > 0n).map((part) => [part.worker, satoshis(part.amount)]),
  );
}

function totalOf(weights: readonly Weight[]): bigint {
  return weights.reduce((sum, [, weight]) => sum + weight, 0n);
}

function addedUp(weights: readonly Weight[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const [worker, weight] of weights) sums.set(worker, (sums.get(worker) ?? 0n) + weight);
  return sums;
}

interface Part {
  readonly worker: string;
  readonly remainder: bigint;
  amount: bigint;
}

function byRemainder(a: Part, b: Part): number {
  if (a.remainder !== b.remainder) return a.remainder > b.remainder ? -1 : 1;
  return compareBytes(a.worker, b.worker);
}

/** The order of two texts by their UTF-8 bytes: the same on every machine. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const decimal = /^(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/;
/** No share sum of a real pool is smaller or larger; beyond it one text could ask for gigabytes of digits. */
const mostShift = 400;

/** digits × 10^exponent */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

type ReadShares = readonly (readonly [worker: string, share: Decimal])[];

function readShares(shares: ReadonlyMap<string, string>): ReadShares {
  return [...shares].map(([worker, text]) => {
    const share = readDecimal(text);
    if (share !== undefined) return [worker, share] as const;
    throw new RewardError(
      'REWARD_SHARES',
      `the shares of ${JSON.stringify(worker)} are ${JSON.stringify(text)}, which is no number from zero up`,
    );
  });
}

function readDecimal(text: string): Decimal | undefined {
  const match = decimal.exec(text);
  const fraction = match?.[2] ?? '';
  const exponent = Number(match?.[3] ?? 0) - fraction.length;
  if (match === null || Math.abs(exponent) > mostShift) return undefined;
  return { digits: BigInt(`${match[1]}${fraction}`), exponent };
}

function lowestExponent(shares: ReadShares): number {
  return shares.reduce((least, [, { exponent }]) => Math.min(least, exponent), 0);
}

function scaled({ digits, exponent }: Decimal, lowest: number): bigint {
  return digits * 10n ** BigInt(exponent - lowest);
}

/** All shares as integers of one common scale. */
function weigh(shares: ReadShares, lowest: number): Weight[] {
  return shares.map(([worker, share]) => [worker, scaled(share, lowest)]);
}
