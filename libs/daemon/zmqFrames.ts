import { ByteReader, ByteWriter } from '../primitives/bytes.ts';
import { CodedError } from '../primitives/errors.ts';

// The wire format of ZeroMQ, as far as a subscriber without encryption needs it: ZMTP 3.0, https://rfc.zeromq.org/spec/23/.

export class ZmqError extends CodedError {}

export type ZmqFrame =
  | { readonly kind: 'command'; readonly name: string; readonly body: Buffer }
  | { readonly kind: 'message'; readonly parts: readonly Buffer[] };

const greetingSize = 64;
const more = 0x01;
const long = 0x02;
const command = 0x04;
/** Block news are some fifty bytes: a publisher that announces more than this is not believed. */
const longestFrame = 1024 * 1024;
const mostParts = 16;

/** What both sides send first: signature, version 3.0, mechanism NULL, not as a server. */
export function writeGreeting(): Buffer {
  const greeting = Buffer.alloc(greetingSize);
  greeting[0] = 0xff;
  greeting[9] = 0x7f;
  greeting[10] = 3;
  greeting.write('NULL', 12, 'latin1');
  return greeting;
}

/** `body` must be shorter than 256 bytes. */
function writeShort(flags: number, body: Buffer): Buffer {
  return new ByteWriter(2 + body.length).u8(flags).u8(body.length).raw(body).done();
}

export function writeCommand(name: string, body: Buffer): Buffer {
  const label = Buffer.from(name, 'latin1');
  return writeShort(command, Buffer.concat([Buffer.from([label.length]), label, body]));
}

/** READY of a subscriber. */
export function writeReady(): Buffer {
  return writeCommand('READY', Buffer.from('\u000bSocket-Type\0\0\0\u0003SUB', 'latin1'));
}

export function writeSubscribe(topic: string): Buffer {
  return writeShort(0, Buffer.from(`\u0001${topic}`, 'latin1'));
}

/** The properties in the body of READY, names in lower case. Throws RangeError when it is cut short. */
export function readProperties(body: Buffer): Map<string, string> {
  const reader = new ByteReader(body);
  const properties = new Map<string, string>();
  while (reader.left > 0) {
    const name = reader.raw(reader.u8()).toString('latin1').toLowerCase();
    const value = reader.raw(reader.raw(4).readUInt32BE()).toString('latin1');
    properties.set(name, value);
  }
  return properties;
}

/** Takes the greeting, then puts frames and messages together from pieces of any size. Throws ZmqError. */
export class ZmqFrames {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes without which nothing can be read. */
  #wanted = 1;
  #greeted = false;
  #parts: Buffer[] = [];

  push(chunk: Buffer): ZmqFrame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const frames: ZmqFrame[] = [];
    while (this.#size >= this.#wanted) {
      const bytes = this.#joined();
      const used = this.#greeted ? this.#frame(bytes, frames) : this.#greeting(bytes);
      const rest = bytes.subarray(used);
      this.#chunks = [rest];
      this.#size = rest.length;
      if (used > 0) this.#wanted = 1;
    }
    return frames;
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    return Buffer.concat(this.#chunks, this.#size);
  }

  /** Says what is wrong as soon as it can be seen: a port of something else never sends all 64 bytes. */
  #greeting(bytes: Buffer): number {
    if (bytes[0] !== 0xff) {
      const seen = JSON.stringify(bytes.toString('latin1', 0, 24));
      throw new ZmqError('ZMQ_GREETING', `it is no ZMQ publisher: it begins with ${seen}`);
    }
    const version = bytes[10];
    if (version !== undefined && version < 3) {
      throw new ZmqError(
        'ZMQ_GREETING',
        `it speaks an old version of ZMQ's protocol (revision ${version}); libzmq 4 is needed there`,
      );
    }
    if (bytes.length < greetingSize) {
      this.#wanted = bytes.length < 11 ? 11 : greetingSize;
      return 0;
    }
    const mechanism = bytes.toString('latin1', 12, 32).replace(/\0+$/, '');
    if (mechanism !== 'NULL') {
      throw new ZmqError(
        'ZMQ_GREETING',
        `it wants the mechanism ${JSON.stringify(mechanism)}; only NULL is known here`,
      );
    }
    this.#greeted = true;
    return greetingSize;
  }

  /** Bytes that were used: 0 when the frame is not whole yet. */
  #frame(bytes: Buffer, frames: ZmqFrame[]): number {
    const flags = bytes.readUInt8(0);
    const isCommand = (flags & command) !== 0;
    if ((flags & ~(more | long | command)) !== 0 || (isCommand && (flags & more) !== 0)) {
      throw new ZmqError('ZMQ_FRAME', `it sends a frame with the flags 0x${flags.toString(16)}`);
    }
    const headSize = (flags & long) !== 0 ? 9 : 2;
    this.#wanted = headSize;
    if (bytes.length < headSize) return 0;
    const size = headSize === 9 ? bytes.readBigUInt64BE(1) : BigInt(bytes.readUInt8(1));
    if (size > BigInt(longestFrame)) {
      throw new ZmqError('ZMQ_SIZE', `it announces a frame of ${size} bytes`);
    }
    const end = headSize + Number(size);
    this.#wanted = end;
    if (bytes.length < end) return 0;
    const body = Buffer.from(bytes.subarray(headSize, end));
    if (isCommand) frames.push(commandOf(body));
    else this.#part(body, (flags & more) !== 0, frames);
    return end;
  }

  #part(body: Buffer, hasMore: boolean, frames: ZmqFrame[]): void {
    this.#parts.push(body);
    if (this.#parts.length > mostParts) {
      throw new ZmqError('ZMQ_SIZE', `it sends a message of more than ${mostParts} parts`);
    }
    if (hasMore) return;
    frames.push({ kind: 'message', parts: this.#parts });
    this.#parts = [];
  }
}

function commandOf(body: Buffer): ZmqFrame {
  const size = body[0] ?? 0;
  if (size === 0 || body.length < 1 + size) {
    throw new ZmqError('ZMQ_FRAME', 'it sends a command without a name');
  }
  return {
    kind: 'command',
    name: body.toString('latin1', 1, 1 + size),
    body: body.subarray(1 + size),
  };
}
