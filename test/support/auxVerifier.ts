import { createHash, scryptSync } from 'node:crypto';

// What an auxiliary chain checks of a proof (CAuxPow::check of Namecoin's and Dogecoin's daemons, and the target),
// written from the rules alone: it shares no code with libs/, so that a proof on which both agree is right.

export interface AuxPowParts {
  readonly coinbase: Buffer;
  /** The input script of the coinbase. */
  readonly script: Buffer;
  readonly parentHash: Buffer;
  readonly coinbaseBranch: readonly Buffer[];
  readonly coinbaseIndex: number;
  readonly chainBranch: readonly Buffer[];
  readonly chainIndex: number;
  readonly parentHeader: Buffer;
}

export interface AuxClaim {
  /** As explorers show it. */
  readonly blockHash: string;
  readonly chainId: number;
  readonly bits: number;
  readonly algorithm: 'sha256' | 'scrypt';
}

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(size: number): Buffer {
    if (this.at + size > this.#bytes.length) throw new Error('the proof is too short');
    this.at += size;
    return this.#bytes.subarray(this.at - size, this.at);
  }

  number(): number {
    return this.take(4).readUInt32LE();
  }

  size(): number {
    const first = this.take(1).readUInt8();
    if (first < 253) return first;
    if (first === 253) return this.take(2).readUInt16LE();
    throw new Error('a size that no proof has');
  }

  hashes(): Buffer[] {
    return Array.from({ length: this.size() }, () => this.take(32));
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }
}

export function parseAuxPow(proof: Buffer): AuxPowParts {
  const reader = new Reader(proof);
  reader.take(4);
  if (reader.size() !== 1) throw new Error('the coinbase has not exactly one input');
  reader.take(36);
  const script = reader.take(reader.size());
  reader.take(4);
  for (let outputs = reader.size(); outputs > 0; outputs--) {
    reader.take(8);
    reader.take(reader.size());
  }
  reader.take(4);
  const coinbase = proof.subarray(0, reader.at);
  const parts = {
    coinbase,
    script,
    parentHash: reader.take(32),
    coinbaseBranch: reader.hashes(),
    coinbaseIndex: reader.number(),
    chainBranch: reader.hashes(),
    chainIndex: reader.number(),
    parentHeader: reader.take(80),
  };
  if (!reader.isAtEnd) throw new Error('bytes behind the proof');
  return parts;
}

/** Undefined if the proof is good for the claim, else what is wrong with it. */
export function faultOf(proof: Buffer, claim: AuxClaim): string | undefined {
  let parts: AuxPowParts;
  try {
    parts = parseAuxPow(proof);
  } catch (error) {
    return String(error);
  }
  const { script, parentHeader, chainBranch } = parts;
  if (parts.coinbaseIndex !== 0) return 'the transaction is not the first of its block';
  if (parentHeader.readUInt32LE(0) >>> 16 === claim.chainId) return 'the parent has our chain id';
  if (chainBranch.length > 30) return 'the chain branch is too long';
  const merkleRoot = fold(sha256d(parts.coinbase), parts.coinbaseBranch, 0);
  if (!merkleRoot.equals(parentHeader.subarray(36, 68))) return 'the coinbase is not in the block';

  const leaf = Buffer.from(claim.blockHash, 'hex').reverse();
  const root = Buffer.from(fold(leaf, chainBranch, parts.chainIndex)).reverse();
  const magic = Buffer.from('fabe6d6d', 'hex');
  const magicAt = script.indexOf(magic);
  if (magicAt === -1) return 'no merged mining header';
  if (script.indexOf(magic, magicAt + 1) !== -1) return 'several merged mining headers';
  if (script.indexOf(root) !== magicAt + 4) return 'the chain root does not follow the header';
  const tail = script.subarray(magicAt + 36);
  if (tail.length < 8) return 'no size and nonce';
  if (tail.readUInt32LE(0) !== 2 ** chainBranch.length) return 'the size is not that of the branch';
  const slot = expectedIndex(tail.readUInt32LE(4), claim.chainId, chainBranch.length);
  if (slot !== parts.chainIndex) return 'the wrong index';
  if (powOf(claim.algorithm, parentHeader) > targetOf(claim.bits)) return 'too little work';
  return undefined;
}

/** getExpectedIndex, on unsigned numbers without limit: the remainder at the end is all that counts. */
export function expectedIndex(nonce: number, chainId: number, height: number): number {
  const step = (value: bigint) => value * 1_103_515_245n + 12_345n;
  return Number(step(step(BigInt(nonce)) + BigInt(chainId)) % 2n ** BigInt(height));
}

/** Proof-of-work hash as a number. */
export function powOf(algorithm: 'sha256' | 'scrypt', header: Buffer): bigint {
  const hash =
    algorithm === 'scrypt'
      ? scryptSync(header, header, 32, { N: 1024, r: 1, p: 1 })
      : sha256d(header);
  return BigInt(`0x${hash.reverse().toString('hex')}`);
}

export function targetOf(bits: number): bigint {
  return BigInt(bits & 0x7fffff) * 256n ** BigInt((bits >>> 24) - 3);
}

function fold(leaf: Buffer, branch: readonly Buffer[], index: number): Buffer {
  let at = index;
  let node = leaf;
  for (const other of branch) {
    node = sha256d(Buffer.concat(at % 2 === 0 ? [node, other] : [other, node]));
    at = Math.floor(at / 2);
  }
  return node;
}

export function sha256d(data: Buffer): Buffer {
  const once = createHash('sha256').update(data).digest();
  return createHash('sha256').update(once).digest();
}
