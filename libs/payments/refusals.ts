import { messageOf } from '../primitives/errors.ts';
import { rpcCodeOf } from './rpcReplies.ts';

// What a daemon's refusal of a payment means. Its numbers stand for several things each: the words tell them apart.

/** Why the wallet certainly did not pay. */
export interface Refusal {
  readonly why: /** Less or fewer payees may pass: funds with fees, or the size of the transaction. */
    | 'tooMuch'
    /** An amount is below what the network relays. */
    | 'tooSmall'
    /** The daemon calls an address invalid. */
    | 'address'
    /** Nothing about this payment: locked, warming up, no wallet, … */
    | 'notNow'
    /** The input that must be spent is taken by a transaction that is not confirmed. */
    | 'inputTaken';
  readonly reason: string;
}

/** Errors of sendmany that come before a transaction is made: amounts, address, funds, lock, wallet, warm-up, request. */
const beforeSending: ReadonlySet<number> = new Set([
  ...[-3, -5, -6, -8, -12, -13, -18, -19, -28],
  ...[-32600, -32601, -32602, -32700],
]);

/** True for an error of sendmany that says for sure that no transaction was made. */
export function isBeforeSending(error: unknown): boolean {
  return beforeSending.has(rpcCodeOf(error) ?? 0);
}

/** A mempool's own word for what is wrong with a transaction. */
export function rejectionOf(reason: string): Refusal {
  if (/dust/i.test(reason)) return { why: 'tooSmall', reason };
  return { why: /tx-size/i.test(reason) ? 'tooMuch' : 'notNow', reason };
}

/** What a daemon's error about a transaction means. -6 and -4 stand for several things: only the words tell them apart. */
export function refusalOf(error: unknown): Refusal {
  const reason = messageOf(error);
  const code = rpcCodeOf(error);
  if (/too small|dust/i.test(reason)) return { why: 'tooSmall', reason };
  if (/insufficient|too large|tx-size|exceeds/i.test(reason)) return { why: 'tooMuch', reason };
  if (code === -6) return { why: 'tooMuch', reason };
  return { why: code === -5 ? 'address' : 'notNow', reason };
}

/** -27 since Core 0.9, and the words of versions that say it by another number. */
export function isAlreadyThere(error: unknown): boolean {
  const code = rpcCodeOf(error);
  if (code === undefined) return false;
  return (
    code === -27 || /already in (block ?chain|mempool|utxo)|txn-already/i.test(messageOf(error))
  );
}
