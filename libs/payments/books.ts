import { CodedError } from '../primitives/errors.ts';
import { parseCoins, parseCoinsFloor } from '../primitives/money.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { compareBytes } from './rewards.ts';

// Reading amounts that stand in Redis: text to satoshis, or a reason that tells the operator the way out. Pure.

/** Something in Redis that money depends on cannot be used as it is. Payments of this coin stop, mining goes on. */
export class BooksError extends CodedError {}

/** worker -> text as it stands, and what it means. */
export type Balances = ReadonlyMap<string, Balance>;

export interface Balance {
  readonly text: string;
  readonly amount: Satoshis;
}

/** Throws BooksError BOOKS_BALANCE for a balance that is no exact amount from zero up. */
export function readBalances(
  texts: ReadonlyMap<string, string>,
  key: string,
  decimals: number,
): Balances {
  const balances = new Map<string, Balance>();
  for (const [worker, text] of texts) {
    const amount = parseCoins(text, decimals);
    if (amount === undefined || amount < 0n) throw brokenBalance(worker, text, key, decimals);
    balances.set(worker, { text, amount });
  }
  return balances;
}

export interface TakeOver {
  /** Only those whose text changes; `to` is undefined where nothing is left. */
  readonly changes: readonly TakenBalance[];
  readonly total: Satoshis;
}

export interface TakenBalance {
  readonly worker: string;
  readonly from: string;
  readonly to: Satoshis | undefined;
}

/** An older pool's balances, sums of floats, rounded down to a satoshi. Throws BooksError as readBalances does. */
export function planTakeOver(
  texts: ReadonlyMap<string, string>,
  key: string,
  decimals: number,
): TakeOver {
  const changes: TakenBalance[] = [];
  let total = 0n;
  for (const [worker, text] of [...texts].sort(([a], [b]) => compareBytes(a, b))) {
    const amount = parseCoinsFloor(text, decimals);
    if (amount === undefined || amount < 0n) throw brokenBalance(worker, text, key, decimals);
    total += amount;
    // Rounded to nothing from below zero: the noise of an old subtraction.
    if (parseCoins(text, decimals) !== undefined) continue;
    changes.push({ worker, from: text, to: amount === 0n ? undefined : amount });
  }
  return { changes, total: satoshis(total) };
}

function brokenBalance(worker: string, text: string, key: string, decimals: number): BooksError {
  const name = JSON.stringify(worker);
  return new BooksError(
    'BOOKS_BALANCE',
    `the balance of ${name} is ${JSON.stringify(text)}, which is no amount from zero up with at most ${decimals} decimals; set it right with redis-cli: HSET ${key} ${name} <amount in coins>`,
  );
}
