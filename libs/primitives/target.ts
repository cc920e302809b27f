import { type Difficulty, difficulty } from './units.ts';

// Targets and difficulties. A target is 32 bytes, little endian like the hashes that are compared with it.

/** The target of difficulty 1 is 0x00000000ffff0000…: 0xffff followed by 26 zero bytes. */
const diff1 = 0xffff * 2 ** 208;

/**
 * The target that a header's nBits stands for: a base-256 float of one exponent byte, a sign bit and a 23-bit mantissa.
 * Throws RangeError for what no hash can meet or no 256 bits can hold: negative, zero, overflow.
 */
export function targetFromBits(bits: number): Buffer {
  if (!Number.isInteger(bits) || bits < 0 || bits > 0xffffffff) {
    throw new RangeError(`nBits ${bits} is no unsigned 32-bit number`);
  }
  const exponent = bits >>> 24;
  const mantissa = bits & 0x7fffff;
  if (mantissa !== 0 && (bits & 0x800000) !== 0) {
    throw new RangeError(`nBits ${bits.toString(16)} means a negative target`);
  }
  const target = Buffer.alloc(32);
  for (let byte = 0; byte < 3; byte++) {
    const value = (mantissa >>> (8 * byte)) & 0xff;
    const place = exponent - 3 + byte;
    if (value === 0 || place < 0) continue;
    if (place > 31) throw new RangeError(`nBits ${bits.toString(16)} means more than 256 bits`);
    target[place] = value;
  }
  if (isZero(target)) throw new RangeError(`nBits ${bits.toString(16)} means a target of zero`);
  return target;
}

/** nBits as templates show it: exactly 8 hex digits. Throws RangeError. */
export function bitsFromHex(hex: string): number {
  if (!/^[0-9a-fA-F]{8}$/.test(hex)) throw new RangeError(`nBits "${hex}" is not 8 hex digits`);
  return Number.parseInt(hex, 16);
}

function isZero(target: Buffer): boolean {
  return target.every((byte) => byte === 0);
}

/** The rule of proof of work: the hash, as a 256-bit number, is not above the target. Allocates nothing. */
export function isBelowOrEqual(hashLE: Uint8Array, targetLE: Uint8Array): boolean {
  if (hashLE.length !== 32 || targetLE.length !== 32) {
    throw new RangeError('Hashes and targets are 32 bytes');
  }
  for (let place = 31; place >= 0; place--) {
    const ours = hashLE[place] ?? 0;
    const limit = targetLE[place] ?? 0;
    if (ours !== limit) return ours < limit;
  }
  return true;
}

/**
 * What a hash is worth: diff1 / hash × multiplier, to within a few units in the last place of a double. For the figures
 * of shares and statistics; a block is decided by `isBelowOrEqual` alone.
 */
export function difficultyOfHash(hashLE: Buffer, multiplier: number): number {
  let value = 0;
  for (let at = 28; at >= 0; at -= 4) value = value * 0x100000000 + hashLE.readUInt32LE(at);
  // Zero cannot be divided by; as a hash it is worth no less than one.
  return (diff1 / Math.max(value, 1)) * multiplier;
}

/** The difficulty, in stratum units, of the hash that just meets `targetLE`. */
export function difficultyOfTarget(targetLE: Buffer, multiplier: number): Difficulty {
  return difficulty(difficultyOfHash(targetLE, multiplier));
}
