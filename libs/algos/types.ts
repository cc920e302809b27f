// What algos/ gives to jobs/ and pool/. Hashes are 32 bytes in wire order (little endian: as a number, the last byte
// is the most significant).

export interface Algorithm {
  readonly name: string;
  /** Share difficulty = diff1 / hash × multiplier. */
  readonly multiplier: number;
  /** True: a hash takes so long (scrypt and above) that it must not run on a pool worker's main thread. */
  readonly slow: boolean;
  /** Proof-of-work hash of an 80-byte header. */
  hash(header: Buffer): Buffer;
  /** The same on another thread. */
  hashAsync(header: Buffer): Promise<Buffer>;
  /** Hash of a coinbase for the merkle root: SHA-256 twice, once for a few algorithms. */
  coinbaseHash(coinbase: Buffer): Buffer;
  /** The block's name on its chain, in wire order: SHA-256d of the header, or the proof-of-work hash itself. */
  blockHash(header: Buffer, powHash: Buffer): Buffer;
}
