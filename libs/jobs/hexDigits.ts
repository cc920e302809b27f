// Strict hex of a few digits, read by a table: the fields of a submit are checked thousands of times a second.

const noDigit = 0xff;
const values = new Uint8Array(128).fill(noDigit);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  values[text.charCodeAt(0)] = digit;
  values[text.toUpperCase().charCodeAt(0)] = digit;
}

function valueAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? (values[code] ?? noDigit) : noDigit;
}

/** The number of exactly 8 hex digits, most significant first, or -1. */
export function parseUint32(text: string): number {
  if (text.length !== 8) return -1;
  let value = 0;
  for (let at = 0; at < 8; at++) {
    const digit = valueAt(text, at);
    if (digit === noDigit) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** The bytes of exactly `size` × 2 hex digits, or undefined. */
export function parseBytes(text: string, size: number): Buffer | undefined {
  if (text.length !== size * 2) return undefined;
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at++) {
    const high = valueAt(text, at * 2);
    const low = valueAt(text, at * 2 + 1);
    if (high === noDigit || low === noDigit) return undefined;
    bytes[at] = high * 16 + low;
  }
  return bytes;
}
