import type { Difficulty } from '../primitives/units.ts';

// Which difficulty suited a worker when it left, so that it need not be found anew when the worker comes back.

/** Milliseconds. */
const keptFor = 3_600_000;
/** About 20 MB. */
const mostWorkers = 100_000;

export class DifficultyMemory {
  /** In the order of their time. */
  readonly #workers = new Map<string, { readonly difficulty: Difficulty; readonly left: number }>();
  readonly #most: number;

  constructor(most = mostWorkers) {
    this.#most = most;
  }

  get size(): number {
    return this.#workers.size;
  }

  /** `worker` leaves `port` at `now` (ms). Beyond the room for workers, those that left first are forgotten. */
  remember(port: number, worker: string, difficulty: Difficulty, now: number): void {
    const key = `${port} ${worker}`;
    this.#workers.delete(key);
    this.#workers.set(key, { difficulty, left: now });
    if (this.#workers.size <= this.#most) return;
    for (const oldest of this.#workers.keys()) {
      this.#workers.delete(oldest);
      return;
    }
  }

  /** Undefined for a worker that is unknown, or left an hour ago. */
  recall(port: number, worker: string, now: number): Difficulty | undefined {
    const known = this.#workers.get(`${port} ${worker}`);
    return known === undefined || now - known.left >= keptFor ? undefined : known.difficulty;
  }

  /** To be called now and then. */
  purge(now: number): void {
    for (const [key, { left }] of this.#workers) {
      if (now - left < keptFor) return;
      this.#workers.delete(key);
    }
  }
}
