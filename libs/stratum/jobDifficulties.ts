import type { Difficulty } from '../primitives/units.ts';
import type { JobNotice } from './types.ts';

/** Changes within one block that are remembered; older jobs than that are long replaced. */
const most = 16;

/**
 * Which difficulty was in force on one connection when a job was sent to it. Only changes are kept, as
 * (first sequence, difficulty); most miners need a single one. A new block makes older jobs stale and clears the rest.
 */
export class JobDifficulties {
  #lastSent = -1;
  #from = -1;
  #difficulty: Difficulty | undefined;
  #older: { readonly from: number; readonly difficulty: Difficulty }[] | undefined;

  /** Of the last job that went out; -1 before the first. */
  get lastSequence(): number {
    return this.#lastSent;
  }

  /** A job goes out under `difficulty`. One that is sent again keeps the difficulty of its first time. */
  sent(job: JobNotice, difficulty: Difficulty): void {
    if (job.sequence <= this.#lastSent) return;
    const first = this.#difficulty === undefined;
    this.#lastSent = job.sequence;
    if (job.clean || first) this.#older = undefined;
    else if (difficulty === this.#difficulty) return;
    else this.#remember();
    this.#from = job.sequence;
    this.#difficulty = difficulty;
  }

  #remember(): void {
    if (this.#difficulty === undefined) return;
    this.#older ??= [];
    this.#older.push({ from: this.#from, difficulty: this.#difficulty });
    if (this.#older.length > most) this.#older.shift();
  }

  /** Undefined for a job that this connection was not sent. */
  of(sequence: number): Difficulty | undefined {
    if (sequence > this.#lastSent) return undefined;
    if (sequence >= this.#from) return this.#difficulty;
    return this.#older?.findLast(({ from }) => sequence >= from)?.difficulty;
  }

  /** Another pool is behind the connection: its jobs count anew. */
  clear(): void {
    this.#lastSent = -1;
    this.#from = -1;
    this.#difficulty = undefined;
    this.#older = undefined;
  }
}
