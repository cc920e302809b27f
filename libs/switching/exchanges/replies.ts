import { CodedError } from '../../primitives/errors.ts';
import { isRecord, own, type UnknownRecord } from '../../primitives/unknown.ts';
import type { Bid } from '../profit.ts';

// Strict readers of what exchanges answer. Prices come as text or as numbers.

/** An answer that no price can be taken from; the message completes "The exchange …". */
export class ReplyError extends CodedError {
  constructor(problem: string) {
    super('EXCHANGE_REPLY', problem);
  }
}

/** The exchange refused this one question by an error of its own. */
export class RefusalError extends ReplyError {}

export function recordOf(value: unknown, what: string): UnknownRecord {
  if (!isRecord(value)) throw new ReplyError(`answers without ${what}`);
  return value;
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ReplyError(`answers without ${what}`);
  return value;
}

const decimal = /^-?\d{1,30}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?$/;

function numberOf(value: unknown, what: string): number {
  const number = typeof value === 'string' && decimal.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw new ReplyError(`gives a ${what} that is no number`);
  }
  return number;
}

export function priceOf(value: unknown): number {
  const price = numberOf(value, 'price');
  if (price <= 0) throw new ReplyError('gives a price that is not above 0');
  return price;
}

export function quantityOf(value: unknown): number {
  const quantity = numberOf(value, 'quantity');
  if (quantity < 0) throw new ReplyError('gives a quantity below 0');
  return quantity;
}

/** Bids as [price, quantity, …] each. */
export function bidsOf(value: unknown): readonly Bid[] {
  return listOf(value, 'a list of bids').map((entry) => {
    const [price, quantity] = listOf(entry, 'bids of price and quantity');
    return { price: priceOf(price), quantity: quantityOf(quantity) };
  });
}

/** The member of an object by its name, as `own`, for a value that may be anything. */
export function memberOf(value: unknown, key: string): unknown {
  return isRecord(value) ? own(value, key) : undefined;
}

/** What an exchange says in an error, for a sentence: short, and never what String() could not write out. */
export function shown(value: unknown): string {
  const text = typeof value === 'object' ? 'an object' : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
