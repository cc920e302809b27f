import type { Clock } from '../../primitives/units.ts';
import { RedisError } from '../../redis/errors.ts';

/** A reading, and whether it is older than it should be because Redis could not be asked. */
export interface Reading<T> {
  readonly value: T;
  readonly stale: boolean;
}

interface Entry<T> {
  readonly value: T;
  readonly time: number;
}

/**
 * Readings that are made for requests: the same question within a few seconds is answered from memory, and while Redis
 * is away the last answer stands. Bounded: the oldest question is forgotten.
 */
export class Memo<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #running = new Map<string, Promise<T>>();
  readonly #now: Clock;
  readonly #freshMillis: number;
  readonly #most: number;

  constructor(now: Clock, freshMillis: number, most: number) {
    this.#now = now;
    this.#freshMillis = freshMillis;
    this.#most = most;
  }

  /** Rejects with what `read` rejects with, when there is nothing to fall back on. */
  async get(question: string, read: () => Promise<T>): Promise<Reading<T>> {
    const known = this.#entries.get(question);
    if (known !== undefined && this.#now() - known.time < this.#freshMillis) {
      return { value: known.value, stale: false };
    }
    try {
      return { value: await this.#ask(question, read), stale: false };
    } catch (error) {
      if (known === undefined || !(error instanceof RedisError)) throw error;
      return { value: known.value, stale: true };
    }
  }

  #ask(question: string, read: () => Promise<T>): Promise<T> {
    const running = this.#running.get(question);
    if (running !== undefined) return running;
    const asked = read()
      .then((value) => {
        this.#entries.delete(question);
        this.#entries.set(question, { value, time: this.#now() });
        for (const oldest of this.#entries.keys()) {
          if (this.#entries.size <= this.#most) break;
          this.#entries.delete(oldest);
        }
        return value;
      })
      .finally(() => this.#running.delete(question));
    this.#running.set(question, asked);
    return asked;
  }
}
