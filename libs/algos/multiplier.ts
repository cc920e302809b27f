import { table } from './table.ts';

/**
 * Share difficulty = diff1 / hash × multiplier, without loading the hashes themselves. Undefined for an algorithm that
 * is not in the table.
 */
export function multiplierOf(name: string): number | undefined {
  return table.find((entry) => entry.name === name)?.multiplier;
}
