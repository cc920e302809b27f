import { seededRandom } from '../payments/support.ts';

// Chance that can be had again: the same seed gives the same throws.

export interface Dice {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** True in `part` of all throws, 0 to 1. */
  chance(part: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Dice of their own for a part of the work: what it throws does not change the throws of others. */
  apart(name: string): Dice;
}

export function dice(seed: number): Dice {
  const next = seededRandom(seed);
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    between,
    chance: (part) => next() < part,
    pick: (items) => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new RangeError('There is nothing to pick from.');
      return item;
    },
    apart: (name) => dice(hashOf(`${seed} ${name}`)),
  };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
