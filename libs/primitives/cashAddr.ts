// CashAddr, the addresses of Bitcoin Cash and eCash: `prefix:payload`, the payload in the digits of bech32. Eight bits of
// version (type and size of the hash) and the hash, then a checksum of 40 bits over the prefix and all of it.

export type CashAddrKind = 'p2pkh' | 'p2sh';

export type CashAddr =
  | { readonly ok: true; readonly kind: CashAddrKind; readonly hash: Buffer }
  | { readonly ok: false; readonly reason: string };

const digits = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const kinds: readonly CashAddrKind[] = ['p2pkh', 'p2sh'];
const checksumDigits = 8;
/** Version and a hash of 20 bytes make 168 bits, 34 digits. */
const payloadDigits = 34 + checksumDigits;
const generators = [
  0x98f2bc8e61n,
  0x79b76d99e2n,
  0xf33e5fb3c4n,
  0xae2eabe2a8n,
  0x1e4f43e470n,
] as const;

/** Whether the text can only be meant as CashAddr: it has a prefix, or the length that no base58 address has. */
export function looksLikeCashAddr(text: string): boolean {
  return text.includes(':') || text.length === payloadDigits;
}

/**
 * The prefix may be left out, and all may be in upper case. Only hashes of 20 bytes that are paid without tokens are
 * taken: P2PKH and P2SH.
 */
export function decodeCashAddr(text: string, prefix: string): CashAddr {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase())
    return refused('its letters are of both cases');
  const colon = lower.indexOf(':');
  if (colon !== -1 && lower.slice(0, colon) !== prefix)
    return refused(`its prefix is not ${prefix}`);
  const payload = lower.slice(colon + 1);
  if (payload.length !== payloadDigits) return refused('its length is wrong');
  const values = [...payload].map((digit) => digits.indexOf(digit));
  if (values.includes(-1)) return refused('it has a digit that CashAddr does not know');
  if (checksum([...prefixValues(prefix), 0, ...values]) !== 0n) {
    return refused('its CashAddr checksum is wrong');
  }
  const bytes = bytesOf(values.slice(0, -checksumDigits));
  if (bytes === undefined) return refused('its last digit has bits that belong to no byte');
  const version = bytes.readUInt8(0);
  const kind = kinds[version >>> 3];
  // The lower three bits tell the size, 0 for 20 bytes.
  if (kind === undefined || (version & 7) !== 0) return refused(`its type ${version} is not known`);
  return { ok: true, kind, hash: bytes.subarray(1) };
}

/** With the prefix, in lower case. `hash` is 20 bytes. */
export function encodeCashAddr(prefix: string, kind: CashAddrKind, hash: Uint8Array): string {
  const values = fiveBits([kinds.indexOf(kind) << 3, ...hash]);
  const sum = checksum([
    ...prefixValues(prefix),
    0,
    ...values,
    ...new Array(checksumDigits).fill(0),
  ]);
  for (let at = checksumDigits - 1; at >= 0; at--)
    values.push(Number((sum >> BigInt(5 * at)) & 31n));
  return `${prefix}:${values.map((value) => digits.charAt(value)).join('')}`;
}

function prefixValues(prefix: string): number[] {
  return [...Buffer.from(prefix, 'latin1')].map((letter) => letter & 31);
}

/** The remainder by the code's generator, of 5-bit values: 0 for a sound address. */
function checksum(values: readonly number[]): bigint {
  let sum = 1n;
  for (const value of values) {
    const top = Number(sum >> 35n);
    sum = ((sum & 0x7ffffffffn) << 5n) ^ BigInt(value);
    for (const [bit, generator] of generators.entries()) {
      if ((top >>> bit) & 1) sum ^= generator;
    }
  }
  return sum ^ 1n;
}

function fiveBits(bytes: readonly number[]): number[] {
  const values: number[] = [];
  let waiting = 0;
  let bits = 0;
  for (const byte of bytes) {
    waiting = ((waiting << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) values.push((waiting >>> (bits - 5)) & 31);
  }
  if (bits > 0) values.push((waiting << (5 - bits)) & 31);
  return values;
}

/** Undefined when the bits that are left over are not all zero. */
function bytesOf(values: readonly number[]): Buffer | undefined {
  const bytes: number[] = [];
  let waiting = 0;
  let bits = 0;
  for (const value of values) {
    waiting = ((waiting << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((waiting >>> bits) & 0xff);
  }
  return (waiting & ((1 << bits) - 1)) === 0 ? Buffer.from(bytes) : undefined;
}

function refused(reason: string): CashAddr {
  return { ok: false, reason };
}
