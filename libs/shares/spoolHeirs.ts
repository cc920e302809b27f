import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { SpoolApplier } from './spoolApplier.ts';
import { openAbandoned } from './spoolFiles.ts';
import {
  adoptFolder,
  type FolderName,
  isAbandoned,
  leaveFolder,
  listFolders,
  noteApplied,
  removeFolder,
} from './spoolFolder.ts';
import type { OpenStore, ShareStore } from './types.ts';

// Takes over what dead processes of a coin left in their spools, and brings it to the store under their own writer ids,
// so that nothing counts twice.

export interface SpoolHeirsOptions {
  /** The folder of the coin's writers. */
  readonly root: string;
  readonly coin: string;
  readonly openStore: OpenStore;
  readonly log: Logger;
  readonly now: Clock;
  readonly batchShares: number;
}

interface Heir {
  readonly writerId: string;
  readonly folder: string;
  readonly store: ShareStore;
  readonly applier: SpoolApplier;
  readonly running: Promise<void>;
}

const minute = 60_000;

export class SpoolHeirs {
  readonly #options: SpoolHeirsOptions;
  readonly #said: OncePer;
  readonly #stop = new AbortController();
  readonly #heirs = new Set<Heir>();
  #taking: Promise<void> | undefined;

  constructor(options: SpoolHeirsOptions) {
    this.#options = options;
    this.#said = new OncePer(minute, options.now);
  }

  /**
   * One after the other, takes each abandoned spool over and waits until its shares are in the store. Never rejects;
   * what could not be done is tried again by the next call. A call while one is under way is that one.
   */
  takeOver(): Promise<void> {
    this.#taking ??= this.#takeAll().finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  /** Removes the spools that the store cannot lose any more. Never rejects. */
  async sweep(): Promise<void> {
    for (const heir of this.#heirs) {
      await this.#finish(heir).catch((error: unknown) => {
        const { log, coin } = this.#options;
        log.debug(`The spool of ${coin} writer ${heir.writerId} stays: ${messageOf(error)}`);
      });
    }
  }

  /** Gives up what is not finished: it is taken over again by whoever comes next. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const { applier } of this.#heirs) applier.stop();
    await this.#taking;
    for (const heir of [...this.#heirs]) await this.#leave(heir);
  }

  async #takeAll(): Promise<void> {
    const { root, coin, log } = this.#options;
    try {
      for (const folder of await listFolders(root)) {
        if (this.#stop.signal.aborted) return;
        if (isAbandoned(folder)) await this.#take(folder);
      }
    } catch (error) {
      if (!this.#said.allows('root')) return;
      log.error(
        `What dead processes left in ${root} cannot be taken over, shares of ${coin} may wait there: ${messageOf(error)}. It is tried again.`,
      );
    }
  }

  async #take(abandoned: FolderName): Promise<void> {
    const { root, coin, log } = this.#options;
    const folder = await adoptFolder(root, abandoned);
    if (folder === undefined) return;
    let heir: Heir | undefined;
    try {
      heir = await this.#begin(abandoned.writerId, folder);
      await heir.applier.whenApplied();
      await noteApplied(folder, heir.applier.applied).catch(() => undefined);
      const { recorded } = heir.applier;
      if (recorded > 0) {
        log.warning(
          `${recorded} shares of ${coin} that a dead process had acknowledged (writer ${abandoned.writerId}) are recorded now.`,
        );
      }
      await this.sweep();
    } catch (error) {
      if (heir !== undefined) await this.#leave(heir);
      else await leaveFolder(folder).catch(() => undefined);
      if (this.#stop.signal.aborted || !this.#said.allows(abandoned.writerId)) return;
      log.error(
        `The spool of ${coin} writer ${abandoned.writerId} cannot be recorded: ${messageOf(error)}. It is tried again.`,
      );
    }
  }

  async #begin(writerId: string, folder: string): Promise<Heir> {
    const { coin, openStore, log, now, batchShares } = this.#options;
    const { files, torn } = await openAbandoned(folder);
    this.#stop.signal.throwIfAborted();
    if (torn !== undefined) {
      log.warning(
        `A crash cut the last write of ${coin} writer ${writerId} short: ${torn.bytes} bytes at ${torn.at} of ${torn.path} are dropped. No share in them was acknowledged.`,
      );
    }
    log.debug(`The spool of ${coin} writer ${writerId}, which is no more, is taken over.`);
    const store = openStore(writerId, {
      signal: this.#stop.signal,
      waiting: () => applier.waiting,
    });
    const applier = new SpoolApplier({
      files,
      writerId,
      store,
      coin,
      log,
      now,
      windowShares: 0,
      batchShares,
      gatherMillis: 0,
    });
    const heir = { writerId, folder, store, applier, running: applier.run() };
    this.#heirs.add(heir);
    return heir;
  }

  async #finish(heir: Heir): Promise<void> {
    if (!(await heir.applier.sweep()) || !this.#heirs.delete(heir)) return;
    const { coin, log } = this.#options;
    heir.applier.stop();
    void heir.store.retire();
    const aside = await removeFolder(heir.folder);
    log.debug(`The spool of ${coin} writer ${heir.writerId} is recorded and removed.`);
    if (aside !== undefined) {
      log.warning(`There are files in ${aside} that the pool did not write: they are left there.`);
    }
  }

  async #leave(heir: Heir): Promise<void> {
    if (!this.#heirs.delete(heir)) return;
    heir.applier.stop();
    await heir.running;
    await leaveFolder(heir.folder).catch((error: unknown) => {
      this.#options.log.error(`${heir.folder} could not be given up: ${messageOf(error)}.`);
    });
  }
}
