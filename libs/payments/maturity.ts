import { type DaemonClient, DaemonError } from '../daemon/types.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own } from '../primitives/unknown.ts';
import {
  type DecodedTx,
  isOutage,
  readAmount,
  readInteger,
  readTx,
  readTxid,
} from './rpcReplies.ts';

// What has become of a found block, asked of the wallet's daemon. One answer never ends a block: the caller looks again.

export interface PendingBlock {
  /** As it stands in blocksPending. */
  readonly member: string;
  readonly blockHash: string;
  readonly txHash: string;
  readonly height: number;
}

export type BlockFate =
  | { readonly kind: 'immature'; readonly confirmations: number }
  /** `reward`: what the coinbase pays to the pool's own script. */
  | { readonly kind: 'mature'; readonly confirmations: number; readonly reward: Satoshis }
  /** At `tip` blocks another block has this one's height on the active chain. */
  | { readonly kind: 'offChain'; readonly tip: number }
  /** It is mature, but cannot be credited; a person must look. */
  | { readonly kind: 'unpayable'; readonly reason: string }
  /** An odd answer: ask again later. */
  | { readonly kind: 'unclear'; readonly reason: string };

export interface MaturityRules {
  /** The coin's coinbase maturity, used where the wallet does not say `generate`. */
  readonly maturity: number;
  /** The operator's wish for more confirmations. */
  readonly minConfirmations: number | undefined;
  readonly decimals: number;
  readonly poolScript: Buffer;
  /** Daemons that know getauxblock alone choose an address of their wallet for a block: what the wallet got counts. */
  readonly isAuxiliary?: boolean;
}

/** `blockHash:txHash:height`, of which later fields of other pools are ignored. */
export function parsePending(member: string): PendingBlock | undefined {
  const [hash, tx, heightText] = member.split(':');
  const blockHash = readTxid(hash);
  const txHash = readTxid(tx);
  if (blockHash === undefined || txHash === undefined) return undefined;
  if (heightText === undefined || !/^\d{1,10}$/.test(heightText)) return undefined;
  return { member, blockHash, txHash, height: Number(heightText) };
}

const exact = { exactNumbers: true } as const;

/** Rejects with DaemonError when the daemon is away, busy or warming up. */
export async function blockFate(
  client: DaemonClient,
  block: PendingBlock,
  rules: MaturityRules,
): Promise<BlockFate> {
  const found = await ask(client, 'getblock', [block.blockHash]);
  if (!found.ok) return offChainOrUnclear(client, block, `getblock: ${found.reason}`);
  const header = found.result;
  if (!isRecord(header)) return unclear('getblock gave no block');
  const confirmations = readInteger(own(header, 'confirmations'));
  if (confirmations === undefined) return unclear('getblock gave no confirmations');
  if (confirmations <= 0) return offChainOrUnclear(client, block, 'the block has no confirmations');
  if (readTxid(own(header, 'hash')) !== block.blockHash)
    return unclear('getblock gave another block');
  if (confirmations < (rules.minConfirmations ?? 0)) return { kind: 'immature', confirmations };

  // The chain knows the coinbase best: an own record of its txid is not needed.
  const txs = own(header, 'tx');
  const coinbaseId = readTxid(Array.isArray(txs) ? txs[0] : undefined);
  if (coinbaseId === undefined) return unclear('getblock gave no transactions');
  const known = await ask(client, 'gettransaction', [coinbaseId]);
  const walletTx = known.ok && isRecord(known.result) ? known.result : undefined;
  const word = walletTx && walletWord(walletTx, block);
  if (word === 'immature') return { kind: 'immature', confirmations };
  if (word === 'odd') return unclear('the wallet and the chain contradict each other');
  if (word !== 'generate' && confirmations <= rules.maturity) {
    return { kind: 'immature', confirmations };
  }
  return rewardOf(client, { block, coinbaseId, walletTx, confirmations, rules });
}

/** The wallet's category of a coinbase; undefined when it says nothing of it. */
function walletWord(
  tx: Readonly<Record<string, unknown>>,
  block: PendingBlock,
): 'generate' | 'immature' | 'odd' | undefined {
  const blockHash = own(tx, 'blockhash');
  if (blockHash !== undefined && readTxid(blockHash) !== block.blockHash) return 'odd';
  const categories = detailsOf(tx).map((detail) => own(detail, 'category'));
  if (categories.includes('orphan')) return 'odd';
  if (categories.includes('immature')) return 'immature';
  return categories.includes('generate') ? 'generate' : undefined;
}

function detailsOf(tx: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const details = own(tx, 'details');
  return Array.isArray(details) ? details.filter(isRecord) : [];
}

interface Mature {
  readonly block: PendingBlock;
  readonly coinbaseId: string;
  readonly walletTx: Readonly<Record<string, unknown>> | undefined;
  readonly confirmations: number;
  readonly rules: MaturityRules;
}

async function rewardOf(client: DaemonClient, mature: Mature): Promise<BlockFate> {
  const { rules, confirmations, walletTx, coinbaseId } = mature;
  const coinbase = await findCoinbase(client, mature);
  if (coinbase === undefined) {
    const reward = walletTx && soleDetail(walletTx, rules.decimals);
    if (reward === undefined) {
      return unclear(`the daemon does not show the outputs of the coinbase ${coinbaseId}`);
    }
    return { kind: 'mature', confirmations, reward };
  }
  const own = rules.poolScript.toString('hex');
  const reward = coinbase.outputs
    .filter(({ script }) => script === own)
    .reduce((sum, { amount }) => sum + amount, 0n);
  if (reward <= 0n) {
    const got = rules.isAuxiliary && walletTx ? soleDetail(walletTx, rules.decimals) : undefined;
    if (got !== undefined) return { kind: 'mature', confirmations, reward: got };
    return {
      kind: 'unpayable',
      reason: `its coinbase ${coinbaseId} pays nothing to the pool's address (was another address configured when it was found?)`,
    };
  }
  return { kind: 'mature', confirmations, reward: satoshis(reward) };
}

/** The coinbase with all outputs: from the wallet's copy, else from the block, else from the transaction index. */
async function findCoinbase(client: DaemonClient, mature: Mature): Promise<DecodedTx | undefined> {
  const { block, coinbaseId, walletTx, rules } = mature;
  const read = (value: unknown): DecodedTx | undefined => {
    const tx = readTx(value, rules.decimals);
    return tx?.txid === coinbaseId ? tx : undefined;
  };
  const hex = walletTx && own(walletTx, 'hex');
  if (typeof hex === 'string') {
    const decoded = await ask(client, 'decoderawtransaction', [hex]);
    const tx = decoded.ok ? read(decoded.result) : undefined;
    if (tx !== undefined) return tx;
  }
  const full = await ask(client, 'getblock', [block.blockHash, 2]);
  if (full.ok && isRecord(full.result)) {
    const txs = own(full.result, 'tx');
    const tx = Array.isArray(txs) ? read(txs[0]) : undefined;
    if (tx !== undefined) return tx;
  }
  const indexed = await ask(client, 'getrawtransaction', [coinbaseId, 1]);
  return indexed.ok ? read(indexed.result) : undefined;
}

/** For daemons that show no outputs: what the wallet got, if it got it at a single address. */
function soleDetail(tx: Readonly<Record<string, unknown>>, decimals: number): Satoshis | undefined {
  const mined = detailsOf(tx).filter((detail) => own(detail, 'category') === 'generate');
  const [only] = mined;
  if (only === undefined || mined.length > 1) return undefined;
  const amount = readAmount(own(only, 'amount'), decimals);
  return amount !== undefined && amount > 0n ? amount : undefined;
}

/** Off the chain is only what the chain itself contradicts: another block at that height. */
async function offChainOrUnclear(
  client: DaemonClient,
  block: PendingBlock,
  reason: string,
): Promise<BlockFate> {
  const tip = await ask(client, 'getblockcount', []);
  const inPlace = await ask(client, 'getblockhash', [block.height]);
  const height = tip.ok ? readInteger(tip.result) : undefined;
  const hash = inPlace.ok ? readTxid(inPlace.result) : undefined;
  if (height === undefined || hash === undefined || height < block.height) {
    return unclear(`${reason}, and the daemon's chain does not reach its height`);
  }
  if (hash === block.blockHash) return unclear(`${reason}, yet it is on the active chain`);
  return { kind: 'offChain', tip: height };
}

function unclear(reason: string): BlockFate {
  return { kind: 'unclear', reason };
}

type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly reason: string };

async function ask(
  client: DaemonClient,
  method: string,
  params: readonly unknown[],
): Promise<Answer> {
  try {
    return { ok: true, result: await client.call(method, params, exact) };
  } catch (error) {
    // An unreadable reply (one too large, say) concerns this block only: the others go on.
    const unreadable = error instanceof DaemonError && error.kind === 'badReply';
    if (isOutage(error) && !unreadable) throw error;
    return { ok: false, reason: messageOf(error) };
  }
}
