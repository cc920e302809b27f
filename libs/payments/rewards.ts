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

/** REWARD_SHARES: a worker's shares are no number from zero up. REWARD_EMPTY: nobody has shares. REWARD_NEGATIVE. */
export class RewardError extends CodedError {}

/**
 * PROP: in proportion to shares, rounded down; the satoshis left over go one each to the largest remainders (ties: the
 * name that is first in byte order), so that the order of the map does not matter.
 */
export const proportional: Scheme = (reward, shares) => {
  if (reward < 0n) throw new RewardError('REWARD_NEGATIVE', `a reward of ${reward} is no reward`);
  const weights = weigh(shares);
  const total = weights.reduce((sum, { weight }) => sum + weight, 0n);
  if (total === 0n) throw new RewardError('REWARD_EMPTY', 'nobody has shares in this round');

  const parts = weights.map(({ worker, weight }) => ({
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
};

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

interface Weight {
  readonly worker: string;
  readonly weight: bigint;
}

/** All shares as integers of one common scale. */
function weigh(shares: ReadonlyMap<string, string>): Weight[] {
  const parsed = [...shares].map(([worker, text]) => {
    const match = decimal.exec(text);
    const fraction = match?.[2] ?? '';
    const exponent = Number(match?.[3] ?? 0) - fraction.length;
    if (match === null || Math.abs(exponent) > mostShift) {
      throw new RewardError(
        'REWARD_SHARES',
        `the shares of ${JSON.stringify(worker)} are ${JSON.stringify(text)}, which is no number from zero up`,
      );
    }
    return { worker, digits: BigInt(`${match[1]}${fraction}`), exponent };
  });
  const lowest = parsed.reduce((least, { exponent }) => Math.min(least, exponent), 0);
  return parsed.map(({ worker, digits, exponent }) => ({
    worker,
    weight: digits * 10n ** BigInt(exponent - lowest),
  }));
}
