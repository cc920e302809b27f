import { lookUpBlock, type SubmitOutcome, submitBlock } from '../daemon/blocks.ts';
import type { DaemonGroup } from '../daemon/types.ts';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { pause } from '../primitives/pause.ts';
import type { Rounds } from '../shares/types.ts';
import { bookAccepted } from './blockBooking.ts';
import type { BlockJournal, Candidate } from './blockJournal.ts';

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

type Fate = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly reason: string };

const firstWait = 1_000;
const longestWait = 30_000;
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
    const name = `Block ${candidate.height} (${candidate.blockHash})`;
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
    for (let wait = firstWait; ; wait = Math.min(wait * 2, longestWait)) {
      const outcomes = await submitOnce(candidate, name);
      const taken = outcomes.find(({ kind }) => kind === 'accepted' || kind === 'duplicate');
      if (taken !== undefined) {
        options.onAccepted(candidate.blockHash);
        await confirm(candidate, name);
        return { kind: 'accepted' };
      }
      // A block off the best chain is the chain's to judge: payments watch it like any other.
      if (await isKnown(candidate)) return { kind: 'accepted' };
      if (outcomes.length > 0 && outcomes.every(({ kind }) => kind === 'rejected')) {
        return { kind: 'refused', reason: outcomes.map(({ word }) => word).join(', ') };
      }
      log.error(
        `${name} is known to no daemon yet (${outcomes.map(({ word }) => word).join(', ')}). It is submitted again in ${wait / 1000} s.`,
      );
      await pause(wait, signal);
      signal.throwIfAborted();
    }
  };

  /** Resolves with the first acceptance, however long the other daemons take, else with every outcome. */
  const submitOnce = (candidate: Candidate, name: string): Promise<SubmitOutcome[]> =>
    new Promise((resolve) => {
      const outcomes: SubmitOutcome[] = [];
      const onOutcome = (daemon: string, outcome: SubmitOutcome): void => {
        log.debug(`${name} submitted to ${daemon}: ${outcome.word}.`);
        outcomes.push(outcome);
        if (outcome.kind === 'accepted' || outcome.kind === 'duplicate') resolve([outcome]);
      };
      submitBlock(group, candidate.hex, options.hasSubmitBlock, onOutcome).then(
        () => resolve(outcomes),
        (error: unknown) => {
          log.error(`${name} could not be submitted: ${messageOf(error)}.`);
          resolve(outcomes);
        },
      );
    });

  const isKnown = async (candidate: Candidate): Promise<boolean> => {
    try {
      return (await lookUpBlock(group, candidate.blockHash)) !== 'unknown';
    } catch {
      return false;
    }
  };

  const confirm = async (candidate: Candidate, name: string): Promise<void> => {
    for (let tries = 0; tries < confirmTries && !signal.aborted; tries++) {
      if (await isKnown(candidate)) return;
      await pause(1_000, signal);
    }
    log.warning(
      `${name} was accepted, but getblock does not know it after ${confirmTries} s. Payments go on watching it.`,
    );
  };

  return {
    found,
    async resume() {
      const { candidates, unreadable } = await journal.unfinished();
      for (const file of unreadable) log.error(`A block candidate cannot be read: ${file}.`);
      for (const candidate of candidates) {
        if (underWay.has(candidate.blockHash)) continue;
        log.warning(
          `Block ${candidate.height} (${candidate.blockHash}) was left unfinished: taken up again.`,
        );
        void found(candidate, Promise.resolve());
      }
    },
  };
}
