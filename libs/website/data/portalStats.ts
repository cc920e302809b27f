import { hashrateString } from './hashrateText.ts';
import type { PoolGatherer } from './poolGatherer.ts';

// The statistics in the original's form, field by field: /api/stats, /api/live_stats and the entries of statHistory.

export interface PortalStats {
  /** Unix seconds. */
  readonly time: number;
  readonly global: { readonly workers: number; readonly hashrate: number };
  readonly algos: Readonly<Record<string, AlgoStats>>;
  readonly pools: Readonly<Record<string, PoolStats>>;
}

export interface AlgoStats {
  readonly workers: number;
  readonly hashrate: number;
  readonly hashrateString: string;
}

export interface PoolStats {
  readonly name: string;
  readonly symbol: string;
  readonly algorithm: string;
  /** Texts as they are in Redis; the number 0 where there is none. */
  readonly poolStats: {
    readonly validShares: string | 0;
    readonly validBlocks: string | 0;
    readonly invalidShares: string | 0;
    readonly totalPaid: string | 0;
  };
  readonly blocks: {
    readonly pending: number;
    readonly confirmed: number;
    readonly orphaned: number;
  };
  readonly workers: Readonly<Record<string, WorkerStats>>;
  readonly hashrate: number;
  readonly workerCount: number;
  readonly hashrateString: string;
}

interface WorkerStats {
  readonly shares: number;
  readonly invalidshares: number;
  readonly hashrateString: string;
}

/** Pools that could not be read yet are left out; workers of pools with more than `mostWorkers` as well. */
export function portalStats(
  time: number,
  pools: readonly PoolGatherer[],
  mostWorkers = Infinity,
): PortalStats {
  const parts = pools.flatMap((pool) => statsOf(pool, mostWorkers) ?? []);
  const algos = new Map<string, { workers: number; hashrate: number }>();
  for (const { algorithm, workerCount, hashrate } of parts) {
    const sum = algos.get(algorithm) ?? { workers: 0, hashrate: 0 };
    algos.set(algorithm, {
      workers: sum.workers + workerCount,
      hashrate: sum.hashrate + hashrate,
    });
  }
  return {
    time,
    global: {
      workers: parts.reduce((sum, { workerCount }) => sum + workerCount, 0),
      hashrate: parts.reduce((sum, { hashrate }) => sum + hashrate, 0),
    },
    algos: Object.fromEntries(
      [...algos].map(([name, sum]) => [
        name,
        { ...sum, hashrateString: hashrateString(sum.hashrate) },
      ]),
    ),
    pools: Object.fromEntries(parts.map((part) => [part.name, part])),
  };
}

function statsOf(pool: PoolGatherer, mostWorkers: number): PoolStats | undefined {
  const { figures } = pool;
  if (figures === undefined) return undefined;
  const { coin } = pool.source.config;
  const counter = (name: string) => figures.stats.get(name) || 0;
  const hashrate = pool.hashrateOf(figures.shares);
  return {
    name: coin.name,
    symbol: coin.symbol.toUpperCase(),
    algorithm: coin.algorithm,
    poolStats: {
      validShares: counter('validShares'),
      validBlocks: counter('validBlocks'),
      invalidShares: counter('invalidShares'),
      totalPaid: counter('totalPaid'),
    },
    blocks: figures.counts,
    // fromEntries defines own properties: a worker called __proto__ is one like any other.
    workers: Object.fromEntries(
      [...(figures.workers.size > mostWorkers ? [] : figures.workers)].map(
        ([worker, { shares, invalidShares }]) => [
          worker,
          {
            shares,
            invalidshares: invalidShares,
            hashrateString: hashrateString(pool.hashrateOf(shares)),
          },
        ],
      ),
    ),
    hashrate,
    workerCount: pool.workerCount,
    hashrateString: hashrateString(hashrate),
  };
}
