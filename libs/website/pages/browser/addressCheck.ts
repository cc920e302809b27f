import { sha256 } from './sha256.ts';

// Whether an address belongs to a coin, told while it is being typed: base58check, bech32 (BIP 173), bech32m (BIP 350)
// and CashAddr. Runs in the browser; the pool itself decides with primitives/address.

/** Version bytes (above 255: two bytes long) and prefixes of a coin's addresses. */
export interface CheckedForms {
  readonly pubKeyHash: readonly number[];
  readonly scriptHash: readonly number[];
  readonly bech32?: string;
  /** Prefix of CashAddr. */
  readonly cashaddr?: string;
}

export type AddressAnswer =
  | { readonly ok: true; readonly kind: 'p2pkh' | 'p2sh' | 'witness' }
  /** A clause for people, without a full stop. */
  | { readonly ok: false; readonly reason: string };

const base58Digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const bech32Digits = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const bech32mConstant = 0x2bc830a3;
const longestAddress = 100;

/** Says whether `address` is one of a coin's with any of these forms (one for each network that counts). */
export function checkAddress(address: string, networks: readonly CheckedForms[]): AddressAnswer {
  if (address === '') return no('it is empty');
  const hasCashAddr = networks.some(({ cashaddr }) => cashaddr !== undefined);
  if (/[^0-9A-Za-z]/.test(hasCashAddr ? address.replace(':', '') : address)) {
    return no('it has a character that no address has');
  }
  if (address.length > longestAddress) return no('it is too long');
  let answer: AddressAnswer | undefined;
  for (const forms of networks) {
    const next = checkForms(address, forms);
    if (next.ok) return next;
    // The prefix of this network was there: its reason says more than those of the others.
    if (answer === undefined || startsAsBech32(address, forms) || namesCash(address, forms)) {
      answer = next;
    }
  }
  return answer ?? no('the forms of this coin’s addresses are not known');
}

/** Version and hash of any base58check text of 20 bytes after a version of one or two; undefined if its checksum is wrong. */
export function readBase58Check(text: string): { version: number; hash: Uint8Array } | undefined {
  const bytes = decodeBase58(text);
  if (bytes === undefined || (bytes.length !== 25 && bytes.length !== 26)) return undefined;
  const payload = bytes.subarray(0, -4);
  const checksum = sha256(sha256(payload)).subarray(0, 4);
  if (!checksum.every((byte, at) => byte === bytes[payload.length + at])) return undefined;
  const [first = 0, second = 0] = payload;
  return {
    version: payload.length === 21 ? first : first * 256 + second,
    hash: payload.subarray(-20),
  };
}

function checkForms(address: string, forms: CheckedForms): AddressAnswer {
  if (startsAsBech32(address, forms)) return checkBech32(address, forms.bech32 ?? '');
  if (forms.cashaddr !== undefined && looksLikeCashAddr(address)) {
    return checkCashAddr(address, forms.cashaddr);
  }
  const decoded = readBase58Check(address);
  if (decoded === undefined)
    return no('a character is wrong or missing: its checksum does not fit');
  if (forms.pubKeyHash.includes(decoded.version)) return { ok: true, kind: 'p2pkh' };
  if (forms.scriptHash.includes(decoded.version)) return { ok: true, kind: 'p2sh' };
  return no('it is an address of another coin or network');
}

function startsAsBech32(address: string, forms: CheckedForms): boolean {
  return forms.bech32 !== undefined && address.toLowerCase().startsWith(`${forms.bech32}1`);
}

function decodeBase58(text: string): Uint8Array | undefined {
  let value = 0n;
  for (const digit of text) {
    const at = base58Digits.indexOf(digit);
    if (at === -1) return undefined;
    value = value * 58n + BigInt(at);
  }
  const bytes: number[] = [];
  for (; value > 0n; value >>= 8n) bytes.unshift(Number(value & 0xffn));
  const zeros = /^1*/.exec(text)?.[0].length ?? 0;
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes]);
}

function checkBech32(address: string, prefix: string): AddressAnswer {
  const lower = address.toLowerCase();
  if (address !== lower && address !== address.toUpperCase()) {
    return no('it mixes capital and small letters');
  }
  const words = [...lower.slice(prefix.length + 1)].map((digit) => bech32Digits.indexOf(digit));
  if (words.length < 7 || words.length > 90 || words.includes(-1)) {
    return no('a character is wrong, or some are missing');
  }
  const [version = 0] = words;
  const constant = version === 0 ? 1 : bech32mConstant;
  if (polymod([...expanded(prefix), ...words]) !== constant) {
    return no('a character is wrong or missing: its checksum does not fit');
  }
  // BIP 173: five bits a word; what is left over at the end is less than five zero bits.
  const program = words.slice(1, -6);
  const bits = program.length * 5;
  const length = Math.floor(bits / 8);
  const last = program.at(-1) ?? 0;
  if (bits % 8 > 4 || (last & ((1 << (bits % 8)) - 1)) !== 0) return no('its end is wrong');
  if (version > 16 || length < 2 || length > 40) return no('its length is wrong');
  if (version === 0 && length !== 20 && length !== 32) return no('its length is wrong');
  return { ok: true, kind: 'witness' };
}

/** Version and 20 bytes of hash are 34 digits of five bits; eight of checksum follow. */
const cashDigits = 42;

/** It has a prefix, or the length that no base58 address has. */
function looksLikeCashAddr(address: string): boolean {
  return address.includes(':') || address.length === cashDigits;
}

function namesCash(address: string, { cashaddr }: CheckedForms): boolean {
  return cashaddr !== undefined && address.toLowerCase().startsWith(`${cashaddr}:`);
}

function checkCashAddr(address: string, prefix: string): AddressAnswer {
  const lower = address.toLowerCase();
  if (address !== lower && address !== address.toUpperCase()) {
    return no('it mixes capital and small letters');
  }
  const colon = lower.indexOf(':');
  if (colon !== -1 && lower.slice(0, colon) !== prefix) {
    return no('it is an address of another coin or network');
  }
  const words = [...lower.slice(colon + 1)].map((digit) => bech32Digits.indexOf(digit));
  if (words.length !== cashDigits || words.includes(-1)) {
    return no('a character is wrong, or some are missing');
  }
  const codes = [...prefix].map((letter) => letter.charCodeAt(0) & 31);
  if (cashPolymod([...codes, 0, ...words]) !== 1n) {
    return no('a character is wrong or missing: its checksum does not fit');
  }
  // One byte of version, type and size of the hash: its upper five bits are the first digit.
  const [first = 0, second = 0] = words;
  const version = (first << 3) | (second >> 2);
  if (version === 0) return { ok: true, kind: 'p2pkh' };
  if (version === 8) return { ok: true, kind: 'p2sh' };
  return no('its type is not one that can be paid here');
}

function cashPolymod(values: readonly number[]): bigint {
  const generator = [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n];
  let checksum = 1n;
  for (const value of values) {
    const top = Number(checksum >> 35n);
    checksum = ((checksum & 0x7ffffffffn) << 5n) ^ BigInt(value);
    generator.forEach((term, at) => {
      if ((top >>> at) & 1) checksum ^= term;
    });
  }
  return checksum;
}

function expanded(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function polymod(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let checksum = 1;
  for (const value of values) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    generator.forEach((term, at) => {
      if ((top >>> at) & 1) checksum ^= term;
    });
  }
  return checksum >>> 0;
}

function no(reason: string): AddressAnswer {
  return { ok: false, reason };
}
