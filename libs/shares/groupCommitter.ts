import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import type { ShareRecord } from './types.ts';

// Gathers shares into groups and commits them, one group at a time, in order.

/** Takes a group of at least one share. True: it is durable. False: it is not and never will be. Must not reject. */
export type CommitGroup = (shares: readonly ShareRecord[]) => Promise<boolean>;

export interface GroupCommitterOptions {
  readonly commit: CommitGroup;
  readonly log: Logger;
  /** The longest that the first share of a group waits for others; down to a fifth of it while shares are few. */
  readonly groupMillis: number;
  /** So many shares are committed without waiting longer. */
  readonly groupSize: number;
  /** The most shares of one group, when they piled up behind a slow commit. */
  readonly largestGroup: number;
  /** More than these are refused at once, so that a disk that hangs cannot eat all memory. */
  readonly maxPending: number;
  /** Called for each share refused for that reason. */
  readonly onFull: () => void;
}

type Done = (recorded: boolean) => void;

/** The next group waits in proportion to this one, up to so many shares: fewer writes, where they would cost most. */
const manyShares = 16;
const shortestPart = 1 / 5;

export class GroupCommitter {
  readonly #options: GroupCommitterOptions;
  #shares: ShareRecord[] = [];
  #dones: Done[] = [];
  #inFlight = 0;
  /** #commitAll runs: there is never a second one, also not from inside an answer. */
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  /** The gathered shares have waited long enough. */
  #due = false;
  #closed = false;
  /** Counts shares for flush(): everything up to #settled has its fate. */
  #taken = 0;
  #settled = 0;
  #lastGroup = 0;
  #waiters: { readonly upTo: number; readonly resolve: () => void }[] = [];

  constructor(options: GroupCommitterOptions) {
    this.#options = options;
  }

  /** Shares whose fate is open. */
  get pending(): number {
    return this.#shares.length + this.#inFlight;
  }

  record(share: ShareRecord, done: Done): void {
    const { maxPending, groupMillis, groupSize, onFull } = this.#options;
    const full = this.pending >= maxPending;
    if (this.#closed || full) {
      if (full) onFull();
      done(false);
      return;
    }
    this.#taken += 1;
    const gathered = this.#shares.push(share);
    this.#dones.push(done);
    if (gathered === 1) {
      const part = Math.min(1, Math.max(shortestPart, this.#lastGroup / manyShares));
      this.#timer = setTimeout(() => this.#hurry(), Math.round(groupMillis * part));
    }
    if (gathered >= groupSize) this.#start();
  }

  /** Resolves when every share taken in before has its fate. */
  flush(): Promise<void> {
    if (this.#settled === this.#taken) return Promise.resolve();
    const flushed = new Promise<void>((resolve) => {
      this.#waiters.push({ upTo: this.#taken, resolve });
    });
    this.#hurry();
    return flushed;
  }

  /** Takes no more shares, and flushes. */
  close(): Promise<void> {
    this.#closed = true;
    return this.flush();
  }

  #hurry(): void {
    this.#due = true;
    this.#start();
  }

  #start(): void {
    if (!this.#busy) void this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    this.#busy = true;
    while (
      this.#shares.length > 0 &&
      (this.#due || this.#shares.length >= this.#options.groupSize)
    ) {
      const { shares, dones } = this.#takeGroup();
      this.#inFlight = shares.length;
      this.#lastGroup = shares.length;
      const recorded = await this.#options.commit(shares);
      this.#inFlight = 0;
      this.#settled += shares.length;
      this.#answer(dones, recorded);
      this.#wake();
    }
    this.#busy = false;
  }

  #takeGroup(): { shares: ShareRecord[]; dones: Done[] } {
    const most = this.#options.largestGroup;
    if (this.#shares.length > most) {
      // What stays behind has waited long enough already: #due stays.
      this.#due = true;
      return { shares: this.#shares.splice(0, most), dones: this.#dones.splice(0, most) };
    }
    clearTimeout(this.#timer);
    this.#due = false;
    const group = { shares: this.#shares, dones: this.#dones };
    this.#shares = [];
    this.#dones = [];
    return group;
  }

  #answer(dones: readonly Done[], recorded: boolean): void {
    for (const done of dones) {
      try {
        done(recorded);
      } catch (error) {
        this.#options.log.error(`Answering a share failed: ${messageOf(error)}`);
      }
    }
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const settled = this.#settled;
    const due = this.#waiters.filter(({ upTo }) => upTo <= settled);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > settled);
    for (const { resolve } of due) resolve();
  }
}
