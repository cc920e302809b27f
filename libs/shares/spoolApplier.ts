import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { CodedError, messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import type { Segment, SpoolFiles } from './spoolFiles.ts';
import { type SpoolDamage, SpoolReader } from './spoolReader.ts';
import type { ShareGroup, ShareStore } from './types.ts';

// Brings one writer's groups from its spool to the store, in order, and drops segments that the store cannot lose any
// more. Groups come from memory while the store keeps up, and from the files while it does not.

export interface SpoolApplierOptions {
  readonly files: SpoolFiles;
  readonly writerId: string;
  readonly store: ShareStore;
  readonly coin: string;
  readonly log: Logger;
  readonly now: Clock;
  /** Shares of the newest groups that stay in memory for the store. */
  readonly windowShares: number;
  /** Groups are put together up to about so many shares for one call of the store. */
  readonly batchShares: number;
  /** Milliseconds that shares in memory wait for others, so that the store is called less often. */
  readonly gatherMillis: number;
}

interface Batch {
  readonly shares: ShareGroup['shares'];
  /** Sequence of its last group; undefined if there was nothing but damage. */
  readonly sequence: number | undefined;
  /** When it is applied, nothing up to here is left to do. */
  readonly through: number;
}

interface Waiter {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const minute = 60_000;
/** Milliseconds until a disk that cannot be read is asked again. */
const retryMillis = 1_000;

export class SpoolApplier {
  readonly #options: SpoolApplierOptions;
  readonly #reader: SpoolReader;
  readonly #said: OncePer;
  /** The last sequence that the store has told us. */
  #applied = 0;
  /** Everything up to here is in the store, or lost and reported. */
  #passed = 0;
  /** #applied is what the store has now, as far as we can know. */
  #known = false;
  #window: ShareGroup[] = [];
  #windowShares = 0;
  #waiting = 0;
  #recorded = 0;
  /** #waiting may be wrong. */
  #miscounted: boolean;
  /** Shares and last sequence that were ever offered. */
  #offered = 0;
  #lastOffered: number;
  /** More waited than fits into memory: worth a word when it is over. */
  #behind = false;
  #stopped = false;
  #wanted = false;
  #resume: () => void = () => undefined;
  #hurry: () => void = () => undefined;
  #waiters: Waiter[] = [];
  readonly #forget: () => void;
  /** Rejects with stop(). */
  readonly #ended: Promise<never>;
  #end: () => void = () => undefined;

  constructor(options: SpoolApplierOptions) {
    this.#options = options;
    this.#reader = new SpoolReader(options.files, (damage) => this.#noteDamage(damage));
    this.#said = new OncePer(minute, options.now);
    this.#lastOffered = options.files.last;
    this.#miscounted = options.files.segments.length > 0;
    this.#forget = options.store.onReturn(() => {
      this.#known = false;
      this.#wake();
    });
    this.#ended = new Promise((_, reject) => {
      this.#end = () => reject(closedError());
    });
    this.#ended.catch(() => undefined);
  }

  /** Shares that are on disk and not in the store. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Shares that this applier brought to the store. */
  get recorded(): number {
    return this.#recorded;
  }

  /** Groups that are held in memory. */
  get inMemory(): number {
    return this.#window.length;
  }

  /** The last sequence that the store is known to have. */
  get applied(): number {
    return this.#applied;
  }

  /** A group that is durably in the spool: the next one after the last. */
  offer(group: ShareGroup): void {
    const { length } = group.shares;
    this.#lastOffered = group.sequence;
    this.#offered += length;
    this.#waiting += length;
    if (this.#windowShares + length > this.#options.windowShares) {
      // The store does not keep up: what is older is read back from the files when its turn comes.
      this.#window = [];
      this.#windowShares = 0;
      this.#behind = true;
    }
    this.#window.push(group);
    this.#windowShares += length;
    if (this.#windowShares >= this.#options.batchShares) this.#hurry();
    this.#wake();
  }

  /** Resolves when every group that is on disk now is in the store. Rejects with SHARES_CLOSED after stop(). */
  whenApplied(): Promise<void> {
    const upTo = this.#options.files.last;
    if (this.#passed >= upTo && this.#known) return Promise.resolve();
    if (this.#stopped) return Promise.reject(closedError());
    this.#hurry();
    return new Promise((resolve, reject) => this.#waiters.push({ upTo, resolve, reject }));
  }

  /** Works until stop(). Never rejects. The store's signal must be aborted with it. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (this.#miscounted) await this.#recount();
        if (!this.#known) await this.#askStore();
        if (this.#passed >= this.#options.files.last) {
          this.#sayCaughtUp();
          await this.#idle();
        } else {
          await this.#gather();
          await this.#apply(await this.#nextBatch());
        }
      } catch (error) {
        if (this.#stopped) return;
        this.#sayTrouble(error);
        await this.#idle(retryMillis);
      }
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#forget();
    this.#end();
    for (const { reject } of this.#waiters.splice(0)) reject(closedError());
    this.#hurry();
    this.#wake();
  }

  /**
   * Drops the segments that are safe in the store. True when nothing is left to apply or to drop. Rejects when the
   * store or the disk does not answer, and with SHARES_CLOSED when stop() comes first.
   */
  async sweep(): Promise<boolean> {
    const { files, store, writerId, coin, log } = this.#options;
    const done = () => this.#known && this.#passed >= files.last;
    const finished = (segment: Segment) => !segment.open && this.#passed >= files.lastOf(segment);
    if (!this.#known) return false;
    if (files.segments.some(finished)) {
      const safe = await Promise.race([store.safeSequence(), this.#ended]);
      for (const segment of files.segments.filter(finished)) {
        // What the store never got, because it is lost, needs no proof.
        if (!finished(segment) || Math.min(files.lastOf(segment), this.#applied) > safe) break;
        const aside = await files.drop(segment);
        if (aside === undefined) continue;
        log.error(
          `The damaged spool file of ${coin} writer ${writerId} is kept as ${aside}: what could be read of it is recorded. Check the disk.`,
        );
      }
    }
    return done() && files.segments.length === 0;
  }

  async #askStore(): Promise<void> {
    const { files, store, writerId, coin, log } = this.#options;
    this.#known = true;
    const last = await store.lastSequence().catch((error: unknown) => {
      this.#known = false;
      throw error;
    });
    const dropped = (files.segments[0]?.first ?? files.last + 1) - 1;
    if (last < dropped && this.#said.allows('dropped')) {
      log.error(
        `The store of ${coin} shares has lost what it had on its disk: groups ${last + 1} to ${dropped} of writer ${writerId} are not in the spool any more. Was it emptied, or an old copy restored?`,
      );
    }
    if (last > files.last) {
      log.error(
        `The store of ${coin} shares has groups of writer ${writerId} up to ${last}, its spool on this disk only up to ${files.last}: the disk has lost what it had acknowledged, or two processes use one name.`,
      );
      // What comes next must not be taken for what is there.
      files.last = last;
    }
    if (last < this.#applied) {
      log.warning(
        `The store of ${coin} shares came back without its latest: what the spool has of groups ${last + 1} to ${this.#applied} of writer ${writerId} is applied again.`,
      );
    }
    if (last !== this.#applied) this.#miscounted = true;
    this.#applied = last;
    this.#passed = Math.max(last, dropped);
    this.#settle();
  }

  /** Lets shares come together for one call of the store, unless somebody waits for them. */
  async #gather(): Promise<void> {
    const { batchShares, gatherMillis } = this.#options;
    if (!this.#isWindowNext() || this.#windowShares >= batchShares) return;
    if (this.#waiters.length > 0 || this.#stopped) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      timer = setTimeout(resolve, gatherMillis);
    });
    clearTimeout(timer);
  }

  #isWindowNext(): boolean {
    const kept = this.#window.findIndex(({ sequence }) => sequence > this.#passed);
    this.#takeFromWindow(kept === -1 ? this.#window.length : kept);
    return this.#window[0]?.sequence === this.#passed + 1;
  }

  async #nextBatch(): Promise<Batch> {
    const { batchShares } = this.#options;
    if (!this.#isWindowNext()) {
      const { groups, through } = await this.#reader.read(this.#passed, batchShares);
      return { ...batchOf(groups), through };
    }
    let count = 0;
    let groups = 0;
    for (const { shares } of this.#window) {
      if (groups > 0 && count + shares.length > batchShares) break;
      count += shares.length;
      groups += 1;
    }
    return batchOf(this.#takeFromWindow(groups));
  }

  #takeFromWindow(count: number): ShareGroup[] {
    const taken = this.#window.splice(0, count);
    for (const { shares } of taken) this.#windowShares -= shares.length;
    return taken;
  }

  async #apply({ shares, sequence, through }: Batch): Promise<void> {
    if (sequence !== undefined) {
      const outcome = await this.#options.store.apply(sequence, shares, this.#applied);
      if (outcome === 'moved') {
        this.#known = false;
        return;
      }
      this.#applied = sequence;
      this.#waiting -= shares.length;
      if (outcome === 'applied') this.#recorded += shares.length;
    }
    this.#passed = through;
    this.#settle();
  }

  #settle(): void {
    if (!this.#known || this.#waiters.length === 0) return;
    const passed = this.#passed;
    const due = this.#waiters.filter(({ upTo }) => upTo <= passed);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > passed);
    for (const { resolve } of due) resolve();
  }

  /** Counts anew what waits. Groups that are offered meanwhile count themselves. */
  async #recount(): Promise<void> {
    const offered = this.#offered;
    const upTo = this.#lastOffered;
    this.#miscounted = false;
    const counter = new SpoolReader(this.#options.files, () => undefined);
    // A number for the log: not worth stopping for.
    const shares = await counter.count(this.#passed, upTo).catch(() => this.#waiting);
    this.#waiting = shares + this.#offered - offered;
  }

  #noteDamage({ segment, at, bytes, after, what }: SpoolDamage): void {
    const { coin, writerId, log } = this.#options;
    segment.damaged = true;
    this.#miscounted = true;
    if (!this.#said.allows(`damage ${segment.path} ${at}`)) return;
    log.error(
      `The spool file ${segment.path} of ${coin} writer ${writerId} is damaged: ${what} in ${bytes} bytes from ${at} on, after group ${after}. Shares in them are lost, what follows is recorded. Check the disk.`,
    );
  }

  #sayCaughtUp(): void {
    if (!this.#behind) return;
    this.#behind = false;
    if (!this.#said.allows('caught up')) return;
    this.#options.log.special(
      `All shares of ${this.#options.coin} that waited in the spool are recorded.`,
    );
  }

  #sayTrouble(error: unknown): void {
    if (!this.#said.allows('trouble')) return;
    const { coin, writerId, log } = this.#options;
    log.error(
      `${this.#waiting} shares of ${coin} writer ${writerId} wait in the spool: ${messageOf(error)}. It is tried again each second.`,
    );
  }

  #wake(): void {
    this.#wanted = true;
    this.#resume();
  }

  /** Until there may be something to do, or so many milliseconds. */
  async #idle(milliseconds?: number): Promise<void> {
    if (milliseconds === undefined && this.#wanted) {
      this.#wanted = false;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    this.#wanted = false;
  }
}

function batchOf(groups: readonly ShareGroup[]): Batch {
  const last = groups.at(-1)?.sequence;
  const [only] = groups;
  const shares =
    groups.length === 1 && only !== undefined
      ? only.shares
      : groups.flatMap((group) => group.shares);
  return { shares, sequence: last, through: last ?? 0 };
}

function closedError(): CodedError {
  return new CodedError('SHARES_CLOSED', 'The share recorder was closed.');
}
