import { setTimeout as sleep } from 'node:timers/promises';
import type { CoinConfig, DaemonConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { isRecord, own } from '../primitives/unknown.ts';
import { createDaemonClient } from './rpcClient.ts';
import { createTemplateSource, type TemplateSource } from './templates.ts';
import { type DaemonClient, DaemonError } from './types.ts';

// Long polling (BIP 22): one getblocktemplate that a daemon answers when it has another template than the last one.

export interface LongPollOptions {
  readonly daemons: readonly DaemonConfig[];
  readonly coin: CoinConfig;
  readonly log: Logger;
  readonly now: Clock;
  /** Index of the daemon to ask next. */
  pick(): number;
  /** A template as daemon `index` gave it, on another block or with other transactions than the one before. */
  onTemplate(index: number, reply: unknown): void;
}

/**
 * Milliseconds of one call. Daemons do not notice that a caller is gone and keep the thread of an abandoned call busy
 * until the next block, so that calls are given up seldom; a daemon that ends or restarts ends them anyway.
 */
const callTimeout = 60 * 60_000;
/** Milliseconds between the starts of two calls: a daemon that answers at once must not be asked without end. */
const shortestRound = 200;
const firstWait = 1_000;
const longestWait = 30_000;
const sayEvery = 60_000;

/** One call at a time, on a connection of its own, until `stop`. */
export class LongPoll {
  readonly #options: LongPollOptions;
  readonly #trouble: OncePer;
  readonly #stop = new AbortController();
  #client: DaemonClient | undefined;
  #source: TemplateSource | undefined;
  #index = -1;
  #longPollId: string | undefined;

  constructor(options: LongPollOptions) {
    this.#options = options;
    this.#trouble = new OncePer(sayEvery, options.now);
  }

  start(): void {
    void this.#run();
  }

  /** Breaks off the call under way. */
  stop(): void {
    this.#stop.abort();
    this.#letGo();
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #run(): Promise<void> {
    for (let wait = firstWait; !this.#isStopped; ) {
      const began = performance.now();
      try {
        if (!(await this.#once())) return;
        wait = firstWait;
        await this.#pause(shortestRound - (performance.now() - began));
      } catch (error) {
        if (this.#isStopped) return;
        this.#letGo();
        if (this.#trouble.allows('call')) {
          this.#options.log.warning(
            `Long polling failed: ${messageOf(error)}. It is tried again; the other sources of news go on.`,
          );
        }
        await this.#pause(wait);
        wait = Math.min(wait * 2, longestWait);
      }
    }
  }

  /** False if the daemon cannot do it. Rejects with DaemonError. */
  async #once(): Promise<boolean> {
    const index = this.#options.pick();
    const source = this.#sourceOf(index);
    if (source === undefined) return false;
    const longPollId = this.#longPollId;
    let reply: unknown;
    try {
      reply = await source.fetch({
        timeout: callTimeout,
        ...(longPollId === undefined ? {} : { longPollId }),
      });
    } catch (error) {
      if (error instanceof DaemonError && error.kind === 'timeout') return true;
      throw error;
    }
    if (this.#isStopped) return false;
    const next = isRecord(reply) ? own(reply, 'longpollid') : undefined;
    if (typeof next !== 'string') {
      this.#options.log.warning(
        `Daemon ${source.name} knows no long polling (its template has no longpollid): the other sources of news go on.`,
      );
      return false;
    }
    this.#longPollId = next;
    this.#trouble.clear('call');
    this.#options.onTemplate(index, reply);
    return true;
  }

  #sourceOf(index: number): TemplateSource | undefined {
    if (index === this.#index) return this.#source;
    this.#letGo();
    const config = this.#options.daemons[index];
    if (config === undefined) return undefined;
    this.#client = createDaemonClient(config, { inFlight: 1 });
    this.#source = createTemplateSource(this.#client, this.#options.coin);
    this.#index = index;
    return this.#source;
  }

  /** The connection goes too: a daemon does not end before its connections are closed. */
  #letGo(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#source = undefined;
    this.#index = -1;
    this.#longPollId = undefined;
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    await sleep(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
