import { ByteReader, ByteWriter } from '../primitives/bytes.ts';

// The 80 bytes that are hashed. All hashes are in wire order.

export interface Header {
  readonly version: number;
  readonly previousHash: Buffer;
  readonly merkleRoot: Buffer;
  /** Seconds since 1970, unsigned: good until 2106. */
  readonly ntime: number;
  readonly nbits: number;
  readonly nonce: number;
}

const headerLength = 80;

/** Where the fields that a share changes lie. */
export const headerAt = { version: 0, merkleRoot: 36, ntime: 68, nonce: 76 } as const;

export function writeHeader(header: Header): Buffer {
  return new ByteWriter(headerLength)
    .u32(header.version)
    .raw(header.previousHash)
    .raw(header.merkleRoot)
    .u32(header.ntime)
    .u32(header.nbits)
    .u32(header.nonce)
    .done();
}

/** Throws RangeError when there are fewer than 80 bytes. */
export function readHeader(bytes: Uint8Array): Header {
  const reader = new ByteReader(bytes);
  return {
    version: reader.u32(),
    previousHash: reader.raw(32),
    merkleRoot: reader.raw(32),
    ntime: reader.u32(),
    nbits: reader.u32(),
    nonce: reader.u32(),
  };
}
