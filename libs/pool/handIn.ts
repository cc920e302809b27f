import { type BlockFacts, lookUpBlock, type SubmitOutcome } from '../daemon/blocks.ts';
import type { DaemonGroup } from '../daemon/types.ts';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { pause } from '../primitives/pause.ts';
import type { BlockJournal, Candidate } from './blockJournal.ts';

// Hands a block to its daemons until one has it, or all refuse it for good.

export type Fate =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface HandIn {
  readonly group: DaemonGroup;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** To all daemons at once; `onOutcome` is called as each of them answers. */
  submit(
    candidate: Candidate,
    onOutcome: (daemon: string, outcome: SubmitOutcome) => void,
  ): Promise<unknown>;
}

const firstWait = 1_000;
const longestWait = 30_000;

/** Tries for ever; rejects only after the signal. `name` begins its sentences in the log. */
export async function handIn(options: HandIn, candidate: Candidate, name: string): Promise<Fate> {
  const { group, log, signal } = options;
  for (let wait = firstWait; ; wait = Math.min(wait * 2, longestWait)) {
    const outcomes = await submitOnce(options, candidate, name);
    if (outcomes.some(isTaken)) return { kind: 'accepted' };
    const known = await lookUp(group, candidate);
    // A block off the best chain is the chain's to judge: payments watch it like any other.
    if (isOnChain(known)) return { kind: 'accepted' };
    const words = outcomes.map(({ word }) => word).join(', ');
    // What a daemon refuses it may have all the same, from an earlier try: only one that tells that it does not have the
    // block speaks against it, not one that cannot be asked.
    const isRefused = outcomes.length > 0 && outcomes.every(({ kind }) => kind === 'rejected');
    if (isRefused && known === 'unknown') return { kind: 'refused', reason: words };
    log.error(
      `${name} is known to no daemon yet (${words}). It is submitted again in ${wait / 1000} s.`,
    );
    await pause(wait, signal);
    signal.throwIfAborted();
  }
}

export interface Unfinished {
  readonly journal: Pick<BlockJournal, 'unfinished'>;
  readonly log: Logger;
  nameOf(candidate: Candidate): string;
  /** Somebody here brings it to its end already. */
  isUnderWay(blockHash: string): boolean;
  found(candidate: Candidate, recorded: Promise<unknown>): Promise<void>;
}

/** Takes up what an earlier process, or the pool before a reload, has left in the journal. */
export async function takeUpUnfinished(options: Unfinished): Promise<void> {
  const { log } = options;
  const { candidates, unreadable } = await options.journal.unfinished();
  for (const file of unreadable) log.error(`A block candidate cannot be read: ${file}.`);
  for (const candidate of candidates) {
    if (options.isUnderWay(candidate.blockHash)) continue;
    log.warning(`${options.nameOf(candidate)} was left unfinished: taken up again.`);
    void options.found(candidate, Promise.resolve());
  }
}

export function isOnChain(known: BlockFacts | 'unknown' | undefined): known is BlockFacts {
  return known !== undefined && known !== 'unknown';
}

/** Undefined when no daemon can be asked. */
export async function lookUp(
  group: DaemonGroup,
  { blockHash }: Candidate,
): Promise<BlockFacts | 'unknown' | undefined> {
  try {
    return await lookUpBlock(group, blockHash);
  } catch {
    return undefined;
  }
}

/** Resolves with the first acceptance, however long the other daemons take, else with every outcome. */
function submitOnce(options: HandIn, candidate: Candidate, name: string): Promise<SubmitOutcome[]> {
  const { log } = options;
  return new Promise((resolve) => {
    const outcomes: SubmitOutcome[] = [];
    const onOutcome = (daemon: string, outcome: SubmitOutcome): void => {
      log.debug(`${name} submitted to ${daemon}: ${outcome.word}.`);
      outcomes.push(outcome);
      if (isTaken(outcome)) resolve([outcome]);
    };
    options.submit(candidate, onOutcome).then(
      () => resolve(outcomes),
      (error: unknown) => {
        log.error(`${name} could not be submitted: ${messageOf(error)}.`);
        resolve(outcomes);
      },
    );
  });
}

function isTaken({ kind }: SubmitOutcome): boolean {
  return kind === 'accepted' || kind === 'duplicate';
}
