import type { Millis } from '../primitives/units.ts';

/** Sums what came within the last so many seconds, to the second. */
export class WindowSum {
  readonly #seconds: number;
  readonly #sums: Float64Array;
  /** The second, since 1970, that was written last. */
  #last = 0;

  constructor(seconds: number) {
    this.#seconds = Math.max(1, Math.ceil(seconds));
    this.#sums = new Float64Array(this.#seconds);
  }

  add(amount: number, now: Millis): void {
    const slot = this.#turnTo(now) % this.#seconds;
    this.#sums[slot] = (this.#sums[slot] ?? 0) + amount;
  }

  sum(now: Millis): number {
    this.#turnTo(now);
    return this.#sums.reduce((total, amount) => total + amount, 0);
  }

  /** Empties the seconds that nothing was added in. A clock that goes back adds to the last second. */
  #turnTo(now: Millis): number {
    const second = Math.max(this.#last, Math.floor(now / 1_000));
    const passed = second - this.#last;
    if (passed >= this.#seconds) this.#sums.fill(0);
    else for (let at = this.#last + 1; at <= second; at++) this.#sums[at % this.#seconds] = 0;
    this.#last = second;
    return second;
  }
}
