// Strict hex: exact length, hex digits only. Buffer.from(…, 'hex') stops silently at the first bad digit.

const digits = /^[0-9a-fA-F]*$/;

/** True if `text` is exactly `bytes` bytes (or any whole number of bytes) of hex digits, either case. */
export function isHex(text: unknown, bytes?: number): text is string {
  if (typeof text !== 'string' || text.length % 2 !== 0) return false;
  if (bytes !== undefined && text.length !== bytes * 2) return false;
  return digits.test(text);
}

/** The bytes of `text`, or undefined if it is not strict hex of `bytes` bytes (any whole number when left out). */
export function parseHex(text: unknown, bytes?: number): Buffer | undefined {
  return isHex(text, bytes) ? Buffer.from(text, 'hex') : undefined;
}

/** A copy of `bytes` in the opposite order (hashes are shown in the reverse of their wire order). */
export function reversed(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes).reverse();
}
