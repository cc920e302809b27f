import { bech32, bech32m, createBase58check } from '@scure/base';
import { decodeCashAddr, encodeCashAddr, looksLikeCashAddr } from './cashAddr.ts';
import { messageOf } from './errors.ts';
import { sha256 } from './hash.ts';
import { parseHex } from './hex.ts';
import { p2pkh, p2sh, witnessProgram } from './script.ts';

// Addresses to output scripts: base58check, bech32 (BIP 173), bech32m (BIP 350) and CashAddr.

/** How a chain writes its addresses. Versions above 255 are two bytes long (Zcash's 0x1cb8); the first is the usual one. */
export interface AddressFormsLike {
  readonly pubKeyHash: readonly number[];
  readonly scriptHash: readonly number[];
  readonly bech32?: string;
  readonly cashaddr?: string;
}

export type AddressKind = 'p2pkh' | 'p2sh' | 'witness';

export interface AddressRefused {
  readonly ok: false;
  /** A clause without a full stop, for logs and answers. */
  readonly reason: string;
}

export interface DecodedAddress {
  readonly ok: true;
  readonly kind: AddressKind;
  /** The output script that pays the address. */
  readonly script: Buffer;
  /** One spelling for all that mean the same script: lower case, CashAddr with its prefix, the first of several versions. */
  readonly canonical: string;
}

export interface UnknownAddress {
  readonly ok: true;
  readonly kind: 'unknown';
  /** Version and hash of base58check, or the witness program of bech32. */
  readonly payload: Buffer;
  readonly canonical: string;
}

const base58check = createBase58check(sha256);
const hashLength = 20;
/** Base58 is quadratic in its length, and no address of these forms is longer (BIP 173 ends at 90). */
const longestAddress = 100;

/** The script of an address of a chain with these forms. Never throws, whatever the text. */
export function decodeAddress(
  address: string,
  forms: AddressFormsLike,
): DecodedAddress | AddressRefused {
  if (address.length === 0 || address.length > longestAddress)
    return refused('its length is wrong');
  if (forms.cashaddr !== undefined && looksLikeCashAddr(address)) {
    return decodeCash(address, forms.cashaddr);
  }
  const prefix = forms.bech32?.toLowerCase();
  if (prefix === undefined || !address.toLowerCase().startsWith(`${prefix}1`)) {
    return decodeBase58(address, forms);
  }
  const witness = decodeWitness(address);
  if (witness.ok) {
    // The text could start alike and still have a longer prefix ("bc1" in "bc11…"): the last 1 ends it.
    if (witness.prefix !== prefix) return refused(`its prefix is ${witness.prefix}, not ${prefix}`);
    const { script, canonical } = witness;
    return { ok: true, kind: 'witness', script, canonical };
  }
  // A base58 address may begin with the letters of the prefix by chance.
  const base58 = decodeBase58(address, forms);
  return base58.ok ? base58 : witness;
}

/** What can be said of an address of a chain whose forms are not known: its checksum is right. Never throws. */
export function decodeAnyAddress(address: string): UnknownAddress | AddressRefused {
  if (address.length === 0 || address.length > longestAddress)
    return refused('its length is wrong');
  const payload = base58Payload(address);
  if (payload?.length === hashLength + 1 || payload?.length === hashLength + 2) {
    return { ok: true, kind: 'unknown', payload, canonical: address };
  }
  const witness = decodeWitness(address);
  if (!witness.ok) {
    return refused('it is neither base58 nor bech32 with a right checksum and length');
  }
  const { program, canonical } = witness;
  return { ok: true, kind: 'unknown', payload: program, canonical };
}

/** The P2PKH script of a mining key: 40 hex digits, the hash160 of a public key. Throws RangeError. */
export function scriptOfMiningKey(hex40: string): Buffer {
  return p2pkh(miningKeyHash(hex40));
}

/** The address of a mining key on a chain with these forms: CashAddr, else base58. Throws RangeError. */
export function addressOfMiningKey(hex40: string, forms: AddressFormsLike): string {
  const [version] = forms.pubKeyHash;
  if (version === undefined) throw new RangeError('The chain has no version for public key hashes');
  return spell('p2pkh', version, miningKeyHash(hex40), forms);
}

function miningKeyHash(hex40: string): Buffer {
  const hash = parseHex(hex40, hashLength);
  if (hash === undefined) throw new RangeError(`"${hex40}" is no mining key of 40 hex digits`);
  return hash;
}

function decodeBase58(address: string, forms: AddressFormsLike): DecodedAddress | AddressRefused {
  const payload = base58Payload(address);
  if (payload === undefined) return refused('its base58 or its checksum is wrong');
  const versionLength = payload.length - hashLength;
  if (versionLength !== 1 && versionLength !== 2) return refused('its length is wrong');
  const version = payload.readUIntBE(0, versionLength);
  const hash = payload.subarray(versionLength);
  for (const [kind, versions, scriptOf] of [
    ['p2pkh', forms.pubKeyHash, p2pkh],
    ['p2sh', forms.scriptHash, p2sh],
  ] as const) {
    const [usual] = versions;
    if (usual === undefined || !versions.includes(version)) continue;
    if (versionLength !== lengthOfVersion(version)) continue;
    return { ok: true, kind, script: scriptOf(hash), canonical: spell(kind, usual, hash, forms) };
  }
  return refused(`its version ${version} belongs to another chain`);
}

function base58Payload(address: string): Buffer | undefined {
  try {
    return Buffer.from(base58check.decode(address));
  } catch {
    return undefined;
  }
}

function decodeCash(address: string, prefix: string): DecodedAddress | AddressRefused {
  const decoded = decodeCashAddr(address, prefix);
  if (!decoded.ok) return decoded;
  const { kind, hash } = decoded;
  const script = kind === 'p2pkh' ? p2pkh(hash) : p2sh(hash);
  return { ok: true, kind, script, canonical: encodeCashAddr(prefix, kind, hash) };
}

function spell(
  kind: 'p2pkh' | 'p2sh',
  version: number,
  hash: Buffer,
  { cashaddr }: AddressFormsLike,
): string {
  return cashaddr === undefined
    ? encodeBase58(version, hash)
    : encodeCashAddr(cashaddr, kind, hash);
}

function encodeBase58(version: number, hash: Buffer): string {
  const prefix = Buffer.alloc(lengthOfVersion(version));
  prefix.writeUIntBE(version, 0, prefix.length);
  return base58check.encode(Buffer.concat([prefix, hash]));
}

function lengthOfVersion(version: number): number {
  return version > 0xff ? 2 : 1;
}

interface Witness {
  readonly ok: true;
  readonly prefix: string;
  readonly program: Buffer;
  readonly script: Buffer;
  readonly canonical: string;
}

function decodeWitness(address: string): Witness | AddressRefused {
  const plain = bech32.decodeUnsafe(address, 90);
  const decoded = plain ?? bech32m.decodeUnsafe(address, 90);
  if (!decoded) return refused('its bech32 checksum, case or length is wrong');
  const [version, ...words] = decoded.words;
  const bytes = bech32.fromWordsUnsafe(words);
  if (version === undefined || !bytes) return refused('its witness program is broken');
  if ((version === 0) !== (plain !== undefined)) {
    return refused(
      `witness version ${version} asks for ${version === 0 ? 'bech32' : 'bech32m'} (BIP 350)`,
    );
  }
  const program = Buffer.from(bytes);
  try {
    const script = witnessProgram(version, program);
    const canonical = address.toLowerCase();
    return { ok: true, prefix: decoded.prefix, program, script, canonical };
  } catch (error) {
    return refused(messageOf(error));
  }
}

function refused(reason: string): AddressRefused {
  return { ok: false, reason };
}
