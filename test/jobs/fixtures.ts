import * as crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Algorithm } from '../../libs/algos/types.ts';
import { type BlockTemplate, parseBlockTemplate } from '../../libs/jobs/blockTemplate.ts';
import { createJob, type Job, type JobSettings } from '../../libs/jobs/job.ts';
import { ByteReader } from '../../libs/primitives/bytes.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { millis } from '../../libs/primitives/units.ts';
import { isRecord, own, type UnknownRecord } from '../../libs/primitives/unknown.ts';

// What the tests of this room share: plain algorithms by Node's own crypto, templates, and a miner's view of a job.

export const sha256 = (data: Uint8Array): Buffer =>
  crypto.createHash('sha256').update(data).digest();
export const sha256d = (data: Uint8Array): Buffer => sha256(sha256(data));
export const scryptHash = (header: Uint8Array): Buffer =>
  crypto.scryptSync(header, header, 32, { N: 1024, r: 1, p: 1 });

export const sha256Algorithm: Algorithm = {
  name: 'sha256',
  multiplier: 1,
  slow: false,
  hash: sha256d,
  hashAsync: (header) => Promise.resolve(sha256d(header)),
  coinbaseHash: sha256d,
  blockHash: (_header, powHash) => powHash,
};

export const scryptAlgorithm: Algorithm = {
  name: 'scrypt',
  multiplier: 65536,
  slow: true,
  hash: scryptHash,
  hashAsync: (header) => Promise.resolve(scryptHash(header)),
  coinbaseHash: sha256d,
  blockHash: (header) => sha256d(header),
};

export const poolScript = Buffer.from(`76a914${'11'.repeat(20)}88ac`, 'hex');
export const feeScript = Buffer.from(`a914${'22'.repeat(20)}87`, 'hex');
export const payeeAddress = 'Xpayee';
export const payeeAddressScript = Buffer.from(`76a914${'33'.repeat(20)}88ac`, 'hex');

export function settingsOf(changes: Partial<JobSettings> = {}): JobSettings {
  return {
    algorithm: sha256Algorithm,
    poolScript,
    recipients: [],
    signature: '/nodeStratum/',
    txMessages: false,
    reward: 'POW',
    payeeScript: (address) => {
      if (address !== payeeAddress) throw new Error(`no script for ${address}`);
      return payeeAddressScript;
    },
    ...changes,
  };
}

export const now = millis(1_700_000_100_000);
export const curTime = 1_700_000_000;
export const txid = (byte: number) => byte.toString(16).padStart(2, '0').repeat(32);

/** A small reply of getblocktemplate on a chain at the easiest target of mainnets. */
export function replyOf(changes: UnknownRecord = {}): UnknownRecord {
  return {
    version: 0x20000000,
    previousblockhash: '000000000002d01c1fccc21636b607dfd930d31d01c3a62104612a1719011250',
    transactions: [
      { data: '01aa', txid: txid(1), hash: txid(0xf1), fee: 10 },
      { data: '02bb', txid: txid(2), hash: txid(0xf2), fee: 20 },
    ],
    coinbaseaux: { flags: '' },
    coinbasevalue: 5_000_000_030,
    target: `00000000ffff${'00'.repeat(26)}`,
    mintime: curTime - 1000,
    curtime: curTime,
    bits: '1d00ffff',
    height: 500_000,
    ...changes,
  };
}

export const templateOf = (changes: UnknownRecord = {}): BlockTemplate =>
  parseBlockTemplate(replyOf(changes));

export function jobOf(changes: UnknownRecord = {}, settings: Partial<JobSettings> = {}): Job {
  const place = { sequence: 26, clean: true, now };
  return createJob(templateOf(changes), settingsOf(settings), place);
}

export const extranonce1 = Buffer.from('0a0b0c0d', 'hex');

export interface Transaction {
  readonly version: number;
  readonly time: number | undefined;
  readonly script: Buffer;
  readonly outputs: readonly { readonly amount: bigint; readonly script: string }[];
  readonly witness: readonly string[];
  /** Lock time and what follows it. */
  readonly tail: string;
}

/** Takes a coinbase apart by the wire format. */
export function readCoinbase(bytes: Uint8Array, isPos = false): Transaction {
  const reader = new ByteReader(bytes);
  const version = reader.u32();
  const time = isPos ? reader.u32() : undefined;
  let inputs = reader.compactSize();
  const hasWitness = inputs === 0;
  if (hasWitness) {
    reader.u8();
    inputs = reader.compactSize();
  }
  if (inputs !== 1) throw new Error(`${inputs} inputs`);
  if (!reader.raw(32).equals(Buffer.alloc(32))) throw new Error('previous output');
  if (reader.u32() !== 0xffffffff) throw new Error('previous index');
  const script = Buffer.from(reader.varBytes());
  reader.u32();
  const outputs: { amount: bigint; script: string }[] = [];
  for (let left = reader.compactSize(); left > 0; left--) {
    outputs.push({ amount: reader.u64(), script: reader.varBytes().toString('hex') });
  }
  const witness: string[] = [];
  if (hasWitness) {
    for (let left = reader.compactSize(); left > 0; left--) {
      witness.push(reader.varBytes().toString('hex'));
    }
  }
  return {
    version,
    time,
    script,
    outputs,
    witness,
    tail: reader.raw(reader.left).toString('hex'),
  };
}

/** Readers of a recorded JSON file in test/vectors/. */
export function readVector(name: string): UnknownRecord {
  const path = join(installRoot, 'test', 'vectors', name);
  return recordOf(JSON.parse(readFileSync(path, 'utf8')));
}

export function recordOf(value: unknown): UnknownRecord {
  if (!isRecord(value)) throw new TypeError('no record');
  return value;
}

export function text(from: UnknownRecord, key: string): string {
  const value = own(from, key);
  if (typeof value !== 'string') throw new TypeError(`${key} is no text`);
  return value;
}

export function number(from: UnknownRecord, key: string): number {
  const value = own(from, key);
  if (typeof value !== 'number') throw new TypeError(`${key} is no number`);
  return value;
}

export function list(from: UnknownRecord, key: string): unknown[] {
  const value = own(from, key);
  if (!Array.isArray(value)) throw new TypeError(`${key} is no list`);
  return value;
}

/** The same pseudo-random numbers for the same seed, within 0–1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}
