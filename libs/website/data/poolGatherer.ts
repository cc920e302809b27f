import { multiplierOf } from '../../algos/multiplier.ts';
import type { Millis } from '../../primitives/units.ts';
import { type LiveCounters, readLive } from '../../redis/liveCounters.ts';
import { readHash } from '../../redis/read.ts';
import { BlockBook, type BlockFacts } from './blockBook.ts';
import { readHashrateSlice } from './bytesScripts.ts';
import { HashrateWindow, type WorkerSums } from './hashrateWindow.ts';
import { type PaymentFacts, readPayments } from './paymentList.ts';
import { readCount, readFigure, scanHash, tolerate } from './redisReads.ts';
import { RoundReader } from './roundReader.ts';
import type { PoolSource } from './sources.ts';
import { WorkerIndex } from './workerIndex.ts';

/** What is known of one pool after a look at Redis. */
export interface PoolFigures {
  readonly gathered: Millis;
  /** Fields of `<coin>:stats` as they are. */
  readonly stats: ReadonlyMap<string, string>;
  readonly counts: {
    readonly pending: number;
    readonly confirmed: number;
    readonly orphaned: number;
  };
  /** Workers with shares, valid or not, within the hashrate window. */
  readonly workers: ReadonlyMap<string, WorkerSums>;
  readonly miners: ReadonlyMap<string, MinerSums>;
  /** Difficulty of all valid shares within the window. */
  readonly shares: number;
  readonly round: {
    readonly total: number;
    readonly byMiner: ReadonlyMap<string, number>;
  };
  /** Of a pool in MPOS mode, in place of all else: its pool workers' own counters. */
  readonly live?: LiveCounters;
  /** Highest first. */
  readonly blocks: readonly BlockFacts[];
  /** What the pool mines on, as it told last. */
  readonly network: NetworkSeen | undefined;
  /** Newest first. */
  readonly payments: readonly PaymentFacts[];
}

export interface NetworkSeen {
  readonly height: number;
  /** In stratum units. */
  readonly difficulty: number;
}

export interface MinerSums {
  shares: number;
  workers: number;
}

/** More workers than that in one round are not told apart. */
const mostInRound = 500_000;
const mostInSlice = 200_000;
const latestPayments = 10;
/** Milliseconds between two looks at every name that was ever seen. */
const indexEvery = 600_000;
const mostIndexed = 500_000;

/** Keeps one pool's figures; each `gather` reads what is new. */
export class PoolGatherer {
  readonly source: PoolSource;
  /** Hashes that a share of difficulty 1 stands for: 2^32 / multiplier. */
  readonly hashesPerShare: number;
  readonly index = new WorkerIndex();
  readonly #window: number;
  readonly #hashrate: HashrateWindow;
  readonly #round = new RoundReader();
  readonly #book: BlockBook;
  #figures: PoolFigures | undefined;
  #stale = true;
  #indexed = Number.NEGATIVE_INFINITY;
  #readAll = false;
  readonly #forget: () => void;

  /** `window` in seconds. */
  constructor(source: PoolSource, window: number) {
    this.source = source;
    this.#window = window;
    this.hashesPerShare = 2 ** 32 / (multiplierOf(source.config.coin.algorithm) ?? 1);
    this.#hashrate = new HashrateWindow(window);
    this.#book = new BlockBook(source);
    // Shares that waited for Redis are written with their old times.
    this.#forget = source.connection.onReady(() => {
      this.#readAll = true;
    });
  }

  /** Undefined until they could be gathered once. */
  get figures(): PoolFigures | undefined {
    return this.#figures;
  }

  /** The last look failed, or there was none: the figures are old. */
  get stale(): boolean {
    return this.#stale;
  }

  /** At work now. */
  get workerCount(): number {
    return this.#figures?.live?.workers ?? this.#figures?.workers.size ?? 0;
  }

  get minerCount(): number {
    return this.#figures?.live?.connections ?? this.#figures?.miners.size ?? 0;
  }

  hashrateOf(shares: number): number {
    return (this.hashesPerShare * shares) / this.#window;
  }

  /** Rejects with RedisError; the figures stay what they were then. */
  async gather(now: Millis): Promise<void> {
    try {
      await (this.source.config.mposMode.enabled ? this.#lookLive(now) : this.#look(now));
      this.#stale = false;
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  async #lookLive(now: Millis): Promise<void> {
    const { connection, keys } = this.source;
    const none = { connections: 0, workers: 0, shares: 0 };
    const live = await tolerate(readLive(connection, keys, now), none);
    this.#figures = {
      gathered: now,
      stats: new Map(),
      counts: { pending: 0, confirmed: 0, orphaned: 0 },
      workers: new Map(),
      miners: new Map(),
      shares: live.shares,
      round: { total: 0, byMiner: new Map() },
      blocks: [],
      network: undefined,
      payments: [],
      live,
    };
  }

  async #look(now: Millis): Promise<void> {
    const seconds = Math.floor(now / 1000);
    await this.#readHashrate(seconds);
    const workers = this.#hashrate.sums(seconds);
    const round = await this.#readRound();
    const { connection, keys, config } = this.source;
    const count = (key: string) => tolerate(readCount(connection, 'scard', key), 0);
    const [stats, pending, confirmed, orphaned, kicked, network, payments] = await Promise.all([
      tolerate(readHash(connection, keys.stats), new Map<string, string>()),
      count(keys.blocksPending),
      count(keys.blocksConfirmed),
      count(keys.blocksOrphaned),
      count(keys.blocksKicked),
      tolerate(readHash(connection, keys.network), new Map<string, string>()),
      readPayments(connection, keys.payments, 0, latestPayments - 1, config.coin.decimals),
      this.#book.refresh(),
    ]);
    await this.#readIndex(now);
    const { miners, shares } = byMiner(workers, this.index);
    this.#figures = {
      gathered: now,
      stats,
      counts: { pending, confirmed, orphaned: orphaned + kicked },
      workers,
      miners,
      shares,
      round,
      blocks: this.#book.blocks,
      network: networkSeen(network),
      payments,
    };
  }

  close(): void {
    this.#forget();
  }

  async #readHashrate(seconds: number): Promise<void> {
    const { connection, keys } = this.source;
    const spans = this.#hashrate.missing(seconds, this.#readAll);
    for (const span of spans) {
      const members = await tolerate(
        readHashrateSlice(connection, keys.hashrate, span, mostInSlice),
        Buffer.alloc(0),
      );
      this.#hashrate.put(span, members);
    }
    this.#readAll = false;
  }

  async #readRound(): Promise<PoolFigures['round']> {
    const { connection, keys } = this.source;
    const sums = new Map<string, number>();
    let total = 0;
    const reading = this.#round.read(
      connection,
      keys.roundCurrent,
      mostInRound,
      (worker, shares) => {
        total += shares;
        const address = this.index.add(worker);
        sums.set(address, (sums.get(address) ?? 0) + shares);
      },
    );
    await tolerate(reading, undefined);
    return { total, byMiner: sums };
  }

  /** Names of miners that are not at work now: seen before, owed money, or paid once. */
  async #readIndex(now: Millis): Promise<void> {
    if (now - this.#indexed < indexEvery) return;
    const { connection, keys } = this.source;
    for (const key of [keys.workersSeen, keys.balances, keys.payouts]) {
      const scan = scanHash(connection, key, mostIndexed, (worker) => void this.index.add(worker));
      await tolerate(scan, undefined);
    }
    this.#indexed = now;
  }
}

function networkSeen(fields: ReadonlyMap<string, string>): NetworkSeen | undefined {
  const height = readFigure(fields.get('height'));
  const difficulty = readFigure(fields.get('difficulty'));
  if (height === undefined || !Number.isSafeInteger(height) || !difficulty) return undefined;
  return { height, difficulty };
}

function byMiner(
  workers: ReadonlyMap<string, WorkerSums>,
  index: WorkerIndex,
): {
  miners: Map<string, MinerSums>;
  shares: number;
} {
  const miners = new Map<string, MinerSums>();
  let shares = 0;
  for (const [worker, sums] of workers) {
    shares += sums.shares;
    const address = index.add(worker);
    const known = miners.get(address);
    if (known === undefined) miners.set(address, { shares: sums.shares, workers: 1 });
    else {
      known.shares += sums.shares;
      known.workers += 1;
    }
  }
  return { miners, shares };
}
