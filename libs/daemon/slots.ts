/** A number of places that calls take and give back; those that find none wait in line. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<(taken: boolean) => void>();

  constructor(size: number) {
    this.#free = size;
  }

  /** True with a place, to be given back; false when none came free within `patience` milliseconds. */
  take(patience: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const settle = (taken: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve(taken);
      };
      const timer = setTimeout(() => settle(false), patience);
      this.#waiting.add(settle);
    });
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next(true);
  }

  /** Sends everyone in line away. */
  close(): void {
    for (const settle of [...this.#waiting]) settle(false);
  }
}
