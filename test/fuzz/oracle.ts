import * as crypto from 'node:crypto';
import type { JobParams } from '../../libs/jobs/job.ts';
import type { ShareSubmit } from '../../libs/jobs/shareCheck.ts';

// A share's verdict once more: slow, by BigInt, out of the strings that a miner and a daemon see. It shares no code
// with the pool.

const sha256 = (data: Uint8Array): Buffer => crypto.createHash('sha256').update(data).digest();
const sha256d = (data: Uint8Array): Buffer => sha256(sha256(data));

export interface MinerWork {
  readonly extranonce1: string;
  readonly extranonce2: string;
  readonly ntime: string;
  readonly nonce: string;
  /** 8 hex digits, the job's when left out. */
  readonly version?: string;
}

/** What a miner hashes, made of nothing but the strings of mining.notify. */
export function minerHeader(params: JobParams, work: MinerWork): Buffer {
  const swap = (hex: string) =>
    (hex.match(/.{8}/g) ?? []).map((word) => (word.match(/../g) ?? []).reverse().join('')).join('');
  const coinbase = params.coinb1 + work.extranonce1 + work.extranonce2 + params.coinb2;
  let root = sha256d(Buffer.from(coinbase, 'hex'));
  for (const node of params.merkleBranch) {
    root = sha256d(Buffer.concat([root, Buffer.from(node, 'hex')]));
  }
  return Buffer.from(
    swap(work.version ?? params.version) +
      swap(params.prevHash) +
      root.toString('hex') +
      swap(work.ntime) +
      swap(params.nbits) +
      swap(work.nonce),
    'hex',
  );
}

/** What the oracle is told of a job: nothing that the pool has computed but mining.notify itself. */
export interface JobOnPaper {
  readonly params: JobParams;
  /** Of the template: big-endian hex, and seconds. */
  readonly target: string;
  readonly mintime: number;
  /** Of the algorithm. */
  readonly multiplier: number;
  /** The clock, in milliseconds. */
  readonly now: number;
}

const diff1 = 0xffffn << 208n;
const unit = 2 ** 40;

/**
 * '20', '22' or '23' for a refusal, else 'share N' or 'block N' with the credit N in units of 2^-40. `difficulties`, and
 * the difficulty of the target, must be multiples of that. `seen`: headers of this job so far.
 */
export function slowVerdict(
  job: JobOnPaper,
  submit: ShareSubmit,
  difficulties: { readonly job: number; readonly current: number },
  seen: Set<string>,
): string {
  const hex = (text: string, digits: number) => text.length === digits && /^[0-9a-f]*$/i.test(text);
  if (!hex(submit.extranonce2, submit.extranonce2Size * 2)) return '20';
  if (!hex(submit.ntime, 8) || !hex(submit.nonce, 8)) return '20';
  if (submit.versionBits !== undefined && !hex(submit.versionBits, 8)) return '20';
  const ntime = BigInt(`0x${submit.ntime}`);
  if (ntime < BigInt(job.mintime) || ntime > BigInt(job.now) / 1000n + 7200n) return '20';
  const mask = BigInt(submit.versionMask);
  const bits = submit.versionBits === undefined ? undefined : BigInt(`0x${submit.versionBits}`);
  if (bits !== undefined && (bits | mask) !== mask) return '20';
  const base = BigInt(`0x${job.params.version}`);
  const rolled = bits === undefined ? base : (base & (0xffffffffn ^ mask)) | bits;
  const header = minerHeader(job.params, {
    extranonce1: submit.extranonce1.toString('hex'),
    extranonce2: submit.extranonce2,
    ntime: submit.ntime,
    nonce: submit.nonce,
    version: rolled.toString(16).padStart(8, '0'),
  }).toString('hex');
  if (seen.has(header)) return '22';
  seen.add(header);
  const hash = BigInt(`0x${sha256d(Buffer.from(header, 'hex')).reverse().toString('hex')}`);
  const asked = BigInt(Math.min(difficulties.job, difficulties.current) * unit);
  const target = BigInt(`0x${job.target}`);
  const network = (diff1 * BigInt(job.multiplier) * BigInt(unit)) / target;
  const credited = asked < network ? asked : network;
  if (hash <= target) return `block ${credited}`;
  // Worth = diff1 × multiplier / hash; a share from 99 % of what was asked on.
  const worth = diff1 * BigInt(job.multiplier) * BigInt(unit) * 100n;
  return worth < asked * 99n * hash ? '23' : `share ${credited}`;
}
