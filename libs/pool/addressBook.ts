import type { AddressForms, CoinConfig } from '../config/types.ts';
import { askAddress } from '../daemon/addresses.ts';
import type { ChainNetwork, DaemonGroup } from '../daemon/types.ts';
import { addressOfMiningKey, decodeAddress, scriptOfMiningKey } from '../primitives/address.ts';
import { CodedError, messageOf } from '../primitives/errors.ts';
import { isHex, parseHex } from '../primitives/hex.ts';
import { addressPart } from '../primitives/workerName.ts';

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
  | { readonly ok: false; readonly reason: string };

export type PayeeVerdict =
  | { readonly ok: true; readonly script: Buffer; readonly address: string }
  | { readonly ok: false; readonly reason: string };

export interface AddressBook {
  /** Settles always: a daemon that cannot be asked gives a verdict that is not ok. Mining keys are addresses too. */
  look(address: string): Promise<AddressVerdict>;
  /** Who is paid for a worker's shares, by the address part of its name. Settles always. */
  payee(worker: string): Promise<PayeeVerdict>;
  /**
   * The script of an address of the operator (the pool's own, a reward recipient), also compared with the daemon's
   * opinion: a difference would burn every reward. Throws AddressError.
   */
  scriptForReward(address: string, what: string): Promise<Buffer>;
  /** The address that a worker's statistics go under: the payee's as far as it is known at once. Never throws. */
  addressOf(worker: string): string;
  /** The script of a payee that a block template names, at once. Throws AddressError when it is not known. */
  scriptOfPayee(address: string): Buffer;
}

/** Verdicts of the daemon that are kept; more names than that start the memory anew. */
const mostRemembered = 50_000;
const miningKey = 20;

export function createAddressBook(
  coin: CoinConfig,
  network: ChainNetwork,
  group: DaemonGroup,
): AddressBook {
  const forms = coin.networks[network];
  const remembered = new Map<string, AddressVerdict>();

  const askDaemon = async (address: string): Promise<AddressVerdict> => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    let verdict: AddressVerdict;
    try {
      const facts = await askAddress(group, address);
      verdict = verdictOf(address, facts.isValid, facts.scriptPubKey);
    } catch (error) {
      // Not remembered: the daemon may answer the next time.
      return { ok: false, reason: `the daemon could not be asked (${messageOf(error)})` };
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

  return {
    look,
    payee: async (worker) => {
      const verdict = await look(addressPart(worker));
      if (!verdict.ok) return verdict;
      const { script, address } = verdict;
      if (address !== undefined) return { ok: true, script, address };
      return {
        ok: false,
        reason: `coins/${coin.file} does not tell how the ${network} chain writes addresses, so none can be made of a mining key`,
      };
    },
    scriptForReward: async (address, what) => {
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
  isValid: boolean,
  scriptPubKey: string | undefined,
): AddressVerdict {
  if (!isValid) return { ok: false, reason: 'the daemon calls it invalid' };
  const script = parseHex(scriptPubKey);
  if (script === undefined || script.length === 0) {
    return { ok: false, reason: 'the daemon tells no output script for it' };
  }
  return { ok: true, script, address };
}
