import type { AuxSource } from '../daemon/auxBlocks.ts';
import type { DaemonGroup } from '../daemon/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { pause } from '../primitives/pause.ts';
import type { Clock } from '../primitives/units.ts';
import type { FoundBlock, Rounds } from '../shares/types.ts';
import { bookAccepted } from './blockBooking.ts';
import type { BlockJournal, Candidate } from './blockJournal.ts';
import { type HandIn, handIn, isOnChain, lookUp, takeUpUnfinished } from './handIn.ts';

// A merged-mined block's way to its chain, and the end of its round. Its daemon built it: a proof is all that is handed
// in, and what the coinbase's txid is can be asked only when the block is on the chain. So the round is closed then.

export interface AuxBlocksOptions {
  readonly group: DaemonGroup;
  readonly source: Pick<AuxSource, 'submit'>;
  readonly journal: BlockJournal;
  /** What the books are kept in, for the log: "Redis". */
  readonly store: string;
  /** Resolves when every share recorded before is in the store; rejects when the recorder closes first. */
  readonly applied: () => Promise<void>;
  readonly rounds: Pick<Rounds, 'close' | 'accept' | 'isKept'>;
  readonly log: Logger;
  readonly now: Clock;
  readonly signal: AbortSignal;
  /** Whether work on this block is still wanted: if not, its refusal is no surprise. */
  isCurrent(blockHash: string): boolean;
  /** A daemon took a block: new work is wanted at once. */
  onAccepted(blockHash: string): void;
}

export interface AuxBlocks {
  /**
   * Brings a block to its end; `hex` of the candidate is the proof. `recorded` settles when the share that found it is
   * recorded. A second proof of one block is passed over. Never rejects; an aborted one is resumed at the next start.
   */
  found(candidate: Candidate, recorded: Promise<unknown>): Promise<void>;
  /** Takes up what an earlier process, or the pool before a reload, left unfinished. */
  resume(): Promise<void>;
}

const lookAgain = 1_000;
const rememberedHashes = 256;

export function createAuxBlocks(options: AuxBlocksOptions): AuxBlocks {
  const { group, source, journal, rounds, log, signal } = options;
  const said = new OncePer(60_000, options.now);
  const taken = new Set<string>();

  const found = async (candidate: Candidate, recorded: Promise<unknown>): Promise<void> => {
    const { blockHash } = candidate;
    if (taken.has(blockHash)) return;
    taken.add(blockHash);
    for (const hash of taken) {
      if (taken.size <= rememberedHashes) break;
      taken.delete(hash);
    }
    const name = nameOf(candidate);
    const written = writeDown(candidate).catch((error: unknown) => {
      log.error(
        `${name} could not be written to the journal: ${messageOf(error)}. It is submitted all the same.`,
      );
    });
    try {
      const fate = await handIn({ group, log, signal, submit }, candidate, name);
      if (fate.kind === 'refused') {
        await written;
        await refused(candidate, name, fate.reason);
        return;
      }
      options.onAccepted(blockHash);
      const block = await onChain(candidate, name);
      await recorded;
      await options.applied();
      await rounds.close(block);
      await bookAccepted(options, block, name);
      await written;
      await journal.forget(blockHash);
    } catch (error) {
      if (signal.aborted) return;
      log.error(
        `${name} could not be brought to its end: ${messageOf(error)}. It is taken up again at the next start.`,
      );
    }
  };

  // Async, so that a full disk is a rejection, not an exception before the block is sent.
  const writeDown = async (candidate: Candidate): Promise<void> => journal.write(candidate);

  const refused = async (candidate: Candidate, name: string, reason: string): Promise<void> => {
    if (!options.isCurrent(candidate.blockHash)) {
      await journal.forget(candidate.blockHash);
      log.warning(`${name} came too late, its chain has gone on: ${reason}.`);
      return;
    }
    const file = await journal.reject(candidate.blockHash, reason);
    log.error(
      `${name} was refused by every daemon: ${reason}. Its shares stay in the round, the proof is kept in ${file}.`,
    );
  };

  // A daemon forgets what it built once the block is on its chain, and refuses its proof from then on.
  const submit: HandIn['submit'] = ({ blockHash, hex }, onOutcome) =>
    source.submit(blockHash, hex, onOutcome);

  /** With the true height and the coinbase's txid, which the daemon is asked for until it tells. */
  const onChain = async (candidate: Candidate, name: string): Promise<FoundBlock> => {
    for (;;) {
      const facts = await lookUp(group, candidate);
      if (isOnChain(facts) && facts.coinbaseTxid !== undefined) {
        const { coin: _coin, hex: _hex, ...block } = candidate;
        return { ...block, height: facts.height, txHash: facts.coinbaseTxid, merged: true };
      }
      if (said.allows(name)) {
        log.warning(`${name} was accepted, but getblock does not tell its coinbase yet: asked on.`);
      }
      await pause(lookAgain, signal);
      signal.throwIfAborted();
    }
  };

  return {
    found,
    resume: () =>
      takeUpUnfinished({ journal, log, nameOf, found, isUnderWay: (hash) => taken.has(hash) }),
  };
}

function nameOf({ height, blockHash }: Candidate): string {
  return `Merged-mined block ${height} (${blockHash})`;
}
