import type { Clock } from '../primitives/units.ts';

/** Different messages in one interval: beyond them nothing is said, since strangers can think of ever new ones. */
const mostDifferent = 1_000;

/** Lets one of many equal messages through in each `every` milliseconds: outages are said, not shouted. */
export class OncePer {
  readonly #every: number;
  readonly #now: Clock;
  readonly #last = new Map<string, number>();

  constructor(every: number, now: Clock) {
    this.#every = every;
    this.#now = now;
  }

  allows(key: string): boolean {
    const now = this.#now();
    const last = this.#last.get(key);
    if (last !== undefined && now - last < this.#every) return false;
    // In the order of their time: set again they go to the end.
    this.#last.delete(key);
    for (const [old, time] of this.#last) {
      if (now - time < this.#every) break;
      this.#last.delete(old);
    }
    if (this.#last.size >= mostDifferent) return false;
    this.#last.set(key, now);
    return true;
  }

  /** The trouble is over: say the next one at once. True if it had been said. */
  clear(key: string): boolean {
    return this.#last.delete(key);
  }
}
