import { ByteReader, ByteWriter, compactSizeLength } from '../primitives/bytes.ts';
import { CodedError } from '../primitives/errors.ts';
import { sha256d } from '../primitives/hash.ts';
import { reversed } from '../primitives/hex.ts';

// The wire format between coin nodes: framing, and the few messages that block news needs.
// https://developer.bitcoin.org/reference/p2p_networking.html

export class PeerError extends CodedError {}

export interface PeerFrame {
  readonly command: string;
  readonly payload: Buffer;
}

const headerSize = 24;
/** No message that we read is larger: a peer that announces more is not believed. */
const longestPayload = 4 * 1024 * 1024;
const blockType = 2;
const witnessFlag = 0x40000000;

/** Puts messages together from pieces of any size. Throws PeerError on a wrong magic, size or checksum. */
export class PeerFrames {
  readonly #magic: Buffer;
  #pending: Buffer[] = [];
  #size = 0;
  /** Bytes without which nothing can be read: pieces are not joined before. */
  #wanted = headerSize;

  constructor(magic: Buffer) {
    this.#magic = magic;
  }

  push(chunk: Buffer): PeerFrame[] {
    this.#pending.push(chunk);
    this.#size += chunk.length;
    const frames: PeerFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): PeerFrame | undefined {
    if (this.#size < this.#wanted) return undefined;
    const bytes = this.#joined();
    const magic = bytes.subarray(0, 4);
    if (!magic.equals(this.#magic)) {
      throw new PeerError(
        'PEER_MAGIC',
        `it speaks with magic ${magic.toString('hex')}, not ${this.#magic.toString('hex')}`,
      );
    }
    const length = bytes.readUInt32LE(16);
    if (length > longestPayload) {
      throw new PeerError('PEER_SIZE', `it announces a message of ${length} bytes`);
    }
    this.#wanted = headerSize + length;
    if (this.#size < this.#wanted) return undefined;
    const payload = Buffer.from(bytes.subarray(headerSize, headerSize + length));
    if (!sha256d(payload).subarray(0, 4).equals(bytes.subarray(20, 24))) {
      throw new PeerError('PEER_CHECKSUM', 'a message has a wrong checksum');
    }
    this.#pending = [bytes.subarray(headerSize + length)];
    this.#size -= this.#wanted;
    this.#wanted = headerSize;
    return { command: commandOf(bytes.subarray(4, 16)), payload };
  }

  /** One buffer; a message of many pieces is joined only when its header or its end is looked for. */
  #joined(): Buffer {
    const [first] = this.#pending;
    if (this.#pending.length === 1 && first !== undefined) return first;
    const all = Buffer.concat(this.#pending, this.#size);
    this.#pending = [all];
    return all;
  }
}

function commandOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
}

export function writeFrame(magic: Buffer, command: string, payload: Buffer): Buffer {
  const name = Buffer.alloc(12);
  name.write(command, 'latin1');
  return new ByteWriter(headerSize + payload.length)
    .raw(magic)
    .raw(name)
    .u32(payload.length)
    .raw(sha256d(payload).subarray(0, 4))
    .raw(payload)
    .done();
}

export interface VersionFacts {
  readonly protocolVersion: number;
  /** Unix seconds. */
  readonly time: number;
  readonly nonce: bigint;
  readonly userAgent: string;
  /** False: the peer need not send us transactions (BIP 37). */
  readonly relay: boolean;
}

/** Payload of `version`. Addresses are left empty, as nodes themselves do. */
export function writeVersion(facts: VersionFacts): Buffer {
  const agent = Buffer.from(facts.userAgent, 'latin1');
  const noAddress = Buffer.alloc(26);
  return new ByteWriter(
    4 + 8 + 8 + 26 + 26 + 8 + compactSizeLength(agent.length) + agent.length + 5,
  )
    .u32(facts.protocolVersion)
    .u64(0n)
    .u64(BigInt(facts.time))
    .raw(noAddress)
    .raw(noAddress)
    .u64(facts.nonce)
    .varBytes(agent)
    .u32(0)
    .u8(facts.relay ? 1 : 0)
    .done();
}

/** Hashes (as daemons show them) of the blocks that an `inv` announces. Throws RangeError when it is cut short. */
export function blocksOfInv(payload: Buffer): string[] {
  const reader = new ByteReader(payload);
  const blocks: string[] = [];
  for (let left = reader.compactSize(); left > 0; left--) {
    const type = reader.u32();
    const hash = reader.raw(32);
    if ((type & ~witnessFlag) === blockType) blocks.push(reversed(hash).toString('hex'));
  }
  return blocks;
}
