// A miner's arithmetic, written from the stratum protocol alone: it shares no code with libs/jobs, so that a share or
// block that both sides agree on is right.
import { createHash, scryptSync } from 'node:crypto';

export type TestAlgorithm = 'scrypt' | 'sha256';

/** A job as mining.notify brings it: all hex. */
export interface MinerJob {
  readonly jobId: string;
  readonly prevHash: string;
  readonly coinb1: string;
  readonly coinb2: string;
  readonly merkleBranch: readonly string[];
  readonly version: string;
  readonly nbits: string;
  readonly ntime: string;
  readonly clean: boolean;
}

/** The job of a mining.notify's params, or undefined when they are none. */
export function jobFromNotify(params: unknown): MinerJob | undefined {
  if (!Array.isArray(params) || params.length < 9) return undefined;
  const [jobId, prevHash, coinb1, coinb2, branch, version, nbits, ntime, clean] =
    params as unknown[];
  const texts = [jobId, prevHash, coinb1, coinb2, version, nbits, ntime];
  if (!texts.every((text) => typeof text === 'string') || !Array.isArray(branch)) return undefined;
  return {
    jobId: String(jobId),
    prevHash: String(prevHash),
    coinb1: String(coinb1),
    coinb2: String(coinb2),
    merkleBranch: branch.map(String),
    version: String(version),
    nbits: String(nbits),
    ntime: String(ntime),
    clean: clean === true,
  };
}

/** The coinbase transaction in the stripped form that the txid is made of. */
export function coinbaseOf(job: MinerJob, extranonce1: string, extranonce2: string): Buffer {
  return Buffer.from(job.coinb1 + extranonce1 + extranonce2 + job.coinb2, 'hex');
}

/** The 80 bytes that are hashed. The miner's ntime and nonce are hex as they go into mining.submit. */
export function headerOf(job: MinerJob, coinbase: Buffer, ntime: string, nonce: string): Buffer {
  const root = job.merkleBranch.reduce(
    (left, right) => sha256d(Buffer.concat([left, Buffer.from(right, 'hex')])),
    sha256d(coinbase),
  );
  const header = Buffer.concat([
    Buffer.from(job.version, 'hex').reverse(),
    // Stratum turns the bytes of each 32-bit word of this hash.
    Buffer.from(job.prevHash, 'hex').swap32(),
    root,
    Buffer.from(ntime, 'hex').reverse(),
    Buffer.from(job.nbits, 'hex').reverse(),
    Buffer.from(nonce, 'hex').reverse(),
  ]);
  if (header.length !== 80) throw new RangeError(`the header has ${header.length} bytes`);
  return header;
}

/** Proof-of-work hash as a number. */
export function powOf(algorithm: TestAlgorithm, header: Buffer): bigint {
  const hash =
    algorithm === 'scrypt'
      ? scryptSync(header, header, 32, { N: 1024, r: 1, p: 1 })
      : sha256d(header);
  return BigInt(`0x${hash.reverse().toString('hex')}`);
}

/** The block's name as explorers show it. */
export function blockHashOf(header: Buffer): string {
  return sha256d(header).reverse().toString('hex');
}

/** The largest hash of a block, from the compact form. */
export function blockTargetOf(nbits: string): bigint {
  const compact = Number.parseInt(nbits, 16);
  return BigInt(compact & 0xffffff) << BigInt(8 * ((compact >>> 24) - 3));
}

const diff1 = Number(0xffffn << 208n);

/** Stratum difficulty of a hash: scrypt's is counted 65536 times as high as sha256's. */
export function difficultyOf(algorithm: TestAlgorithm, pow: bigint): number {
  return (diff1 * (algorithm === 'scrypt' ? 65536 : 1)) / Number(pow);
}

function sha256d(data: Buffer): Buffer {
  const once = createHash('sha256').update(data).digest();
  return createHash('sha256').update(once).digest();
}
