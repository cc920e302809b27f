import { ByteWriter } from './bytes.ts';

// Output scripts and script pushes, byte for byte as Bitcoin Core writes them.

const op0 = 0x00;
const opPushData1 = 0x4c;
const op1Negate = 0x4f;
const op1 = 0x51;
const opDup = 0x76;
const opEqual = 0x87;
const opEqualVerify = 0x88;
const opHash160 = 0xa9;
const opCheckSig = 0xac;

/** Pay to public key hash; `hash` is the hash160 of the key. Throws RangeError unless it is 20 bytes. */
export function p2pkh(hash: Uint8Array): Buffer {
  expectLength(hash, 20, 'A public key hash');
  return new ByteWriter(25)
    .u8(opDup)
    .u8(opHash160)
    .varBytes(hash)
    .u8(opEqualVerify)
    .u8(opCheckSig)
    .done();
}

/** Pay to script hash (BIP 16). Throws RangeError unless `hash` is 20 bytes. */
export function p2sh(hash: Uint8Array): Buffer {
  expectLength(hash, 20, 'A script hash');
  return new ByteWriter(23).u8(opHash160).varBytes(hash).u8(opEqual).done();
}

/** Witness program (BIP 141) of version 0–16 and 2–40 bytes, 20 or 32 for version 0. Throws RangeError. */
export function witnessProgram(version: number, program: Uint8Array): Buffer {
  if (!Number.isInteger(version) || version < 0 || version > 16) {
    throw new RangeError(`Witness version ${version} is not within 0–16`);
  }
  const { length } = program;
  if (length < 2 || length > 40 || (version === 0 && length !== 20 && length !== 32)) {
    throw new RangeError(`A witness program of version ${version} has no ${length} bytes`);
  }
  return new ByteWriter(2 + length)
    .u8(version === 0 ? op0 : op1 + version - 1)
    .varBytes(program)
    .done();
}

/** `key OP_CHECKSIG`, for a compressed (33 bytes) or uncompressed (65 bytes) key. Throws RangeError. */
export function payToPubKey(key: Uint8Array): Buffer {
  if (key.length !== 33 && key.length !== 65) {
    throw new RangeError(`A public key has no ${key.length} bytes`);
  }
  return new ByteWriter(key.length + 2).varBytes(key).u8(opCheckSig).done();
}

/**
 * The push of a number as `CScript() << n` does it (BIP 34 heights): OP_0, OP_1…OP_16 and OP_1NEGATE, else its
 * length and its bytes, little endian, with the sign in the highest bit. For |n| up to 2^53 − 1.
 */
export function pushNumber(value: number): Buffer {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`);
  if (value === 0) return Buffer.from([op0]);
  if (value === -1) return Buffer.from([op1Negate]);
  if (value >= 1 && value <= 16) return Buffer.from([op1 + value - 1]);
  const bytes: number[] = [];
  for (let left = Math.abs(value); left > 0; left = Math.floor(left / 256)) bytes.push(left % 256);
  const sign = value < 0 ? 0x80 : 0;
  const highest = bytes.at(-1) ?? 0;
  if (highest < 0x80) bytes[bytes.length - 1] = highest | sign;
  else bytes.push(sign);
  return Buffer.from([bytes.length, ...bytes]);
}

/** The push of up to 255 bytes: by its length alone below 76, with OP_PUSHDATA1 from there. Throws RangeError. */
export function pushBytes(bytes: Uint8Array): Buffer {
  if (bytes.length > 0xff) throw new RangeError(`${bytes.length} bytes are too many for one push`);
  if (bytes.length < opPushData1) return Buffer.from([bytes.length, ...bytes]);
  return Buffer.from([opPushData1, bytes.length, ...bytes]);
}

function expectLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) {
    throw new RangeError(`${what} is ${length} bytes, not ${bytes.length}`);
  }
}
