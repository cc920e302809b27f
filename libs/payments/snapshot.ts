import { type Satoshis, satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { fieldsOf } from '../redis/read.ts';
import { loadScript, runScript } from '../redis/scripts.ts';
import { type OpenBatch, readBatch, totalOf } from './batch.ts';
import { BooksError, readBalances } from './books.ts';

// The books of a coin as they stand at one instant: since each booking is one script, they are in order in each of them.

type Fields = ReadonlyMap<string, string>;

/** As the keys stand in Redis. */
export interface Snapshot {
  readonly balances: Fields;
  readonly batch: Fields;
  readonly totals: Fields;
  readonly last: Fields;
  readonly state: Fields;
}

const payBooks = loadScript('payBooks', (reply): Snapshot | undefined => {
  if (!Array.isArray(reply) || reply.length !== 5) return undefined;
  const [balances, batch, totals, last, state] = reply.map(fieldsOf);
  if (!balances || !batch || !totals || !last || !state) return undefined;
  return { balances, batch, totals, last, state };
});

/** Rejects with RedisError. */
export function readSnapshot(redis: RedisConnection, keys: CoinKeys): Promise<Snapshot> {
  const { pay, balances } = keys;
  const of = [balances, pay('batch'), pay('totals'), pay('last'), pay('state')];
  return runScript(redis, payBooks, of, []);
}

/** The sums. What came in, takenOver + credited + adjusted, is what there is: balances + inFlight + paid. */
export interface Books {
  /** Undefined before an older pool's balances have been taken over: then there is nothing to compare yet. */
  readonly takenOver: Satoshis | undefined;
  readonly credited: Satoshis;
  /** What a person has taken for the truth when the sums did not agree; may be below zero. */
  readonly adjusted: Satoshis;
  readonly balances: Satoshis;
  readonly inFlight: Satoshis;
  readonly paid: Satoshis;
  /** Paid from the pool's own coins, beside all of that. */
  readonly fees: Satoshis;
}

/** Throws BooksError for balances, totals or a batch that cannot be read. */
export function readBooks(snapshot: Snapshot, keys: CoinKeys, decimals: number): Books {
  const { totals } = snapshot;
  const total = (name: string): Satoshis => readTotal(totals, name, keys.pay('totals'));
  const balances = [...readBalances(snapshot.balances, keys.balances, decimals).values()];
  const batch = openBatchOf(snapshot.batch, keys.pay('batch'));
  return {
    takenOver: totals.has('takenOver') ? total('takenOver') : undefined,
    credited: total('credited'),
    adjusted: total('adjusted'),
    balances: satoshis(balances.reduce((sum, { amount }) => sum + amount, 0n)),
    inFlight: batch === undefined ? satoshis(0n) : totalOf(batch.outputs),
    paid: total('paid'),
    fees: total('fees'),
  };
}

/** Undefined while no batch is open. Throws BooksError for one that cannot be read. */
export function openBatchOf(fields: Fields, key: string): OpenBatch | undefined {
  if (fields.size === 0) return undefined;
  const batch = readBatch(fields);
  if (batch !== undefined) return batch;
  throw new BooksError(
    'BOOKS_BATCH',
    `the open payment batch in ${key} cannot be read; somebody has changed it: compare it with the wallet's transactions before it is put right`,
  );
}

/** A field of totals, zero when it is not there yet. Throws BooksError for what is no whole number. */
export function readTotal(totals: Fields, name: string, key: string): Satoshis {
  const text = totals.get(name) ?? '0';
  if (/^-?\d{1,30}$/.test(text)) return satoshis(BigInt(text));
  throw new BooksError(
    'BOOKS_TOTALS',
    `${name} in ${key} is ${JSON.stringify(text)}, which is no number of satoshis`,
  );
}

/** What there is beyond what came in: zero when all is well, below zero when money is missing from the books. */
export function differenceOf(books: Books): Satoshis {
  const { takenOver, credited, adjusted, balances, inFlight, paid } = books;
  if (takenOver === undefined) return satoshis(0n);
  return satoshis(balances + inFlight + paid - (takenOver + credited + adjusted));
}

/** What is owed to workers and lies in the wallet: a batch that may have been sent is not counted. */
export function owedOf(books: Books, batchState: string | undefined): Satoshis {
  return satoshis(books.balances + (batchState === 'intent' ? books.inFlight : 0n));
}
