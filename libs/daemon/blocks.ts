import { isHex } from '../primitives/hex.ts';
import { isRecord, own } from '../primitives/unknown.ts';
import { type BatchOutcome, type DaemonClient, DaemonError, type DaemonGroup } from './types.ts';

// A block's way into the daemons, and the question what became of it.

/**
 * accepted: it is in the daemon's chain. duplicate: the daemon had it already, and it is valid. inconclusive: known,
 * but not judged, or not on the best chain. rejected: the daemon will never take it. failed: no verdict was heard.
 */
export type SubmitKind = 'accepted' | 'duplicate' | 'inconclusive' | 'rejected' | 'failed';

export interface SubmitOutcome {
  readonly kind: SubmitKind;
  /** The daemon's own word, or the error's sentence, for logs. */
  readonly word: string;
  readonly error?: DaemonError;
}

const submitTimeout = 60_000;
const lookUpTimeout = 10_000;

/**
 * Hands the block (hex) to all daemons at once. Each outcome is reported with the daemon's name the moment it is
 * known; resolves when all are. Never rejects for a daemon's fault.
 */
export function submitBlock(
  group: DaemonGroup,
  blockHex: string,
  hasSubmitBlock: boolean,
  onOutcome: (daemon: string, outcome: SubmitOutcome) => void,
): Promise<void> {
  const [method, params] = hasSubmitBlock
    ? ['submitblock', [blockHex]]
    : ['getblocktemplate', [{ mode: 'submit', data: blockHex }]];
  return group.callAll(
    method,
    params,
    (client, outcome) => onOutcome(client.name, readSubmitOutcome(outcome)),
    { timeout: submitTimeout },
  );
}

/** The verdict in a daemon's answer: the result strings of BIP 22 and BIP 23, or an error. */
export function readSubmitOutcome(outcome: BatchOutcome): SubmitOutcome {
  if (!outcome.ok) return readSubmitError(outcome.error);
  const { result } = outcome;
  if (result === null || result === '' || result === true) {
    return { kind: 'accepted', word: 'accepted' };
  }
  if (result === false) return { kind: 'rejected', word: 'rejected' };
  if (typeof result !== 'string') {
    return {
      kind: 'failed',
      word: `an answer that is no text: ${JSON.stringify(result).slice(0, 200)}`,
    };
  }
  if (result === 'duplicate') return { kind: 'duplicate', word: result };
  const isOpen = result === 'duplicate-inconclusive' || result.startsWith('inconclusive');
  return { kind: isOpen ? 'inconclusive' : 'rejected', word: result };
}

function readSubmitError(error: DaemonError): SubmitOutcome {
  const word = error.message;
  switch (error.rpcCode) {
    // -22: the block cannot be decoded. -26: refused by the network's rules.
    case -22:
    case -26:
      return { kind: 'rejected', word, error };
    // -27: already in the chain.
    case -27:
      return { kind: 'duplicate', word, error };
    default:
      return { kind: 'failed', word, error };
  }
}

export interface BlockFacts {
  /** -1: known, but not on the active chain. */
  readonly confirmations: number;
  readonly height: number;
  /** The coinbase's txid, lower-case hex. */
  readonly coinbaseTxid: string | undefined;
}

/**
 * What getblock tells of a block: of a group the first daemon that knows it, and 'unknown' if none does and at least
 * one says so. Rejects with DaemonError when no daemon gave a usable answer.
 */
export async function lookUpBlock(
  daemon: DaemonClient | DaemonGroup,
  blockHash: string,
): Promise<BlockFacts | 'unknown'> {
  if (!('clients' in daemon)) return askBlock(daemon, blockHash);
  const answers = daemon.clients.map((client) => askBlock(client, blockHash));
  const known = answers.map(async (answer) => {
    const facts = await answer;
    if (facts === 'unknown') throw new UnknownBlock();
    return facts;
  });
  try {
    return await Promise.any(known);
  } catch (error) {
    const problems: unknown[] = error instanceof AggregateError ? error.errors : [error];
    if (problems.some((problem) => problem instanceof UnknownBlock)) return 'unknown';
    throw problems[0];
  }
}

class UnknownBlock extends Error {}

async function askBlock(client: DaemonClient, blockHash: string): Promise<BlockFacts | 'unknown'> {
  let reply: unknown;
  try {
    reply = await client.call('getblock', [blockHash], { timeout: lookUpTimeout });
  } catch (error) {
    if (error instanceof DaemonError && error.rpcCode === -5) return 'unknown';
    throw error;
  }
  const facts = readBlock(reply, blockHash);
  if (facts !== undefined) return facts;
  throw new DaemonError(
    'badReply',
    `daemon ${client.name} answered getblock with something that is not block ${blockHash}`,
    { daemon: client.name, method: 'getblock' },
  );
}

function readBlock(reply: unknown, blockHash: string): BlockFacts | undefined {
  if (!isRecord(reply)) return undefined;
  const hash = own(reply, 'hash');
  if (typeof hash !== 'string' || hash.toLowerCase() !== blockHash.toLowerCase()) return undefined;
  const confirmations = own(reply, 'confirmations');
  const height = own(reply, 'height');
  if (typeof confirmations !== 'number' || !Number.isInteger(confirmations)) return undefined;
  if (typeof height !== 'number' || !Number.isInteger(height)) return undefined;
  const txids = own(reply, 'tx');
  const first: unknown = Array.isArray(txids) ? txids[0] : undefined;
  return {
    confirmations,
    height,
    coinbaseTxid: isHex(first, 32) ? first.toLowerCase() : undefined,
  };
}
