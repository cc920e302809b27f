// Little-endian writer and reader for Bitcoin's wire formats.

/** Bytes of a CompactSize (varint): 1, 3, 5 or 9. */
export function compactSizeLength(value: number): number {
  if (value < 0xfd) return 1;
  if (value <= 0xffff) return 3;
  return value <= 0xffffffff ? 5 : 9;
}

export function compactSize(value: number): Buffer {
  return new ByteWriter(compactSizeLength(value)).compactSize(value).done();
}

/** Writes into a buffer of a size known beforehand; `done` fails unless it is exactly full. */
export class ByteWriter {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#bytes = Buffer.alloc(size);
  }

  u8(value: number): this {
    this.#at = this.#bytes.writeUInt8(value, this.#at);
    return this;
  }

  u16(value: number): this {
    this.#at = this.#bytes.writeUInt16LE(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at);
    return this;
  }

  u64(value: bigint): this {
    this.#at = this.#bytes.writeBigUInt64LE(value, this.#at);
    return this;
  }

  compactSize(value: number): this {
    if (value < 0xfd) return this.u8(value);
    if (value <= 0xffff) return this.u8(0xfd).u16(value);
    if (value <= 0xffffffff) return this.u8(0xfe).u32(value);
    return this.u8(0xff).u64(BigInt(value));
  }

  raw(bytes: Uint8Array): this {
    if (this.#at + bytes.length > this.#bytes.length) throw new RangeError('ByteWriter is full');
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** A CompactSize length, then the bytes. */
  varBytes(bytes: Uint8Array): this {
    return this.compactSize(bytes.length).raw(bytes);
  }

  done(): Buffer {
    if (this.#at !== this.#bytes.length) {
      throw new RangeError(`ByteWriter holds ${this.#at} of ${this.#bytes.length} bytes`);
    }
    return this.#bytes;
  }
}

/** Reads with bounds checks: every read past the end throws RangeError. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.left) throw new RangeError(`${size} bytes wanted at ${at}, ${this.left} left`);
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  compactSize(): number {
    const first = this.u8();
    if (first < 0xfd) return first;
    if (first === 0xfd) return this.u16();
    if (first === 0xfe) return this.u32();
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('CompactSize is absurd');
    return Number(value);
  }

  /** A view, not a copy. */
  raw(size: number): Buffer {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  varBytes(): Buffer {
    return this.raw(this.compactSize());
  }
}
