import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { GroupCommitter } from './groupCommitter.ts';
import { SpoolApplier } from './spoolApplier.ts';
import { SpoolFiles } from './spoolFiles.ts';
import {
  leaveFolder,
  makeFolder,
  noteApplied,
  ownFolder,
  removeFolder,
  spoolRoot,
} from './spoolFolder.ts';
import { SpoolHeirs } from './spoolHeirs.ts';
import { othersOnDisk, untilStored } from './spoolOthers.ts';
import { type SpoolFile, SpoolWriter } from './spoolWriter.ts';
import type { OpenStore, ShareRecord, ShareRecorder } from './types.ts';

// Records shares: a miner is answered when the disk of this machine has its share, and a store gets it soon after.

export interface SpoolRecorderOptions {
  /** Absolute path of data/. */
  readonly dataDir: string;
  readonly coin: string;
  /** Letters, digits, `-` and `_`; unique among all recorders that live or ever lived. */
  readonly writerId: string;
  /** Opens the store for this writer, and for each dead one whose spool is taken over. */
  readonly openStore: OpenStore;
  readonly log: Logger;
  readonly now: Clock;
  /** Milliseconds that the first share of a group waits for others, at most; default 10. */
  readonly groupMillis?: number;
  /** Shares that are written without waiting longer; default 256. */
  readonly groupSize?: number;
  /** While the disk hangs so many shares wait; more are refused at once. Default 50,000. */
  readonly maxPending?: number;
  /** Size after which a spool file is followed by the next; default 8 MiB. */
  readonly segmentBytes?: number;
  /** Shares that are kept in memory for the store; default 8,192. The rest is read back from the disk. */
  readonly windowShares?: number;
  /** Shares in one call of the store, about; default 4,096. */
  readonly batchShares?: number;
  /** Milliseconds that shares on disk wait for others before the store is called; default 50. */
  readonly gatherMillis?: number;
  /** Milliseconds that close() gives the store; default 3,000. */
  readonly closeMillis?: number;
  /** Milliseconds between two looks for spools of dead processes; default 5,000. */
  readonly scanMillis?: number;
  /** Milliseconds between two tries to drop what the store cannot lose any more; default 1,000. */
  readonly sweepMillis?: number;
  /** Milliseconds that applied() waits for another process that does not get on; default 10,000. */
  readonly othersMillis?: number;
  /** Opens a new file for writing. */
  readonly openFile?: (path: string) => Promise<SpoolFile>;
}

const largestGroup = 4_096;
const minute = 60_000;
/** A spool file without new groups for so long is ended, so that it can be dropped. */
const restMillis = 60_000;

export function createSpoolRecorder(options: SpoolRecorderOptions): ShareRecorder {
  const { dataDir, coin, writerId, openStore, log, now } = options;
  const root = spoolRoot(dataDir, coin);
  const said = new OncePer(minute, now);
  const stop = new AbortController();
  const files = new SpoolFiles(ownFolder(root, writerId));
  const batchShares = options.batchShares ?? 4_096;
  const writer = new SpoolWriter({
    files,
    makeFolder: () => makeFolder(files.folder),
    segmentBytes: options.segmentBytes ?? 8 * 1024 * 1024,
    ...(options.openFile === undefined ? {} : { openFile: options.openFile }),
  });
  const store = openStore(writerId, { signal: stop.signal, waiting: () => applier.waiting });
  const applier = new SpoolApplier({
    files,
    writerId,
    store,
    coin,
    log,
    now,
    windowShares: options.windowShares ?? 8_192,
    batchShares,
    gatherMillis: options.gatherMillis ?? 50,
  });
  const running = applier.run();
  const heirs = new SpoolHeirs({ root, coin, openStore, log, now, batchShares });
  let written = now();

  const committer = new GroupCommitter({
    commit,
    log,
    groupMillis: options.groupMillis ?? 10,
    groupSize: options.groupSize ?? 256,
    largestGroup,
    maxPending: options.maxPending ?? 50_000,
    onFull: () => sayRefused('full', 'the disk does not keep up'),
  });

  async function commit(shares: readonly ShareRecord[]): Promise<boolean> {
    try {
      const sequence = await writer.append(shares);
      written = now();
      applier.offer({ sequence, shares });
      if (said.clear('disk')) log.special(`Shares of ${coin} are taken again.`);
      return true;
    } catch (error) {
      sayRefused('disk', messageOf(error));
      return false;
    }
  }

  function sayRefused(key: string, why: string): void {
    if (!said.allows(key)) return;
    log.error(
      `Shares of ${coin} are refused (miners get error 20), because they cannot be written to ${files.folder}: ${why}. Blocks are submitted all the same. Free space on this disk, or repair it.`,
    );
  }

  let sweeping: Promise<void> | undefined;
  async function sweep(): Promise<void> {
    if (now() - written >= restMillis) await writer.rest();
    await applier.sweep().catch((error: unknown) => {
      if (stop.signal.aborted || !said.allows('sweep')) return;
      log.warning(
        `The spool in ${files.folder} cannot be shortened, and grows until it can: ${messageOf(error)}`,
      );
    });
    await heirs.sweep();
  }
  const sweeper = setInterval(() => {
    sweeping ??= sweep().finally(() => {
      sweeping = undefined;
    });
  }, options.sweepMillis ?? 1_000);
  const scanner = setInterval(() => void heirs.takeOver(), options.scanMillis ?? 5_000);
  sweeper.unref();
  scanner.unref();
  void heirs.takeOver();

  async function finish(): Promise<void> {
    await writer.close();
    const isEmpty = files.segments.length === 0;
    try {
      if (isEmpty) await removeFolder(files.folder);
      else {
        await noteApplied(files.folder, applier.applied).catch(() => undefined);
        await leaveFolder(files.folder);
      }
    } catch (error) {
      log.error(`${files.folder} could not be left in good order: ${messageOf(error)}.`);
    }
  }

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    clearInterval(sweeper);
    clearInterval(scanner);
    let isWritten = false;
    await within(options.closeMillis ?? 3_000, async () => {
      await committer.close();
      isWritten = true;
      await applier.whenApplied();
      await writer.rest();
      if (await applier.sweep()) await store.retire();
    });
    applier.stop();
    stop.abort();
    await Promise.all([running, heirs.close(), sweeping]);
    if (applier.waiting > 0) {
      log.warning(
        `${applier.waiting} shares of ${coin} wait in ${root}: they are recorded at the next start.`,
      );
    }
    if (isWritten) await finish();
    else {
      log.error(
        `The disk did not take the last shares of ${coin} in time: ${committer.pending} of them got no answer.`,
      );
    }
  }

  return {
    record(share, done) {
      // A number that the store cannot add would hold up every share behind it.
      if (!(share.difficulty >= 0 && share.difficulty < Infinity && share.time >= 0)) {
        if (said.allows('number')) {
          log.error(`A share of ${coin} has the difficulty ${share.difficulty}: refused.`);
        }
        done(false);
        return;
      }
      committer.record(share, done);
    },
    flush: () => committer.flush(),
    async applied() {
      const others = await othersOnDisk(root, writerId);
      await committer.flush();
      await applier.whenApplied();
      await untilStored(others, openStore, options.othersMillis ?? 10_000, stop.signal);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Ends with the work, or after so many milliseconds; never rejects. */
async function within(milliseconds: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work().catch(() => undefined), late]);
  clearTimeout(timer);
}
