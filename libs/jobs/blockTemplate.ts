import { messageOf } from '../primitives/errors.ts';
import { reversed } from '../primitives/hex.ts';
import { bitsFromHex, targetFromBits } from '../primitives/target.ts';
import { TextSlice } from '../primitives/textSlice.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';
import { type Payee, parsePayees } from './payees.ts';
import {
  bytesOf,
  integerOf,
  optional,
  shown,
  TemplateError,
  textOf,
  writeHex,
} from './templateFields.ts';

export type { Payee } from './payees.ts';
export { TemplateError } from './templateFields.ts';

/** A `getblocktemplate` reply (BIP 22, 23, 145), every field checked. Bytes are in wire order unless it says otherwise. */
export interface BlockTemplate {
  /** Unsigned 32 bits. */
  readonly version: number;
  /** Big-endian hex in lower case, as daemons show it. */
  readonly previousHash: string;
  readonly height: number;
  readonly nbits: number;
  /** 32 bytes little endian: the template's own `target` where it is told, else what nbits stands for. */
  readonly target: Buffer;
  /** Seconds since 1970. */
  readonly curTime: number;
  readonly minTime: number | undefined;
  /** Everything that the coinbase may pay, payees included. */
  readonly coinbaseValue: Satoshis;
  readonly transactions: TemplateTransactions;
  readonly payees: readonly Payee[];
  /** Bytes that the daemon wants in the coinbase's input script, perhaps none. */
  readonly coinbaseFlags: Buffer;
  /** The output script of the witness commitment (BIP 141). */
  readonly witnessCommitment: Buffer | undefined;
  /** The coinbase's transaction version where the template tells it (Syscoin), unsigned 32 bits. */
  readonly coinbaseVersion: number | undefined;
  /** Extra payload of the coinbase of chains with special transactions (Dash's DIP 2 and 4). */
  readonly coinbasePayload: Buffer | undefined;
  /** Litecoin's MWEB extension block. */
  readonly mweb: Buffer | undefined;
  /** Masternode votes that end the block, where the chain still has them. */
  readonly votes: readonly Buffer[] | undefined;
  readonly longPollId: string | undefined;
}

/** All transactions but the coinbase, in the daemon's order, which is never changed. */
export interface TemplateTransactions {
  readonly count: number;
  /** 32 bytes each, end to end. */
  readonly txids: Buffer;
  /** The serialised transactions, end to end. */
  readonly data: Buffer;
}

/** No block has room for more; a reply that claims so is broken. */
const mostTransactions = 500_000;
const highestUint32 = 0xffffffff;

/** Takes a `getblocktemplate` reply apart. Fields that it does not know are ignored. Throws TemplateError. */
export function parseBlockTemplate(reply: unknown): BlockTemplate {
  if (!isRecord(reply)) throw new TemplateError('reply', `must be an object, not ${shown(reply)}`);
  const nbitsText = textOf(own(reply, 'bits'), 'bits');
  const nbits = orTemplateError('bits', () => bitsFromHex(nbitsText));
  const coinbaseValue = satoshis(
    BigInt(integerOf(own(reply, 'coinbasevalue'), 'coinbasevalue', 0, Number.MAX_SAFE_INTEGER)),
  );
  const minTime = optional(reply, 'mintime');
  const longPollId = optional(reply, 'longpollid');
  const coinbaseVersion = optional(reply, 'version_coinbase');
  return {
    version: integerOf(own(reply, 'version'), 'version', -0x80000000, highestUint32) >>> 0,
    previousHash: bytesOf(own(reply, 'previousblockhash'), 'previousblockhash', 32).toString('hex'),
    height: integerOf(own(reply, 'height'), 'height', 0, highestUint32),
    nbits,
    target: targetOf(reply, nbits),
    curTime: integerOf(own(reply, 'curtime'), 'curtime', 0, highestUint32),
    minTime: minTime === undefined ? undefined : integerOf(minTime, 'mintime', 0, highestUint32),
    coinbaseValue,
    transactions: transactionsOf(own(reply, 'transactions')),
    payees: parsePayees(reply, coinbaseValue),
    coinbaseFlags: flagsOf(optional(reply, 'coinbaseaux')),
    witnessCommitment: optionalBytes(reply, 'default_witness_commitment'),
    coinbaseVersion:
      coinbaseVersion === undefined
        ? undefined
        : integerOf(coinbaseVersion, 'version_coinbase', -0x80000000, highestUint32) >>> 0,
    coinbasePayload: optionalBytes(reply, 'coinbase_payload'),
    mweb: optionalBytes(reply, 'mweb'),
    votes: votesOf(reply),
    longPollId: longPollId === undefined ? undefined : textOf(longPollId, 'longpollid'),
  };
}

/** True if both ask for the same work, whatever their time: a job of one is as good as a job of the other. */
export function isSameWork(a: BlockTemplate, b: BlockTemplate): boolean {
  return (
    a.previousHash === b.previousHash &&
    a.height === b.height &&
    a.version === b.version &&
    a.nbits === b.nbits &&
    a.coinbaseValue === b.coinbaseValue &&
    a.coinbaseVersion === b.coinbaseVersion &&
    a.target.equals(b.target) &&
    a.transactions.txids.equals(b.transactions.txids) &&
    a.coinbaseFlags.equals(b.coinbaseFlags) &&
    sameBytes(a.witnessCommitment, b.witnessCommitment) &&
    sameBytes(a.coinbasePayload, b.coinbasePayload) &&
    sameBytes(a.mweb, b.mweb) &&
    sameList(a.votes ?? [], b.votes ?? [], sameBytes) &&
    sameList(a.payees, b.payees, samePayee)
  );
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  return a.every((entry, at) => {
    const other = b[at];
    return other !== undefined && same(entry, other);
  });
}

function samePayee(a: Payee, b: Payee): boolean {
  if (a.amount !== b.amount) return false;
  if ('script' in a.to) return 'script' in b.to && a.to.script.equals(b.to.script);
  return 'address' in b.to && a.to.address === b.to.address;
}

function targetOf(reply: UnknownRecord, nbits: number): Buffer {
  const told = optional(reply, 'target');
  if (told === undefined) return orTemplateError('bits', () => targetFromBits(nbits));
  const target = reversed(bytesOf(told, 'target', 32));
  if (target.every((byte) => byte === 0)) throw new TemplateError('target', 'must be above zero');
  return target;
}

/**
 * The data goes into one buffer by the platform's own hex decoder, which is also the check: a template of 2.4 MB costs
 * a few milliseconds.
 */
function transactionsOf(list: unknown): TemplateTransactions {
  if (!Array.isArray(list)) {
    throw new TemplateError('transactions', `must be a list, not ${shown(list)}`);
  }
  const count = list.length;
  if (count > mostTransactions) {
    throw new TemplateError('transactions', `must be at most ${mostTransactions}, not ${count}`);
  }
  const texts: (string | TextSlice)[] = [];
  const txids = Buffer.allocUnsafe(count * 32);
  let size = 0;
  for (const [at, entry] of list.entries()) {
    const transaction: unknown = entry;
    if (!isRecord(transaction)) {
      throw new TemplateError(
        `transactions[${at}]`,
        `must be an object, not ${shown(transaction)}`,
      );
    }
    // Daemons without segwit tell the txid as `hash` alone; with it, `hash` is the wtxid.
    const txid = own(transaction, 'txid') ?? own(transaction, 'hash');
    txids.set(bytesOf(txid, `transactions[${at}].txid`, 32).reverse(), at * 32);
    const told = own(transaction, 'data');
    const data = told instanceof TextSlice ? told : textOf(told, `transactions[${at}].data`);
    texts.push(data);
    size += data.length >>> 1;
  }
  return { count, txids, data: joinHex(texts, size) };
}

function joinHex(texts: readonly (string | TextSlice)[], size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const [index, told] of texts.entries()) {
    const text = told.toString();
    if (text === '' || !writeHex(text, bytes, at)) {
      throw new TemplateError(`transactions[${index}].data`, `must be hex, not ${shown(text)}`);
    }
    at += text.length >>> 1;
  }
  return bytes;
}

function flagsOf(aux: unknown): Buffer {
  if (aux === undefined) return Buffer.alloc(0);
  if (!isRecord(aux))
    throw new TemplateError('coinbaseaux', `must be an object, not ${shown(aux)}`);
  const flags = optional(aux, 'flags');
  return flags === undefined ? Buffer.alloc(0) : bytesOf(flags, 'coinbaseaux.flags');
}

function votesOf(reply: UnknownRecord): Buffer[] | undefined {
  const votes = optional(reply, 'votes');
  if (own(reply, 'masternode_payments') !== true || votes === undefined) return undefined;
  if (!Array.isArray(votes))
    throw new TemplateError('votes', `must be a list, not ${shown(votes)}`);
  return votes.map((vote: unknown, at) => bytesOf(vote, `votes[${at}]`));
}

/** Undefined when it is left out or empty. */
function optionalBytes(reply: UnknownRecord, field: string): Buffer | undefined {
  const value = optional(reply, field);
  if (value === undefined || value === '') return undefined;
  return bytesOf(value, field);
}

function orTemplateError<T>(field: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new TemplateError(field, `is wrong: ${messageOf(error)}`, { cause: error });
  }
}
