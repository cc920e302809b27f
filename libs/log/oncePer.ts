import type { Clock } from '../primitives/units.ts';

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
    if (this.#last.size > 1000) this.#last.clear();
    this.#last.set(key, now);
    return true;
  }

  /** The trouble is over: say the next one at once. True if it had been said. */
  clear(key: string): boolean {
    return this.#last.delete(key);
  }
}
