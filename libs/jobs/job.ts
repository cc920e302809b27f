import type { Algorithm } from '../algos/types.ts';
import { ByteWriter, compactSize } from '../primitives/bytes.ts';
import { reversed } from '../primitives/hex.ts';
import { difficultyOfTarget } from '../primitives/target.ts';
import { type Difficulty, difficulty, type Millis, type Satoshis } from '../primitives/units.ts';
import type { AuxTree } from './auxPow.ts';
import type { BlockTemplate } from './blockTemplate.ts';
import {
  type CoinbaseParts,
  type CoinbaseSettings,
  createCoinbase,
  extranonce1Size,
} from './coinbase.ts';
import { headerAt, writeHeader } from './header.ts';
import { merkleBranch } from './merkle.ts';

// A block template made ready for mining: what is sent to miners, and what a share is checked and a block is built with.

export interface JobSettings extends CoinbaseSettings {
  readonly algorithm: Algorithm;
}

/** The hex fields of mining.notify. */
export interface JobParams {
  /** Previous block hash, its eight 32-bit words each byte-swapped. */
  readonly prevHash: string;
  readonly coinb1: string;
  readonly coinb2: string;
  readonly merkleBranch: readonly string[];
  readonly version: string;
  readonly nbits: string;
  readonly ntime: string;
}

export interface Job {
  /** Lower-case hex of `sequence`. */
  readonly jobId: string;
  readonly sequence: number;
  readonly clean: boolean;
  readonly height: number;
  /** Big-endian hex, as daemons show it. */
  readonly previousHash: string;
  /** The network's, 32 bytes little endian. */
  readonly target: Buffer;
  /** The network's, in stratum units. */
  readonly networkDifficulty: Difficulty;
  /** The lowest of the chains that this job works for: a miner above it would leave blocks unfound. */
  readonly lowestDifficulty: Difficulty;
  readonly algorithm: Algorithm;
  /** Unsigned 32 bits, before any version rolling. */
  readonly version: number;
  /** Seconds; no share may be older. */
  readonly minTime: number;
  /** Seconds; the ntime that miners start with. */
  readonly curTime: number;
  /** What the coinbase pays to the pool's own output. */
  readonly poolReward: Satoshis;
  readonly coinbaseValue: Satoshis;
  readonly template: BlockTemplate;
  /** Nodes of 32 bytes in wire order, end to end. */
  readonly merkleBranch: Buffer;
  /** The blocks of other chains that its coinbase commits to. */
  readonly auxiliary: AuxTree | undefined;
  notifyParams(extranonce2Size: number): JobParams;
  /** The coinbase without witness, whose hash goes into the merkle root. */
  coinbase(extranonce1: Uint8Array, extranonce2: Uint8Array): Buffer;
  /** The 80 bytes to hash; `version`, `ntime` and `nonce` are unsigned 32 bits. */
  header(version: number, merkleRoot: Uint8Array, ntime: number, nonce: number): Buffer;
  /** The whole block, with the coinbase's witness and everything that its chain puts behind the transactions. */
  serializeBlock(header: Buffer, coinbaseStripped: Buffer): Buffer;
  /** False if this job has seen the key before. The keys go when the job goes. */
  registerSubmit(key: string): boolean;
}

/** Throws TemplateError, or what `settings.payeeScript` throws, when the template cannot be mined. */
export function createJob(
  template: BlockTemplate,
  settings: JobSettings,
  place: {
    readonly sequence: number;
    readonly clean: boolean;
    readonly now: Millis;
    /** Left out of the job when the template leaves no room for its commitment. */
    readonly auxiliary?: AuxTree | undefined;
  },
): Job {
  const { sequence, clean, now } = place;
  const coinbase = createCoinbase(template, settings, {
    time: Math.floor(now / 1000),
    sequence,
    commitment: place.auxiliary?.commitment,
  });
  const auxiliary = coinbase.commits ? place.auxiliary : undefined;
  const { multiplier } = settings.algorithm;
  const networkDifficulty = difficultyOfTarget(template.target, multiplier);
  const branch = merkleBranch(template.transactions.txids);
  const curTime = Math.max(template.curTime, template.minTime ?? 0);
  const headerTemplate = writeHeader({
    version: template.version,
    previousHash: reversed(Buffer.from(template.previousHash, 'hex')),
    merkleRoot: Buffer.alloc(32),
    ntime: 0,
    nbits: template.nbits,
    nonce: 0,
  });
  const shared = {
    prevHash: wordsReversed(template.previousHash),
    merkleBranch: nodesOf(branch),
    version: hex32(template.version),
    nbits: hex32(template.nbits),
    ntime: hex32(curTime),
  };
  const partsBySize = new Map<number, CoinbaseParts>();
  const paramsBySize = new Map<number, JobParams>();
  const submits = new Set<string>();

  const partsOf = (extranonce2Size: number): CoinbaseParts => {
    let parts = partsBySize.get(extranonce2Size);
    if (parts === undefined) {
      parts = coinbase.parts(extranonce2Size);
      partsBySize.set(extranonce2Size, parts);
    }
    return parts;
  };
  // A template whose flags leave no room fails here, and not at a port's first job.
  partsOf(coinbase.longestExtranonce2);

  return {
    jobId: sequence.toString(16),
    sequence,
    clean,
    height: template.height,
    previousHash: template.previousHash,
    target: template.target,
    networkDifficulty,
    lowestDifficulty: lowestOf(networkDifficulty, auxiliary),
    algorithm: settings.algorithm,
    version: template.version,
    // A POS block must not be older than the time stamp in its coinbase.
    minTime: settings.reward === 'POS' ? curTime : (template.minTime ?? curTime),
    curTime,
    poolReward: coinbase.poolReward,
    coinbaseValue: template.coinbaseValue,
    template,
    merkleBranch: branch,
    auxiliary,

    notifyParams(extranonce2Size) {
      let params = paramsBySize.get(extranonce2Size);
      if (params === undefined) {
        const { left, right } = partsOf(extranonce2Size);
        params = { ...shared, coinb1: left.toString('hex'), coinb2: right.toString('hex') };
        paramsBySize.set(extranonce2Size, params);
      }
      return params;
    },

    coinbase(extranonce1, extranonce2) {
      if (extranonce1.length !== extranonce1Size) {
        throw new RangeError(`Extranonce1 is ${extranonce1Size} bytes, not ${extranonce1.length}`);
      }
      const { left, right } = partsOf(extranonce2.length);
      const at = left.length + extranonce1Size;
      const bytes = Buffer.allocUnsafe(at + extranonce2.length + right.length);
      bytes.set(left, 0);
      bytes.set(extranonce1, left.length);
      bytes.set(extranonce2, at);
      bytes.set(right, at + extranonce2.length);
      return bytes;
    },

    header(version, merkleRoot, ntime, nonce) {
      const bytes = Buffer.allocUnsafe(headerTemplate.length);
      bytes.set(headerTemplate, 0);
      bytes.writeUInt32LE(version, headerAt.version);
      bytes.set(merkleRoot, headerAt.merkleRoot);
      bytes.writeUInt32LE(ntime, headerAt.ntime);
      bytes.writeUInt32LE(nonce, headerAt.nonce);
      return bytes;
    },

    serializeBlock: (header, coinbaseStripped) =>
      Buffer.concat([
        header,
        compactSize(template.transactions.count + 1),
        coinbase.withWitness(coinbaseStripped),
        template.transactions.data,
        ...votesOf(template),
        // A block signature of no bytes: proof of work needs none.
        ...(settings.reward === 'POS' ? [Buffer.from([0])] : []),
        // Litecoin: an optional extension block, marked as present.
        ...(template.mweb === undefined ? [] : [Buffer.from([1]), template.mweb]),
      ]),

    registerSubmit(key) {
      const before = submits.size;
      submits.add(key);
      return submits.size > before;
    },
  };
}

function lowestOf(network: Difficulty, auxiliary: AuxTree | undefined): Difficulty {
  const others = auxiliary?.placed.map(({ block }) => block.networkDifficulty) ?? [];
  return difficulty(Math.min(network, ...others));
}

function votesOf({ votes }: BlockTemplate): Buffer[] {
  return votes === undefined ? [] : [compactSize(votes.length), ...votes];
}

function nodesOf(branch: Buffer): string[] {
  const nodes: string[] = [];
  for (let at = 0; at < branch.length; at += 32) nodes.push(branch.toString('hex', at, at + 32));
  return nodes;
}

/** Stratum's spelling of a previous hash: wire order with each word swapped is the shown hash, its words in reverse. */
function wordsReversed(hash: string): string {
  let words = '';
  for (let at = hash.length - 8; at >= 0; at -= 8) words += hash.slice(at, at + 8);
  return words;
}

function hex32(value: number): string {
  return new ByteWriter(4).u32(value).done().reverse().toString('hex');
}
