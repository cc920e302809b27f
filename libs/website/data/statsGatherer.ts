import { setTimeout as sleep } from 'node:timers/promises';
import type { PortalConfig } from '../../config/types.ts';
import type { Logger } from '../../log/logger.ts';
import { OncePer } from '../../log/oncePer.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { Clock, Millis } from '../../primitives/units.ts';
import { waitForRedis } from '../../redis/connection.ts';
import { RedisError } from '../../redis/errors.ts';
import { NoticeBoard } from './noticeBoard.ts';
import { PoolGatherer } from './poolGatherer.ts';
import { type PortalStats, portalStats } from './portalStats.ts';
import type { Sources } from './sources.ts';
import { mostWorkersKept, StatHistory } from './statHistory.ts';

export interface GathererOptions {
  readonly portal: PortalConfig;
  readonly sources: Sources;
  readonly log: Logger;
  readonly now: Clock;
}

const minute = 60_000;
/** Milliseconds that the first look waits for Redis. */
const firstPatience = 5_000;
const retryMillis = 1_000;

/** Looks at Redis each `updateInterval` and keeps what it saw: requests are answered from memory. */
export class StatsGatherer {
  readonly pools: readonly PoolGatherer[];
  readonly history: StatHistory;
  readonly notices: NoticeBoard;
  readonly #options: GathererOptions;
  readonly #said: OncePer;
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #stats: PortalStats | undefined;
  #updated: Millis | undefined;
  #ticks = 0;
  #lastMillis = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: GathererOptions) {
    const { portal, sources, now } = options;
    const { hashrateWindow, historicalRetention } = portal.website.stats;
    this.#options = options;
    this.#said = new OncePer(minute, now);
    this.pools = sources.pools.map((source) => new PoolGatherer(source, hashrateWindow));
    this.history = new StatHistory(sources.portal, historicalRetention);
    this.notices = new NoticeBoard(sources.portal);
  }

  /** Undefined before the first tick that read anything. Made when somebody asks: a large pool has many workers. */
  get stats(): PortalStats | undefined {
    if (this.#updated === undefined) return undefined;
    this.#stats ??= portalStats(Math.floor(this.#updated / 1000), this.pools);
    return this.#stats;
  }

  /** When the newest figures were gathered. */
  get updated(): Millis | undefined {
    return this.#updated;
  }

  /** Some figures are older than they should be, or missing. */
  get stale(): boolean {
    return this.pools.some(({ stale }) => stale);
  }

  get ticks(): number {
    return this.#ticks;
  }

  /** Milliseconds that the last tick took. */
  get lastMillis(): number {
    return this.#lastMillis;
  }

  /** Calls `listener` after each tick; returns how to stop that. */
  onTick(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ticks until stop(). */
  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    for (const pool of this.pools) pool.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const interval = this.#options.portal.website.stats.updateInterval * 1000;
    const soon = AbortSignal.any([signal, AbortSignal.timeout(firstPatience)]);
    const { sources } = this.#options;
    const connections = [sources.portal, ...sources.pools.map(({ connection }) => connection)];
    await Promise.allSettled(connections.map((connection) => waitForRedis(connection, soon)));
    for (let due = performance.now(); !signal.aborted; ) {
      const isDue = performance.now() >= due;
      if (isDue) due = performance.now() + interval;
      try {
        await (isDue ? this.tick() : this.#retry());
      } catch (error) {
        this.#say('the statistics', error);
      }
      const left = due - performance.now();
      const pause = Math.max(this.stale ? Math.min(left, retryMillis) : left, 10);
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Looks again at those pools that could not be read. */
  async #retry(): Promise<void> {
    const time = this.#options.now();
    const read = await this.#gather(
      this.pools.filter(({ stale }) => stale),
      time,
    );
    if (!read) return;
    this.#stats = undefined;
    this.#updated = time;
    this.#tell();
  }

  /** One look at everything. Never rejects: what cannot be read stays as it was, marked stale. */
  async tick(): Promise<void> {
    const time = this.#options.now();
    const began = performance.now();
    await this.notices.refresh().catch((error: unknown) => this.#say('the notice', error));
    if (await this.#gather(this.pools, time)) {
      const stats = portalStats(Math.floor(time / 1000), this.pools, mostWorkersKept);
      this.#stats = undefined;
      this.#updated = time;
      await this.history.add(stats).catch((error: unknown) => this.#say('statHistory', error));
    }
    this.#lastMillis = performance.now() - began;
    this.#ticks += 1;
    this.#tell();
  }

  /** True if any of the pools could be read. */
  async #gather(pools: readonly PoolGatherer[], time: Millis): Promise<boolean> {
    const outcomes = await Promise.all(
      pools.map((pool) =>
        pool.gather(time).then(
          () => true,
          (error: unknown) => this.#say(`the statistics of ${pool.source.keys.coin}`, error),
        ),
      ),
    );
    return outcomes.includes(true);
  }

  #tell(): void {
    const { log } = this.#options;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        log.error(`Something that follows the statistics failed: ${messageOf(error)}`);
      }
    }
  }

  /** An outage is told by the connection itself. */
  #say(what: string, error: unknown): false {
    const quiet = error instanceof RedisError && error.trouble === 'transient';
    if (!quiet && this.#said.allows(what)) {
      this.#options.log.warning(`The website cannot read or write ${what}: ${messageOf(error)}`);
    }
    return false;
  }
}
