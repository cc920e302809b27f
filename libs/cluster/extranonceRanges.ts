import type { ExtranonceRange } from '../ipc/messages.ts';

// Extranonce1 is 32 bits: 6 for the server (64 servers may share one Redis), 6 for a fork's range, 20 for its connections.

const rangesPerServer = 64;
const rangeSize = 2 ** 20;

/**
 * Deals ranges to forks. A respawned fork gets a fresh range, not the dead one's: its miners' old shares would
 * otherwise be valid once more under the same extranonce1.
 */
export class ExtranonceRanges {
  readonly #server: number;
  readonly #held = new Set<number>();
  #next = 0;

  /** `instance`: any integer, unique among the servers that share a Redis (taken modulo 64). */
  constructor(instance: number) {
    this.#server = ((instance % 64) + 64) % 64;
  }

  deal(): ExtranonceRange {
    for (let tried = 0; tried < rangesPerServer; tried++) {
      const range = this.#next;
      this.#next = (this.#next + 1) % rangesPerServer;
      if (this.#held.has(range)) continue;
      this.#held.add(range);
      return { first: (this.#server * rangesPerServer + range) * rangeSize, count: rangeSize };
    }
    throw new RangeError(`More than ${rangesPerServer} forks are alive.`);
  }

  /** The fork that held this range is gone. */
  giveBack(range: ExtranonceRange): void {
    this.#held.delete((range.first / rangeSize) % rangesPerServer);
  }
}
