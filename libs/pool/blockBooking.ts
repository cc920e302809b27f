import type { Logger } from '../log/logger.ts';
import { codeOf } from '../primitives/errors.ts';
import type { FoundBlock, Rounds } from '../shares/types.ts';

export interface BlockBooking {
  /** What the books are kept in, for the log: "Redis". */
  readonly store: string;
  readonly rounds: Pick<Rounds, 'close' | 'accept' | 'isKept'>;
  /** Resolves when every share recorded before is in the store; rejects when the recorder closes first. */
  readonly applied: () => Promise<void>;
  readonly log: Logger;
}

/**
 * Books a block whose round was closed and that a daemon took, until the disk of the store has it. A store that crashes
 * may forget its last seconds: after the shares, the round is closed again then.
 */
export async function bookAccepted(
  booking: BlockBooking,
  block: FoundBlock,
  name: string,
): Promise<void> {
  const { store, rounds, log } = booking;
  let told = false;
  for (;;) {
    const accepted = await isAccepted(rounds, block);
    if (accepted && !told) log.special(`${name}, found by ${block.finder}, was accepted.`);
    told ||= accepted;
    if (accepted && (await rounds.isKept(block.blockHash))) return;
    log.warning(`${name} was forgotten by ${store}, which crashed: it is booked again.`);
    await booking.applied();
    await rounds.close(block);
  }
}

/** False if the store has forgotten the round since it was closed. */
async function isAccepted(rounds: Pick<Rounds, 'accept'>, block: FoundBlock): Promise<boolean> {
  try {
    await rounds.accept(block.blockHash);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ROUNDS_UNKNOWN_BLOCK') return false;
    throw error;
  }
}
