import type { PortConfig } from '../config/types.ts';
import { formatCoins } from '../primitives/money.ts';
import { type Millis, millis, type Satoshis } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import type { BlockFacts } from './data/blockBook.ts';
import { hashrateString } from './data/hashrateText.ts';
import type { MinerPaymentFacts, PaymentFacts } from './data/paymentList.ts';
import type { PoolFigures, PoolGatherer } from './data/poolGatherer.ts';
import type {
  BlockRow,
  BlockStatus,
  ExplorerView,
  MinerPaymentRow,
  MinerRow,
  Page,
  PaymentRow,
  PoolView,
  PortView,
} from './siteData.ts';

// From a pool's figures to what people see of it. Pure.

export function hashrateText(hashrate: number): string {
  return `${hashrateString(hashrate)}/s`;
}

/** Blocks of the newest end that a mean effort is taken over. */
const luckBlocks = 100;

export function poolView(pool: PoolGatherer): PoolView {
  const { figures, source } = pool;
  const { coin, paymentProcessing, rewardRecipients, ports } = source.config;
  const hashrate = pool.hashrateOf(figures?.shares ?? 0);
  const blocks = figures?.blocks ?? [];
  const last = blocks.find(isFound);
  const known = blocks.find((block) => isFound(block) && block.networkDifficulty !== undefined);
  const networkDifficulty = figures?.network?.difficulty ?? known?.networkDifficulty;
  const reward = lastReward(pool);
  const counter = (name: string) => figures?.stats.get(name) ?? '0';
  return {
    coin: coin.name,
    name: coin.displayName,
    symbol: coin.symbol.toUpperCase(),
    algorithm: coin.algorithm,
    hashrate,
    hashrateText: hashrateText(hashrate),
    workers: pool.workerCount,
    miners: pool.minerCount,
    stale: pool.stale,
    validShares: counter('validShares'),
    invalidShares: counter('invalidShares'),
    totalPaid: counter('totalPaid'),
    blocks: figures?.counts ?? { pending: 0, confirmed: 0, orphaned: 0 },
    lastBlock: last === undefined ? undefined : blockRow(pool, last),
    round: {
      started: last?.time,
      shares: figures?.round.total ?? 0,
      effort:
        figures === undefined || networkDifficulty === undefined
          ? undefined
          : figures.round.total / networkDifficulty,
    },
    networkDifficulty,
    height: figures?.network?.height,
    blockReward: reward === undefined ? undefined : formatCoins(reward, coin.decimals),
    luck: luckOf(blocks, luckBlocks),
    feePercent: rewardRecipients.reduce((sum, { percent }) => sum + percent, 0),
    payments: {
      enabled: paymentProcessing.enabled && !pool.source.config.mposMode.enabled,
      scheme: paymentProcessing.scheme,
      minimum: paymentProcessing.minimumPayment,
      interval: paymentProcessing.paymentInterval,
      confirmations: confirmationsNeeded(pool),
    },
    ports: ports.map(portView),
    addressLogin: source.config.validateWorkerUsername,
    explorer: explorerOf(pool),
  };
}

/** What the newest block whose reward is known pays to the miners. */
export function lastReward({ figures }: PoolGatherer): Satoshis | undefined {
  return figures?.blocks.find((block) => isFound(block) && block.reward !== undefined)?.reward;
}

/** Mean effort of the newest blocks whose effort is known, at most `most`; undefined when there is none. */
export function luckOf(
  blocks: readonly BlockFacts[],
  most: number,
): { readonly effort: number; readonly blocks: number } | undefined {
  let sum = 0;
  let counted = 0;
  for (const block of blocks) {
    if (counted >= most) break;
    if (block.effort === undefined || !isFound(block)) continue;
    sum += block.effort;
    counted += 1;
  }
  return counted === 0 ? undefined : { effort: sum / counted, blocks: counted };
}

/** A daemon took it, whatever the chain did later. */
function isFound({ status }: { readonly status: BlockStatus }): boolean {
  return status !== 'refused' && status !== 'candidate';
}

function confirmationsNeeded({ source }: PoolGatherer): number {
  const { coin, paymentProcessing } = source.config;
  // A coinbase can be spent in the block after its maturity.
  return Math.max(coin.maturity + 1, paymentProcessing.minConfirmations ?? 0);
}

export function portView({ port, diff, tls, varDiff }: PortConfig): PortView {
  return {
    port,
    difficulty: diff,
    tls,
    varDiff:
      varDiff === undefined
        ? undefined
        : { min: varDiff.minDiff, max: varDiff.maxDiff, targetTime: varDiff.targetTime },
  };
}

function explorerOf({ source }: PoolGatherer): ExplorerView {
  const { explorer } = source.config.coin;
  return { tx: explorer?.txURL, block: explorer?.blockURL, address: explorer?.addressURL };
}

/** The page of an explorer that shows `id`. */
export function linkTo(prefix: string | undefined, id: string): string | undefined {
  return prefix === undefined || id === '' ? undefined : `${prefix}${encodeURIComponent(id)}`;
}

export function blockRow(pool: PoolGatherer, block: BlockFacts): BlockRow {
  const { coin } = pool.source.config;
  const explorer = explorerOf(pool);
  return {
    coin: coin.name,
    symbol: coin.symbol.toUpperCase(),
    height: block.height,
    hash: block.hash,
    txHash: block.txHash,
    finder: block.finder,
    time: block.time,
    status: block.status,
    reward: block.reward === undefined ? undefined : formatCoins(block.reward, coin.decimals),
    networkDifficulty: block.networkDifficulty,
    effort: block.effort,
    confirmations: block.confirmations,
    confirmationsNeeded: confirmationsNeeded(pool),
    blockUrl: linkTo(explorer.block, block.hash),
    txUrl: linkTo(explorer.tx, block.txHash),
  };
}

export function paymentRow(pool: PoolGatherer, payment: PaymentFacts): PaymentRow {
  const { coin } = pool.source.config;
  return {
    coin: coin.name,
    symbol: coin.symbol.toUpperCase(),
    time: payment.time,
    txid: payment.txid,
    amount: payment.paid,
    fee: payment.fee,
    miners: payment.miners,
    txUrl: linkTo(explorerOf(pool).tx, payment.txid),
  };
}

export function minerPaymentRow(pool: PoolGatherer, payment: MinerPaymentFacts): MinerPaymentRow {
  return { ...payment, txUrl: linkTo(explorerOf(pool).tx, payment.txid) };
}

const rowsOf = new WeakMap<PoolFigures, readonly MinerRow[]>();

/** Miners at work and those of the running round, by hashrate, then by shares. Made once for each look at Redis. */
export function minerRows(pool: PoolGatherer): readonly MinerRow[] {
  const { figures } = pool;
  if (figures === undefined) return [];
  const known = rowsOf.get(figures);
  if (known !== undefined) return known;
  const { miners, round } = figures;
  const addresses = new Set([...miners.keys(), ...round.byMiner.keys()]);
  const rows = [...addresses].map((address): MinerRow => {
    const sums = miners.get(address);
    const hashrate = pool.hashrateOf(sums?.shares ?? 0);
    const roundShares = round.byMiner.get(address) ?? 0;
    return {
      address,
      hashrate,
      hashrateText: hashrateText(hashrate),
      workers: sums?.workers ?? 0,
      roundShares,
      roundPart: round.total > 0 ? roundShares / round.total : 0,
    };
  });
  rows.sort((a, b) => b.hashrate - a.hashrate || b.roundShares - a.roundShares);
  rowsOf.set(figures, rows);
  return rows;
}

/** One page of a list that is in memory; `page` counts from 1. */
export function pageOf<T>(all: readonly T[], page: number, pageSize: number): Page<T> {
  const from = (page - 1) * pageSize;
  return { data: all.slice(from, from + pageSize), page, pageSize, total: all.length };
}

/** What comes after the address in a login. */
export function rigOf(worker: string): string {
  return worker.slice(addressPart(worker).length + 1);
}

export function toMillis(time: number | undefined): Millis | undefined {
  return time === undefined ? undefined : millis(time);
}
