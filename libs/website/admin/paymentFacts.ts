import { isRecord, own, type UnknownRecord } from '../../primitives/unknown.ts';

// What the payment processor says of a coin, read as data. Amounts are decimal coins as text.

export interface PaymentFacts {
  readonly coin: string;
  readonly symbol: string;
  readonly state: PaymentState;
  /** Why nothing is paid until a person acts, or by whom it was paused. */
  readonly why: string | undefined;
  /** Undefined while the wallet's daemon does not tell. */
  readonly wallet: string | undefined;
  readonly owed: string | undefined;
  /** What blocks that wait to be credited should bring. */
  readonly immature: string | undefined;
  readonly unpaidBlocks: number | undefined;
  /** The open batch, if there is one: what stands between the books and the chain. */
  readonly batch: BatchFacts | undefined;
  readonly held: readonly HeldFacts[];
}

export interface BatchFacts {
  readonly id: string;
  readonly state: string;
  readonly amount: string;
  /** Unix milliseconds. */
  readonly time: number;
  readonly txid: string | undefined;
}

export interface HeldFacts {
  readonly coin: string;
  /** A block (`hash:tx:height`) or a worker. */
  readonly what: string;
  readonly amount: string | undefined;
  readonly reason: string;
}

const states = ['atWork', 'batchOpen', 'paused', 'stopped', 'notStarted'] as const;
export type PaymentState = (typeof states)[number];

/** Undefined for data that is no status. */
export function paymentFacts(
  data: unknown,
  redact: (text: string) => string,
): PaymentFacts | undefined {
  if (!isRecord(data)) return undefined;
  const state = states.find((known) => known === own(data, 'state'));
  const coin = textOf(data, 'coin');
  if (state === undefined || coin === undefined) return undefined;
  const clean = (text: string | undefined) => (text === undefined ? undefined : redact(text));
  const wallet = recordOf(data, 'wallet');
  const held = recordOf(data, 'held');
  return {
    coin,
    symbol: textOf(data, 'symbol') ?? '',
    state,
    why: clean(textOf(data, 'stopped') ?? textOf(recordOf(data, 'paused'), 'reason')),
    wallet: textOf(wallet, 'spendable'),
    owed: textOf(data, 'owed'),
    immature: textOf(data, 'immature'),
    unpaidBlocks: numberOf(data, 'unpaidBlocks'),
    batch: batchOf(recordOf(data, 'openBatch')),
    held: [
      ...listOf(held, 'blocks').map((block) => ({
        coin,
        what: textOf(block, 'member') ?? '',
        amount: undefined,
        reason: redact(textOf(block, 'reason') ?? ''),
      })),
      ...listOf(held, 'payees').map((payee) => ({
        coin,
        what: textOf(payee, 'worker') ?? '',
        amount: textOf(payee, 'amount'),
        reason: redact(textOf(payee, 'reason') ?? ''),
      })),
    ],
  };
}

function batchOf(batch: UnknownRecord): BatchFacts | undefined {
  const id = textOf(batch, 'id');
  if (id === undefined) return undefined;
  return {
    id,
    state: textOf(batch, 'state') ?? '',
    amount: textOf(batch, 'amount') ?? '',
    time: numberOf(batch, 'time') ?? 0,
    txid: textOf(batch, 'txid'),
  };
}

function recordOf(record: UnknownRecord, name: string): UnknownRecord {
  const value = own(record, name);
  return isRecord(value) ? value : {};
}

function listOf(record: UnknownRecord, name: string): readonly UnknownRecord[] {
  const value = own(record, name);
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function textOf(record: UnknownRecord, name: string): string | undefined {
  const value = own(record, name);
  return typeof value === 'string' ? value : undefined;
}

function numberOf(record: UnknownRecord, name: string): number | undefined {
  const value = own(record, name);
  return typeof value === 'number' ? value : undefined;
}
