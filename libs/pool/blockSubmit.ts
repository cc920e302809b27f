import { submitBlock } from '../daemon/blocks.ts';
import type { DaemonGroup } from '../daemon/types.ts';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { pause } from '../primitives/pause.ts';
import type { Rounds } from '../shares/types.ts';
import { bookAccepted } from './blockBooking.ts';
import type { BlockJournal, Candidate } from './blockJournal.ts';
import { type Fate, type HandIn, handIn, isOnChain, lookUp, takeUpUnfinished } from './handIn.ts';

// A found block's way to the chain, and the end of its round. The daemons come first, everything else after.

export interface BlockSubmitOptions {
  readonly group: DaemonGroup;
  readonly hasSubmitBlock: boolean;
  readonly journal: BlockJournal;
  /** What the books are kept in, for the log: "Redis". */
  readonly store: string;
  /** Resolves when every share recorded before is in the store; rejects when the recorder closes first. */
  readonly applied: () => Promise<void>;
  readonly rounds: Pick<Rounds, 'close' | 'accept' | 'isKept' | 'refuse'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** A daemon took a block: a new template is wanted at once. */
  onAccepted(blockHash: string): void;
}

export interface BlockSubmitter {
  /**
   * Brings a candidate to its end. `recorded` settles when the share that found it is recorded: only then is the
   * round closed, so that the finder's share is in it. Never rejects; an aborted one is resumed at the next start.
   */
  found(candidate: Candidate, recorded: Promise<unknown>): Promise<void>;
  /** Takes up what an earlier process, or the pool before a reload, left unfinished. */
  resume(): Promise<void>;
}

/** How often, one second apart, a daemon that took the block is asked for it. */
const confirmTries = 10;

export function createBlockSubmitter(options: BlockSubmitOptions): BlockSubmitter {
  const { group, journal, rounds, log, signal } = options;

  const underWay = new Set<string>();

  const found = async (candidate: Candidate, recorded: Promise<unknown>): Promise<void> => {
    underWay.add(candidate.blockHash);
    await bringToEnd(candidate, recorded);
    underWay.delete(candidate.blockHash);
  };

  const bringToEnd = async (candidate: Candidate, recorded: Promise<unknown>): Promise<void> => {
    const name = nameOf(candidate);
    const written = writeDown(candidate).catch((error: unknown) => {
      log.error(
        `${name} could not be written to the journal: ${messageOf(error)}. It is submitted all the same.`,
      );
    });
    const fate = learnFate(candidate, name);
    const closed = recorded.then(options.applied).then(() => rounds.close(candidate));
    try {
      const [decided] = await Promise.all([fate, closed]);
      if (decided.kind === 'accepted') {
        await bookAccepted(options, candidate, name);
        await written;
        await journal.forget(candidate.blockHash);
        return;
      }
      await rounds.refuse(candidate.blockHash, decided.reason);
      await written;
      const file = await journal.reject(candidate.blockHash, decided.reason);
      log.error(
        `${name} was refused by every daemon: ${decided.reason}. Its shares are back in the round, the block is kept in ${file}.`,
      );
    } catch (error) {
      if (signal.aborted) return;
      log.error(
        `${name} could not be brought to its end: ${messageOf(error)}. It is taken up again at the next start.`,
      );
    }
  };

  // Async, so that a full disk is a rejection, not an exception before the block is sent.
  const writeDown = async (candidate: Candidate): Promise<void> => journal.write(candidate);

  const learnFate = async (candidate: Candidate, name: string): Promise<Fate> => {
    const submit: HandIn['submit'] = ({ hex }, onOutcome) =>
      submitBlock(group, hex, options.hasSubmitBlock, onOutcome);
    const fate = await handIn({ group, log, signal, submit }, candidate, name);
    if (fate.kind === 'accepted') {
      options.onAccepted(candidate.blockHash);
      await confirm(candidate, name);
    }
    return fate;
  };

  const confirm = async (candidate: Candidate, name: string): Promise<void> => {
    for (let tries = 0; tries < confirmTries && !signal.aborted; tries++) {
      if (isOnChain(await lookUp(group, candidate))) return;
      await pause(1_000, signal);
    }
    log.warning(
      `${name} was accepted, but getblock does not know it after ${confirmTries} s. Payments go on watching it.`,
    );
  };

  return {
    found,
    resume: () =>
      takeUpUnfinished({ journal, log, nameOf, found, isUnderWay: (hash) => underWay.has(hash) }),
  };
}

function nameOf({ height, blockHash }: Candidate): string {
  return `Block ${height} (${blockHash})`;
}
