import { isHex } from '../primitives/hex.ts';
import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';
import { type AddressFacts, type DaemonClient, DaemonError, type DaemonGroup } from './types.ts';

const unknownAddress: AddressFacts = {
  isValid: false,
  scriptPubKey: undefined,
  isMine: undefined,
  pubKey: undefined,
};

/**
 * What the daemon says of `address`. Newer daemons tell whose it is by getaddressinfo only; without a wallet
 * (or with several) that stays undefined. Rejects with DaemonError.
 */
export async function askAddress(
  daemon: Pick<DaemonClient | DaemonGroup, 'call'>,
  address: string,
): Promise<AddressFacts> {
  const facts = readAddressFacts(await daemon.call('validateaddress', [address]));
  if (!facts.isValid || facts.isMine !== undefined) return facts;
  const wallet = await walletFacts(daemon, address);
  return {
    isValid: true,
    scriptPubKey: facts.scriptPubKey ?? wallet?.scriptPubKey,
    isMine: wallet?.isMine,
    pubKey: facts.pubKey ?? wallet?.pubKey,
  };
}

/** The reply to validateaddress. Throws DaemonError for anything else. */
export function readAddressFacts(reply: unknown): AddressFacts {
  if (!isRecord(reply)) throw badReply('validateaddress', 'it is no object');
  const isValid = own(reply, 'isvalid');
  if (typeof isValid !== 'boolean') throw badReply('validateaddress', '"isvalid" is no boolean');
  if (!isValid) return unknownAddress;
  return { isValid, ...factsOf(reply) };
}

type WalletFacts = Omit<AddressFacts, 'isValid'>;

async function walletFacts(
  daemon: Pick<DaemonClient | DaemonGroup, 'call'>,
  address: string,
): Promise<WalletFacts | undefined> {
  try {
    const reply = await daemon.call('getaddressinfo', [address]);
    return isRecord(reply) ? factsOf(reply) : undefined;
  } catch (error) {
    if (error instanceof DaemonError && error.kind === 'rpc') return undefined;
    throw error;
  }
}

function factsOf(reply: UnknownRecord): WalletFacts {
  const isMine = own(reply, 'ismine');
  return {
    scriptPubKey: hexOf(own(reply, 'scriptPubKey')),
    isMine: typeof isMine === 'boolean' ? isMine : undefined,
    pubKey: hexOf(own(reply, 'pubkey')),
  };
}

/** An MWEB address is valid and has the script "": none that a transaction's output could carry. */
function hexOf(value: unknown): string | undefined {
  return isHex(value) && value !== '' ? value.toLowerCase() : undefined;
}

function badReply(method: string, why: string): DaemonError {
  return new DaemonError('badReply', `the daemon's reply to ${method} is of no use: ${why}`, {
    daemon: 'daemon',
    method,
  });
}
