import type { AddressForms, CoinConfig } from '../config/types.ts';
import { askAddress } from '../daemon/addresses.ts';
import type { AddressFacts, ChainNetwork, DaemonGroup } from '../daemon/types.ts';
import {
  addressOfMiningKey,
  decodeAddress,
  decodeAnyAddress,
  scriptOfMiningKey,
} from '../primitives/address.ts';
import { CodedError, messageOf } from '../primitives/errors.ts';
import { hash160 } from '../primitives/hash.ts';
import { isHex, parseHex } from '../primitives/hex.ts';
import { p2pkh, payToPubKey } from '../primitives/script.ts';
import { addressPart } from '../primitives/workerName.ts';
import type { AddressLookups } from './addressLookups.ts';

// Which addresses are good for this coin, and the output scripts that pay them. Where the coin file tells the forms
// of the chain's addresses the answer is found here; else the daemon is asked, and its answers are remembered.

export class AddressError extends CodedError {}

export type AddressVerdict =
  | {
      readonly ok: true;
      readonly script: Buffer;
      /**
       * How the daemon is told to pay it; one spelling for all that mean the same script. Undefined for a mining key
       * on a chain whose address forms the coin file does not tell: its script is known all the same.
       */
      readonly address: string | undefined;
    }
  | Refusal;

export type PayeeVerdict =
  | { readonly ok: true; readonly script: Buffer; readonly address: string }
  | Refusal;

interface Refusal {
  readonly ok: false;
  readonly reason: string;
  /** The daemon could not be asked: another time the answer may be another. */
  readonly isUnsure?: true;
}

export interface AddressBook {
  /** Settles always: a daemon that cannot be asked gives a verdict that is not ok. Mining keys are addresses too. */
  look(address: string): Promise<AddressVerdict>;
  /**
   * Who is paid for a worker's shares, by the address part of its name. Settles always. `source`: the IP address of a
   * miner who wants to know; questions of many go to the daemon as `lookups` puts them.
   */
  payee(worker: string, source?: string): Promise<PayeeVerdict>;
  /**
   * The script of an address of the operator (the pool's own, a reward recipient), also compared with the daemon's
   * opinion: a difference would burn every reward. Throws AddressError.
   */
  scriptForReward(address: string, what: string): Promise<Buffer>;
  /**
   * The script of the pool's own output: the address's, but on a chain with staking `key OP_CHECKSIG`, since daemons
   * there sign a submitted block with the key that its coinbase names. Throws AddressError.
   */
  scriptForPool(address: string, reward: 'POW' | 'POS'): Promise<Buffer>;
  /** The address that a worker's statistics go under: the payee's as far as it is known at once. Never throws. */
  addressOf(worker: string): string;
  /** The script of a payee that a block template names, at once. Throws AddressError when it is not known. */
  scriptOfPayee(address: string): Buffer;
}

/** Verdicts of the daemon that are kept; more names than that start the memory anew. */
const mostRemembered = 50_000;
const miningKey = 20;
const hashSize = 20;

export function createAddressBook(
  coin: CoinConfig,
  network: ChainNetwork,
  group: DaemonGroup,
  lookups?: AddressLookups,
): AddressBook {
  const forms = coin.networks[network];
  const remembered = new Map<string, AddressVerdict>();
  /** Version bytes of P2PKH addresses, as learnt from an address of the daemon's wallet. */
  let keyVersion: Buffer | undefined;

  const askDaemon = async (address: string, source?: string): Promise<AddressVerdict> => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    let verdict: AddressVerdict;
    try {
      const facts =
        lookups === undefined || source === undefined
          ? await askAddress(group, address)
          : await lookups.ask(address, source);
      verdict = verdictOf(address, facts, keyVersion);
      keyVersion ??= versionOfKey(address, facts);
    } catch (error) {
      // Not remembered: the daemon may answer the next time.
      const reason = `the daemon could not be asked (${messageOf(error)})`;
      return { ok: false, reason, isUnsure: true };
    }
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(address, verdict);
    return verdict;
  };

  const lookHere = (address: string): AddressVerdict | undefined => {
    if (isHex(address, miningKey)) return lookMiningKey(address, forms);
    if (forms === undefined) return remembered.get(address);
    const decoded = decodeAddress(address, forms);
    if (!decoded.ok) return decoded;
    return { ok: true, script: decoded.script, address: decoded.canonical };
  };

  const look = async (address: string): Promise<AddressVerdict> =>
    lookHere(address) ?? askDaemon(address);

  const scriptForReward = async (address: string, what: string): Promise<Buffer> => {
    const own = await look(address);
    if (!own.ok) {
      throw new AddressError(
        'ADDRESS_INVALID',
        `${what} ${address} is no address of ${coin.displayName} on the ${network} chain: ${own.reason}.`,
      );
    }
    if (forms === undefined || own.address === undefined) return own.script;
    const daemon = await askAddress(group, own.address);
    const script = own.script.toString('hex');
    if (!daemon.isValid || (daemon.scriptPubKey ?? script) !== script) {
      throw new AddressError(
        'ADDRESS_SCRIPT',
        `${what} ${address} means script ${script} here, but the daemon says ${daemon.isValid ? daemon.scriptPubKey : 'that it is invalid'}: check the address forms of coins/${coin.file}.`,
      );
    }
    return own.script;
  };

  return {
    look,
    payee: async (worker, source) => {
      const named = addressPart(worker);
      const verdict = lookHere(named) ?? (await askDaemon(named, source));
      if (!verdict.ok) return verdict;
      const { script, address } = verdict;
      if (address !== undefined) return { ok: true, script, address };
      return {
        ok: false,
        reason: `coins/${coin.file} does not tell how the ${network} chain writes addresses, so none can be made of a mining key`,
      };
    },
    scriptForReward,
    scriptForPool: async (address, reward) => {
      if (reward === 'POW') return scriptForReward(address, 'The pool address');
      const script =
        forms === undefined ? undefined : await scriptForReward(address, 'The pool address');
      // Where the forms are not known the key alone decides: old daemons tell no script.
      const facts = await askAddress(group, address);
      keyVersion ??= versionOfKey(address, facts);
      const key = parseHex(facts.pubKey);
      const isKey = key?.length === 33 || key?.length === 65;
      if (key === undefined || !isKey || script?.equals(p2pkh(hash160(key))) === false) {
        throw new AddressError(
          'ADDRESS_KEY',
          `The daemon tells no public key for the pool address ${address}, and on a chain with staking blocks are signed with it: take an address (pay to public key hash) of the daemon's own wallet.`,
        );
      }
      return payToPubKey(key);
    },
    addressOf: (worker) => {
      const address = addressPart(worker);
      const verdict = lookHere(address);
      return (verdict?.ok ? verdict.address : undefined) ?? address;
    },
    scriptOfPayee: (address) => {
      const verdict = lookHere(address);
      if (verdict?.ok) return verdict.script;
      // Asked in the background: the next template finds the answer remembered.
      if (verdict === undefined) void askDaemon(address);
      throw new AddressError(
        'ADDRESS_PAYEE',
        `The block template pays ${address}, whose script is not known${verdict === undefined ? ' yet' : `: ${verdict.reason}`}.`,
      );
    },
  };
}

function lookMiningKey(key: string, forms: AddressForms | undefined): AddressVerdict {
  const address = forms === undefined ? undefined : addressOfMiningKey(key, forms);
  return { ok: true, script: scriptOfMiningKey(key), address };
}

function verdictOf(
  address: string,
  facts: AddressFacts,
  keyVersion: Buffer | undefined,
): AddressVerdict {
  if (!facts.isValid) return { ok: false, reason: 'the daemon calls it invalid' };
  const told = parseHex(facts.scriptPubKey);
  if (told !== undefined && told.length > 0) return { ok: true, script: told, address };
  // Old daemons tell no script, and the key of their own addresses only.
  const version = versionOfKey(address, facts) ?? keyVersion;
  const decoded = decodeAnyAddress(address);
  if (
    version !== undefined &&
    decoded.ok &&
    version.equals(decoded.payload.subarray(0, -hashSize))
  ) {
    return { ok: true, script: p2pkh(decoded.payload.subarray(-hashSize)), address };
  }
  return { ok: false, reason: 'the daemon tells no output script for it' };
}

/** The version bytes of an address whose public key the daemon tells, if it is the address of that key. */
function versionOfKey(address: string, { pubKey }: AddressFacts): Buffer | undefined {
  const key = parseHex(pubKey);
  const decoded = decodeAnyAddress(address);
  if (key === undefined || !decoded.ok) return undefined;
  const { payload } = decoded;
  if (!payload.subarray(-hashSize).equals(hash160(key))) return undefined;
  const version = payload.subarray(0, -hashSize);
  // A witness program has no version bytes.
  return version.length === 0 ? undefined : version;
}
