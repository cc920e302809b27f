import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';

// A mining key and all that follows from it, for key.html: it runs in the miner's browser, never on the server.
// Every encoding has its full length: a leading zero byte stays.

export interface MiningKey {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** hash160 of the public key as 40 hex digits: the login on ports that switch coins. */
  readonly miningKey: string;
}

/** What a coin's keys and addresses begin with; numbers above 255 are two bytes. */
export interface KeyVersions {
  readonly pubKeyHash: number;
  readonly privateKey: number;
}

/** A new key from `random`, which fills the bytes it is given (crypto.getRandomValues). */
export function newMiningKey(random: (bytes: Uint8Array) => void): MiningKey {
  for (let attempt = 0; attempt < 100; attempt++) {
    const secret = new Uint8Array(32);
    random(secret);
    // Zero, or not below the order of the curve: one in 2^128 of a good source, all of a broken one.
    if (secp256k1.utils.isValidSecretKey(secret)) return miningKeyOf(secret);
  }
  throw new Error('The source of random numbers is broken.');
}

/** Throws for a secret that is zero or not below the order of the curve. */
export function miningKeyOf(secret: Uint8Array): MiningKey {
  const publicKey = secp256k1.getPublicKey(secret, true);
  return { secret, publicKey, miningKey: hexOf(hash160(publicKey)) };
}

/** The P2PKH address that the key can spend from. */
export function addressOf(key: MiningKey, { pubKeyHash }: KeyVersions): string {
  return base58Check([...versionBytes(pubKeyHash), ...hash160(key.publicKey)]);
}

/** The private key in the wallet import format, marked as belonging to a compressed public key (the 1 at its end). */
export function wifOf(key: MiningKey, { privateKey }: KeyVersions): string {
  return base58Check([...versionBytes(privateKey), ...key.secret, 1]);
}

/**
 * The private key's version of a coin, from its address version: 128 more, in one byte. Coins that chose otherwise are
 * named (their Core's chainparams: DigiByte, Monacoin and Vertcoin changed it when they were already in use).
 */
export function privateKeyVersion(coin: string, pubKeyHash: number): number {
  const chosen: Readonly<Record<string, number>> = { digibyte: 128, monacoin: 176, vertcoin: 128 };
  return (Object.hasOwn(chosen, coin) ? chosen[coin] : undefined) ?? (pubKeyHash + 128) & 0xff;
}

/** What is wrong with this browser's arithmetic, by keys whose encodings are known; empty if all is well. */
export function selfTest(): string[] {
  const bitcoin = { pubKeyHash: 0, privateKey: 128 };
  return vectors.flatMap(({ secret, miningKey, address, wif }) => {
    const key = miningKeyOf(bytesOf(secret));
    const made = [key.miningKey, addressOf(key, bitcoin), wifOf(key, bitcoin)];
    return [miningKey, address, wif].flatMap((expected, at) =>
      made[at] === expected ? [] : [`${made[at] ?? ''} should be ${expected}`],
    );
  });
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const vectors = [
  {
    secret: '0000000000000000000000000000000000000000000000000000000000000001',
    miningKey: '751e76e8199196d454941c45d1b3a323f1433bd6',
    address: '1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH',
    wif: 'KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn',
  },
  {
    // The public key begins with a zero byte.
    secret: '0000000000000000000000000000000000000000000000000000000000000099',
    miningKey: '118ade9d5cc25136fe662a44c765f297a91a4f60',
    address: '12bkr6BP2pYFggCCr3XvkTSNzJRXYvZL9a',
    wif: 'KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU8MZejxwYf',
  },
  {
    // The hash begins with a zero byte.
    secret: '00000000000000000000000000000000000000000000000000000000000000b6',
    miningKey: '00f37d403c9a488ac48c354e77cb770a8cbc5b85',
    address: '1162gvy7qz6rLdj3zeegPCjY7Lu6wez6Hv',
    wif: 'KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU8c1BsPkVH',
  },
  {
    // The highest key there is.
    secret: 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140',
    miningKey: 'adde4c73c7b9cee17da6c7b3e2b2eea1a0dcbe67',
    address: '1GrLCmVQXoyJXaPJQdqssNqwxvha1eUo2E',
    wif: 'L5oLkpV3aqBjhki6LmvChTCV6odsp4SXM6FfU2Gppt5kFLaHLuZ9',
  },
];

function hash160(bytes: Uint8Array): Uint8Array {
  return ripemd160(sha256(bytes));
}

function versionBytes(version: number): number[] {
  return version > 0xff ? [version >> 8, version & 0xff] : [version];
}

const base58Digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function base58Check(payload: readonly number[]): string {
  const checksum = sha256(sha256(Uint8Array.from(payload))).subarray(0, 4);
  const bytes = [...payload, ...checksum];
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = '';
  for (; value > 0n; value /= 58n) text = base58Digits.charAt(Number(value % 58n)) + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text;
}
