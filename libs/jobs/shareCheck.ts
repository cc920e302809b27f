import { foldMerkle } from '../algos/sha256.ts';
import { reversed } from '../primitives/hex.ts';
import { difficultyOfHash, isBelowOrEqual } from '../primitives/target.ts';
import { type Difficulty, difficulty, type Millis } from '../primitives/units.ts';
import { parseBytes, parseUint32 } from './hexDigits.ts';
import type { Job } from './job.ts';

// A share's verdict, in two pure steps with the proof-of-work hash between them: prepare, hash, judge.

export interface ShareSubmit {
  /** 4 bytes, unique to the connection. */
  readonly extranonce1: Buffer;
  /** Bytes. */
  readonly extranonce2Size: number;
  // The miner's own text.
  readonly extranonce2: string;
  readonly ntime: string;
  readonly nonce: string;
  readonly versionBits: string | undefined;
  /** Bits that the connection may roll (BIP 310), 0 for none. */
  readonly versionMask: number;
}

export interface ShareReject {
  /** 20 malformed, 21 job not found, 22 duplicate, 23 low difficulty. */
  readonly code: 20 | 21 | 22 | 23;
  readonly message: string;
  /** Whether it counts towards a ban. */
  readonly counts: boolean;
  /** What the hash was worth, when there is one. */
  readonly shareDiff?: number;
}

export interface PreparedShare {
  readonly kind: 'prepared';
  /** The 80 bytes to hash. */
  readonly header: Buffer;
  /** Without witness. */
  readonly coinbase: Buffer;
}

export interface RejectedShare {
  readonly kind: 'rejected';
  readonly reason: ShareReject;
}

export type ShareVerdict =
  | RejectedShare
  | {
      readonly kind: 'share';
      readonly credited: Difficulty;
      /** What the hash is worth. */
      readonly found: Difficulty;
    }
  | {
      readonly kind: 'block';
      readonly credited: Difficulty;
      readonly found: Difficulty;
      /** Big-endian hex. */
      readonly blockHash: string;
      /** Txid of the coinbase, as daemons show it. */
      readonly txHash: string;
      /** The whole block, to be submitted as it is. */
      readonly block: Buffer;
    };

/** How far ahead of the clock a block's time may be, in seconds (a rule of Bitcoin's consensus). */
const mostAhead = 7200;
/** A share is good from this part of its difficulty on: miners compute targets in floating point. */
const tolerance = 0.99;

const badExtranonce2 = refusal(20, 'incorrect size of extranonce2');
const badNtime = refusal(20, 'incorrect size of ntime');
const badNonce = refusal(20, 'incorrect size of nonce');
const badVersionBits = refusal(20, 'incorrect size of version bits');
const ntimeOutOfRange = refusal(20, 'ntime out of range');
const versionOutOfMask = refusal(20, 'version bits outside of the mask');
const duplicate = refusal(22, 'duplicate share');

function refusal(code: ShareReject['code'], message: string): RejectedShare {
  return Object.freeze({
    kind: 'rejected',
    reason: Object.freeze({ code, message, counts: true }),
  });
}

/**
 * Everything that can be said of a submit without hashing. A submit that passes is remembered in its job: the same one
 * again is a duplicate, however its hex is written.
 */
export function prepareShare(
  job: Job,
  submit: ShareSubmit,
  now: Millis,
): PreparedShare | RejectedShare {
  const extranonce2 = parseBytes(submit.extranonce2, submit.extranonce2Size);
  if (extranonce2 === undefined) return badExtranonce2;
  const ntime = parseUint32(submit.ntime);
  if (ntime === -1) return badNtime;
  const nonce = parseUint32(submit.nonce);
  if (nonce === -1) return badNonce;
  const { versionBits } = submit;
  const bits = versionBits === undefined ? undefined : parseUint32(versionBits);
  if (bits === -1) return badVersionBits;

  if (ntime < job.minTime || ntime > Math.floor(now / 1000) + mostAhead) return ntimeOutOfRange;
  const mask = submit.versionMask;
  if (bits !== undefined && (bits & ~mask) !== 0) return versionOutOfMask;
  // Without the parameter nothing was rolled; with it, it replaces all bits of the mask (BIP 310).
  const version = bits === undefined ? job.version : ((job.version & ~mask) | bits) >>> 0;

  const key = keyOf(submit.extranonce1, extranonce2, ntime, nonce, version);
  if (!job.registerSubmit(key)) return duplicate;

  const coinbase = job.coinbase(submit.extranonce1, extranonce2);
  const merkleRoot = foldMerkle(job.algorithm.coinbaseHash(coinbase), job.merkleBranch);
  return { kind: 'prepared', header: job.header(version, merkleRoot, ntime, nonce), coinbase };
}

const scratch = Buffer.alloc(64);

/** The decoded fields as a string of one character a byte. The version decides, not how its bits were spelled. */
function keyOf(
  extranonce1: Uint8Array,
  extranonce2: Uint8Array,
  ntime: number,
  nonce: number,
  version: number,
): string {
  scratch.writeUInt32LE(ntime, 0);
  scratch.writeUInt32LE(nonce, 4);
  scratch.writeUInt32LE(version, 8);
  scratch.set(extranonce1, 12);
  const at = 12 + extranonce1.length;
  scratch.set(extranonce2, at);
  return scratch.toString('latin1', 0, at + extranonce2.length);
}

/**
 * The verdict on a hashed share. `powHash` is 32 bytes in wire order; `difficulties` are the connection's when the job
 * was sent to it and now.
 *
 * A block is decided first, by comparing 256-bit integers, and is credited even below the port's difficulty. A share is
 * measured by, and credited with, the lower of the two difficulties: were it credited with the job's higher one but
 * accepted at the lower current one, its miner would on average be paid more work than was done. No credit is above the
 * network's difficulty, since a hash of that worth ends the round already.
 */
export function judgeShare(
  job: Job,
  prepared: PreparedShare,
  powHash: Buffer,
  difficulties: { readonly job: Difficulty; readonly current: Difficulty },
): ShareVerdict {
  const { algorithm } = job;
  const found = difficulty(difficultyOfHash(powHash, algorithm.multiplier));
  const threshold = Math.min(difficulties.job, difficulties.current);
  const credited = difficulty(Math.min(threshold, job.networkDifficulty));
  if (isBelowOrEqual(powHash, job.target)) {
    return {
      kind: 'block',
      credited,
      found,
      blockHash: blockHashOf(job, prepared, powHash),
      txHash: shownHash(algorithm.coinbaseHash(prepared.coinbase)),
      block: job.serializeBlock(prepared.header, prepared.coinbase),
    };
  }
  if (found < threshold * tolerance) {
    const message = `low difficulty share of ${found}`;
    return { kind: 'rejected', reason: { code: 23, message, counts: true, shareDiff: found } };
  }
  return { kind: 'share', credited, found };
}

/** What the share's block is called, or would be were it one: big-endian hex. */
export function blockHashOf(
  { algorithm }: Job,
  { header }: PreparedShare,
  powHash: Buffer,
): string {
  return shownHash(algorithm.blockHash(header, powHash));
}

/** Wire order to the order in which daemons show hashes. */
function shownHash(hash: Buffer): string {
  return reversed(hash).toString('hex');
}
