import type { BlockRow, PaymentRow, PoolView } from '../siteData.ts';

// The way of the work, from the shares of the running round to what was paid: the strip on the front page and on a pool's.

export interface Stages {
  /** Of one pool; undefined where several run side by side. */
  readonly effort: number | undefined;
  readonly shares: number;
  readonly started: number | undefined;
  readonly lastBlock: BlockRow | undefined;
  readonly found: number;
  /** The next block that will be mature, and how many wait. */
  readonly next: BlockRow | undefined;
  readonly maturing: number;
  readonly lastPayment: PaymentRow | undefined;
  /** Total of one pool, decimal coins with the symbol. */
  readonly paid: string | undefined;
}

export function stagesOf(
  pools: readonly PoolView[],
  blocks: readonly BlockRow[],
  payments: readonly PaymentRow[],
): Stages {
  const only = pools.length === 1 ? pools[0] : undefined;
  const lastBlocks = pools.flatMap(({ lastBlock }) => lastBlock ?? []);
  const waiting = blocks.filter(({ status }) => status === 'pending');
  const sum = (of: (pool: PoolView) => number) => pools.reduce((all, pool) => all + of(pool), 0);
  return {
    effort: only?.round.effort,
    shares: sum(({ round }) => round.shares),
    started: only?.round.started,
    lastBlock:
      blocks.find(isNotLost) ?? lastBlocks.sort((a, b) => (b.time ?? 0) - (a.time ?? 0))[0],
    found: sum(({ blocks: counts }) => counts.confirmed + counts.pending),
    next: waiting.sort((a, b) => partOf(b) - partOf(a))[0],
    maturing: sum(({ blocks: counts }) => counts.pending),
    lastPayment: payments[0],
    paid: only?.totalPaid,
  };
}

/** How far a block is on its way to maturity, 0–1. */
export function partOf({ confirmations, confirmationsNeeded }: BlockRow): number {
  if (confirmations === undefined || confirmationsNeeded <= 0) return 0;
  return Math.min(1, Math.max(0, confirmations / confirmationsNeeded));
}

function isNotLost({ status }: BlockRow): boolean {
  return status === 'pending' || status === 'confirmed' || status === 'candidate';
}
